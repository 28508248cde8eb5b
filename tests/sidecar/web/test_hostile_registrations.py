"""LMSs and offices that try to become another, or more than they are, by what an LMS says when it registers."""

import re
from datetime import timedelta

import pytest

from lti.service_errors import ServiceElsewhere
from sidecar import tool
from sidecar.core import platform_life
from sidecar.core.invitations import InvitationRevokedError
from sidecar.core.municipalities import Municipality
from sidecar.core.platform_trust import StaffThroughError, TokenElsewhereError
from sidecar.core.platforms import Platform
from sidecar.core.staff import Grant, LastOperatorError, Scope, grant, has_grant, identity_of, revoke
from sidecar.runtime import Sidecar
from sidecar.tool.joining import RegisteredElsewhereError
from sidecar.tool.service import with_token
from tests.fakes.clock import FakeClock
from tests.fakes.hostile import HostileNetwork, join
from tests.fakes.joining import invite
from tests.fakes.lms import register_in, tool_key_maker
from tests.fakes.services import ServicePlatform, make_member
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.lms import THERE, Lms, acts, platform, propose_update, shown
from tests.sidecar.web.signed_in import Staff

OURS = "https://moodle-kongsberg.example.org"
SHARED = "https://shared.example"
EVIL_KEYS = "https://evil.example/jwks"


