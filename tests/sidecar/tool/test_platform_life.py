"""What approving, disabling, enabling and removing an LMS does to what hangs on it."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from sidecar.core import deployments, platform_life, platform_settings, platforms, sign_ins
from sidecar.core.audit import AuditEntry
from sidecar.core.evidence import Evidence
from sidecar.core.invitations import InvitationRevokedError, PlatformInvitation, invite, look, revoke
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.core.platform_life import Impact, PlatformStateError
from sidecar.core.platforms import Platform, ResourceLink
from sidecar.core.sign_ins import NotSignedInError
from sidecar.core.staff import Scope, grant
from sidecar.errors import ConflictError, InvalidInputError, NotFoundError
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.lms import register_in
from tests.sidecar.tool.conftest import Gradebook


def do(gradebook: Gradebook, act: Callable[..., object], *more: object, **facts: object) -> None:
    with gradebook.sidecar.transaction() as db:
        act(db, gradebook.platform_id, *more, now=gradebook.sidecar.now(), by=None, **facts)


def platform_of(gradebook: Gradebook) -> Platform:
    with gradebook.sidecar.reading() as db:
        return db.get_one(Platform, gradebook.platform_id)


def sign_in(gradebook: Gradebook, launch_id: str | None = None) -> str:
    with gradebook.sidecar.transaction() as db:
        return sign_ins.start(
            db, gradebook.identity_id, launch_id, gradebook.sidecar.now(), platform_id=gradebook.platform_id
        )


def is_signed_in(gradebook: Gradebook, secret: str) -> bool:
    with gradebook.sidecar.reading() as db:
        try:
            sign_ins.find(db, secret, gradebook.sidecar.now())
        except NotSignedInError:
            return False
        return True


def bind(db: Session, gradebook: Gradebook) -> None:
    platforms.bind_link(
        db,
        gradebook.platform_id,
        "1",
        "link-1",
        course_id=gradebook.course_id,
        bound_by=gradebook.identity_id,
        now=gradebook.sidecar.now(),
    )


def test_the_impact_counts_what_hangs_on_a_platform_and_on_one_deployment(gradebook: Gradebook) -> None:
    launch = gradebook.launch()
    gradebook.complete(launch, 0.8)
    sign_in(gradebook, launch.id)
    sign_in(gradebook)
    now = gradebook.sidecar.now()
    with gradebook.sidecar.transaction() as db:
        bind(db, gradebook)
        grant(db, gradebook.identity_id, "operator", Scope(), now=now)
        db.add(Identity(platform_id=gradebook.platform_id, subject="8", first_seen_at=now, last_seen_at=now))
        found = platform_life.impact_of(db, gradebook.platform_id, now)
        of_one = platform_life.impact_of(db, gradebook.platform_id, now, deployment_id="1")
        of_none = platform_life.impact_of(db, gradebook.platform_id, now, deployment_id="2")
    assert found == Impact(1, 1, learners=1, staff=1, sign_ins=2, links=1, waiting_grades=1)
    assert of_one == Impact(1, 0, learners=0, staff=1, sign_ins=1, links=1, waiting_grades=1)
    assert of_none == Impact(0, 0, 0, 0, 0, 0, 0)


def test_a_disabled_lms_gets_no_grades_and_no_endless_tries_and_all_of_them_when_enabled(
    gradebook: Gradebook,
) -> None:
    launch = gradebook.launch()
    gradebook.complete(launch, 0.8)
    do(gradebook, platform_life.disable)
    gradebook.work()
    assert (gradebook.grade(launch).state, gradebook.grade(launch).error_code) == ("failed", "platform-disabled")
    assert gradebook.sent() == []
    do(gradebook, platform_life.enable)
    gradebook.work()
    assert gradebook.sent() == [80]
    assert gradebook.grade(launch).state == "sent"


def test_disabling_ends_sign_ins_for_good_and_launches_till_it_is_enabled(gradebook: Gradebook) -> None:
    secrets = [sign_in(gradebook, gradebook.launch().id), sign_in(gradebook)]
    assert all(is_signed_in(gradebook, secret) for secret in secrets)
    do(gradebook, platform_life.disable)
    platform = platform_of(gradebook)
    with gradebook.sidecar.reading() as db:
        with pytest.raises(platforms.PlatformDisabledError):
            platforms.find_registration(db, platform.issuer, platform.client_id)
        with pytest.raises(platforms.PlatformDisabledError):
            platforms.platform_of_id(db, platform.id)
    do(gradebook, platform_life.enable)
    assert not any(is_signed_in(gradebook, secret) for secret in secrets)
    with gradebook.sidecar.reading() as db:
        assert platforms.find_registration(db, platform.issuer, platform.client_id) is not None


def test_a_removed_lms_loses_what_it_was_allowed_and_its_people_keep_what_they_completed(
    gradebook: Gradebook,
) -> None:
    launch = gradebook.launch()
    gradebook.complete(launch, 0.8)
    secret = sign_in(gradebook)
    with gradebook.sidecar.transaction() as db:
        bind(db, gradebook)
        now = gradebook.sidecar.now()
        _, renewal = invite(db, note="", region_id=None, renews_id=gradebook.platform_id, by=None, now=now)
    do(gradebook, platform_life.remove)
    gradebook.work()
    assert gradebook.grade(launch).error_code == "platform-removed"
    assert not is_signed_in(gradebook, secret)
    with gradebook.sidecar.reading() as db:
        assert deployments.list_deployments(db, gradebook.platform_id) == []
        assert platforms.municipalities_of(db, gradebook.platform_id) == frozenset()
        assert db.query(ResourceLink).count() == 0
        assert (db.query(Identity).count(), db.query(Evidence).count()) == (1, 1)
        assert platforms.list_platforms(db) == []
        with pytest.raises(InvitationRevokedError):
            look(db, renewal, gradebook.sidecar.now())


def test_an_invitation_that_was_taken_back_before_keeps_its_moment(gradebook: Gradebook, clock: FakeClock) -> None:
    with gradebook.sidecar.transaction() as db:
        renewing = {"note": "", "region_id": None, "renews_id": gradebook.platform_id, "by": None, "now": clock()}
        first, _ = invite(db, **renewing)  # type: ignore[arg-type]
        second, _ = invite(db, **renewing)  # type: ignore[arg-type]
        revoke(db, first.id, now=clock(), by=None)
    before = clock()
    clock.advance(days=1)
    do(gradebook, platform_life.remove)
    with gradebook.sidecar.reading() as db:
        moments = [db.get_one(PlatformInvitation, each.id).revoked_at for each in (first, second)]
    assert moments == [before, clock()]


def test_a_removed_lms_that_is_added_by_hand_is_the_same_one_and_gets_its_grades(
    gradebook: Gradebook, kongsberg: Municipality
) -> None:
    launch = gradebook.launch()
    gradebook.complete(launch, 0.8)
    do(gradebook, platform_life.remove)
    gradebook.work()
    again = register_in(gradebook.sidecar, gradebook.platform, (kongsberg.slug,))
    assert again == gradebook.platform_id
    assert platform_of(gradebook).state == "active"
    gradebook.work()
    assert gradebook.sent() == [80]


def test_a_removed_lms_leaves_its_name_to_another_which_may_be_removed_too(gradebook: Gradebook) -> None:
    name = "Felles Moodle for " + "kommunene i Kongsbergregionen " * 6
    do(gradebook, platform_settings.rename, name)
    do(gradebook, platform_life.remove)
    removed = [platform_of(gradebook).name]
    for number in range(2):
        with gradebook.sidecar.transaction() as db:
            now = gradebook.sidecar.now()
            other = Platform(
                name=name.strip(),
                issuer=f"https://{number}.example",
                client_id="c",
                auth_url="a",
                token_url="t",
                jwks_url="j",
                created_at=now,
            )
            db.add(other)
            db.flush()
            platform_life.remove(db, other.id, now=now, by=None)
            removed.append(other.name)
    assert removed[0].startswith("Felles Moodle for kommunene")
    assert removed[0].endswith(f"(removed {gradebook.sidecar.today()})")
    assert removed[1:] == [f"{removed[0]} 2", f"{removed[0]} 3"]
    assert all(len(each) <= platforms.NAME_CHARACTERS for each in removed)


def test_a_removed_deployment_launches_and_gets_nothing_till_it_is_added_again(gradebook: Gradebook) -> None:
    launch = gradebook.launch()
    gradebook.complete(launch, 0.8)
    secret, other = sign_in(gradebook, launch.id), sign_in(gradebook)
    do(gradebook, platform_life.remove_deployment, "1")
    gradebook.work()
    assert gradebook.grade(launch).error_code == "deployment-removed"
    assert (is_signed_in(gradebook, secret), is_signed_in(gradebook, other)) == (False, False)
    with gradebook.sidecar.reading() as db:
        assert deployments.active_deployments(db, gradebook.platform_id) == frozenset()
    with pytest.raises(NotFoundError):
        do(gradebook, platform_life.remove_deployment, "1")
    do(gradebook, platform_life.add_deployment, "1")
    gradebook.work()
    assert gradebook.sent() == [80]


@pytest.mark.parametrize(
    "act",
    [platform_life.enable, platform_life.refuse_registration, platform_life.accept_proposal, platform_life.approve],
)
def test_what_does_not_fit_the_state_is_refused(gradebook: Gradebook, act: Callable[..., object]) -> None:
    more: list[object] = [{"municipality": None}] if act is platform_life.approve else []
    with pytest.raises((PlatformStateError, platform_life.NoProposalError)):
        do(gradebook, act, *more)
    assert platform_of(gradebook).state == "active"


def test_an_lms_speaks_for_at_least_one_municipality(gradebook: Gradebook, rollag: Municipality) -> None:
    do(gradebook, platform_life.set_municipalities, {rollag.id: None})
    with gradebook.sidecar.reading() as db:
        assert platforms.municipalities_of(db, gradebook.platform_id) == {rollag.id}
    with pytest.raises(InvalidInputError):
        do(gradebook, platform_life.set_municipalities, {})


def test_no_two_lmss_have_one_name(sidecar: Sidecar, gradebook: Gradebook) -> None:
    other = Platform(
        name="Annet", issuer="i", client_id="c", auth_url="a", token_url="t", jwks_url="j", created_at=sidecar.now()
    )
    with sidecar.transaction() as db:
        db.add(other)
    with pytest.raises(ConflictError):
        do(gradebook, platform_settings.rename, "Annet")
    with pytest.raises(InvalidInputError):
        do(gradebook, platform_settings.rename, "  ")


def test_every_act_stands_in_the_trail(gradebook: Gradebook, kongsberg: Municipality) -> None:
    do(gradebook, platform_life.disable)
    do(gradebook, platform_life.enable)
    do(gradebook, platform_life.set_municipalities, {kongsberg.id: None})
    do(gradebook, platform_settings.set_line_items, make=True)
    do(gradebook, platform_settings.set_region, None)
    do(gradebook, platform_life.remove)
    with gradebook.sidecar.reading() as db:
        acts = {entry.action for entry in db.query(AuditEntry) if entry.subject == gradebook.platform_id}
    assert acts >= {
        "platform.disabled",
        "platform.enabled",
        "platform.municipalities_set",
        "platform.line_items_set",
        "platform.region_set",
        "platform.removed",
    }
