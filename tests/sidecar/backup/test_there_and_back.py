"""Restore elsewhere what was backed up: every row as it was, every file, and the work goes on."""

import json
import stat
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from sidecar.backup import restore_backup, take_backup
from sidecar.backup.archive import verify
from sidecar.catalogue import add_package
from sidecar.core.deliveries import Delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.core.periods import read_period
from sidecar.reports import asking, kept
from sidecar.runtime import Sidecar
from sidecar.schema import refuse_unmigrated
from sidecar.tool import ensure_keys
from sidecar.web.content import create_content_app
from tests.fakes.clock import FakeClock
from tests.fakes.package import make_package
from tests.fakes.worker import perform_due
from tests.sidecar.backup.conftest import MakeElsewhere, fill_every_table, quiet
from tests.sidecar.reports.world import World

SEPTEMBER = read_period("2026-09")


@pytest.fixture
def folder(sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path) -> Path:
    world = World(sidecar)
    world.folder(kongsberg, tmp_path / "reports")
    kari = world.employ(kongsberg, "1001", "Kari Nordmann")
    fire = world.course("brann", "Brannvern")
    world.complete(world.identity("kari", kari.person_id), fire, datetime(2026, 9, 3, 10, tzinfo=UTC), 0.9)
    return tmp_path / "reports"


def delivery_of(sidecar: Sidecar) -> Delivery:
    with sidecar.reading() as db:
        found = db.scalars(select(Delivery)).one()
        db.expunge_all()
        return found


@pytest.mark.parametrize("through", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_every_row_of_every_table_comes_through_unchanged(
    sidecar: Sidecar, elsewhere: MakeElsewhere, through: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    fill_every_table(sidecar)
    taken = take_backup(sidecar, tmp_path / "one.tar", quiet)
    assert taken.rows == 3 * len(sidecar.tables.sorted_tables)

    url = request.getfixturevalue("new_postgresql") if through == "postgresql" else None
    there = elsewhere("there", database_url=url)
    assert restore_backup(there, tmp_path / "one.tar", quiet).rows == taken.rows
    refuse_unmigrated(there.engine)
    take_backup(there, tmp_path / "two.tar", quiet)
    back = elsewhere("back")
    restore_backup(back, tmp_path / "two.tar", quiet)
    take_backup(back, tmp_path / "three.tar", quiet)

    first = verify(tmp_path / "one.tar")
    assert first.files == 1
    for copy in ("two.tar", "three.tar"):
        again = verify(tmp_path / copy)
        assert (again.tables, again.files_sha256) == (first.tables, first.files_sha256)


def test_a_package_plays_and_a_report_says_the_same_elsewhere(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path, elsewhere: MakeElsewhere, tmp_path: Path
) -> None:
    ensure_keys(sidecar)
    package = make_package(tmp_path / "p.zip", pages={"a": "<title>A</title>"})
    added = add_package(sidecar, package, key="other", is_published=True)
    [asked] = asking.request(sidecar, kongsberg.id, SEPTEMBER)
    perform_due(sidecar)
    delivered = (folder / "fullforinger-kongsberg-2026-09.csv").read_bytes()
    take_backup(sidecar, tmp_path / "b.tar", quiet)

    there = elsewhere()
    restored = restore_backup(there, tmp_path / "b.tar", quiet)
    assert (restored.pending_deliveries, restored.missing_files) == (0, ())
    [again] = asking.request(there, kongsberg.id, SEPTEMBER)
    assert (again.id, again.content_hash, again.state) == (asked.id, asked.content_hash, "delivered")
    file = next(file for file in again.files if file["name"].endswith(".csv"))
    assert b"".join(kept.read(there, again, file)) == delivered
    page = create_content_app(there).test_client().get(f"{there.settings.content_url}/{added.version_id}/a.html")
    assert page.data == b"<title>A</title>"


@pytest.mark.parametrize("got_through", [True, False])
def test_a_delivery_under_way_goes_out_once(
    sidecar: Sidecar,
    kongsberg: Municipality,
    folder: Path,
    elsewhere: MakeElsewhere,
    tmp_path: Path,
    clock: FakeClock,
    got_through: bool,
) -> None:
    [asked] = asking.request(sidecar, kongsberg.id, SEPTEMBER)
    if got_through:
        perform_due(sidecar)
    with sidecar.transaction() as db:  # as if the process had just not yet said how it went
        until = sidecar.now().replace(minute=9)
        db.execute(update(Delivery).values(state="delivering", claimed_until=until, attempts=1, receipt=None))
        db.execute(update(OutboxItem).values(state="claimed", claimed_until=until, attempts=1, ended_at=None))
    files = sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir())
    take_backup(sidecar, tmp_path / "b.tar", quiet)

    there = elsewhere()
    assert restore_backup(there, tmp_path / "b.tar", quiet).pending_deliveries == 1
    perform_due(there)
    assert delivery_of(there).state == "delivering"
    clock.advance(minutes=20)
    perform_due(there)
    after = delivery_of(there)
    assert (after.id, after.state, after.receipt is not None) == (asked.id, "delivered", True)
    if got_through:
        assert sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir()) == files


def test_a_backup_is_for_its_owner_alone_and_holds_no_key(sidecar: Sidecar, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "b.tar"
    take_backup(sidecar, path, quiet)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = (sidecar.settings.data / "secret.key").read_bytes().strip()
    with tarfile.open(path) as tar:
        names = tar.getnames()
        assert all(key not in tar.extractfile(name).read() for name in names)  # type: ignore[union-attr] # all are files
    assert not any("key" in name and not name.startswith("tables/") for name in names)


def test_what_the_storage_has_lost_is_said(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path, elsewhere: MakeElsewhere, tmp_path: Path
) -> None:
    [asked] = asking.request(sidecar, kongsberg.id, SEPTEMBER)
    lost = asked.files[0]["stored"]
    sidecar.storage.remove(lost)
    assert take_backup(sidecar, tmp_path / "b.tar", quiet).missing_files == (lost,)
    assert restore_backup(elsewhere(), tmp_path / "b.tar", quiet).missing_files == (lost,)


def test_the_manifest_says_what_made_it(sidecar: Sidecar, tmp_path: Path) -> None:
    take_backup(sidecar, tmp_path / "b.tar", quiet)
    with tarfile.open(tmp_path / "b.tar") as tar:
        head = json.load(tar.extractfile("backup.json"))  # type: ignore[arg-type] # it is a file
    assert head.keys() == {"format", "format_version", "revision", "version", "taken_at"}
    assert head["taken_at"] == sidecar.now().isoformat()
