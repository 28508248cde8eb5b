"""The regions' own keys: made on first need, sealed, rotated with a word from the former one, revoked from a moment."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from sidecar.core import region_keys
from sidecar.core.audit import AuditEntry
from sidecar.core.region_keys import RegionKey
from sidecar.core.regions import Region
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from sidecar.secrets import WrongKeyError
from sidecar.sharing.region_signing import RevokedMomentError, active_region_key, revoke_key, rotate_keys, sign
from sidecar.sharing.signatures import Typ, read_header, verify
from tests.fakes.clock import FakeClock
from tests.sidecar.tool.test_signing import race

PURPOSE: Typ = "laeringslop-card"


def keys(sidecar: Sidecar) -> dict[str, RegionKey]:
    with sidecar.reading() as db:
        return {key.kid: key for key in region_keys.list_keys(db)}


def actions(sidecar: Sidecar) -> list[str]:
    with sidecar.reading() as db:
        return list(db.scalars(select(AuditEntry.action)))


def test_the_first_signature_makes_the_key_which_is_sealed(sidecar: Sidecar, kongsbergregionen: Region) -> None:
    token = sign(sidecar, kongsbergregionen.id, b"card", PURPOSE)
    [key] = keys(sidecar).values()
    assert verify(token, [key.public], PURPOSE).payload == b"card"
    assert b"PRIVATE" not in key.private
    assert b"PRIVATE" in sidecar.secrets.open(key.private)
    assert "d" not in key.public


def test_each_region_has_a_key_of_its_own(sidecar: Sidecar, kongsbergregionen: Region, vesteralen: Region) -> None:
    ours, theirs = (active_region_key(sidecar, one.id).kid for one in (kongsbergregionen, vesteralen))
    assert ours != theirs
    assert active_region_key(sidecar, kongsbergregionen.id).kid == ours


def test_no_region_has_no_key(sidecar: Sidecar) -> None:
    with pytest.raises(NotFoundError):
        sign(sidecar, "0" * 32, b"card", PURPOSE)


def test_a_detached_signature_names_the_region_by_its_address(sidecar: Sidecar, kongsbergregionen: Region) -> None:
    header = read_header(sign(sidecar, kongsbergregionen.id, b"x", PURPOSE, detached=True))
    assert header["iss"] == "https://sidecar.example.no/exchange/kongsbergregionen"
    assert header["jwk"] == active_region_key(sidecar, kongsbergregionen.id).public


def test_the_former_key_vouches_for_the_next_and_is_wiped(
    sidecar: Sidecar, kongsbergregionen: Region, clock: FakeClock
) -> None:
    former = active_region_key(sidecar, kongsbergregionen.id)
    clock.advance(days=1)
    following = rotate_keys(sidecar, kongsbergregionen.id, reason="a year has passed")
    assert following.kid != former.kid
    assert following.vouching
    vouched = verify(following.vouching, [former.public], "laeringslop-key")
    assert json.loads(vouched.payload) == following.public
    assert (keys(sidecar)[former.kid].private, keys(sidecar)[former.kid].state) == (b"", "retired")
    assert active_region_key(sidecar, kongsbergregionen.id).kid == following.kid
    assert actions(sidecar) == ["region_key.rotated"]


def test_nobody_vouches_after_a_revocation_which_names_its_moment(
    sidecar: Sidecar, kongsbergregionen: Region, clock: FakeClock
) -> None:
    stolen = active_region_key(sidecar, kongsbergregionen.id)
    clock.advance(days=3)
    since = clock() - timedelta(days=1)
    following = revoke_key(sidecar, stolen.kid, reason="a laptop was stolen", since=since)
    kept = keys(sidecar)[stolen.kid]
    assert (following.vouching, kept.revoked_at, kept.private, kept.state) == (None, since, b"", "revoked")
    assert actions(sidecar).count("region_key.revoked") == 1


def test_a_retired_key_is_revoked_without_another_change(
    sidecar: Sidecar, kongsbergregionen: Region, clock: FakeClock
) -> None:
    first = active_region_key(sidecar, kongsbergregionen.id)
    second = rotate_keys(sidecar, kongsbergregionen.id)
    assert revoke_key(sidecar, first.kid, reason="an old disk").kid == second.kid
    clock.advance(days=1)
    assert revoke_key(sidecar, first.kid, reason="once more").kid == second.kid
    assert keys(sidecar)[first.kid].revoked_at == clock() - timedelta(days=1)
    assert len(keys(sidecar)) == 2


def test_a_revocation_is_neither_to_come_nor_from_before_the_key(sidecar: Sidecar, kongsbergregionen: Region) -> None:
    key = active_region_key(sidecar, kongsbergregionen.id)
    for since in (sidecar.now() + timedelta(seconds=1), key.created_at - timedelta(seconds=1)):
        with pytest.raises(RevokedMomentError):
            revoke_key(sidecar, key.kid, reason="x", since=since)
    with pytest.raises(NotFoundError):
        revoke_key(sidecar, "nobody", reason="x")
    assert keys(sidecar)[key.kid].state == "active"


def test_two_at_once_make_one_key_and_one_rotation(sidecar: Sidecar, kongsbergregionen: Region) -> None:
    def use() -> None:
        active_region_key(sidecar, kongsbergregionen.id)

    race(use, use)
    assert len(keys(sidecar)) == 1
    former = active_region_key(sidecar, kongsbergregionen.id)
    race(*[lambda: revoke_key(sidecar, former.kid, reason="stolen")] * 2)
    assert sorted(key.state for key in keys(sidecar).values()) == ["active", "revoked"]


def test_a_key_that_can_not_be_opened_any_more_is_replaced_by_a_revocation(
    sidecar: Sidecar, kongsbergregionen: Region
) -> None:
    lost = active_region_key(sidecar, kongsbergregionen.id)
    with sidecar.transaction() as db:
        region_keys.find_key(db, lost.kid).private = b"sealed by a key that is lost"
    with pytest.raises(WrongKeyError):
        sign(sidecar, kongsbergregionen.id, b"card", PURPOSE)
    assert revoke_key(sidecar, lost.kid, reason="keys lost").kid != lost.kid
    assert sign(sidecar, kongsbergregionen.id, b"card", PURPOSE)
