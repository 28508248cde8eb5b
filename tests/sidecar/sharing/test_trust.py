"""Whose key counts for a bundle: that of a peer which the receiving region trusts, as long as it is not revoked."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.core import peers
from sidecar.core.path_contents import canonical
from sidecar.core.peers import Peer
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar
from sidecar.sharing.bundle import export_bundle, import_bundle, verify_bundle
from sidecar.sharing.bundle_errors import KeyNotTrustedError, KeyRevokedError
from sidecar.sharing.bundle_files import open_bundle
from sidecar.sharing.receiving import Sent, receive
from sidecar.sharing.signatures import FreshKey, generate_key, make_signature
from tests.fakes.clock import FakeClock
from tests.sidecar.sharing.bundles import KEY, ME, Opened, share_path

FAR = "https://laering.annen-region.no/exchange/annen"


@pytest.fixture
def key() -> FreshKey:
    """The key of a region elsewhere."""
    return generate_key()


@pytest.fixture
def theirs(sidecar: Sidecar, kongsbergregionen: Region, tmp_path: Path, key: FreshKey) -> Path:
    """A bundle of a region elsewhere."""
    share_path(sidecar, kongsbergregionen, tmp_path)
    opened = Opened(export_bundle(sidecar, ME, KEY, output=tmp_path / "ours.zip")[0])
    said = json.loads(opened.manifest)
    said["origin"], said["region"]["address"] = f"{FAR}/paths/{KEY}", FAR
    opened.manifest = canonical(said)
    beside = {"iss": FAR, "jwk": dict(key.public)}
    signature = make_signature(key.private_pem, key.kid, opened.manifest, "laeringslop-bundle", beside=beside)
    return opened.write(tmp_path / "theirs.zip", signature=signature)


def know(sidecar: Sidecar, region: Region, key: FreshKey, *, state: str = peers.TRUSTED) -> str:
    with sidecar.transaction() as db:
        peer = peers.add_peer(
            db,
            region_id=region.id,
            address=FAR,
            name="Annen region",
            keys={key.kid: dict(key.public)},
            state=state,
            known_by=peers.BY_FINGERPRINT,
            by=None,
            now=sidecar.now(),
        )
        return peer.id


def test_a_region_takes_what_its_peer_signed(sidecar: Sidecar, theirs: Path, vesteralen: Region, key: FreshKey) -> None:
    with pytest.raises(KeyNotTrustedError):
        import_bundle(sidecar, vesteralen.id, theirs)
    know(sidecar, vesteralen, key)
    assert verify_bundle(sidecar, theirs)[0].address == FAR
    assert import_bundle(sidecar, vesteralen.id, theirs).is_new


def test_what_one_region_trusts_another_need_not(
    sidecar: Sidecar, theirs: Path, kongsbergregionen: Region, vesteralen: Region, key: FreshKey
) -> None:
    know(sidecar, kongsbergregionen, key)
    with pytest.raises(KeyNotTrustedError):
        import_bundle(sidecar, vesteralen.id, theirs)
    assert import_bundle(sidecar, kongsbergregionen.id, theirs).is_new


@pytest.mark.parametrize("state", [peers.PROVING, peers.BLOCKED])
def test_a_peer_that_is_not_proven_or_is_blocked_is_not_trusted(
    sidecar: Sidecar, theirs: Path, vesteralen: Region, key: FreshKey, state: str
) -> None:
    know(sidecar, vesteralen, key, state=state)
    with pytest.raises(KeyNotTrustedError):
        import_bundle(sidecar, vesteralen.id, theirs)


def test_a_peer_may_not_sign_by_a_key_of_another(
    sidecar: Sidecar, theirs: Path, vesteralen: Region, key: FreshKey
) -> None:
    know(sidecar, vesteralen, key)
    with sidecar.transaction() as db:
        db.query(Peer).one().address = FAR.replace("annen", "tredje")
    with pytest.raises(KeyNotTrustedError):
        import_bundle(sidecar, vesteralen.id, theirs)


def test_a_revocation_refuses_what_is_first_seen_after_it(
    sidecar: Sidecar, theirs: Path, vesteralen: Region, key: FreshKey, clock: FakeClock
) -> None:
    peer_id = know(sidecar, vesteralen, key)
    clock.advance(days=2)
    with sidecar.transaction() as db:
        peers.revoke_key(db, peer_id, key.kid, clock() - timedelta(days=1))
    with pytest.raises(KeyRevokedError):
        import_bundle(sidecar, vesteralen.id, theirs)
    with open_bundle(theirs) as bundle:
        sent = Sent(bundle.manifest, bundle.signature, bundle.open_part)
        assert receive(sidecar, vesteralen.id, sent, seen_at=clock() - timedelta(hours=36)).is_new
    assert not import_bundle(sidecar, vesteralen.id, theirs).is_new
