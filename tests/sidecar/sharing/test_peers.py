"""A region is known by its keys: those that people compared, and those that one of these vouches for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sidecar.core import peers, region_keys
from sidecar.core.access import Viewer
from sidecar.core.outbox import TryLater
from sidecar.core.path_contents import canonical
from sidecar.core.peers import BLOCKED, PROVING, TRUSTED, OwnAddressError, PeerThereError
from sidecar.errors import NotAllowedError, NotFoundError
from sidecar.http import Response
from sidecar.sharing import introducing, reaching, region_signing
from sidecar.sharing.cards import CardElsewhereError, CardRefusedError, make_card
from sidecar.sharing.introducing import ExchangeAddressError, FingerprintDiffersError
from sidecar.sharing.reaching import PeerSilentError
from sidecar.sharing.signatures import FingerprintError
from tests.fakes.two_regions import Office, TwoRegions
from tests.sidecar.sharing.exchanged import pull


def add(office: Office, address: str, fingerprint: str) -> str:
    return introducing.add_by_fingerprint(office.sidecar, office.viewer, office.region_id, address, fingerprint).id


def rotate(office: Office) -> str:
    return region_signing.rotate_keys(office.sidecar, office.region_id).kid


def active(office: Office) -> str:
    return region_signing.active_region_key(office.sidecar, office.region_id).kid


def signing(two: TwoRegions) -> set[str]:
    """By which keys the other is known here."""
    with two.here.sidecar.reading() as db:
        return set(peers.signing_keys(db, two.here.peer(two.there).id))


def test_a_region_is_trusted_by_its_fingerprint_however_it_was_typed(two_regions: TwoRegions) -> None:
    two = two_regions
    typed = two.there.fingerprint.lower().replace(" ", "-")
    assert add(two.here, f" {two.there.address}/ ", typed) == two.here.peer(two.there).id
    peer = two.here.peer(two.there)
    assert (peer.state, peer.name, peer.known_by) == (TRUSTED, "Vesterålen", "fingerprint")
    with pytest.raises(PeerThereError):
        add(two.here, two.there.address, typed)


def test_another_fingerprint_is_told_and_nothing_is_trusted(two_regions: TwoRegions) -> None:
    two = two_regions
    right = two.there.fingerprint
    with pytest.raises(FingerprintDiffersError) as told:
        add(two.here, two.there.address, two.here.fingerprint)
    assert told.value.facts["found"] == right
    with pytest.raises(FingerprintError):
        add(two.here, two.there.address, right[:-5])
    with two.here.sidecar.reading() as db:
        assert peers.list_peers(db, two.here.viewer) == []


@pytest.mark.parametrize(
    "address",
    ["", "vesteralen", "https://x.example.no", "https://x.example.no/exchange/", "ftp://x.example.no/exchange/x"],
)
def test_what_is_no_address_is_refused(two_regions: TwoRegions, address: str) -> None:
    with pytest.raises(ExchangeAddressError):
        add(two_regions.here, address, two_regions.there.fingerprint)
    assert two_regions.wire.sent == []


def test_a_region_shares_neither_with_itself_nor_for_another(two_regions: TwoRegions) -> None:
    two = two_regions
    with pytest.raises(OwnAddressError):
        add(two.here, two.here.address, two.here.fingerprint)
    with pytest.raises(NotFoundError):
        introducing.add_by_fingerprint(
            two.here.sidecar, two.here.viewer, "0" * 32, two.there.address, two.there.fingerprint
        )
    nobody = Viewer(roles=frozenset({"rkk"}))
    with pytest.raises(NotAllowedError):
        introducing.add_by_fingerprint(
            two.here.sidecar, nobody, two.here.region_id, two.there.address, two.there.fingerprint
        )


def test_a_network_of_our_own_is_not_looked_at(two_regions: TwoRegions) -> None:
    with pytest.raises(PeerSilentError, match="forbidden-address"):
        add(two_regions.here, "http://10.0.0.7/exchange/vesteralen", two_regions.there.fingerprint)


@pytest.mark.parametrize(
    ("status", "body"), [(404, b"{}"), (200, b"<html>"), (200, b'{"card": "x.y.z"}'), (200, b'{"card":1}')]
)
def test_what_is_no_card_is_refused(two_regions: TwoRegions, status: int, body: bytes) -> None:
    two_regions.wire.on_answer = lambda sent, answer: Response(status, {}, body)
    with pytest.raises(CardRefusedError):
        add(two_regions.here, two_regions.there.address, two_regions.there.fingerprint)


def test_a_card_elsewhere_is_not_followed(two_regions: TwoRegions) -> None:
    two = two_regions
    two.wire.on_answer = lambda sent, answer: Response(302, {"location": two.there.address}, b"")
    with pytest.raises(PeerSilentError, match="peer-redirects"):
        add(two.here, two.there.address, two.there.fingerprint)


def test_the_card_of_another_slug_is_refused(two_regions: TwoRegions) -> None:
    two = two_regions
    card = canonical({"card": make_card(two.there.sidecar, two.there.region_id)})
    two.wire.on_answer = lambda sent, answer: Response(200, {}, card)
    with pytest.raises(CardElsewhereError):
        add(two.here, f"{two.there.address}-nord", two.there.fingerprint)


def test_keys_that_follow_one_another_are_followed(two_regions: TwoRegions) -> None:
    two = two_regions
    two.trust_each_other()
    first = active(two.there)
    second, third = rotate(two.there), rotate(two.there)
    assert pull(two.here, two.there) == ""
    assert signing(two) == {first, second, third}


def test_a_former_key_that_is_revoked_signs_nothing_more(two_regions: TwoRegions) -> None:
    two = two_regions
    two.trust_each_other()
    first = active(two.there)
    second = rotate(two.there)
    pull(two.here, two.there)
    two.clock.advance(days=1)
    region_signing.revoke_key(two.there.sidecar, first, reason="stjålet")
    assert pull(two.here, two.there) == ""
    assert signing(two) == {second}
    with two.here.sidecar.reading() as db:
        known = {kid: revoked for kid, _, revoked in peers.trusted_keys(db, two.here.region_id, two.there.address)}
    assert known == {first: two.clock(), second: None}


def test_what_a_stolen_key_vouches_for_after_its_revocation_is_not_trusted(two_regions: TwoRegions) -> None:
    two = two_regions
    two.trust_each_other()
    stolen = active(two.there)
    rotate(two.there)
    two.clock.advance(days=2)
    region_signing.revoke_key(two.there.sidecar, stolen, reason="stjålet", since=two.clock() - timedelta(days=1))
    assert pull(two.here, two.there) == "peer-key-unknown"
    assert two.here.peer(two.there).state == PROVING
    assert signing(two) == set()


def test_a_region_that_lost_its_key_is_trusted_when_fingerprints_were_compared_again(two_regions: TwoRegions) -> None:
    two = two_regions
    two.trust_each_other()
    lost = active(two.there)
    two.clock.advance(days=1)
    region_signing.revoke_key(two.there.sidecar, lost, reason="stjålet")
    assert pull(two.here, two.there) == "peer-key-unknown"
    peer = two.here.peer(two.there)
    assert peer.state == PROVING
    with pytest.raises(TryLater, match="peer-not-trusted"):
        reaching.call(two.here.sidecar, peer.id, "GET", "/feed?after=0")
    with pytest.raises(FingerprintDiffersError):
        introducing.compare_again(two.here.sidecar, two.here.viewer, peer.id, two.here.fingerprint)
    introducing.compare_again(two.here.sidecar, two.here.viewer, peer.id, two.there.fingerprint)
    assert pull(two.here, two.there) == ""
    assert signing(two) == {active(two.there)}


def test_a_card_of_before_brings_no_revoked_key_back(two_regions: TwoRegions) -> None:
    two = two_regions
    two.trust_each_other()
    before = canonical({"card": make_card(two.there.sidecar, two.there.region_id)})
    first = active(two.there)
    rotate(two.there)
    pull(two.here, two.there)
    region_signing.revoke_key(two.there.sidecar, first, reason="stjålet")
    pull(two.here, two.there)
    two.wire.on_answer = lambda sent, answer: Response(200, {}, before) if sent.url == two.there.address else answer
    with two.here.sidecar.transaction() as db:
        peers.prove(db, db.get_one(peers.Peer, two.here.peer(two.there).id), is_found=False)
    assert pull(two.here, two.there) == "peer-key-unknown"
    assert first not in signing(two)


def test_a_blocked_region_is_neither_asked_nor_known(two_regions: TwoRegions) -> None:
    two = two_regions
    two.trust_each_other()
    peer_id = two.here.peer(two.there).id
    with two.here.sidecar.transaction() as db:
        peers.block(db, two.here.viewer, db.get_one(peers.Peer, peer_id), two.clock())
    two.wire.sent.clear()
    pull(two.here, two.there)
    assert two.wire.sent == []
    with two.here.sidecar.reading() as db:
        assert peers.trusted_keys(db, two.here.region_id, two.there.address) == []
    with two.here.sidecar.transaction() as db:
        peers.trust_again(db, two.here.viewer, db.get_one(peers.Peer, peer_id), two.clock())
    assert two.here.peer(two.there).state != BLOCKED
    assert pull(two.here, two.there) == ""
    assert two.here.peer(two.there).state == TRUSTED


def test_a_card_tells_no_private_key(two_regions: TwoRegions) -> None:
    two = two_regions
    rotate(two.there)
    page = two.there.app.test_client().get("/exchange/vesteralen")
    with two.there.sidecar.reading() as db:
        keys = region_keys.list_keys(db, two.there.region_id)
    assert page.status_code == 200
    assert '"d":' not in page.text
    assert len(keys) == 2
    assert two.there.app.test_client().get("/exchange/nowhere").status_code == 404
