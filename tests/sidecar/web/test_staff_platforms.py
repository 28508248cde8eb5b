"""Look after LMSs by forms alone: approve, change, disable, update, remove; each office its own region's only."""

import pytest
from sqlalchemy import select

from sidecar.core.deployments import active_deployments
from sidecar.core.launches import Learner, welcome
from sidecar.core.municipalities import Municipality
from sidecar.core.platforms import Platform
from sidecar.core.staff import Scope, grant
from sidecar.runtime import Sidecar
from tests.fakes.statements import counting
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.lms import (
    THERE,
    Lms,
    acts,
    add,
    deployment_row,
    patterns,
    platform,
    propose_update,
    shown,
    try_deployment,
)
from tests.sidecar.web.signed_in import Staff
from tests.sidecar.web.town import Town

PATTERN = "ans-(?P<employee_number>[0-9]+)"


def deployments(sidecar: Sidecar, platform_id: str) -> frozenset[str]:
    with sidecar.reading() as db:
        return active_deployments(db, platform_id)


def test_an_empty_list_says_what_to_do_first(sign_in: SignIn) -> None:
    page = sign_in("operator").get("/staff/platforms")
    assert 'href="/staff/invitations"' in page
    assert "sidecar platform add" in page


def test_an_office_lists_its_own_lms_and_who_waits_stands_first(office: Staff, lms: Lms) -> None:
    page = office.get("/staff/platforms")
    assert page.index("Nye Moodle") < page.index("Moodle Kongsberg")
    assert "Moodle Rollag" not in page
    assert f"/staff/platforms/{lms.pending}/approve" in page


def test_an_operator_lists_them_all(sign_in: SignIn, lms: Lms) -> None:
    page = sign_in("operator").get("/staff/platforms")
    assert {name for name in ("Nye Moodle", "Moodle Kongsberg", "Moodle Rollag") if name in page} == {
        "Nye Moodle",
        "Moodle Kongsberg",
        "Moodle Rollag",
    }


def test_the_list_asks_as_little_for_many_as_for_one(
    sign_in: SignIn, lms: Lms, sidecar: Sidecar, kongsberg: Municipality
) -> None:
    staff = sign_in("operator")

    def count() -> int:
        with counting(sidecar) as asked:
            staff.get("/staff/platforms")
        return len(asked)

    few = count()
    with sidecar.transaction() as db:
        for number in range(20):
            add(db, sidecar, f"LMS {number}", lms.region, [kongsberg.id])
    many = count()
    assert many < few + 5  # every page asks something more now and then


@pytest.mark.parametrize("role", ["contact", "manager", "content-developer"])
def test_no_other_role_sees_an_lms(sign_in: SignIn, lms: Lms, role: str) -> None:
    scope = {"municipality": "kongsberg"} | ({"unit": "Skolen"} if role == "manager" else {})
    staff = sign_in(role, **scope)
    for path in ("/staff/admin", "/staff/platforms", f"/staff/platforms/{lms.ours}", "/staff/invitations"):
        staff.get(path, 403)


def test_what_waits_stands_on_the_overview_of_who_may_decide(
    sign_in: SignIn, office: Staff, lms: Lms, sidecar: Sidecar
) -> None:
    try_deployment(sidecar, lms.ours, "7")
    propose_update(sidecar, lms.ours)
    for staff in (office, sign_in("operator", name="Operator")):
        page = staff.get("/staff/")
        assert "1 LMS venter på godkjenning" in page
        assert page.count('href="/staff/platforms"') == 3
    for staff in (
        sign_in("rkk", name="Their office", region=THERE),
        sign_in("contact", name="Contact", municipality="kongsberg"),
    ):
        assert 'href="/staff/platforms"' not in staff.get("/staff/")


