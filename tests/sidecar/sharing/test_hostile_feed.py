"""A region whose feed lies, floods, goes back or speaks for others is not believed, and staff see why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sidecar.core import offered_paths, peers
from sidecar.core.offer_readers import ExchangeState
from sidecar.core.path_contents import canonical
from sidecar.core.path_offers import PathOffer
from sidecar.core.peers import Peer, PeerKeysFloodError
from sidecar.http import AnswerTooLargeError, Response
from sidecar.sharing import following
from sidecar.sharing.json_texts import read_unproven
from sidecar.sharing.region_signing import sign
from tests.fakes.two_regions import Sent, TwoRegions
from tests.sidecar.sharing.bundles import share_next
from tests.sidecar.sharing.exchanged import answer_of, feed_of, lie, offer_there, offered, publish_there, pull

Said = dict[str, Any]


@pytest.fixture
def two(two_regions: TwoRegions, tmp_path: Path) -> TwoRegions:
    """Two regions, of which the other offers a path that was not seen yet."""
    two_regions.trust_each_other()
    publish_there(two_regions, tmp_path / "made")
    offer_there(two_regions)
    return two_regions


def tell(two: TwoRegions, change: Callable[[Said], object]) -> str:
    """Let the other region's feed say something else; return what came of it."""
    two.wire.on_answer = lie(two.there, change)
    return pull(two.here, two.there)


def entry(said: Said) -> Said:
    found: Said = (said["entries"] or [{}])[0]
    return found


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"origin": "https://sidecar.example.no/exchange/kongsbergregionen/paths/hms-lop"}, "feed-of-others"),
        ({"origin": "https://vesteralen.example.no/exchange/nordland/paths/hms-lop"}, "feed-of-others"),
        ({"origin": "https://vesteralen.example.no/exchange/vesteralen/paths/../x"}, "feed-of-others"),
        ({"origin": 7}, "feed-malformed"),
        ({"version": 0}, "feed-malformed"),
        ({"version": "1"}, "feed-malformed"),
        ({"version": 2**31}, "feed-malformed"),
        ({"manifest": "../../etc/passwd"}, "feed-malformed"),
        ({"manifest": "A" * 64}, "feed-malformed"),
        ({"signature": "x" * 5000}, "feed-malformed"),
        ({"title": "x" * 501}, "feed-malformed"),
        ({"title": "a\u202eb"}, "feed-malformed"),
        ({"size": -1}, "feed-malformed"),
        ({"size": 2**60}, "feed-malformed"),
        ({"statutory_basis": {"laws": ["x" * 5000]}}, "feed-malformed"),
        ({"until": "soon"}, "feed-malformed"),
        ({"until": "0001-01-01"}, "feed-malformed"),
        ({"state": "perhaps"}, "feed-malformed"),
        ({"seq": 0}, "feed-malformed"),
        ({"seq": 99}, "feed-malformed"),
    ],
    ids=str,
)
def test_an_entry_that_can_not_be_is_refused(two: TwoRegions, change: Said, code: str) -> None:
    assert tell(two, lambda said: entry(said).update(change)) == code
    assert offered(two.here) == []
    assert two.here.peer(two.there).feed_after == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"iss": "https://x.example.no/exchange/x"}, "feed-misdirected"),
        ({"aud": "https://x.example.no/exchange/x"}, "feed-misdirected"),
        ({"after": 7}, "feed-misdirected"),
        ({"last": 5, "newest": 1}, "feed-malformed"),
        ({"last": 2**31, "newest": 2**31}, "feed-malformed"),
        ({"format": 2}, "feed-malformed"),
        ({"entries": {}}, "feed-malformed"),
        ({"entries": [7]}, "feed-malformed"),
    ],
    ids=str,
)
def test_a_page_that_can_not_be_is_refused(two: TwoRegions, change: Said, code: str) -> None:
    assert tell(two, lambda said: said.update(change)) == code
    assert offered(two.here) == []


def test_numbers_that_do_not_rise_are_refused(two: TwoRegions) -> None:
    assert tell(two, lambda said: said.update(entries=said["entries"] * 2)) == "feed-malformed"


