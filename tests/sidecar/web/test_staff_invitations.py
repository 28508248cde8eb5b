"""Invite an LMS by forms alone; each office sees and takes back its own region's invitations only."""

import re

import pytest
from sqlalchemy import select

from sidecar.core import invitations, sign_ins
from sidecar.core.invitations import PlatformInvitation
from sidecar.runtime import Sidecar
from tests.conftest import PUBLIC_URL
from tests.fakes.clock import FakeClock
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.lms import THERE, Lms
from tests.sidecar.web.signed_in import Staff

PAGE = "/staff/invitations"


@pytest.fixture
def other_office(sign_in: SignIn, lms: Lms) -> Staff:
    return sign_in("rkk", name="Their office", region=THERE)


def kept(sidecar: Sidecar) -> list[PlatformInvitation]:
    with sidecar.reading() as db:
        found = list(db.scalars(select(PlatformInvitation)))
        db.expunge_all()
        return found


def secret_in(page: str) -> str:
    found = re.search(rf"{PUBLIC_URL}/lti/register/([\w-]+)<", page)
    assert found
    return found[1]


def make(staff: Staff, **form: str) -> str:
    return staff.post(PAGE, {"note": "Moodle", "days": "7"} | form, 200)


def test_an_invitation_is_made_and_its_address_shown_once(office: Staff, lms: Lms, sidecar: Sidecar) -> None:
    secret = secret_in(make(office, region=lms.region))
    with sidecar.reading() as db:
        found = invitations.look(db, secret, sidecar.now())
    assert (found.region_id, found.note, found.renews_id) == (lms.region, "Moodle", None)
    assert (found.expires_at - found.created_at).days == 7
    page = office.get(PAGE)
    assert "Moodle" in page
    assert secret not in page
    assert secret not in "".join(repr(each.__dict__) for each in kept(sidecar))


def test_the_same_form_sent_again_shows_the_same_invitation(
    office: Staff, other_office: Staff, lms: Lms, sidecar: Sidecar
) -> None:
    page = office.get(PAGE)
    (sealed,) = re.findall(r'name="invitation" value="([^"]+)"', page)
    first = secret_in(make(office, region=lms.region, invitation=sealed))
    assert secret_in(make(office, region=lms.region, invitation=sealed, note="Changed")) == first
    assert [each.note for each in kept(sidecar)] == ["Moodle"]
    assert first not in page
    assert secret_in(make(other_office, region=lms.other_region, invitation=sealed)) != first
    assert secret_in(make(office, region=lms.region, invitation="x" * 900)) != first
    assert len(kept(sidecar)) == 3


def test_an_office_invites_for_its_own_region_only(office: Staff, lms: Lms, sidecar: Sidecar) -> None:
    for region in (lms.other_region, "", "0" * 32):
        office.post(PAGE, {"note": "", "days": "7", "region": region}, 404)
    for platform_id in (lms.theirs, "0" * 32):
        office.post(PAGE, {"note": "", "days": "7", "region": lms.region, "platform": platform_id}, 404)
    assert kept(sidecar) == []


def test_an_operator_invites_for_any_region_or_none(sign_in: SignIn, lms: Lms, sidecar: Sidecar) -> None:
    operator = sign_in("operator")
    make(operator, region=lms.other_region)
    make(operator, region="")
    assert {each.region_id for each in kept(sidecar)} == {lms.other_region, None}


def test_an_lms_that_is_here_is_asked_to_register_again(office: Staff, lms: Lms, sidecar: Sidecar) -> None:
    page = office.get(f"{PAGE}?platform={lms.ours}")
    assert f'value="{lms.ours}" selected' in page
    assert "Moodle Rollag" not in page
    assert "Nye Moodle" not in page  # it waits for approval, and is no LMS to update yet
    make(office, region=lms.region, platform=lms.ours)
    (found,) = kept(sidecar)
    assert (found.renews_id, found.region_id) == (lms.ours, lms.region)


def test_each_office_sees_its_own_invitations(
    sign_in: SignIn, office: Staff, other_office: Staff, lms: Lms, sidecar: Sidecar
) -> None:
    make(office, region=lms.region, note="For Kongsberg")
    make(sign_in("operator", name="O"), region="", note="For nobody")
    assert "For Kongsberg" in office.get(PAGE)
    assert "For nobody" not in office.get(PAGE)
    page = other_office.get(PAGE)
    assert "For Kongsberg" not in page
    assert "For nobody" not in page
    page = sign_in("operator", name="O2").get(PAGE)
    assert "For Kongsberg" in page
    assert "For nobody" in page
    for each in kept(sidecar):
        other_office.get(f"{PAGE}/{each.id}/revoke", 404)
        other_office.post(f"{PAGE}/{each.id}/revoke", status=404)
    assert not any(each.revoked_at for each in kept(sidecar))


def test_an_invitation_is_taken_back_after_a_question(office: Staff, lms: Lms, sidecar: Sidecar) -> None:
    secret = secret_in(make(office, region=lms.region))
    (made,) = kept(sidecar)
    path = f"{PAGE}/{made.id}/revoke"
    office.get(path)
    office.post(path, {"csrf_token": ""}, 403)
    assert not kept(sidecar)[0].revoked_at
    office.post(path)
    with sidecar.reading() as db, pytest.raises(invitations.InvitationRevokedError):
        invitations.look(db, secret, sidecar.now())
    assert path not in office.get(PAGE)


def test_the_list_says_what_became_of_each(office: Staff, lms: Lms, sidecar: Sidecar, clock: FakeClock) -> None:
    secret = secret_in(make(office, region=lms.region, note="used one"))
    make(office, region=lms.region, note="old one", days="1")
    with sidecar.transaction() as db:
        claimed = invitations.claim(db, secret, sidecar.now())
        assert claimed.claimed_at
        invitations.use(db, claimed.id, claimed.claimed_at, lms.ours, sidecar.now())
    clock.advance(days=2)
    page = sign_in_again(office, sidecar).get(PAGE)
    assert f'href="/staff/platforms/{lms.ours}"' in page
    assert page.count("/revoke") == 0


def sign_in_again(staff: Staff, sidecar: Sidecar) -> Staff:
    """Let somebody whose sign-in has ended sign in anew."""
    with sidecar.transaction() as db:
        secret = sign_ins.start(db, staff.identity_id, None, sidecar.now())
    staff.client.set_cookie("__Host-sidecar-staff", secret)
    return Staff(staff.client, secret, staff.identity_id)


@pytest.mark.parametrize(
    "wrong", [{"days": "0"}, {"days": "91"}, {"days": "many"}, {"days": ""}, {"days": "-1"}, {"note": "x" * 201}]
)
def test_a_form_that_makes_no_sense_is_explained_and_makes_nothing(
    office: Staff, lms: Lms, sidecar: Sidecar, wrong: dict[str, str]
) -> None:
    page = office.post(PAGE, {"note": "Moodle", "days": "7", "region": lms.region} | wrong, 400)
    assert 'role="alert"' in page
    assert kept(sidecar) == []


def test_a_note_is_text_and_nothing_else(office: Staff, lms: Lms, sidecar: Sidecar) -> None:
    make(office, region=lms.region, note='"><script>alert(1)</script>')
    (made,) = kept(sidecar)
    for path in (PAGE, f"{PAGE}/{made.id}/revoke"):
        assert "<script>alert" not in office.get(path)
