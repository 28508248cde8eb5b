"""Say who may see whom, from the grants that hold."""

import pytest
from sqlalchemy import select

from sidecar.core.access import Viewer, for_municipality, operator_at_the_console, sees_all_spoken_for, viewer_of
from sidecar.core.municipalities import Municipality
from sidecar.core.platforms import Platform, PlatformMunicipality
from sidecar.core.regions import join
from sidecar.core.staff import Scope, grant, identity_named, revoke
from sidecar.runtime import Sidecar
from tests.fakes.learner import add_platform


@pytest.fixture
def identity_id(sidecar: Sidecar) -> str:
    with sidecar.transaction() as db:
        return identity_named(db, "Kari", now=sidecar.now()).id


def see(sidecar: Sidecar, identity_id: str) -> Viewer:
    with sidecar.reading() as db:
        return viewer_of(db, identity_id, now=sidecar.now(), today=sidecar.today())


def give(sidecar: Sidecar, identity_id: str, role: str, **scope: str) -> str:
    with sidecar.transaction() as db:
        return grant(db, identity_id, role, Scope(**scope), now=sidecar.now()).id


def somebody_else(sidecar: Sidecar) -> str:
    with sidecar.transaction() as db:
        return identity_named(db, "Ola", now=sidecar.now()).id


def test_without_a_grant_one_sees_nobody(sidecar: Sidecar, identity_id: str, kongsberg: Municipality) -> None:
    viewer = see(sidecar, identity_id)
    assert viewer.roles == {"learner"}
    assert not viewer.sees_municipality(kongsberg.id)
    assert not viewer.may_change_courses_of(None)


def test_rkk_sees_who_is_a_member_of_its_region_now(
    sidecar: Sidecar, identity_id: str, kongsberg: Municipality, rollag: Municipality
) -> None:
    with sidecar.transaction() as db:
        join(db, "kongsbergregionen", kongsberg.id, sidecar.today())
    give(sidecar, identity_id, "rkk", region="kongsbergregionen")
    viewer = see(sidecar, identity_id)
    assert viewer.sees_municipality(kongsberg.id)
    assert not viewer.sees_municipality(rollag.id)
    assert viewer.may_change_courses_of(None)
    assert viewer.may_change_courses_of(kongsberg.id)
    assert not viewer.may_change_courses_of(rollag.id)


def test_a_further_grant_only_adds(
    sidecar: Sidecar, identity_id: str, kongsberg: Municipality, rollag: Municipality
) -> None:
    give(sidecar, identity_id, "contact", municipality="kongsberg")
    give(sidecar, identity_id, "manager", municipality="rollag", unit="Skolen")
    viewer = see(sidecar, identity_id)
    assert viewer.sees_municipality(kongsberg.id)
    assert not viewer.sees_municipality(rollag.id)
    assert viewer.units == {(rollag.id, "Skolen")}


def test_a_revoked_grant_counts_no_more(sidecar: Sidecar, identity_id: str, kongsberg: Municipality) -> None:
    given = give(sidecar, identity_id, "operator")
    give(sidecar, somebody_else(sidecar), "operator")
    assert see(sidecar, identity_id).everything
    with sidecar.transaction() as db:
        revoke(db, given, now=sidecar.now())
    assert not see(sidecar, identity_id).everything


def test_a_content_developer_authors_for_their_own_or_for_all(
    sidecar: Sidecar, identity_id: str, kongsberg: Municipality
) -> None:
    give(sidecar, identity_id, "content-developer", municipality="kongsberg")
    assert see(sidecar, identity_id).authored_for == {kongsberg.id}
    give(sidecar, identity_id, "content-developer")
    assert see(sidecar, identity_id).authored_for == {kongsberg.id, None}
    assert not see(sidecar, identity_id).sees_municipality(kongsberg.id)


def test_who_is_not_placed_is_seen_by_who_sees_every_municipality_that_the_lms_speaks_for(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    platform_id = add_platform(sidecar)
    both = Viewer(municipality_ids=frozenset({kongsberg.id, rollag.id}))
    viewers = Viewer(), for_municipality(kongsberg.id), both, operator_at_the_console()

    def sees() -> list[bool]:
        with sidecar.reading() as db:
            found = [select(Platform.id).where(sees_all_spoken_for(each, Platform.id)) for each in viewers]
            return [platform_id in db.scalars(query).all() for query in found]

    def speak_for(municipality: Municipality) -> None:
        with sidecar.transaction() as db:
            db.add(PlatformMunicipality(platform_id=platform_id, municipality_id=municipality.id))

    with sidecar.transaction() as db:
        db.query(PlatformMunicipality).delete()
    assert sees() == [False, False, False, True]
    speak_for(kongsberg)
    assert sees() == [False, True, True, True]
    speak_for(rollag)
    assert sees() == [False, False, True, True]
