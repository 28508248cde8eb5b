"""Say how an LMS writes employee numbers, and decide on who is held: what the pages let through and what they show."""

import pytest
from sqlalchemy import select

from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity
from sidecar.core.regions import join
from sidecar.runtime import Sidecar
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.lms import HERE, THERE, Lms, acts, patterns
from tests.sidecar.web.signed_in import Staff
from tests.sidecar.web.town import Town

PATTERN = "ans-(?P<employee_number>[0-9]+)"


@pytest.mark.parametrize(
    "pattern",
    [
        "(?P<employee_number>([0-9]+)+)",
        "(?P<employee_number>(a|a)(b|b)(c|c)(d|d))",
        "(?P<employee_number>.*).*.*.*x",
        "(?P<employee_number>a?b?c?d?)",
        "(?i)(?P<employee_number>[0-9]+)",
        "(?=x)(?P<employee_number>[0-9]+)",
        "(?P<employee_number>[0-9]+",
        "[0-9]+",
        "(?P<employee_number>" + "a" * 500 + ")",
    ],
)
def test_a_pattern_that_could_stop_everything_is_refused(
    office: Staff, lms: Lms, sidecar: Sidecar, kongsberg: Municipality, pattern: str
) -> None:
    data = {"municipality": kongsberg.id, f"pattern-{kongsberg.id}": pattern}
    assert 'role="alert"' in office.post(f"/staff/platforms/{lms.ours}/municipalities", data, 400)
    assert patterns(sidecar, lms.ours) == {"kongsberg": None}


@pytest.mark.parametrize(
    "pattern",
    [
        PATTERN,
        r"(?:k|kb)[-+*|]\+(?P<employee_number>\d{4,8})",
        "(?P<employee_number>[^-]+)-.*",
        "[]+*?|]x(?P<employee_number>1)",
    ],
)
def test_a_pattern_as_people_write_them_is_taken(
    office: Staff, lms: Lms, sidecar: Sidecar, kongsberg: Municipality, pattern: str
) -> None:
    data = {"municipality": kongsberg.id, f"pattern-{kongsberg.id}": pattern}
    office.post(f"/staff/platforms/{lms.ours}/municipalities", data)
    assert patterns(sidecar, lms.ours) == {"kongsberg": pattern}


def hold(sidecar: Sidecar) -> tuple[str, str]:
    """Let Kari's account be held; return the ids of her LMS and her identity."""
    with sidecar.transaction() as db:
        kari = db.scalars(select(Identity).where(Identity.subject == "u1")).one()
        kari.person_id = kari.employment_id = None
        assert kari.platform_id
        return kari.platform_id, kari.id


def test_who_sees_every_municipality_sees_who_is_held_and_an_operator_releases(
    sign_in: SignIn, town: Town, sidecar: Sidecar
) -> None:
    platform_id, identity_id = hold(sidecar)
    path = f"/staff/platforms/{platform_id}"
    office, operator = sign_in("rkk", name="R", region=HERE), sign_in("operator", name="O")
    assert "Kari Nordmann" in office.get(path)
    assert "/release" not in office.get(path)
    office.post(f"{path}/held/{identity_id}/release", status=403)
    assert f"{path}/held/{identity_id}/release" in operator.get(path)
    operator.post(f"{path}/held/{identity_id}/release")
    with sidecar.reading() as db:
        found = db.get_one(Identity, identity_id)
        assert found.employment_id == db.scalars(select(Employment.id).where(Employment.id == town.kari)).one()
    operator.post(f"{path}/held/{identity_id}/release", status=404)
    assert "identity.released" in acts(sidecar)


def test_an_office_that_sees_some_municipalities_only_sees_how_many_are_held(
    sign_in: SignIn, town: Town, sidecar: Sidecar, kongsberg: Municipality
) -> None:
    platform_id, _ = hold(sidecar)
    with sidecar.transaction() as db:
        join(db, THERE, kongsberg.id, sidecar.today())
    page = sign_in("rkk", name="Their office", region=THERE).get(f"/staff/platforms/{platform_id}")
    assert "Kari Nordmann" not in page
    assert "1 deltaker er holdt tilbake" in page


def test_a_null_character_is_refused_before_it_reaches_the_database(
    office: Staff, lms: Lms, kongsberg: Municipality
) -> None:
    base, pattern = f"/staff/platforms/{lms.ours}", f"pattern-{kongsberg.id}"
    for path, form in (
        (f"{base}/settings", {"name": "a\0b", "region": lms.region}),
        (f"{base}/deployments", {"deployment_id": "a\0b"}),
        (f"{base}/municipalities", {"municipality": kongsberg.id, pattern: "\0(?P<employee_number>1)"}),
        (f"{base}/remove", {"name": "\0"}),
        ("/staff/invitations", {"note": "a\0b", "days": "7", "region": lms.region}),
    ):
        office.post(path, form, 400)
    office.get("/staff/invitations?platform=%00", 400)
    office.get("/staff/platforms/%00", 404)
