"""A path of another region becomes ours: as it is, or as a draft to adapt, with its courses and its origin."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from sidecar.core import path_publishing, paths
from sidecar.core.access import Viewer
from sidecar.core.adopted_courses import Origin, take_version
from sidecar.core.adoptions import AlreadyAdoptedError, LicenceForbidsError, PathWithdrawnError, provenance_of
from sidecar.core.courses import Course
from sidecar.core.path_contents import Content
from sidecar.errors import NotFoundError
from sidecar.sharing import offering
from sidecar.sharing.adopting import adopt
from sidecar.sharing.bundle import export_bundle
from tests.fakes.two_regions import TwoRegions
from tests.sidecar.sharing.adopted import (
    OWN,
    change,
    count_versions,
    course,
    line,
    origin,
    path,
    receive_path,
    send_next,
    steps_of,
    take,
    with_steps,
)
from tests.sidecar.sharing.bundles import KEY
from tests.sidecar.sharing.exchanged import pull


@pytest.fixture
def two(two_regions: TwoRegions, tmp_path: Path) -> TwoRegions:
    receive_path(two_regions, tmp_path)
    return two_regions


def test_what_is_received_is_nobodys_before_it_is_adopted(two: TwoRegions) -> None:
    assert (line(two).adoption, line(two).newest.number) == (None, 1)
    with pytest.raises(NotFoundError):
        path(two.here)


def test_a_path_is_adopted_as_it_is(two: TwoRegions) -> None:
    key = take(two)
    ours = path(two.here, key)
    assert (ours.status(), ours.course.title, ours.newest and ours.newest.note) == (
        "published",
        "HMS for nye",
        "Vesterålen 1: Det første løpet",
    )
    assert [one.kind for one in steps_of(ours.content)] == ["course", "task", "gathering", "link"]
    assert (ours.course.licence, ours.course.owner, ours.path.region_id) == (
        "CC BY 4.0",
        "Vesterålen",
        two.here.region_id,
    )
    assert count_versions(two.here, "brannvern") == 1
    assert (line(two).taken, line(two).is_adapted, line(two).has_newer) == (1, False, False)


def test_a_path_is_adopted_as_a_draft_to_adapt(two: TwoRegions) -> None:
    key = take(two, is_draft=True)
    ours = path(two.here, key)
    assert (ours.status(), line(two).is_adapted) == ("draft", False)
    change(two.here, with_steps(ours.draft, *steps_of(ours.draft), OWN), key, note="Vår egen")
    assert line(two).is_adapted


def test_a_key_that_is_taken_is_left_to_its_course(two: TwoRegions) -> None:
    with two.here.sidecar.transaction() as db:
        for key in ("brannvern", f"{KEY}-runde", KEY):
            db.add(Course(key=key, title="En annens", created_at=two.here.sidecar.now()))
    key = take(two)
    assert key == f"{KEY}-2"
    assert [one.course for one in steps_of(path(two.here, key).content)][:2] == ["brannvern-2", f"{KEY}-runde-2"]
    assert (course(two.here, "brannvern").title, count_versions(two.here, "brannvern")) == ("En annens", 0)
    assert count_versions(two.here, "brannvern-2") == 1


def test_a_path_is_adopted_once(two: TwoRegions) -> None:
    key = take(two)
    with pytest.raises(AlreadyAdoptedError) as caught:
        take(two)
    assert caught.value.facts == {"key": key}


def test_what_was_looked_at_is_adopted_though_a_new_version_has_arrived(two: TwoRegions) -> None:
    send_next(two)
    with pytest.raises(NotFoundError):
        take(two, number=7)
    key = take(two, number=1)
    assert path(two.here, key).content.title == "HMS for nye"
    assert (line(two).taken, line(two).has_newer) == (1, True)


def test_what_is_withdrawn_is_not_adopted(two: TwoRegions) -> None:
    offering.withdraw(two.there.sidecar, two.there.viewer, KEY)
    pull(two.here, two.there)
    with pytest.raises(PathWithdrawnError):
        take(two)


def test_another_office_adopts_nothing_of_it(two: TwoRegions) -> None:
    with pytest.raises(NotFoundError):
        adopt(two.here.sidecar, Viewer(regions=frozenset({"0" * 32})), origin(two))


def test_an_older_package_of_a_course_never_takes_the_place_of_a_newer_one(two: TwoRegions) -> None:
    take(two)
    ours = Origin(two.here.region_id, two.there.address)
    with two.here.sidecar.transaction() as db:
        assert not take_version(db, ours, "brannvern", 1)
        assert take_version(db, ours, "brannvern", 3)
        assert not take_version(db, ours, "brannvern", 2)


def test_what_is_shared_on_names_all_it_was_made_of(two: TwoRegions) -> None:
    key = take(two)
    with two.here.sidecar.reading() as db:
        [nearest] = provenance_of(db, path(two.here, key).path.id)
    assert (nearest["origin"], nearest["version"], nearest["region"]) == (origin(two), 1, "Vesterålen")
    assert nearest["digest"] == line(two).newest.digest
    offering.offer(two.here.sidecar, two.here.viewer, key, ["all"])


@pytest.mark.parametrize(
    ("licence", "is_adapted", "is_allowed"),
    [
        ("CC BY 4.0", True, True),
        ("CC BY-ND 4.0", False, True),
        ("CC BY-ND 4.0", True, False),
        ("Alle rettigheter", False, False),
        ("", False, False),
    ],
)
def test_what_is_another_regions_is_shared_on_only_as_its_licence_allows(
    two_regions: TwoRegions, tmp_path: Path, licence: str, is_adapted: bool, is_allowed: bool
) -> None:
    receive_path(two_regions, tmp_path, licence)
    key, here = take(two_regions), two_regions.here
    if is_adapted:
        draft = path(here, key).draft
        change(here, with_steps(draft, *steps_of(draft), OWN), key, note="Vår egen")
    if is_allowed:
        offering.offer(here.sidecar, here.viewer, key, ["all"])
        return
    with pytest.raises(LicenceForbidsError):
        offering.offer(here.sidecar, here.viewer, key, ["all"])


@pytest.mark.parametrize(
    ("licence", "of_the_course", "is_allowed"),
    [
        ("CC BY 4.0", None, True),
        ("CC BY-ND 4.0", None, True),
        ("Alle rettigheter", None, False),
        ("", None, False),
        ("CC BY 4.0", "Alle rettigheter", False),
        ("Alle rettigheter", "NLOD 2.0", True),
    ],
)
def test_a_path_of_ones_own_does_not_carry_on_what_a_licence_forbids(
    two_regions: TwoRegions, tmp_path: Path, licence: str, of_the_course: str | None, is_allowed: bool
) -> None:
    receive_path(two_regions, tmp_path, licence)
    parts, here = path(two_regions.here, take(two_regions)).content.parts, two_regions.here
    with here.sidecar.transaction() as db:
        for step in Content("", parts=parts).steps():
            if step.course:
                db.scalars(select(Course).where(Course.key == step.course)).one().licence = of_the_course
        own = Content("Helt vår egen", parts=parts)
        paths.add_path(db, here.viewer, own, here.sidecar.now(), region_id=here.region_id, key="vaar-egen")
        path_publishing.publish(db, here.viewer, "vaar-egen", "", here.sidecar.now())
    if is_allowed:
        offering.offer(here.sidecar, here.viewer, "vaar-egen", ["all"])
        return
    with pytest.raises(LicenceForbidsError):
        offering.offer(here.sidecar, here.viewer, "vaar-egen", ["all"])
    with pytest.raises(LicenceForbidsError):
        export_bundle(here.sidecar, here.viewer, "vaar-egen", output=tmp_path / "ut.laeringslop")
