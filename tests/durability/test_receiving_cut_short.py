"""kill -9 at every step of an import and of an export, and a full disk: whole or nothing, and the next run is clean."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from sidecar.cli import main
from sidecar.core.kept_files import named_digests
from sidecar.core.received_paths import ReceivedPart, ReceivedPath, ReceivedPathVersion
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar
from sidecar.sharing.bundle import export_bundle, import_bundle
from sidecar.sharing.region_signing import active_region_key
from sidecar.stored_files import sweep
from tests.durability.test_full_disk import files_below, full_files
from tests.durability.worlds import World, Worlds
from tests.sidecar.sharing.bundles import KEY, ME, share_path


def region_of(world: World, slug: str) -> Region:
    with world.sidecar.reading() as db:
        return db.scalars(select(Region).where(Region.slug == slug)).one()


def prepare_path(world: World) -> None:
    with world.sidecar.transaction() as db:
        db.add_all([Region(slug="kongsbergregionen", name="Kongsbergregionen"), Region(slug="vesteralen", name="V")])
    region = region_of(world, "kongsbergregionen")
    active_region_key(world.sidecar, region.id)
    share_path(world.sidecar, region, world.root)


def prepare_bundle(world: World) -> None:
    """Make a bundle, and forget the course that it was made of."""
    prepare_path(world)
    export_bundle(world.sidecar, ME, KEY, output=bundle_of(world))
    for table in ("path_bundle_part", "path_bundle", "package_file"):
        with world.sidecar.engine.begin() as connection:
            connection.execute(world.sidecar.tables.tables[table].delete())
    sweep_all(world)
    assert files_below(world.settings.data) == []


def bundle_of(world: World) -> Path:
    return world.root / "path.zip"


def sweep_all(world: World) -> None:
    """Sweep as if everything had lain there for long."""
    now = world.clock()
    world.clock.set(now + timedelta(days=9000))
    sweep(world.sidecar)
    world.clock.set(now)


def take_in(world: World, sidecar: Sidecar) -> bool:
    with sidecar.reading() as db:
        region_id = db.scalars(select(Region.id).where(Region.slug == "vesteralen")).one()
    return import_bundle(sidecar, region_id, bundle_of(world)).is_new


@pytest.mark.slow
def test_an_import_that_is_killed_anywhere_is_whole_or_not_there(worlds: Worlds) -> None:
    for world, crash in worlds.every(prepare_bundle, lambda world: lambda sidecar: take_in(world, sidecar)):
        was_done = world.count(ReceivedPathVersion) == 1
        assert world.count(ReceivedPath) == was_done, crash
        assert take_in(world, world.sidecar) is not was_done, crash
        assert world.count(ReceivedPathVersion) == 1, crash
        assert world.count(ReceivedPart) == 4, crash
        sweep_all(world)
        with world.sidecar.reading() as db:
            named = {digest.hex() for digest in named_digests(db)}
        assert {path.name for path in files_below(world.settings.data)} == named, crash


@pytest.mark.slow
def test_an_export_that_is_killed_anywhere_leaves_no_half_bundle(worlds: Worlds) -> None:
    def export(world: World, sidecar: Sidecar) -> None:
        export_bundle(sidecar, ME, KEY, output=bundle_of(world))

    for world, crash in worlds.every(prepare_path, lambda world: lambda sidecar: export(world, sidecar)):
        left = bundle_of(world).read_bytes() if bundle_of(world).exists() else None
        export(world, world.sidecar)
        assert left in (None, bundle_of(world).read_bytes()), crash
        assert list(world.root.glob("path.zip*")) == [bundle_of(world)], crash


def refused(world: World, *command: str) -> str:
    """Return the code by which the command line refuses something."""
    env = {
        "SIDECAR_DATA": str(world.settings.data),
        "SIDECAR_DATABASE_URL": world.settings.database_url,
        "SIDECAR_PUBLIC_URL": world.settings.public_url,
    }
    result = CliRunner().invoke(main, ["path", *command, "--json"], env=env)
    assert result.exit_code == 1
    return str(json.loads(result.stderr)["error"]["code"])


def test_an_export_that_does_not_fit_leaves_no_file(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    world = worlds.fresh()
    prepare_path(world)
    with full_files(monkeypatch):
        assert refused(world, "export", KEY, "--output", str(bundle_of(world))) == "insufficient-storage"
    assert list(world.root.glob("path.zip*")) == []


def test_a_bundle_that_does_not_fit_is_refused_in_words_and_leaves_nothing(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = worlds.fresh()
    prepare_bundle(world)
    with full_files(monkeypatch):
        assert refused(world, "import", str(bundle_of(world)), "--region", "vesteralen") == "insufficient-storage"
    assert files_below(world.settings.data) == []
    assert world.count(ReceivedPath) == 0
    assert take_in(world, world.sidecar)
