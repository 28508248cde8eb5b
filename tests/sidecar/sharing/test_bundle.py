"""A bundle: the same bytes each time, a zip file that others read too, whole or refused; and received once."""

import json
import shutil
import zipfile
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sidecar.core.courses import Course
from sidecar.core.db import Base
from sidecar.core.path_bundles import PathBundle
from sidecar.core.received_paths import (
    ReceivedPart,
    ReceivedPath,
    ReceivedPathVersion,
    find_received,
    list_received,
    list_versions,
)
from sidecar.core.regions import Region
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from sidecar.sharing.bundle import export_bundle, import_bundle, verify_bundle
from sidecar.sharing.bundle_errors import (
    KeyRevokedError,
    OwnPathError,
    PathHasNoRegionError,
    RegionMovedError,
    RolledBackError,
    StepNotPublishedError,
    StoredPartDamagedError,
)
from sidecar.sharing.region_signing import active_region_key, revoke_key, rotate_keys
from sidecar.stored_files import sweep
from tests.fakes.clock import FakeClock
from tests.sidecar.sharing.bundles import FILM, KEY, ME, add_course, share_next, share_path


@pytest.fixture
def bundle(sidecar: Sidecar, kongsbergregionen: Region, tmp_path: Path) -> Path:
    """A bundle of the first version of a path."""
    share_path(sidecar, kongsbergregionen, tmp_path)
    return export_bundle(sidecar, ME, KEY, output=tmp_path / "first.zip")[0]


def count(sidecar: Sidecar, table: type[Base]) -> int:
    with sidecar.reading() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


def test_two_exports_are_the_same_bytes_whatever_became_of_the_course(
    sidecar: Sidecar, bundle: Path, tmp_path: Path, clock: FakeClock
) -> None:
    clock.advance(days=1)
    add_course(sidecar, tmp_path, page="<p>Nytt</p>")
    again, made = export_bundle(sidecar, ME, KEY, number=1, output=tmp_path / "again.zip")
    assert again.read_bytes() == bundle.read_bytes()
    assert made.version == 1
    assert count(sidecar, PathBundle) == 1