def test_a_pending_lms_is_approved_with_its_municipalities(
    office: Staff, lms: Lms, sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    path = f"/staff/platforms/{lms.pending}"
    page = office.get(f"{path}/approve")
    assert "https://nye-moodle.example.org" in page
    assert kongsberg.id in page
    assert rollag.id not in page
    chosen = {"municipality": kongsberg.id, f"pattern-{kongsberg.id}": PATTERN, "region": lms.region}
    office.post(f"{path}/approve", chosen | {"name": "Moodle 2", "shown": shown(page)})
    found = platform(sidecar, lms.pending)
    assert (found.state, found.name) == ("active", "Moodle 2")
    assert patterns(sidecar, lms.pending) == {"kongsberg": PATTERN}
    assert "platform.approved" in acts(sidecar)
    office.post(f"{path}/approve", {"municipality": kongsberg.id, "region": lms.region}, 400)


def test_the_approval_of_an_lms_that_comes_back_tells_for_whom_it_speaks_again(
    office: Staff, lms: Lms, sidecar: Sidecar
) -> None:
    path = f"/staff/platforms/{lms.pending}/approve"
    assert "har vært her før" not in office.get(path)
    with sidecar.transaction() as db:
        welcome(db, lms.pending, Learner("7"), sidecar.now())
        rector = welcome(db, lms.pending, Learner("8"), sidecar.now())
        grant(db, rector.id, "operator", Scope(), now=sidecar.now())
    page = office.get(path)
    assert "har vært her før" in page
    assert "1 deltaker som har" in page
    assert "1 person med en rolle" in page


def test_what_is_wrong_with_an_approval_is_explained_and_what_was_typed_stays(
    office: Staff, lms: Lms, sidecar: Sidecar, kongsberg: Municipality
) -> None:
    path, typed = f"/staff/platforms/{lms.pending}/approve", {"name": "Typed", "region": lms.region}
    typed["shown"] = shown(office.get(path))
    assert "Typed" in office.post(path, typed, 400)
    bad = {"municipality": kongsberg.id, f"pattern-{kongsberg.id}": "no group"}
    assert "no group" in office.post(path, typed | bad, 400)
    assert 'role="alert"' in office.post(path, typed | {"municipality": kongsberg.id, "name": "x" * 201}, 400)
    assert "Kongsberg" in office.post(path, typed | {"municipality": kongsberg.id, "name": "Moodle Rollag"}, 400)
    assert platform(sidecar, lms.pending).state == "pending"


def test_an_office_gives_an_lms_no_municipality_and_no_region_but_its_own(
    office: Staff, lms: Lms, sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    for which in (lms.pending, lms.ours):
        act = "approve" if which == lms.pending else "municipalities"
        data = {"municipality": [kongsberg.id, rollag.id], "region": lms.region}
        office.post(f"/staff/platforms/{which}/{act}", data, 404)
    data = {"municipality": kongsberg.id, "region": lms.other_region}
    office.post(f"/staff/platforms/{lms.pending}/approve", data, 404)
    for region in (lms.other_region, "", "0" * 32):
        office.post(f"/staff/platforms/{lms.ours}/settings", {"name": "Moodle", "region": region}, 404)
    assert platform(sidecar, lms.pending).state == "pending"
    assert platform(sidecar, lms.ours).region_id == lms.region


def test_an_lms_is_refused(office: Staff, lms: Lms, sidecar: Sidecar) -> None:
    office.get(f"/staff/platforms/{lms.pending}/refuse")
    assert office.post(f"/staff/platforms/{lms.pending}/refuse") == "/staff/platforms"
    assert platform(sidecar, lms.pending).state == "removed"
    office.get(f"/staff/platforms/{lms.pending}", 404)
    assert "Nye Moodle" not in office.get("/staff/platforms")


def test_an_lms_is_disabled_and_enabled(office: Staff, lms: Lms, sidecar: Sidecar) -> None:
    path = f"/staff/platforms/{lms.ours}"
    office.get(f"{path}/disable")
    assert platform(sidecar, lms.ours).state == "active"
    office.post(f"{path}/disable")
    assert platform(sidecar, lms.ours).state == "disabled"
    office.post(f"{path}/disable", status=400)
    assert f'action="{path}/enable"' in office.get(path)
    office.post(f"{path}/enable")
    assert platform(sidecar, lms.ours).state == "active"


def test_an_lms_is_removed_once_its_name_is_typed(office: Staff, lms: Lms, sidecar: Sidecar) -> None:
    path = f"/staff/platforms/{lms.ours}/remove"
    office.get(path)
    for wrong in ("", "Moodle", "Moodle Rollag"):
        assert 'role="alert"' in office.post(path, {"name": wrong}, 400)
    assert platform(sidecar, lms.ours).state == "active"
    assert office.post(path, {"name": " moodle kongsberg "}) == "/staff/platforms"
    assert platform(sidecar, lms.ours).state == "removed"
    office.post(path, {"name": "Moodle Kongsberg"}, 404)


def test_what_hurts_first_says_whom_it_affects(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    with sidecar.reading() as db:
        platform_id = db.scalars(select(Platform.id)).one()
    staff = sign_in("operator")
    for act in ("disable", "remove"):
        page = staff.get(f"/staff/platforms/{platform_id}/{act}")
        assert "3 deltakere" in page
        assert "2 kommuner" in page


def test_municipalities_and_patterns_are_changed(
    sign_in: SignIn, lms: Lms, sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    staff, path = sign_in("operator"), f"/staff/platforms/{lms.ours}"
    both = {"municipality": [kongsberg.id, rollag.id]}
    staff.post(f"{path}/municipalities", both)
    assert patterns(sidecar, lms.ours) == {"kongsberg": None, "rollag": None}
    assert "kongsberg-1001" in staff.get(path)
    assert "&lt;employee_number&gt;…" in staff.get(f"{path}/municipalities")
    staff.post(f"{path}/municipalities", both | {f"pattern-{rollag.id}": PATTERN})
    assert patterns(sidecar, lms.ours) == {"kongsberg": None, "rollag": PATTERN}
    assert "kongsberg-1001" not in staff.get(path)
    staff.post(f"{path}/municipalities", {"municipality": kongsberg.id, f"pattern-{rollag.id}": PATTERN})
    assert patterns(sidecar, lms.ours) == {"kongsberg": None}
    assert 'role="alert"' in staff.post(f"{path}/municipalities", {}, 400)
    staff.post(f"{path}/municipalities", {"municipality": "0" * 32}, 404)
    assert patterns(sidecar, lms.ours) == {"kongsberg": None}


def test_an_office_leaves_another_region_s_municipality_as_it_is(
    sign_in: SignIn, office: Staff, lms: Lms, sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    path = f"/staff/platforms/{lms.ours}/municipalities"
    both = {"municipality": [kongsberg.id, rollag.id], f"pattern-{rollag.id}": PATTERN}
    sign_in("operator").post(path, both)
    assert "Rollag" in office.get(path)
    office.post(path, {})
    assert patterns(sidecar, lms.ours) == {"rollag": PATTERN}
    office.post(path, {"municipality": kongsberg.id})
    assert patterns(sidecar, lms.ours) == {"kongsberg": None, "rollag": PATTERN}


def test_an_office_sees_an_lms_that_speaks_for_its_municipality_and_changes_nothing(
    sign_in: SignIn, lms: Lms, sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    both = {"municipality": [kongsberg.id, rollag.id]}
    sign_in("operator", name="O").post(f"/staff/platforms/{lms.ours}/municipalities", both)
    theirs = sign_in("rkk", name="Their office", region=THERE)
    assert "Moodle Kongsberg" in theirs.get("/staff/platforms")
    page = theirs.get(f"/staff/platforms/{lms.ours}")
    assert "<form" not in page.split('<main id="main"')[1].split("</main>")[0]
    for method, path in every_address(sidecar, lms.ours):
        if method == "GET":
            theirs.get(path, 403)
        else:
            theirs.post(path, {"name": "Moodle Kongsberg", "municipality": rollag.id, "deployment_id": "x"}, 403)
    assert platform(sidecar, lms.ours).state == "active"


def every_address(sidecar: Sidecar, platform_id: str) -> list[tuple[str, str]]:
    """Give the method and path of everything that changes an LMS, or asks before it does."""
    base = f"/staff/platforms/{platform_id}"
    row = deployment_row(sidecar, platform_id, "1")
    asks = ["approve", "refuse", "disable", "remove", "municipalities", "update/accept", f"deployments/{row}/remove"]
    does = [*asks, "enable", "settings", "deployments", f"deployments/{row}/approve", "update/decline"]
    return [("GET", f"{base}/{each}") for each in asks] + [("POST", f"{base}/{each}") for each in does]


def test_another_region_s_lms_does_not_exist_for_an_office(office: Staff, lms: Lms, sidecar: Sidecar) -> None:
    office.get(f"/staff/platforms/{lms.theirs}", 404)
    for method, path in every_address(sidecar, lms.theirs):
        if method == "GET":
            office.get(path, 404)
        else:
            office.post(path, {"name": "Moodle Rollag", "deployment_id": "x"}, 404)
    assert platform(sidecar, lms.theirs).state == "active"
    assert deployments(sidecar, lms.theirs) == {"1"}


def test_a_deployment_of_another_lms_is_not_reached_through_one_s_own(
    office: Staff, lms: Lms, sidecar: Sidecar
) -> None:
    row = try_deployment(sidecar, lms.theirs, "9")
    office.post(f"/staff/platforms/{lms.ours}/deployments/{row}/approve", status=404)
    office.get(f"/staff/platforms/{lms.ours}/deployments/{row}/remove", 404)
    office.post(f"/staff/platforms/{lms.ours}/deployments/{row}/remove", status=404)
    assert deployments(sidecar, lms.theirs) == {"1"}


def test_an_lms_that_operators_look_after_is_no_office_s(office: Staff, lms: Lms, sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        db.get_one(Platform, lms.pending).region_id = None
    office.get(f"/staff/platforms/{lms.pending}", 404)
    office.post(f"/staff/platforms/{lms.pending}/approve", status=404)


def test_a_form_without_its_token_changes_nothing(office: Staff, lms: Lms, sidecar: Sidecar) -> None:
    for method, path in every_address(sidecar, lms.ours):
        if method == "POST":
            office.post(path, {"csrf_token": "", "name": "Moodle Kongsberg"}, 403)
    assert platform(sidecar, lms.ours).state == "active"


def test_deployments_are_approved_added_and_removed(office: Staff, lms: Lms, sidecar: Sidecar) -> None:
    path = f"/staff/platforms/{lms.ours}"
    row = try_deployment(sidecar, lms.ours, '<b>"7"')
    assert "<b>" not in office.get(path)
    office.post(f"{path}/deployments/{row}/approve")
    office.post(f"{path}/deployments", {"deployment_id": " 8 "})
    assert deployments(sidecar, lms.ours) == {"1", '<b>"7"', "8"}
    for wrong in ("", "x" * 256):
        assert 'role="alert"' in office.post(f"{path}/deployments", {"deployment_id": wrong}, 400)
    office.get(f"{path}/deployments/{row}/remove")
    office.post(f"{path}/deployments/{row}/remove")
    assert deployments(sidecar, lms.ours) == {"1", "8"}
    office.post(f"{path}/deployments/{row}/remove", status=404)


def test_an_update_is_shown_and_accepted_or_declined(office: Staff, lms: Lms, sidecar: Sidecar) -> None:
    path = f"/staff/platforms/{lms.ours}"
    propose_update(sidecar, lms.ours)
    page = office.get(path)
    assert "sidecar-2" in page
    assert "/new-token" in page
    office.post(f"{path}/update/decline")
    assert platform(sidecar, lms.ours).client_id == "sidecar"
    assert "sidecar-2" not in office.get(path)
    office.post(f"{path}/update/accept", status=400)
    office.get(f"{path}/update/accept", 400)
    propose_update(sidecar, lms.ours)
    asked = office.get(f"{path}/update/accept")
    assert "sidecar-2" in asked
    assert "slutter å virke" in asked
    assert platform(sidecar, lms.ours).client_id == "sidecar"
    office.post(f"{path}/update/accept", {"shown": shown(asked)})
    found = platform(sidecar, lms.ours)
    assert (found.client_id, found.token_url) == ("sidecar-2", f"{found.issuer}/new-token")
    assert deployments(sidecar, lms.ours) == {"1", "2"}


def test_settings_are_changed_and_a_taken_name_is_explained(
    sign_in: SignIn, office: Staff, lms: Lms, sidecar: Sidecar
) -> None:
    path = f"/staff/platforms/{lms.ours}/settings"
    office.post(path, {"name": "Moodle K", "region": lms.region, "makes_line_items": "1"})
    found = platform(sidecar, lms.ours)
    assert (found.name, found.makes_line_items, found.region_id) == ("Moodle K", True, lms.region)
    for wrong in ("", "  ", "Moodle Rollag", "x" * 201):
        assert 'role="alert"' in office.post(path, {"name": wrong, "region": lms.region}, 400)
    assert acts(sidecar) >= {"platform.renamed", "platform.line_items_set"}
    assert "platform.region_set" not in acts(sidecar)
    operator = sign_in("operator", name="O")
    operator.post(path, {"name": "Moodle K", "region": ""})
    assert platform(sidecar, lms.ours).region_id is None
    operator.post(path, {"name": "Moodle K", "region": lms.other_region})
    assert platform(sidecar, lms.ours).region_id == lms.other_region
    operator.post(path, {"name": "Moodle K", "region": "0" * 32}, 404)


def test_what_an_lms_calls_itself_is_text_and_nothing_else(office: Staff, lms: Lms, sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        found = db.get_one(Platform, lms.pending)
        found.name, found.product = '"><script>alert(1)</script>', "<i>moodle"
        found.token_url = "javascript:alert(1)"
    for path in ("/staff/platforms", f"/staff/platforms/{lms.pending}", f"/staff/platforms/{lms.pending}/approve"):
        page = office.get(path)
        assert "<script>alert" not in page
        assert "<i>moodle" not in page
        assert 'href="javascript' not in page


def test_other_addresses_of_its_pages_are_kept_one_by_one(office: Staff, lms: Lms, sidecar: Sidecar) -> None:
    base = f"/staff/platforms/{lms.ours}"
    typed = {"name": "Moodle Kongsberg", "region": lms.region}
    office.post(f"{base}/settings", typed)
    assert "platform.frame_origins_set" not in acts(sidecar)
    office.post(f"{base}/settings", typed | {"frame_origins": "https://a.example.no/\r\n\r\n https://b.example.no"})
    assert platform(sidecar, lms.ours).frame_origins == ["https://a.example.no", "https://b.example.no"]
    assert "<code>https://b.example.no</code>" in office.get(base)
    for wrong in ("https://*.example.no", "http://c.example.no", "https://a.example.no/x", "'none'", "</textarea><b>"):
        page = office.post(f"{base}/settings", typed | {"frame_origins": f"https://d.example.no\n{wrong}"}, 400)
        assert 'role="alert"' in page
        assert "https://d.example.no" in page
        assert "<b>" not in page
    assert platform(sidecar, lms.ours).frame_origins == ["https://a.example.no", "https://b.example.no"]
    office.post(f"{base}/settings", typed | {"frame_origins": ""})
    assert platform(sidecar, lms.ours).frame_origins == []
