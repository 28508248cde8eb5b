"""Bound what one owner's packages may take, and let go of versions that nobody has begun."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sidecar.catalogue import add_package
from sidecar.core import attempts
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.allowances import MOST_BYTES, MOST_PACKAGES, AllowanceUsedError, allowance_of, set_allowance
from sidecar.core.courses import Course, PackageFile, list_versions
from sidecar.core.municipalities import Municipality, find_municipality
from sidecar.core.people import Identity
from sidecar.core.staff_courses import VersionInUseError, remove_version
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from tests.fakes.package import make_package


def package(folder: Path, title: str) -> Path:
    return make_package(folder / f"{title}.zip", pages={"a": f"<!doctype html><title>{title}</title>"}, title=title)


def add(sidecar: Sidecar, folder: Path, title: str, owner: str | None, key: str | None = None) -> int:
    path = package(folder, title)
    return add_package(sidecar, path, key=key, municipality_id=owner, is_published=True).number


def allow(sidecar: Sidecar, municipality: Municipality, **most: int) -> None:
    with sidecar.transaction() as db:
        set_allowance(find_municipality(db, municipality.slug), **{"gigabytes": None, "packages": None, **most})


def stored(sidecar: Sidecar) -> int:
    return sum(path.is_file() for path in (sidecar.settings.data / "files").rglob("*"))


def test_an_owner_has_the_installations_measure_at_first(sidecar: Sidecar, kongsberg: Municipality) -> None:
    with sidecar.reading() as db:
        for owner in (kongsberg.id, None):
            assert vars(allowance_of(db, owner)) == {
                "size_bytes": 0,
                "packages": 0,
                "most_bytes": MOST_BYTES,
                "most_packages": MOST_PACKAGES,
            }


def test_a_package_over_the_count_is_refused_and_leaves_nothing(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, tmp_path: Path
) -> None:
    allow(sidecar, kongsberg, packages=1)
    add(sidecar, tmp_path, "En", kongsberg.id)
    before = stored(sidecar)
    with pytest.raises(AllowanceUsedError):
        add(sidecar, tmp_path, "To", kongsberg.id)
    assert stored(sidecar) == before
    assert add(sidecar, tmp_path, "Tre", rollag.id) == 1  # the neighbour's allowance is its own
    assert add(sidecar, tmp_path, "Fire", None) == 1


def test_a_package_over_the_size_is_refused(sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path) -> None:
    allow(sidecar, kongsberg, gigabytes=0)
    with pytest.raises(AllowanceUsedError) as refused:
        add(sidecar, tmp_path, "En", kongsberg.id)
    assert refused.value.facts["most_gigabytes"] == "0.0"


def test_a_new_version_takes_from_the_owner_of_the_course(
    sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path
) -> None:
    add(sidecar, tmp_path, "En", kongsberg.id, "brann")
    allow(sidecar, kongsberg, packages=1)
    with pytest.raises(AllowanceUsedError):
        add(sidecar, tmp_path, "To", None, "brann")


def test_the_same_package_again_needs_no_room(sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path) -> None:
    add(sidecar, tmp_path, "En", kongsberg.id, "brann")
    allow(sidecar, kongsberg, packages=1)
    assert add(sidecar, tmp_path, "En", kongsberg.id, "brann") == 1


@pytest.mark.parametrize("is_shared", [False, True])
def test_of_two_uploads_at_once_only_what_fits_comes_in(
    sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_shared: bool
) -> None:
    monkeypatch.setattr("sidecar.core.allowances.MOST_PACKAGES", 1)
    owner = None if is_shared else kongsberg.id

    def attempt(title: str) -> str:
        try:
            return str(add(sidecar, tmp_path, title, owner))
        except AllowanceUsedError as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, ["En", "To"])) == ["1", "allowance-used"]


def test_a_version_nobody_has_begun_can_be_removed(sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path) -> None:
    add(sidecar, tmp_path, "En", kongsberg.id, "brann")
    add(sidecar, tmp_path, "To", kongsberg.id, "brann")
    with sidecar.transaction() as db:
        remove_version(db, operator_at_the_console(), "brann", 2, sidecar.now())
    with sidecar.reading() as db:
        (left,) = list_versions(db, db.query(Course).filter_by(key="brann").one().id)
        assert left.number == 1
        assert {file.version_id for file in db.query(PackageFile)} == {left.id}
        assert allowance_of(db, kongsberg.id).packages == 1


def test_a_version_that_was_begun_stays(sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path) -> None:
    add(sidecar, tmp_path, "En", kongsberg.id, "brann")
    now = sidecar.now()
    with sidecar.transaction() as db:
        learner = Identity(subject="u1", first_seen_at=now, last_seen_at=now)
        db.add(learner)
        db.flush()
        attempts.begin(db, identity_id=learner.id, course=db.query(Course).filter_by(key="brann").one(), now=now)
    with sidecar.transaction() as db, pytest.raises(VersionInUseError):
        remove_version(db, operator_at_the_console(), "brann", 1, now)


def test_another_owners_version_is_not_there(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, tmp_path: Path
) -> None:
    add(sidecar, tmp_path, "En", kongsberg.id, "brann")
    stranger = Viewer(roles=frozenset({"content-developer"}), authored_for=frozenset({rollag.id}))
    with sidecar.transaction() as db, pytest.raises(NotFoundError):
        remove_version(db, stranger, "brann", 1, sidecar.now())
