"""One region offers a path, another sees it, fetches it, and hears of what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from sidecar.core.offer_readers import OfferedToNobodyError
from sidecar.core.offered_paths import OfferEndedError
from sidecar.core.path_offers import NothingToOfferError, OfferEndsBeforeError, PathOffer
from sidecar.core.rings import add_ring
from sidecar.core.staff_courses import find_course_of
from sidecar.errors import NotFoundError
from sidecar.sharing import following, introducing, offering, region_signing
from sidecar.sharing.reaching import call
from tests.fakes.two_regions import TwoRegions
from tests.sidecar.sharing.bundles import KEY, share_next
from tests.sidecar.sharing.exchanged import offer_there, offered, publish_there, pull, received


@pytest.fixture
def two(two_regions: TwoRegions, tmp_path: Path) -> TwoRegions:
    two_regions.trust_each_other()
    publish_there(two_regions, tmp_path / "made")
    return two_regions


def ask(two: TwoRegions) -> None:
    [row] = offered(two.here)
    following.fetch(two.here.sidecar, two.here.viewer, row.id)
    two.here.work("path-fetch")


def test_what_is_offered_is_seen_before_anything_is_fetched(two: TwoRegions) -> None:
    assert pull(two.here, two.there) == ""
    assert offered(two.here) == []
    offer_there(two)
    assert pull(two.here, two.there) == ""
    [row] = offered(two.here)
    assert (row.title, row.version, row.parts_count) == ("HMS for nye", 1, 3)
    assert row.size_bytes > 5000
    assert row.state_on(two.here.sidecar.today()) == "offered"
    assert received(two.here) == []
    assert not any("/content/" in sent.url for sent in two.wire.sent)


def test_a_feed_without_change_is_one_request(two: TwoRegions) -> None:
    offer_there(two)
    pull(two.here, two.there)
    two.wire.sent.clear()
    assert pull(two.here, two.there) == ""
    assert [sent.url for sent in two.wire.sent] == [f"{two.there.address}/feed?after=1"]


def test_what_is_wanted_is_fetched_and_so_are_its_later_versions(two: TwoRegions) -> None:
    offer_there(two)
    pull(two.here, two.there)
    ask(two)
    origin = f"{two.there.address}/paths/{KEY}"
    assert received(two.here) == [(origin, 1)]
    share_next(two.there.sidecar)
    offering.keep_true(two.there.sidecar)
    two.there.work("path-offer")
    two.wire.sent.clear()
    pull(two.here, two.there)
    two.here.work("path-fetch")
    assert received(two.here) == [(origin, 1), (origin, 2)]
    assert len([sent for sent in two.wire.sent if "/content/" in sent.url]) == 1  # all but the manifest was here
    [row] = offered(two.here)
    assert (row.title, row.fetched_version, row.state_on(two.here.sidecar.today())) == ("HMS for alle", 2, "fetched")
    assert not (two.here.sidecar.settings.data / "fetching" / row.id).exists()


def test_an_offer_is_for_those_it_is_for(two: TwoRegions) -> None:
    with two.there.sidecar.transaction() as db:
        ring = add_ring(
            db,
            two.there.viewer,
            two.there.region_id,
            name="Nord",
            agreement="Vi deler.",
            agreed_on=two.clock().date(),
            now=two.clock(),
        )
    with pytest.raises(OfferedToNobodyError):
        offering.offer(two.there.sidecar, two.there.viewer, KEY, ["ring:Nord"])
    with pytest.raises(NotFoundError):
        offering.offer(two.there.sidecar, two.there.viewer, KEY, ["https://x.example.no/exchange/x"])
    offering.change_ring(two.there.sidecar, two.there.viewer, ring.id, [two.there.peer(two.here).id])
    offer_there(two, ["ring:Nord"])
    pull(two.here, two.there)
    assert [row.withdrawn_at for row in offered(two.here)] == [None]
    offering.change_ring(two.there.sidecar, two.there.viewer, ring.id, [])
    pull(two.here, two.there)
    assert [row.withdrawn_at for row in offered(two.here)] == [two.clock()]
    offer_there(two, [two.here.address])
    pull(two.here, two.there)
    assert [row.withdrawn_at for row in offered(two.here)] == [None]


def test_a_region_that_an_offer_is_not_for_hears_and_gets_nothing(two: TwoRegions) -> None:
    offer_there(two)
    pull(two.here, two.there)
    [row] = offered(two.here)
    with two.there.sidecar.transaction() as db:
        offer = db.scalars(select(PathOffer)).one()
        offer.audience, offer.was_for_all = "regions", False
    following.begin_anew(two.here.sidecar, two.here.viewer, two.here.peer(two.there).id)
    assert pull(two.here, two.there) == ""
    assert offered(two.here) == []
    assert two.here.peer(two.there).feed_after == 1
    answer = call(two.here.sidecar, two.here.peer(two.there).id, "GET", f"/content/{row.manifest_digest}")
    assert answer.status == 404


def test_a_withdrawal_is_heard_and_what_was_received_stays(two: TwoRegions) -> None:
    offer_there(two)
    pull(two.here, two.there)
    ask(two)
    offering.withdraw(two.there.sidecar, two.there.viewer, KEY)
    pull(two.here, two.there)
    [row] = offered(two.here)
    assert row.withdrawn_at
    assert len(received(two.here)) == 1
    with pytest.raises(NotFoundError):
        offering.withdraw(two.there.sidecar, two.there.viewer, KEY)
    offer_there(two)
    pull(two.here, two.there)
    assert offered(two.here)[0].withdrawn_at is None


def test_an_offer_ends_with_its_last_day(two: TwoRegions) -> None:
    last = two.there.sidecar.today() + timedelta(days=1)
    offer_there(two, until=last)
    pull(two.here, two.there)
    two.clock.advance(days=2)
    [row] = offered(two.here)
    assert row.state_on(two.here.sidecar.today()) == "expired"
    with pytest.raises(OfferEndedError):
        following.fetch(two.here.sidecar, two.here.viewer, row.id)
    assert offering.keep_true(two.there.sidecar) == 1
    assert offering.keep_true(two.there.sidecar) == 0
    pull(two.here, two.there)
    assert offered(two.here)[0].withdrawn_at
    with pytest.raises(OfferEndsBeforeError):
        offering.offer(two.there.sidecar, two.there.viewer, KEY, ["all"], until=last)


def test_a_path_that_is_retired_is_offered_no_more(two: TwoRegions) -> None:
    offer_there(two)
    pull(two.here, two.there)
    with two.there.sidecar.transaction() as db:
        find_course_of(db, two.there.viewer, KEY).retired_at = two.clock()
    offering.keep_true(two.there.sidecar)
    pull(two.here, two.there)
    assert offered(two.here)[0].withdrawn_at
    with pytest.raises(NothingToOfferError):
        offering.offer(two.there.sidecar, two.there.viewer, KEY, ["all"])


def test_a_bundle_signed_by_a_revoked_key_is_signed_anew(two: TwoRegions) -> None:
    offer_there(two)
    pull(two.here, two.there)
    old = region_signing.active_region_key(two.there.sidecar, two.there.region_id).kid
    region_signing.rotate_keys(two.there.sidecar, two.there.region_id)
    two.clock.advance(hours=1)
    region_signing.revoke_key(two.there.sidecar, old, reason="stjålet", since=two.clock())
    assert offering.keep_true(two.there.sidecar) == 1
    assert offering.keep_true(two.there.sidecar) == 0
    two.there.work("path-offer")
    before = offered(two.here)[0].signature
    assert pull(two.here, two.there) == "peer-key-unknown"
    peer_id = two.here.peer(two.there).id
    introducing.compare_again(two.here.sidecar, two.here.viewer, peer_id, two.there.fingerprint)
    assert pull(two.here, two.there) == ""
    assert offered(two.here)[0].signature != before
    ask(two)
    assert len(received(two.here)) == 1


def test_a_network_that_is_cut_is_tried_again_ever_later(two: TwoRegions) -> None:
    offer_there(two)
    two.wire.is_cut = True
    for failures, minutes in ((1, 1), (2, 5), (3, 15)):
        assert pull(two.here, two.there) == "unreachable-broken"
        peer = two.here.peer(two.there)
        assert (peer.failures, peer.next_pull_at) == (failures, two.clock() + timedelta(minutes=minutes))
    two.wire.is_cut = False
    two.clock.advance(minutes=15)
    assert following.ask_where_due(two.here.sidecar) == 1
    assert following.ask_where_due(two.here.sidecar) == 0
    two.here.work("peer-pull")
    assert two.here.peer(two.there).failures == 0
    assert len(offered(two.here)) == 1
