"""What a region has received is for its own RKK, and for operators, to see."""

import pytest

from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.received_paths import (
    ReceivedPathVersion,
    add_version,
    find_received,
    list_received,
    open_path,
    versions_of,
)
from sidecar.core.regions import Region
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar

ADDRESS = "https://a.example.no/exchange/annen"
ORIGIN = f"{ADDRESS}/paths/hms"


def receive(sidecar: Sidecar, region: Region, *numbers: int) -> str:
    with sidecar.transaction() as db:
        now = sidecar.now()
        path_id = open_path(db, region.id, ORIGIN, address=ADDRESS, region_name="Annen", now=now)
        for number in numbers:
            version = ReceivedPathVersion(
                path_id=path_id,
                number=number,
                digest=f"{number:064x}",
                signature="x",
                kid="k",
                title=f"HMS {number}",
                licence="",
                size_bytes=1,
                published_at=now,
                received_at=now,
            )
            add_version(db, version, {f"{number:064x}": 1})
    return path_id


@pytest.fixture
def regions(sidecar: Sidecar) -> tuple[Region, Region]:
    with sidecar.transaction() as db:
        ours, theirs = Region(slug="ours", name="Ours"), Region(slug="theirs", name="Theirs")
        db.add_all([ours, theirs])
    return ours, theirs


def test_each_rkk_sees_what_its_region_received(sidecar: Sidecar, regions: tuple[Region, Region]) -> None:
    ours, theirs = regions
    path_id = receive(sidecar, ours, 1, 2)
    receive(sidecar, theirs, 1)
    mine, other = Viewer(regions=frozenset({ours.id})), Viewer(regions=frozenset({theirs.id}))
    with sidecar.reading() as db:
        assert [(one.path.id, one.newest.number) for one in list_received(db, mine)] == [(path_id, 2)]
        assert len(list_received(db, operator_at_the_console())) == 2
        assert list_received(db, Viewer()) == []
        assert find_received(db, mine, path_id).newest.title == "HMS 2"
        with pytest.raises(NotFoundError):
            find_received(db, other, path_id)


def test_a_path_is_opened_once_for_each_region(sidecar: Sidecar, regions: tuple[Region, Region]) -> None:
    ours, theirs = regions
    assert receive(sidecar, ours, 1) == receive(sidecar, ours, 2) != receive(sidecar, theirs)
    with sidecar.reading() as db:
        assert [one.number for one in versions_of(db, ours.id, ORIGIN)] == [2, 1]
        assert versions_of(db, theirs.id, ORIGIN) == []