def test_a_page_of_more_than_a_page_is_refused(two: TwoRegions) -> None:
    def swell(said: Said) -> None:
        said["entries"] = [{**entry(said), "seq": n} for n in range(1, 203)]
        said["last"] = said["newest"] = 300

    assert tell(two, swell) == "feed-malformed"


def test_a_feed_without_end_is_cut_off_till_staff_say_so(two: TwoRegions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST_PAGES", 3)

    def go_on(sent: Sent, answer: Response) -> Response:
        after = int(sent.url.rpartition("=")[2])
        parties = {"iss": two.there.address, "aud": two.here.address, "card": two.here.peer(two.there).card_stamp}
        said = {"format": 1, **parties, "after": after, "last": after + 1, "newest": 10**9, "entries": []}
        token = sign(two.there.sidecar, two.there.region_id, canonical(said), "laeringslop-feed")
        return Response(200, {}, canonical({"feed": token}))

    pull(two.here, two.there)
    two.wire.on_answer = go_on
    assert pull(two.here, two.there) == "feed-floods"
    peer = two.here.peer(two.there)
    assert peer.next_pull_at is None
    two.clock.advance(days=30)
    assert following.ask_where_due(two.here.sidecar) == 0
    two.wire.on_answer = lambda sent, answer: answer
    following.begin_anew(two.here.sidecar, two.here.viewer, peer.id)
    assert pull(two.here, two.there) == ""
    assert len(offered(two.here)) == 1


def test_more_paths_than_can_be_are_cut_off(two: TwoRegions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offered_paths, "MOST_OFFERED", 5)

    def flood(said: Said) -> None:
        names = [f"{two.there.address}/paths/p{n}" for n in range(1, 10)]
        one = entry(said)
        said["entries"] = [{**one, "seq": n, "origin": name} for n, name in enumerate(names, 1)]
        said["last"] = said["newest"] = 20

    assert tell(two, flood) == "feed-floods"
    assert offered(two.here) == []


def say_card(two: TwoRegions, revoked: Sequence[tuple[str, str]]) -> None:
    """Let the other region's card name keys that it revoked, each with the time."""

    new_stamp = lie(two.there, lambda said: said.update(card="new"))

    def on_answer(sent: Sent, answer: Response) -> Response:
        if sent.url != two.there.address:
            changed: Response = new_stamp(sent, answer)
            return changed
        said = read_unproven(answer_of(answer)["card"])
        said["revocations"] = [{"kid": kid, "at": at} for kid, at in revoked]
        token = sign(two.there.sidecar, two.there.region_id, canonical(said), "laeringslop-card")
        return Response(200, answer.headers, canonical({"card": token}))

    two.wire.on_answer = on_answer


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_card_of_another_time_is_refused(two: TwoRegions, at: str) -> None:
    say_card(two, [("x", at)])
    assert pull(two.here, two.there) == "card-refused"


def test_keys_without_end_are_cut_off_and_a_known_one_is_still_revoked(
    two: TwoRegions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "MOST_KEYS", 3)
    at, peer_id = "2026-01-01T00:00:00+00:00", two.here.peer(two.there).id
    say_card(two, [(f"k{n}", at) for n in range(3)])
    assert pull(two.here, two.there) == ""
    with two.here.sidecar.transaction() as db:
        now = two.here.sidecar.now()
        for kid in ("a", "b"):
            peers.add_key(db, peer_id, kid, {}, vouched_by="x", now=now)
        with pytest.raises(PeerKeysFloodError):
            peers.add_key(db, peer_id, "c", {}, vouched_by="x", now=now)
        peers.revoke_key(db, peer_id, "a", now)
        assert "a" not in peers.signing_keys(db, peer_id)
    say_card(two, [(f"m{n}", at) for n in range(3)])
    with two.here.sidecar.transaction() as db:
        db.get_one(Peer, peer_id).card_stamp = ""
    assert pull(two.here, two.there) == "peer-keys-flood"
    assert two.here.peer(two.there).next_pull_at is None


def test_a_version_that_is_rolled_back_is_refused(two: TwoRegions) -> None:
    pull(two.here, two.there)
    share_next(two.there.sidecar)
    offer_there(two)
    pull(two.here, two.there)
    offer_there(two)
    assert tell(two, lambda said: entry(said).update(version=1)) == "feed-rolled-back"
    assert offered(two.here)[0].version == 2


def test_a_version_that_is_another_one_is_refused(two: TwoRegions) -> None:
    pull(two.here, two.there)
    offer_there(two)
    assert tell(two, lambda said: entry(said).update(manifest="0" * 64)) == "feed-changed-silently"


def test_numbers_that_are_rolled_back_are_told(two: TwoRegions) -> None:
    """As a backup that was restored makes it; staff ask, and begin anew."""
    pull(two.here, two.there)
    offer_there(two)
    pull(two.here, two.there)
    with two.there.sidecar.transaction() as db:
        db.get_one(ExchangeState, two.there.region_id).last_seq = 1
        db.scalars(select(PathOffer)).one().seq = 1
    assert pull(two.here, two.there) == "feed-behind"
    following.begin_anew(two.here.sidecar, two.here.viewer, two.here.peer(two.there).id)
    assert pull(two.here, two.there) == ""
    assert two.here.peer(two.there).feed_after == 1


def test_a_page_of_before_is_no_page_of_now(two: TwoRegions) -> None:
    kept: list[Response] = []

    def keep(sent: Sent, answer: Response) -> Response:
        kept.append(answer)
        return answer

    two.wire.on_answer = keep
    pull(two.here, two.there)
    [first, *_] = [one for one in kept if one.status == 200 and b'"feed"' in one.body]
    two.wire.on_answer = lambda sent, answer: first
    assert pull(two.here, two.there) == "feed-misdirected"


def test_a_page_for_another_region_is_none_for_us(two: TwoRegions) -> None:
    assert tell(two, lambda said: said.update(aud=two.there.address)) == "feed-misdirected"


def test_a_page_by_another_key_is_refused(two: TwoRegions) -> None:
    two.wire.on_answer = by_ourselves(two)
    assert pull(two.here, two.there) == "signed-by-unknown-key"
    assert offered(two.here) == []


def by_ourselves(two: TwoRegions) -> Callable[[Sent, Response], Response]:
    def on_answer(sent: Sent, answer: Response) -> Response:
        if "/feed" not in sent.url:
            return answer
        token = sign(two.here.sidecar, two.here.region_id, canonical(feed_of(answer)), "laeringslop-feed")
        return Response(200, {}, canonical({"feed": token}))

    return on_answer


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Response(200, {}, b"<!doctype html><title>Velkommen</title>"), "exchange-json"),
        (Response(200, {}, b'{"feed":"a.b.c"}'), "signature-malformed"),
        (Response(200, {}, b'{"feed":1.5}'), "exchange-json"),
        (Response(200, {}, b'{"feed":"x","feed":"y"}'), "exchange-json"),
        (Response(200, {}, b'{"a":' * 100_000), "exchange-json"),
        (Response(200, {}, b"\xff"), "exchange-json"),
        (Response(204, {}, b""), "feed-refused"),
        (Response(304, {}, b""), "feed-refused"),
        (Response(302, {"location": "https://x.example.no/"}, b""), "peer-redirects"),
        (Response(401, {}, b"<html>"), "peer-refuses"),
        (Response(401, {}, b'{"error":{"code":"exchange-clocks-differ"}}'), "exchange-clocks-differ"),
        (Response(401, {}, b'{"error":{"code":"x"}}'), "peer-refuses"),
        (Response(429, {}, b""), "peer-busy"),
        (Response(500, {}, b""), "peer-fault"),
    ],
    ids=lambda one: str(one)[:40],
)
def test_what_is_no_feed_is_told_as_such(two: TwoRegions, answer: Response, code: str) -> None:
    two.wire.on_answer = lambda sent, _: answer
    assert pull(two.here, two.there) == code
    assert two.here.peer(two.there).failures == 1


def test_an_answer_without_end_is_told_as_such(two: TwoRegions) -> None:
    def swell(sent: Sent, answer: Response) -> Response:
        raise AnswerTooLargeError(host="x", limit_bytes=1)

    two.wire.on_answer = swell
    assert pull(two.here, two.there) == "answer-too-large"