def test_a_bundle_is_a_zip_file_that_names_each_content_once(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        said = json.loads(archive.read("bundle.json"))
    film = sha256(FILM).hexdigest()
    assert names == ["bundle.json", "bundle.jws", *sorted(names[2:])]
    assert names.count(f"parts/{film}") == 1
    [course] = [one for one in said["courses"] if one["kind"] == "own"]
    assert [one["path"] for one in course["files"] if one["digest"] == film] == ["b/film.mp4", "film.mp4"]
    assert [f"parts/{one['digest']}" for one in said["parts"]] == names[2:]
    assert {one["kind"] for one in said["courses"]} == {"own", "task", "gathering", "link"}
    assert (said["format"], said["version"], course["source"], said["provenance"]) == (1, 1, None, [])
    assert said["origin"] == "https://sidecar.example.no/exchange/kongsbergregionen/paths/hms-lop"


def test_what_verifies_says_whose_it_is(sidecar: Sidecar, bundle: Path, kongsbergregionen: Region) -> None:
    signer, manifest = verify_bundle(sidecar, bundle)
    assert signer.kid == active_region_key(sidecar, kongsbergregionen.id).kid
    assert (manifest.region.name, manifest.content.title) == ("Kongsbergregionen", "HMS for nye")
    assert [(one.version, one.note) for one in manifest.changes] == [(1, "Det første løpet")]
    assert count(sidecar, ReceivedPath) == 0


def test_what_is_received_is_kept_with_its_parts_and_adopted_by_nobody(
    sidecar: Sidecar, bundle: Path, vesteralen: Region, clock: FakeClock
) -> None:
    courses = count(sidecar, Course)
    received = import_bundle(sidecar, vesteralen.id, bundle)
    assert received.is_new
    with sidecar.reading() as db:
        [line] = list_received(db, ME)
        assert (line.newest.number, line.newest.title, line.path.region_name) == (1, "HMS for nye", "Kongsbergregionen")
        assert find_received(db, ME, received.path_id).path.origin == received.manifest.origin
        rows = db.execute(select(ReceivedPart.digest, ReceivedPart.size_bytes))
        parts = {one.digest: one.size_bytes for one in rows}
    assert parts == {**received.manifest.parts, line.newest.digest: len(received_manifest(sidecar, line.newest.digest))}
    assert count(sidecar, Course) == courses


def received_manifest(sidecar: Sidecar, digest: str) -> bytes:
    return b"".join(sidecar.storage.stream(digest))


def test_the_same_bundle_twice_changes_nothing(sidecar: Sidecar, bundle: Path, vesteralen: Region) -> None:
    first = import_bundle(sidecar, vesteralen.id, bundle)
    again = import_bundle(sidecar, vesteralen.id, bundle)
    assert (again.is_new, again.version_id) == (False, first.version_id)
    assert count(sidecar, ReceivedPathVersion) == 1


def test_the_next_version_stands_beside_the_first_and_the_way_back_is_closed(
    sidecar: Sidecar, bundle: Path, vesteralen: Region, tmp_path: Path
) -> None:
    share_next(sidecar)
    newer, _ = export_bundle(sidecar, ME, KEY, output=tmp_path / "next.zip")
    first = import_bundle(sidecar, vesteralen.id, bundle)
    second = import_bundle(sidecar, vesteralen.id, newer)
    assert first.path_id == second.path_id
    with sidecar.reading() as db:
        assert [(one.number, one.title) for one in list_versions(db, first.path_id)] == [
            (2, "HMS for alle"),
            (1, "HMS for nye"),
        ]
    with pytest.raises(RolledBackError) as refused:
        import_bundle(sidecar, vesteralen.id, bundle)
    assert refused.value.facts == {"version": 1, "newest": 2}


def test_who_gets_the_newer_one_first_is_not_sent_back(
    sidecar: Sidecar, bundle: Path, vesteralen: Region, tmp_path: Path
) -> None:
    share_next(sidecar)
    import_bundle(sidecar, vesteralen.id, export_bundle(sidecar, ME, KEY, output=tmp_path / "next.zip")[0])
    with pytest.raises(RolledBackError):
        import_bundle(sidecar, vesteralen.id, bundle)
    assert count(sidecar, ReceivedPathVersion) == 1


def test_no_region_receives_its_own_path(sidecar: Sidecar, bundle: Path, kongsbergregionen: Region) -> None:
    with pytest.raises(OwnPathError):
        import_bundle(sidecar, kongsbergregionen.id, bundle)


def test_the_storage_keeps_what_bundles_take(
    sidecar: Sidecar, bundle: Path, vesteralen: Region, clock: FakeClock, tmp_path: Path
) -> None:
    import_bundle(sidecar, vesteralen.id, bundle)
    with sidecar.engine.begin() as connection:
        connection.execute(sidecar.tables.tables["package_file"].delete())
    clock.set(sidecar.now() + timedelta(days=9000))
    assert sweep(sidecar).files == 0
    assert export_bundle(sidecar, ME, KEY, output=tmp_path / "later.zip")[0].read_bytes() == bundle.read_bytes()
    for table in ("path_bundle_part", "path_bundle", "received_part"):
        with sidecar.engine.begin() as connection:
            connection.execute(sidecar.tables.tables[table].delete())
    assert sweep(sidecar).files > 3


def test_a_bundle_signed_by_a_former_key_is_good_till_that_is_revoked(
    sidecar: Sidecar, bundle: Path, kongsbergregionen: Region, vesteralen: Region, tmp_path: Path
) -> None:
    former = active_region_key(sidecar, kongsbergregionen.id).kid
    rotate_keys(sidecar, kongsbergregionen.id)
    by_new_key, _ = export_bundle(sidecar, ME, KEY, output=tmp_path / "signed-anew.zip")
    assert by_new_key.read_bytes() != bundle.read_bytes()
    assert import_bundle(sidecar, vesteralen.id, bundle).is_new
    assert not import_bundle(sidecar, vesteralen.id, by_new_key).is_new
    revoke_key(sidecar, former, reason="an old disk")
    assert not import_bundle(sidecar, vesteralen.id, bundle).is_new, "what was first seen before stays"
    with pytest.raises(KeyRevokedError):
        verify_bundle(sidecar, bundle)


def test_what_is_first_seen_after_a_revocation_is_refused(
    sidecar: Sidecar, bundle: Path, kongsbergregionen: Region, vesteralen: Region
) -> None:
    revoke_key(sidecar, active_region_key(sidecar, kongsbergregionen.id).kid, reason="a stolen laptop")
    with pytest.raises(KeyRevokedError) as refused:
        import_bundle(sidecar, vesteralen.id, bundle)
    assert refused.value.facts["revoked_at"] == sidecar.now().isoformat(timespec="seconds")
    assert count(sidecar, ReceivedPath) == 0


def test_a_path_of_no_region_can_not_be_shared(sidecar: Sidecar, bundle: Path, tmp_path: Path) -> None:
    with sidecar.engine.begin() as connection:
        connection.execute(sidecar.tables.tables["learning_path"].update().values(region_id=None))
    with pytest.raises(PathHasNoRegionError):
        export_bundle(sidecar, ME, KEY, output=tmp_path / "none.zip")
    with pytest.raises(NotFoundError):
        export_bundle(sidecar, ME, KEY, number=9, output=tmp_path / "none.zip")
    assert not (tmp_path / "none.zip").exists()


def test_a_course_that_nobody_can_take_is_published_first(
    sidecar: Sidecar, kongsbergregionen: Region, tmp_path: Path
) -> None:
    share_path(sidecar, kongsbergregionen, tmp_path)
    with sidecar.engine.begin() as connection:
        connection.execute(sidecar.tables.tables["course_version"].update().values(state="draft"))
    with pytest.raises(StepNotPublishedError):
        export_bundle(sidecar, ME, KEY, output=tmp_path / "none.zip")


def test_a_region_that_moved_shares_a_new_version(sidecar: Sidecar, bundle: Path, tmp_path: Path) -> None:
    sidecar.settings = replace(sidecar.settings, public_url="https://ny.example.no")
    with pytest.raises(RegionMovedError):
        export_bundle(sidecar, ME, KEY, output=tmp_path / "moved.zip")
    share_next(sidecar)
    assert verify_bundle(sidecar, export_bundle(sidecar, ME, KEY, output=tmp_path / "new.zip")[0])[1].version == 2


def test_a_damaged_storage_is_not_exported(sidecar: Sidecar, bundle: Path, tmp_path: Path) -> None:
    digest = sha256(FILM).hexdigest()
    stored = sidecar.settings.data / "files" / digest[:2] / digest[2:4] / digest
    stored.write_bytes(FILM[::-1])
    before = sorted(tmp_path.iterdir())
    with pytest.raises(StoredPartDamagedError):
        export_bundle(sidecar, ME, KEY, output=tmp_path / "bad.zip")
    assert sorted(tmp_path.iterdir()) == before


def test_what_is_elsewhere_in_the_storage_is_put_there_by_an_import(
    sidecar: Sidecar, bundle: Path, vesteralen: Region
) -> None:
    shutil.rmtree(sidecar.settings.data / "files")
    received = import_bundle(sidecar, vesteralen.id, bundle)
    for digest, size_bytes in received.manifest.parts.items():
        assert sha256(b"".join(sidecar.storage.stream(digest))).hexdigest() == digest
        assert sidecar.storage.size(digest) == size_bytes