@pytest.fixture
def net(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> HostileNetwork:
    network = HostileNetwork()
    monkeypatch.setattr(sidecar, "fetch", network)
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    return network


@pytest.fixture
def victim(sidecar: Sidecar, net: HostileNetwork, clock: FakeClock, kongsberg: Municipality) -> ServicePlatform:
    served = ServicePlatform("https://victim.example", clock, client_id="victim-1", members=[make_member(1)])
    net.victim = served
    register_in(sidecar, served, ("kongsberg",))
    return served


def operator_through(sidecar: Sidecar, name: str = "Moodle Kongsberg") -> str:
    """Let somebody of an LMS be an operator; return their id."""
    with sidecar.transaction() as db:
        who = identity_of(db, name, "2", now=sidecar.now())
        grant(db, who.id, "operator", Scope(), now=sidecar.now())
        return who.id


@pytest.mark.parametrize("address", ["/token", "/token?x=1", ":443/other"])
def test_an_lms_that_names_anothers_token_address_is_refused(
    sidecar: Sidecar, net: HostileNetwork, victim: ServicePlatform, kongsberg: Municipality, address: str
) -> None:
    net.client_id = victim.client_id
    secret = invite(sidecar)
    with pytest.raises(TokenElsewhereError):
        tool.look(sidecar, secret, net.says(token_endpoint=victim.issuer + address))
    honest = net.says()
    pending = join(sidecar, secret, honest).platform_id
    with sidecar.transaction() as db:
        db.get_one(Platform, pending).token_url = victim.issuer + address
    with pytest.raises(TokenElsewhereError), sidecar.transaction() as db:
        platform_life.approve(db, pending, {kongsberg.id: None}, now=sidecar.now(), by=None)
    request = tool.PlatformRequest(
        issuer="https://worse.example",
        client_id=victim.client_id,
        auth_url="https://worse.example/auth",
        token_url=victim.issuer + address,
        jwks_url=EVIL_KEYS,
        deployment_ids=("1",),
        municipalities=("kongsberg",),
    )
    with pytest.raises(TokenElsewhereError):
        tool.register_platform(sidecar, request)
    assert victim.tokens == []


def test_an_update_that_names_anothers_token_address_is_refused(
    sidecar: Sidecar, net: HostileNetwork, victim: ServicePlatform, lms: Lms
) -> None:
    propose_update(sidecar, lms.ours)
    with sidecar.transaction() as db:
        found = db.get_one(Platform, lms.ours)
        found.proposal = (found.proposal or {}) | {"token_url": f"{victim.issuer}/token"}
    with pytest.raises(TokenElsewhereError), sidecar.transaction() as db:
        platform_life.accept_proposal(db, lms.ours, now=sidecar.now(), by=None)


def test_an_office_does_not_approve_an_lms_with_anothers_client_id_and_an_operator_is_warned(
    sidecar: Sidecar, net: HostileNetwork, lms: Lms, office: Staff, sign_in: SignIn, kongsberg: Municipality
) -> None:
    net.client_id = "sidecar"
    pending = join(sidecar, invite(sidecar, region_id=lms.region), net.says()).platform_id
    path = f"/staff/platforms/{pending}/approve"
    page = office.get(path)
    assert "En driftsansvarlig må avgjøre dette" in page
    data = {"municipality": kongsberg.id, "region": lms.region}
    assert "samme klient-ID" in office.post(path, data | {"shown": shown(page)}, 400)
    assert platform(sidecar, pending).state == "pending"
    operator = sign_in("operator", name="Ola")
    page = operator.get(path)
    assert "Et annet LMS har samme klient-ID" in page
    operator.post(path, data | {"shown": shown(page)})
    assert platform(sidecar, pending).state == "active"


@pytest.mark.parametrize("state", ["pending", "active", "removed"])
def test_another_regions_invitation_takes_nothing_and_tells_nothing(
    sidecar: Sidecar, net: HostileNetwork, lms: Lms, sign_in: SignIn, kongsberg: Municipality, state: str
) -> None:
    net.client_id = "a"
    first = join(sidecar, invite(sidecar, region_id=lms.region), net.says(SHARED)).platform_id
    with sidecar.transaction() as db:
        if state == "active":
            platform_life.approve(db, first, {kongsberg.id: None}, now=sidecar.now(), by=None, name="Secret name")
        if state == "removed":
            platform_life.remove(db, first, now=sidecar.now(), by=None)
    secret = invite(sidecar, region_id=lms.other_region)
    for _ in range(2):  # the invitation is free again at once
        with pytest.raises(RegisteredElsewhereError) as refused:
            join(sidecar, secret, net.says(SHARED, jwks_uri=EVIL_KEYS))
    assert refused.value.facts == {}
    found = platform(sidecar, first)
    assert (found.state, found.region_id, found.jwks_url) == (state, lms.region, f"{SHARED}/jwks")
    assert found.proposal is None
    listed = sign_in("rkk", name="Their office", region=THERE).get("/staff/invitations")
    assert first not in listed
    assert found.name not in listed


def test_an_operators_invitation_brings_a_removed_lms_back_to_nobody_but_operators(
    sidecar: Sidecar, net: HostileNetwork, lms: Lms
) -> None:
    net.client_id = "sidecar"
    with sidecar.transaction() as db:
        platform_life.remove(db, lms.ours, now=sidecar.now(), by=None)
    assert join(sidecar, invite(sidecar), net.says(OURS)).platform_id == lms.ours
    assert (platform(sidecar, lms.ours).state, platform(sidecar, lms.ours).region_id) == ("pending", None)


def test_what_registered_again_after_it_was_shown_is_not_approved(
    sidecar: Sidecar, net: HostileNetwork, lms: Lms, office: Staff, kongsberg: Municipality
) -> None:
    net.client_id = "a"
    pending = join(sidecar, invite(sidecar, region_id=lms.region), net.says(SHARED)).platform_id
    path, data = f"/staff/platforms/{pending}/approve", {"municipality": kongsberg.id, "region": lms.region}
    page = office.get(path)
    assert "evil.example" not in page
    join(sidecar, invite(sidecar, region_id=lms.region), net.says(SHARED, jwks_uri=EVIL_KEYS))
    again = office.post(path, data | {"shown": shown(page)}, 400)
    assert "registrert seg på nytt i mellomtiden" in again
    assert "Noen adresser er et annet sted" in again
    assert EVIL_KEYS in again
    office.post(path, data, 400)
    assert platform(sidecar, pending).state == "pending"
    office.post(path, data | {"shown": shown(again)})
    assert platform(sidecar, pending).state == "active"


def test_an_update_that_was_replaced_after_it_was_shown_is_not_accepted(
    sidecar: Sidecar, net: HostileNetwork, lms: Lms, office: Staff
) -> None:
    net.client_id, path = "sidecar", f"/staff/platforms/{lms.ours}/update/accept"
    join(sidecar, invite(sidecar, region_id=lms.region), net.says(OURS, token_endpoint=f"{OURS}/new"))
    page = office.get(path)
    join(sidecar, invite(sidecar, region_id=lms.region), net.says(OURS, jwks_uri=EVIL_KEYS))
    assert "registrert seg på nytt i mellomtiden" in office.post(path, {"shown": shown(page)}, 400)
    assert platform(sidecar, lms.ours).jwks_url == f"{OURS}/jwks"
    again = office.get(path)
    assert EVIL_KEYS in again
    office.post(path, {"shown": shown(again)})
    assert platform(sidecar, lms.ours).jwks_url == EVIL_KEYS


def test_an_office_does_not_make_itself_operator_by_keys_of_its_own(
    sidecar: Sidecar, net: HostileNetwork, lms: Lms, office: Staff, sign_in: SignIn
) -> None:
    net.client_id, path = "sidecar", f"/staff/platforms/{lms.ours}/update/accept"
    operator_through(sidecar)
    join(sidecar, invite(sidecar, region_id=lms.region), net.says(OURS, jwks_uri=EVIL_KEYS))
    page = office.get(path)
    assert "En driftsansvarlig må avgjøre dette" in page
    assert "som du ikke kan gi" in page
    office.post(path, status=400)
    with sidecar.transaction() as db, pytest.raises(StaffThroughError):
        platform_life.accept_proposal(db, lms.ours, now=sidecar.now(), by=office.identity_id)
    assert platform(sidecar, lms.ours).jwks_url == f"{OURS}/jwks"
    operator = sign_in("operator", name="Ola")
    operator.post(path, {"shown": shown(operator.get(path))})
    assert platform(sidecar, lms.ours).jwks_url == EVIL_KEYS


def test_an_update_without_new_keys_or_addresses_is_the_offices_to_accept(
    sidecar: Sidecar, net: HostileNetwork, lms: Lms, office: Staff
) -> None:
    net.client_id, path = "sidecar", f"/staff/platforms/{lms.ours}/update/accept"
    operator_through(sidecar)
    join(sidecar, invite(sidecar, region_id=lms.region), net.says(OURS))
    office.post(path, {"shown": shown(office.get(path))})
    assert platform(sidecar, lms.ours).product == "moodle"


def test_an_office_does_not_approve_an_lms_through_which_an_operator_comes(
    sidecar: Sidecar, net: HostileNetwork, lms: Lms, office: Staff, kongsberg: Municipality
) -> None:
    operator_through(sidecar, "Nye Moodle")
    path = f"/staff/platforms/{lms.pending}/approve"
    data = {"municipality": kongsberg.id, "region": lms.region, "shown": shown(office.get(path))}
    assert "som du ikke kan gi" in office.post(path, data, 400)
    assert platform(sidecar, lms.pending).state == "pending"


def test_roles_end_with_the_lms_they_came_through(sidecar: Sidecar, lms: Lms, sign_in: SignIn) -> None:
    sign_in("operator", name="Ola")
    who = operator_through(sidecar)
    with sidecar.transaction() as db:
        assert platform_life.impact_of(db, lms.ours, sidecar.now()).staff == 1
        platform_life.remove(db, lms.ours, now=sidecar.now(), by=None)
        assert not has_grant(db, who, sidecar.now())
    assert "staff.revoked" in acts(sidecar)


def test_a_token_of_before_is_not_used_for_an_lms_that_came_back_with_other_addresses(
    sidecar: Sidecar, net: HostileNetwork, victim: ServicePlatform, kongsberg: Municipality
) -> None:
    with sidecar.reading() as db:
        old = tool.registration_of(db, db.query(Platform).filter_by(issuer=victim.issuer).one())
    key = tool.active_tool_key(sidecar)
    token = tool.access_tokens(sidecar).token(old, ["scope"], key)
    with sidecar.transaction() as db:
        found = db.query(Platform).filter_by(issuer=victim.issuer).one()
        found.token_url = "https://evil.example/token"
        moved = tool.registration_of(db, found)
    assert tool.access_tokens(sidecar).token(moved, ["scope"], key) == "of-the-evil-one" != token


def test_an_invitation_ends_with_the_role_of_who_made_it(sidecar: Sidecar, lms: Lms, office: Staff) -> None:
    page = office.post("/staff/invitations", {"region": lms.region, "days": "90", "note": ""}, 200)
    found = re.search(r"/lti/register/([\w-]{43})", page)
    assert found
    tool.look_at_invitation(sidecar, found[1])
    with sidecar.transaction() as db:
        held = db.query(Grant).filter_by(identity_id=office.identity_id).one()
        revoke(db, held.id, now=sidecar.now())
    with pytest.raises(InvitationRevokedError):
        tool.look_at_invitation(sidecar, found[1])


def test_an_operator_without_an_end_stays_while_the_others_end_by_themselves(
    sidecar: Sidecar, clock: FakeClock, sign_in: SignIn
) -> None:
    lasting, passing = sign_in("operator", name="A"), sign_in("operator", name="B")
    with sidecar.transaction() as db:
        held = {one.identity_id: one for one in db.query(Grant).filter_by(role="operator")}
        held[passing.identity_id].ends_at = sidecar.now() + timedelta(hours=1)
        keys = held[lasting.identity_id].id, held[passing.identity_id].id
    with sidecar.transaction() as db, pytest.raises(LastOperatorError):
        revoke(db, keys[0], now=sidecar.now())
    with sidecar.transaction() as db:
        revoke(db, keys[1], now=sidecar.now())


def test_an_lms_gets_no_token_sent_to_another_one(
    sidecar: Sidecar, net: HostileNetwork, victim: ServicePlatform, kongsberg: Municipality
) -> None:
    pending = join(sidecar, invite(sidecar), net.says()).platform_id
    asked: list[str] = []
    with sidecar.transaction() as db:
        platform_life.approve(db, pending, {kongsberg.id: None}, now=sidecar.now(), by=None)
        registration = tool.registration_of(db, db.get_one(Platform, pending))
    for url in (f"{victim.issuer}/5/memberships", f"{victim.issuer}:443/x"):
        with pytest.raises(ServiceElsewhere):
            with_token(sidecar, registration, "scope", url, asked.append)
    for url in ("https://evil.example/x", "https://cdn.example/x", "https://cdn.example:99999/"):
        with_token(sidecar, registration, "scope", url, asked.append)
    assert asked == ["of-the-evil-one"] * 3
