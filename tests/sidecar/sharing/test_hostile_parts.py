"""What a region sends is what it said it would be, or nothing of it stays; what breaks off goes on where it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from sidecar import room
from sidecar.core import offered_paths
from sidecar.core.offered_paths import OfferedPath
from sidecar.core.outbox import OutboxItem, TryLater
from sidecar.core.received_paths import ReceivedPath
from sidecar.errors import UnreachableError
from sidecar.http import Response
from sidecar.sharing import fetching, following, offering
from sidecar.sharing.staging import Staging
from tests.fakes.two_regions import Sent, TwoRegions
from tests.sidecar.sharing.bundles import FILM, KEY
from tests.sidecar.sharing.exchanged import offer_there, offered, publish_there, pull, received

Change = Callable[[Sent, Response], Response]


@pytest.fixture
def two(two_regions: TwoRegions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TwoRegions:
    """Two regions, of which ours wants what the other offers; files come by pieces of a thousand bytes."""
    monkeypatch.setattr(fetching, "PIECE_BYTES", 1000)
    two_regions.trust_each_other()
    publish_there(two_regions, tmp_path / "made")
    offer_there(two_regions)
    pull(two_regions.here, two_regions.there)
    [row] = offered(two_regions.here)
    following.fetch(two_regions.here.sidecar, two_regions.here.viewer, row.id)
    return two_regions


def fetch(two: TwoRegions, on_answer: Change | None = None) -> str:
    """Fetch what is wanted; return the code of what went wrong, "" for nothing."""
    if on_answer:
        two.wire.on_answer = lambda sent, answer: on_answer(sent, answer) if "/content/" in sent.url else answer
    two.here.work(offered_paths.KIND)
    two.wire.on_answer = lambda sent, answer: answer
    return two.here.item(offered_paths.KIND).error_code or ""


def folder(two: TwoRegions) -> Path:
    return two.here.sidecar.settings.data / "fetching"


def assert_nothing_stays(two: TwoRegions) -> None:
    assert received(two.here) == []
    assert list(folder(two).glob("*")) == []
    assert list(two.here.sidecar.storage.list_held()) == []


def test_files_come_by_pieces_each_of_which_is_signed_for(two: TwoRegions) -> None:
    assert fetch(two) == ""
    assert len(received(two.here)) == 1
    asked = [sent for sent in two.wire.sent if "/content/" in sent.url]
    assert len(asked) > 5
    assert len({sent.headers["Authorization"] for sent in asked}) == len(asked)
    assert {sent.headers["Range"] for sent in asked} > {"bytes=0-999", "bytes=1000-1999"}


def test_what_broke_off_goes_on_where_it_was(two: TwoRegions) -> None:
    def break_off(sent: Sent, answer: Response) -> Response:
        if sent.headers["Range"] == "bytes=3000-3999":
            raise UnreachableError(host="x")
        return answer

    assert fetch(two, break_off) == "unreachable-broken"
    assert any(folder(two).rglob("*.begun"))
    [row] = offered(two.here)
    assert row.state_on(two.here.sidecar.today()) == "fetching"
    two.wire.sent.clear()
    two.clock.advance(minutes=2)
    assert fetch(two) == ""
    assert two.wire.sent[0].headers["Range"] == "bytes=3000-3999"
    assert len(received(two.here)) == 1
    assert list(folder(two).glob("*")) == []


def test_a_job_leaves_the_rest_to_the_next_one(two: TwoRegions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "LONGEST_S", -1.0)
    fetching.fetch_parts(two.here.sidecar, offered(two.here)[0].id)
    monkeypatch.setattr(fetching, "LONGEST_S", 60.0)
    two.here.work(offered_paths.KIND)
    assert len(received(two.here)) == 1


def test_what_one_job_fetches_no_other_touches(two: TwoRegions) -> None:
    [row] = offered(two.here)
    refused = list[str]()

    def fetch_too(sent: Sent, answer: Response) -> Response:
        if sent.headers["Range"] == "bytes=2000-2999":
            with pytest.raises(TryLater) as caught:
                fetching.fetch_parts(two.here.sidecar, row.id)
            refused.append(caught.value.code)
        return answer

    assert fetch(two, fetch_too) == ""
    assert refused
    assert set(refused) == {"fetch-under-way"}
    assert len(received(two.here)) == 1
    assert list(folder(two).glob("*")) == []


def test_what_the_disk_has_no_room_for_is_not_begun(two: TwoRegions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "RESERVE_BYTES", 2**60)
    two.wire.sent.clear()
    assert fetch(two) == "insufficient-storage"
    [row] = offered(two.here)
    assert {sent.url.rpartition("/")[2] for sent in two.wire.sent} == {row.manifest_digest}
    assert row.state_on(two.here.sidecar.today()) == "fetching"
    monkeypatch.undo()
    two.clock.advance(minutes=2)
    assert fetch(two) == ""
    assert len(received(two.here)) == 1


def test_what_one_region_may_send_in_all_is_bounded(two: TwoRegions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST_OF_PEER_BYTES", 1000)
    assert fetch(two) == "offered-peer-too-much"
    assert_nothing_stays(two)


def test_what_is_still_held_is_not_forgotten(two: TwoRegions) -> None:
    staging = Staging(two.here.sidecar.settings.data, "left")
    staging.add("a" * 64, b"begun")
    with staging.held():
        assert fetching.forget_leftovers(two.here.sidecar) == 0
    assert staging.begun_bytes("a" * 64) == 5
    assert fetching.forget_leftovers(two.here.sidecar) == 1
    assert list(folder(two).glob("*")) == []


def swap(_: Sent, answer: Response) -> Response:
    return replace(answer, body=answer.body[::-1])


def shorten(_: Sent, answer: Response) -> Response:
    return replace(answer, body=answer.body[:-1])


def lengthen(_: Sent, answer: Response) -> Response:
    return replace(answer, body=answer.body + b"x")


def empty(_: Sent, answer: Response) -> Response:
    return replace(answer, body=b"")


def other_range(_: Sent, answer: Response) -> Response:
    return replace(answer, headers={"content-range": "bytes 7-1006/5000"})


def crumble(sent: Sent, answer: Response) -> Response:
    start = int(sent.headers["Range"].removeprefix("bytes=").partition("-")[0])
    whole = answer.headers["content-range"].partition("/")[2]
    return replace(answer, body=answer.body[:1], headers={"content-range": f"bytes {start}-{start}/{whole}"})


def endless(_: Sent, answer: Response) -> Response:
    start = answer.headers["content-range"].partition("/")[0]
    return replace(answer, headers={"content-range": f"{start}/{10**15}"})


def page(_: Sent, answer: Response) -> Response:
    return Response(200, {"content-type": "text/html"}, b"<!doctype html>")


@pytest.mark.parametrize("change", [swap, shorten, lengthen, crumble, empty, other_range, endless, page])
def test_a_file_that_is_not_what_was_said_is_refused_and_nothing_stays(two: TwoRegions, change: Change) -> None:
    assert fetch(two, change) == "offered-part-lies"
    assert_nothing_stays(two)
    [row] = offered(two.here)
    assert row.state_on(two.here.sidecar.today()) == "failed"


def test_a_part_that_is_another_file_is_refused(two: TwoRegions) -> None:
    def other_film(sent: Sent, answer: Response) -> Response:
        return replace(answer, body=answer.body.replace(b"film", b"filM"))

    assert FILM
    assert fetch(two, other_film) == "offered-part-lies"
    assert_nothing_stays(two)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"version": 7}, "offered-path-lies"),
        ({"size_bytes": 7}, "offered-path-lies"),
        ({"signature": "a..b"}, "signature-malformed"),
    ],
    ids=str,
)
def test_a_bundle_that_is_not_what_the_feed_said_is_refused(
    two: TwoRegions, change: dict[str, object], code: str
) -> None:
    with two.here.sidecar.transaction() as db:
        db.execute(update(OfferedPath).values(change))
    assert fetch(two) == code
    assert_nothing_stays(two)


def test_what_is_offered_no_more_is_not_sent(two: TwoRegions) -> None:
    offering.withdraw(two.there.sidecar, two.there.viewer, KEY)
    assert fetch(two) == "offered-path-gone"
    assert_nothing_stays(two)


def test_what_was_refused_is_asked_for_again_by_staff(two: TwoRegions) -> None:
    assert fetch(two, swap) == "offered-part-lies"
    [row] = offered(two.here)
    following.fetch(two.here.sidecar, two.here.viewer, row.id)
    assert fetch(two) == ""
    assert len(received(two.here)) == 1
    with two.here.sidecar.reading() as db:
        assert len(db.scalars(select(ReceivedPath)).all()) == 1


def test_a_peer_that_trusts_us_no_more_is_asked_again_later(two: TwoRegions) -> None:
    assert fetch(two, lambda sent, answer: Response(401, {}, b"{}")) == "peer-refuses"
    [row] = offered(two.here)
    assert row.state_on(two.here.sidecar.today()) == "fetching"


def test_what_was_given_up_leaves_nothing_behind(two: TwoRegions) -> None:
    def break_off(sent: Sent, answer: Response) -> Response:
        if sent.headers["Range"] == "bytes=3000-3999":
            raise UnreachableError(host="x")
        return answer

    fetch(two, break_off)
    assert fetching.forget_leftovers(two.here.sidecar) == 0
    with two.here.sidecar.transaction() as db:
        db.execute(update(OutboxItem).values(state="failed"))
    assert fetching.forget_leftovers(two.here.sidecar) == 1
    assert list(folder(two).glob("*")) == []
