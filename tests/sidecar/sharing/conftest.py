"""Fixtures of what regions share: two regions of one installation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.core.municipalities import Municipality
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar
from sidecar.sharing.bundle import export_bundle
from tests.fakes.clock import FakeClock
from tests.fakes.two_regions import open_two_regions
from tests.sidecar.sharing.bundles import KEY, ME, share_path
from tests.sidecar.sharing.crossing import Crossing, settle_down


def _region(sidecar: Sidecar, slug: str, name: str) -> Region:
    with sidecar.transaction() as db:
        region = Region(slug=slug, name=name)
        db.add(region)
    return region


@pytest.fixture
def kongsbergregionen(sidecar: Sidecar) -> Region:
    return _region(sidecar, "kongsbergregionen", "Kongsbergregionen")


@pytest.fixture
def vesteralen(sidecar: Sidecar) -> Region:
    return _region(sidecar, "vesteralen", "Vesterålen")


@pytest.fixture
def bundle(sidecar: Sidecar, kongsbergregionen: Region, tmp_path: Path) -> Path:
    """A good bundle."""
    share_path(sidecar, kongsbergregionen, tmp_path)
    return export_bundle(sidecar, ME, KEY, output=tmp_path / "good.zip")[0]


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return tmp_path / "bad.zip"


@pytest.fixture
def crossing(
    sidecar: Sidecar, clock: FakeClock, kongsberg: Municipality, migrated_sqlite: Path, tmp_path: Path
) -> Iterator[Crossing]:
    """Two regions that agree on the completions of Sortland's people."""
    with open_two_regions(sidecar, clock, migrated_sqlite, tmp_path / "there") as regions:
        yield settle_down(regions, kongsberg)
