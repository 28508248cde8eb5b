"""Give another system a token by forms alone; each office sees and takes back its own municipalities' only."""

import re

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from sidecar.core import api_tokens
from sidecar.core.api_tokens import ApiToken
from sidecar.core.audit import AuditEntry
from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from sidecar.sync.scim import resources
from sidecar.sync.scim.resources import Client
from tests.conftest import PUBLIC_URL
from tests.fakes.clock import FakeClock
from tests.fakes.entra import user
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.lms import THERE, Lms
from tests.sidecar.web.signed_in import Staff

PAGE = "/staff/tokens"


@pytest.fixture
def other_office(sign_in: SignIn, lms: Lms) -> Staff:
    return sign_in("rkk", name="Their office", region=THERE)


def kept(sidecar: Sidecar) -> list[ApiToken]:
    with sidecar.reading() as db:
        found = list(db.scalars(select(ApiToken).order_by(ApiToken.created_at)))
        db.expunge_all()
        return found


def secret_in(page: str) -> str:
    found = re.search(r"sidecar-scim-[\w-]{43}", BeautifulSoup(page, "html.parser").get_text())
    assert found
    return found[0]


def make(staff: Staff, municipality: Municipality, status: int = 200, **form: str) -> str:
    return staff.post(PAGE, {"municipality": municipality.id, "name": "Entra ID", "days": "365"} | form, status)


def test_a_token_is_made_and_shown_once(office: Staff, sidecar: Sidecar, kongsberg: Municipality) -> None:
    page = make(office, kongsberg)
    secret = secret_in(page)
    assert f"{PUBLIC_URL}/scim/v2" in page
    (token,) = kept(sidecar)
    assert (token.municipality_id, token.hint, token.made_by) == (kongsberg.id, secret[-4:], office.identity_id)
    again = office.get(PAGE)
    assert secret not in again
    assert f"…{token.hint}" in again
    with sidecar.reading() as db:
        assert api_tokens.find_token(db, secret, scope="scim", now=sidecar.now()).id == token.id
        entry = db.scalars(select(AuditEntry).where(AuditEntry.action == "api_token.made")).one()
        assert (entry.subject, entry.identity_id) == (kongsberg.id, office.identity_id)


def test_the_same_form_sent_again_makes_no_other_token(
    office: Staff, sidecar: Sidecar, kongsberg: Municipality
) -> None:
    (sealed,) = re.findall(r'name="api-token" value="([^"]+)"', office.get(PAGE))
    first = secret_in(make(office, kongsberg, **{"api-token": sealed}))
    assert secret_in(make(office, kongsberg, **{"api-token": sealed})) == first
    assert len(kept(sidecar)) == 1


@pytest.mark.parametrize(
    "form", [{"name": " "}, {"name": "x" * 201}, {"days": "0"}, {"days": "731"}, {"days": "x"}], ids=str
)
def test_a_wrong_form_makes_none(
    office: Staff, sidecar: Sidecar, kongsberg: Municipality, form: dict[str, str]
) -> None:
    assert 'role="alert"' in make(office, kongsberg, 400, **form)
    assert kept(sidecar) == []


def test_an_office_makes_them_for_its_own_municipalities_only(
    other_office: Staff, sidecar: Sidecar, kongsberg: Municipality
) -> None:
    make(other_office, kongsberg, 404)
    other_office.post(PAGE, {"municipality": "0" * 32, "name": "x", "days": "1"}, 404)
    assert kept(sidecar) == []


def test_another_office_sees_and_takes_back_none_of_ours(
    office: Staff, other_office: Staff, sidecar: Sidecar, kongsberg: Municipality
) -> None:
    make(office, kongsberg, name="Bare vår")
    (token,) = kept(sidecar)
    assert "Bare vår" not in other_office.get(PAGE)
    other_office.get(f"{PAGE}/{token.id}/revoke", 404)
    other_office.post(f"{PAGE}/{token.id}/revoke", status=404)
    assert kept(sidecar)[0].revoked_at is None


def test_a_token_is_taken_back_after_a_question(office: Staff, sidecar: Sidecar, kongsberg: Municipality) -> None:
    secret = secret_in(make(office, kongsberg))
    (token,) = kept(sidecar)
    assert f"…{token.hint}" in office.get(f"{PAGE}/{token.id}/revoke")
    assert kept(sidecar)[0].revoked_at is None
    assert office.post(f"{PAGE}/{token.id}/revoke") == PAGE
    assert kept(sidecar)[0].revoked_at == sidecar.now()
    with sidecar.reading() as db, pytest.raises(api_tokens.ApiTokenRefusedError):
        api_tokens.find_token(db, secret, scope="scim", now=sidecar.now())
    office.post(f"{PAGE}/{token.id}/revoke")
    with sidecar.reading() as db:
        assert len(db.scalars(select(AuditEntry).where(AuditEntry.action == "api_token.revoked")).all()) == 1


def test_the_page_says_how_each_token_stands(
    office: Staff, sidecar: Sidecar, kongsberg: Municipality, clock: FakeClock
) -> None:
    make(office, kongsberg, days="1")
    assert "Aldri" in office.get(PAGE)
    clock.advance(minutes=30)
    with sidecar.transaction() as db:
        api_tokens.note_use(db, kept(sidecar)[0].id, clock())
    page = office.get(PAGE)
    assert "Aldri" not in page
    assert "Gyldig" in page


def test_users_without_an_employee_number_are_told_of_without_their_names(
    office: Staff, sidecar: Sidecar, kongsberg: Municipality
) -> None:
    make(office, kongsberg)
    client = Client(sidecar, kongsberg.id)
    made = resources.create(client, "User", user("Hemmelig Navnesen"))
    resources.create(client, "User", user("Numrert Navnesen", "1001"))
    resources.create(client, "User", user("Sluttet Navnesen", active=False))
    page = office.get(PAGE)
    assert made.id in page
    assert page.count('<code class="hash">') == 1
    assert "Navnesen" not in page
