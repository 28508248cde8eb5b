"""LMSs that register themselves: what is written, what is refused, and that nothing active ever changes by itself."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from lti.errors import LtiError
from lti.registration_errors import (
    ConfigurationChanged,
    ConfigurationForeign,
    ConfigurationUnavailable,
    EndpointUnusable,
    IssuerOther,
    RegistrationRefused,
    RegistrationUnanswered,
)
from sidecar import tool
from sidecar.core import platform_life, platforms
from sidecar.core.audit import AuditEntry
from sidecar.core.deployments import list_deployments
from sidecar.core.invitations import (
    InvitationBusyError,
    InvitationExpiredError,
    InvitationRevokedError,
    InvitationUnknownError,
    InvitationUsedError,
    PlatformInvitation,
    revoke,
)
from sidecar.core.municipalities import Municipality
from sidecar.core.platforms import Platform
from sidecar.core.proposals import changes, read_proposal
from sidecar.core.regions import join as join_region
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.tool import Joined
from sidecar.tool.joining import RegisteredElsewhereError
from tests.fakes.clock import FakeClock
from tests.fakes.joining import (
    CONFIGURATION_PATH,
    CONFIGURATION_URL,
    REGISTRATION_PATH,
    JoiningLms,
    answer,
    invite,
    no_answer,
)
from tests.fakes.lms import tool_key_maker


@pytest.fixture
def lms(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> JoiningLms:
    joining = JoiningLms()
    monkeypatch.setattr(sidecar, "fetch", joining)
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    return joining


def join(sidecar: Sidecar, lms: JoiningLms, secret: str, *, token: str | None = None, digest: str = "") -> Joined:
    """Look, then click."""
    shown = digest or tool.look(sidecar, secret, CONFIGURATION_URL).digest
    return tool.join(sidecar, secret, CONFIGURATION_URL, token or lms.token(), shown)


def all_platforms(sidecar: Sidecar) -> list[Platform]:
    with sidecar.reading() as db:
        found = db.query(Platform).order_by(Platform.created_at, Platform.name).all()
        db.expunge_all()
        return found


def invitation(sidecar: Sidecar) -> PlatformInvitation:
    with sidecar.reading() as db:
        return db.scalars(select(PlatformInvitation).order_by(PlatformInvitation.created_at.desc()).limit(1)).one()


def approve(sidecar: Sidecar, platform_id: str, municipality: Municipality) -> None:
    with sidecar.transaction() as db:
        platform_life.approve(db, platform_id, {municipality.id: None}, now=sidecar.now(), by=None)


def test_looking_writes_nothing_and_says_what_would_be_asked_for(sidecar: Sidecar, lms: JoiningLms) -> None:
    found = tool.look(sidecar, invite(sidecar), CONFIGURATION_URL)
    assert (found.issuer, found.product, found.picks_courses) == ("https://lms.example", "moodle", True)
    assert found.scopes == tool.WANTED_SCOPES
    assert found.claims == tool.WANTED_CLAIMS
    assert lms.asked == [f"GET {CONFIGURATION_PATH}"]
    assert all_platforms(sidecar) == []
    assert invitation(sidecar).claimed_at is None


def test_a_registered_lms_waits_for_approval_and_then_may_launch(
    sidecar: Sidecar, lms: JoiningLms, kongsberg: Municipality
) -> None:
    joined = join(sidecar, lms, invite(sidecar))
    assert (joined.outcome, joined.has_deployment, joined.not_granted) == ("pending", True, ())
    [platform] = all_platforms(sidecar)
    assert (platform.state, platform.name, platform.product) == ("pending", "lms.example", "moodle")
    with sidecar.reading() as db:
        with pytest.raises(platforms.PlatformPendingError):
            platforms.find_registration(db, platform.issuer, platform.client_id)
        assert [(d.deployment_id, d.state) for d in list_deployments(db, platform.id)] == [("1", "pending")]
    approve(sidecar, platform.id, kongsberg)
    with sidecar.reading() as db:
        found = platforms.find_registration(db, platform.issuer, platform.client_id)
        assert found is not None
        assert tool.registration_of(db, found).deployments == {"1"}
        assert platforms.municipalities_of(db, found.id) == {kongsberg.id}


def test_the_invitation_is_used_up_and_the_act_is_in_the_trail(sidecar: Sidecar, lms: JoiningLms) -> None:
    secret = invite(sidecar)
    joined = join(sidecar, lms, secret)
    used = invitation(sidecar)
    assert (used.state_at(sidecar.now()), used.platform_id) == ("used", joined.platform_id)
    with pytest.raises(InvitationUsedError):
        tool.look(sidecar, secret, CONFIGURATION_URL)
    with pytest.raises(InvitationUsedError):
        tool.join(sidecar, secret, CONFIGURATION_URL, lms.token(), "")
    with sidecar.reading() as db:
        acts = {(each.action, each.actor) for each in db.query(AuditEntry)}
    assert ("platform.registered", "lms") in acts


def test_an_uninvited_lms_is_refused_before_it_is_asked_anything(sidecar: Sidecar, lms: JoiningLms) -> None:
    for call in (
        lambda: tool.look(sidecar, "guessed", CONFIGURATION_URL),
        lambda: tool.join(sidecar, "guessed", CONFIGURATION_URL, None, ""),
    ):
        with pytest.raises(InvitationUnknownError):
            call()
    assert lms.asked == []


def test_an_expired_or_revoked_invitation_is_refused(sidecar: Sidecar, lms: JoiningLms, clock: FakeClock) -> None:
    revoked = invite(sidecar)
    with sidecar.transaction() as db:
        revoke(db, db.query(PlatformInvitation).one().id, now=sidecar.now(), by=None)
    with pytest.raises(InvitationRevokedError):
        join(sidecar, lms, revoked, digest="x")
    late = invite(sidecar)
    clock.advance(days=7)
    with pytest.raises(InvitationExpiredError):
        join(sidecar, lms, late, digest="x")
    assert lms.asked == []


def refused_with(sidecar: Sidecar, lms: JoiningLms, secret: str, error: type[LtiError], digest: str = "") -> LtiError:
    """Join in vain; nothing is written, and the invitation is free again at once."""
    with pytest.raises(error) as caught:
        join(sidecar, lms, secret, digest=digest)
    assert all_platforms(sidecar) == []
    assert invitation(sidecar).state_at(sidecar.now()) == "open"
    return caught.value


def test_a_configuration_on_the_private_network_is_refused(sidecar: Sidecar, lms: JoiningLms) -> None:
    lms.private.add("lms.example")
    found = refused_with(sidecar, lms, invite(sidecar), ConfigurationUnavailable)
    assert found.facts["reason"] == "forbidden-address"
    assert lms.asked == []


@pytest.mark.parametrize("member", ["authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint"])
@pytest.mark.parametrize("url", ["https://intranet.example/x", "http://lms.example/x"])
def test_a_configuration_that_points_into_the_private_network_or_to_http_is_refused(
    sidecar: Sidecar, lms: JoiningLms, member: str, url: str
) -> None:
    lms.private.add("intranet.example")
    lms.says(**{member: url})
    refused_with(sidecar, lms, invite(sidecar), EndpointUnusable, digest="any")
    assert f"POST {REGISTRATION_PATH}" not in lms.asked


@pytest.mark.parametrize(
    "issuer", ["https://bank.example", "https://lms.example.evil.example", "https://lms.example:8443"]
)
def test_a_configuration_that_speaks_for_another_host_is_refused(
    sidecar: Sidecar, lms: JoiningLms, issuer: str
) -> None:
    lms.says(issuer=issuer)
    refused_with(sidecar, lms, invite(sidecar), ConfigurationForeign, digest="any")


def test_a_configuration_that_changes_between_two_reads_is_refused(sidecar: Sidecar, lms: JoiningLms) -> None:
    secret = invite(sidecar)
    shown = tool.look(sidecar, secret, CONFIGURATION_URL).digest
    lms.says(token_endpoint="https://lms.example/other")
    refused_with(sidecar, lms, secret, ConfigurationChanged, digest=shown)
    assert f"POST {REGISTRATION_PATH}" not in lms.asked
    del lms.answers[CONFIGURATION_PATH]
    assert join(sidecar, lms, secret, digest=shown).outcome == "pending"


@pytest.mark.parametrize(
    ("spoiled", "error", "reason"),
    [
        (no_answer, RegistrationUnanswered, "unreachable"),
        (answer(200, b"<html>Welcome</html>"), RegistrationUnanswered, "malformed-json"),
        (answer(200, {"client_id": ""}), RegistrationUnanswered, "malformed-client_id"),
        (answer(200, {"client_id": "x" * 256}), RegistrationUnanswered, "malformed-client_id"),
        (answer(200, {"client_id": 7}), RegistrationUnanswered, "malformed-client_id"),
        (answer(200, b"[" * 100_000), RegistrationUnanswered, "malformed-json"),
        (answer(200, b" " * 300_000), RegistrationUnanswered, "malformed-size"),
        (answer(503, b""), RegistrationUnanswered, "status-503"),
        (answer(302, b"", location="https://elsewhere.example/"), RegistrationRefused, ""),
        (answer(401, b"token_already_used"), RegistrationRefused, "token_already_used"),
        (answer(400, {"error": "invalid_redirect_uri"}), RegistrationRefused, "invalid_redirect_uri"),
        (answer(400, b"<script>alert(1)</script>"), RegistrationRefused, ""),
    ],
)
def test_an_lms_that_answers_the_registration_slowly_with_garbage_or_a_redirect_leaves_nothing(
    sidecar: Sidecar, lms: JoiningLms, spoiled: Callable[[], object], error: type[LtiError], reason: str
) -> None:
    lms.answers[REGISTRATION_PATH] = spoiled  # type: ignore[assignment]
    found = refused_with(sidecar, lms, invite(sidecar), error)
    assert found.facts["reason"] == reason


def test_a_token_that_was_used_is_refused_by_the_lms_and_leaves_nothing(sidecar: Sidecar, lms: JoiningLms) -> None:
    token = lms.token()
    join(sidecar, lms, invite(sidecar), token=token)
    secret = invite(sidecar)
    with pytest.raises(RegistrationRefused) as caught:
        join(sidecar, lms, secret, token=token)
    assert (caught.value.status, caught.value.reason) == (401, "token_already_used")
    assert len(all_platforms(sidecar)) == 1


def test_of_two_registrations_at_once_by_one_invitation_one_goes_on(sidecar: Sidecar, lms: JoiningLms) -> None:
    secret = invite(sidecar)
    shown = tool.look(sidecar, secret, CONFIGURATION_URL).digest

    def click(_number: int) -> str:
        try:
            return join(sidecar, lms, secret, digest=shown).outcome
        except SidecarError as error:
            return error.code

    tool.ensure_keys(sidecar)
    with ThreadPoolExecutor(4) as threads:
        outcomes = sorted(threads.map(click, range(4)))
    assert outcomes.count("pending") == 1
    assert set(outcomes) <= {"pending", "invitation-busy", "invitation-used"}
    assert len(all_platforms(sidecar)) == len(lms.lms.tools.by_id) == 1


def test_a_claim_that_a_kill_left_lapses_after_ten_minutes(sidecar: Sidecar, lms: JoiningLms, clock: FakeClock) -> None:
    secret = invite(sidecar)
    with sidecar.transaction() as db:
        db.query(PlatformInvitation).one().claimed_at = sidecar.now()
    with pytest.raises(InvitationBusyError):
        join(sidecar, lms, secret, digest="x")
    clock.advance(minutes=10)
    assert join(sidecar, lms, secret).outcome == "pending"


def test_an_invitation_that_was_taken_back_while_the_lms_answered_registers_nothing(
    sidecar: Sidecar, lms: JoiningLms
) -> None:
    secret = invite(sidecar)
    shown = tool.look(sidecar, secret, CONFIGURATION_URL).digest

    def take_back() -> object:
        with sidecar.transaction() as db:
            revoke(db, db.query(PlatformInvitation).one().id, now=sidecar.now(), by=None)
        return answer(200, {"client_id": "abc"})()

    lms.answers[REGISTRATION_PATH] = take_back  # type: ignore[assignment]
    with pytest.raises(InvitationRevokedError):
        join(sidecar, lms, secret, digest=shown)
    assert all_platforms(sidecar) == []


def test_registering_again_changes_nothing_active_before_a_person_accepts(
    sidecar: Sidecar, lms: JoiningLms, kongsberg: Municipality
) -> None:
    first = join(sidecar, lms, invite(sidecar))
    approve(sidecar, first.platform_id, kongsberg)
    before = all_platforms(sidecar)[0]
    lms.says(token_endpoint="https://lms.example/new-token")
    again = join(sidecar, lms, invite(sidecar, renews_id=first.platform_id))
    assert (again.outcome, again.platform_id) == ("proposed", first.platform_id)
    [platform] = all_platforms(sidecar)
    assert (platform.client_id, platform.token_url, platform.state) == (before.client_id, before.token_url, "active")
    proposal = read_proposal(platform)
    assert proposal is not None
    changed = {each.field: each.after for each in changes(platform, proposal, frozenset({"1"}))}
    assert changed.keys() == {"client_id", "token_url", "deployment_id"}
    with sidecar.transaction() as db:
        platform_life.accept_proposal(db, platform.id, now=sidecar.now(), by=None)
    [platform] = all_platforms(sidecar)
    assert (platform.client_id, platform.token_url) == (proposal.client_id, "https://lms.example/new-token")
    assert platform.proposal is None


def test_moodles_update_of_a_tool_is_a_proposal_too_and_can_be_declined(
    sidecar: Sidecar, lms: JoiningLms, kongsberg: Municipality
) -> None:
    first = join(sidecar, lms, invite(sidecar))
    approve(sidecar, first.platform_id, kongsberg)
    lms.says(jwks_uri="https://lms.example/new-keys")
    again = join(sidecar, lms, invite(sidecar), token=lms.token("1"))
    assert (again.outcome, again.platform_id) == ("proposed", first.platform_id)
    with sidecar.transaction() as db:
        platform_life.decline_proposal(db, first.platform_id, now=sidecar.now(), by=None)
    [platform] = all_platforms(sidecar)
    assert platform.proposal is None
    assert platform.jwks_url != "https://lms.example/new-keys"


def test_another_lms_cannot_register_as_the_one_that_was_invited_to_renew(
    sidecar: Sidecar, lms: JoiningLms, kongsberg: Municipality
) -> None:
    first = join(sidecar, lms, invite(sidecar))
    approve(sidecar, first.platform_id, kongsberg)
    with sidecar.transaction() as db:
        db.get_one(Platform, first.platform_id).issuer = "https://other.example"
    with pytest.raises(IssuerOther):
        join(sidecar, lms, invite(sidecar, renews_id=first.platform_id))


def test_a_removed_lms_that_registers_again_comes_back_pending_and_keeps_its_people(
    sidecar: Sidecar, lms: JoiningLms, kongsberg: Municipality
) -> None:
    first = join(sidecar, lms, invite(sidecar))
    approve(sidecar, first.platform_id, kongsberg)
    with sidecar.transaction() as db:
        platform_life.remove(db, first.platform_id, now=sidecar.now(), by=None)
    again = join(sidecar, lms, invite(sidecar), token=lms.token("1"))
    assert (again.outcome, again.platform_id, again.name) == ("pending", first.platform_id, "lms.example")
    [platform] = all_platforms(sidecar)
    assert platform.state == "pending"
    with sidecar.reading() as db:
        assert platforms.municipalities_of(db, platform.id) == frozenset()


def test_a_removed_lms_that_comes_back_takes_a_name_that_nobody_has_taken_meanwhile(
    sidecar: Sidecar, lms: JoiningLms
) -> None:
    first = join(sidecar, lms, invite(sidecar))
    with sidecar.transaction() as db:
        platform_life.remove(db, first.platform_id, now=sidecar.now(), by=None)
    second = join(sidecar, lms, invite(sidecar))
    again = join(sidecar, lms, invite(sidecar), token=lms.token("1"))
    assert again.platform_id == first.platform_id
    assert (second.name, again.name) == ("lms.example", "lms.example 2")


def test_a_second_lms_at_the_same_host_gets_a_name_of_its_own(sidecar: Sidecar, lms: JoiningLms) -> None:
    names = [join(sidecar, lms, invite(sidecar)).name for _ in range(3)]
    assert names == ["lms.example", "lms.example 2", "lms.example 3"]


def test_the_lms_belongs_to_the_region_that_invited_it(
    sidecar: Sidecar, lms: JoiningLms, kongsberg: Municipality, rollag: Municipality
) -> None:
    with sidecar.transaction() as db:
        ours = join_region(db, "kongsbergregionen", kongsberg.id, sidecar.today()).id
        theirs = join_region(db, "naboregionen", rollag.id, sidecar.today()).id
    first = join(sidecar, lms, invite(sidecar, region_id=ours))
    approve(sidecar, first.platform_id, kongsberg)
    with pytest.raises(RegisteredElsewhereError):
        join(sidecar, lms, invite(sidecar, region_id=theirs), token=lms.token("1"))
    [platform] = all_platforms(sidecar)
    assert (platform.region_id, platform.proposal) == (ours, None)


def test_an_lms_without_deployment_says_so(sidecar: Sidecar, lms: JoiningLms) -> None:
    lms.answers[REGISTRATION_PATH] = answer(201, {"client_id": "abc", "scope": tool.WANTED_SCOPES[0]})
    joined = join(sidecar, lms, invite(sidecar))
    assert joined.has_deployment is False
    assert joined.not_granted == tool.WANTED_SCOPES[1:]
    with sidecar.reading() as db:
        assert list_deployments(db, joined.platform_id) == []


def test_an_invitation_lasts_as_long_as_it_says(sidecar: Sidecar) -> None:
    invite(sidecar)
    made = invitation(sidecar)
    assert made.expires_at - made.created_at == timedelta(days=7)
