"""A request is answered once, for who signed it, where and when it was meant to go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from limits import RateLimitItemPerMinute
from sqlalchemy import func, select

from sidecar.core import peers, retention
from sidecar.core.path_contents import canonical
from sidecar.core.seen_requests import SeenRequest
from sidecar.sharing import region_signing
from sidecar.sharing.json_texts import read_unproven
from sidecar.sharing.region_signing import sign
from sidecar.sharing.signatures import Typ
from sidecar.sharing.signed_requests import Asked, make_proof
from sidecar.web import limits
from tests.fakes.two_regions import Office, TwoRegions

Claims = dict[str, Any]


@pytest.fixture
def two(two_regions: TwoRegions) -> TwoRegions:
    two_regions.trust_each_other()
    return two_regions


@pytest.fixture
def client(two: TwoRegions) -> FlaskClient:
    """Of the other region's application."""
    return two.there.app.test_client()


def url(two: TwoRegions, suffix: str = "/feed?after=0") -> str:
    return f"{two.there.address}{suffix}"


def proof(two: TwoRegions, suffix: str = "/feed?after=0", *, office: Office | None = None) -> str:
    who = office or two.here
    return make_proof(who.sidecar, who.region_id, two.there.address, Asked("GET", url(two, suffix)))


def forged(two: TwoRegions, change: Callable[[Claims], object], typ: Typ = "laeringslop-request") -> str:
    claims = read_unproven(proof(two).split(" ")[1])
    change(claims)
    return f"Region {sign(two.here.sidecar, two.here.region_id, canonical(claims), typ)}"


def ask(client: FlaskClient, authorization: str, path: str = "/exchange/vesteralen/feed?after=0") -> tuple[int, str]:
    answer = client.get(path, headers={"Authorization": authorization})
    return answer.status_code, answer.get_json().get("error", {}).get("code", "")


def test_a_signed_request_is_answered(two: TwoRegions, client: FlaskClient) -> None:
    assert ask(client, proof(two)) == (200, "")


@pytest.mark.parametrize(
    "authorization", ["", "Region", "Region ", "Bearer x", "Region a.b", "Region ...", "Region é.b.c"]
)
def test_what_is_not_signed_is_refused(client: FlaskClient, authorization: str) -> None:
    assert ask(client, authorization) == (401, "exchange-unsigned")


def test_a_request_is_answered_once(two: TwoRegions, client: FlaskClient) -> None:
    once = proof(two)
    assert ask(client, once)[0] == 200
    assert ask(client, once) == (401, "exchange-repeated")
    two.clock.advance(seconds=89)
    assert ask(client, once) == (401, "exchange-repeated")
    two.clock.advance(seconds=60)
    assert ask(client, once) == (401, "exchange-clocks-differ")


def test_a_request_is_for_one_region(two: TwoRegions, client: FlaskClient) -> None:
    other = forged(two, lambda claims: claims.update(aud="https://x.example.no/exchange/vesteralen"))
    assert ask(client, other) == (401, "exchange-misdirected")
    assert ask(client, proof(two), "/exchange/kongsbergregionen/feed?after=0") == (401, "exchange-caller-unknown")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"htm": "POST"}, "method"),
        ({"htu": "https://vesteralen.example.no/x"}, "address"),
        ({"digest": "x"}, "content"),
    ],
)
def test_what_came_is_what_was_signed(two: TwoRegions, client: FlaskClient, change: dict[str, str], what: str) -> None:
    answer = client.get(
        "/exchange/vesteralen/feed?after=0",
        headers={"Authorization": forged(two, lambda claims: claims.update(change))},
    )
    assert answer.status_code == 401
    error = answer.get_json()["error"]
    assert (error["code"], error["facts"]) == ("exchange-changed", {"what": what})


def test_the_query_is_signed_too(two: TwoRegions, client: FlaskClient) -> None:
    assert ask(client, proof(two), "/exchange/vesteralen/feed?after=7") == (401, "exchange-changed")


def test_a_body_that_was_not_signed_is_refused(two: TwoRegions, client: FlaskClient) -> None:
    answer = client.get("/exchange/vesteralen/feed?after=0", headers={"Authorization": proof(two)}, data=b"x")
    assert answer.get_json()["error"]["code"] == "exchange-changed"


@pytest.mark.parametrize("seconds", [-31, 91])
def test_clocks_that_differ_are_told_plainly(two: TwoRegions, client: FlaskClient, seconds: int) -> None:
    made = proof(two)
    two.clock.advance(seconds=seconds)
    answer = client.get("/exchange/vesteralen/feed?after=0", headers={"Authorization": made})
    error = answer.get_json()["error"]
    assert error["code"] == "exchange-clocks-differ"
    assert error["facts"]["signed_at"] == "2026-09-15T08:00:00+00:00"
    assert error["facts"]["came_at"] == two.clock().isoformat(timespec="seconds")


@pytest.mark.parametrize("seconds", [-29, 89])
def test_clocks_may_differ_a_little(two: TwoRegions, client: FlaskClient, seconds: int) -> None:
    made = proof(two)
    two.clock.advance(seconds=seconds)
    assert ask(client, made) == (200, "")


def test_nobody_signs_for_longer_than_a_minute(two: TwoRegions, client: FlaskClient) -> None:
    made = forged(two, lambda claims: claims.update(exp=claims["iat"] + 3600))
    two.clock.advance(seconds=91)
    assert ask(client, made) == (401, "exchange-clocks-differ")


@pytest.mark.parametrize(
    "change",
    [
        {"iat": "1"},
        {"iat": 10**20},
        {"iat": -62_135_596_800},
        {"iat": 253_402_300_799},
        {"exp": None},
        {"jti": "x"},
        {"jti": 1},
        {"jti": "a" * 65},
        {"aud": 7},
        {"iat": True},
    ],
    ids=str,
)
def test_claims_that_are_none_are_refused(two: TwoRegions, client: FlaskClient, change: Claims) -> None:
    assert ask(client, forged(two, lambda claims: claims.update(change)))[0] == 401


def test_a_signature_for_another_purpose_counts_for_nothing(two: TwoRegions, client: FlaskClient) -> None:
    made = forged(two, lambda claims: None, "laeringslop-feed")
    assert ask(client, made) == (401, "signature-other-purpose")


def test_a_region_speaks_for_itself_only(two: TwoRegions, client: FlaskClient) -> None:
    stranger = forged(two, lambda claims: claims.update(iss="https://x.example.no/exchange/x"))
    assert ask(client, stranger) == (401, "exchange-caller-unknown")
    assert ask(client, proof(two, office=two.there)) == (401, "exchange-caller-unknown")


def test_a_region_that_is_blocked_is_not_answered(two: TwoRegions, client: FlaskClient) -> None:
    with two.there.sidecar.transaction() as db:
        peer = peers.find_peer(db, two.there.viewer, two.here.address)
        peers.block(db, two.there.viewer, peer, two.clock())
    assert ask(client, proof(two)) == (401, "exchange-caller-unknown")


def test_a_revoked_key_signs_nothing_more(two: TwoRegions, client: FlaskClient) -> None:
    made = proof(two)
    kid = region_signing.active_region_key(two.here.sidecar, two.here.region_id).kid
    with two.there.sidecar.transaction() as db:
        peers.revoke_key(db, two.there.peer(two.here).id, kid, two.clock() + timedelta(hours=1))
    assert ask(client, made) == (401, "signed-by-unknown-key")


def test_a_body_that_is_too_large_is_not_read(two: TwoRegions, client: FlaskClient) -> None:
    answer = client.post("/exchange/vesteralen/invitations", data=b"x" * 70_000, headers={"Authorization": proof(two)})
    assert answer.status_code == 413
    assert answer.get_json()["error"]["code"] == "http-413"


def test_what_one_region_may_ask_is_bounded(
    two: TwoRegions, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "EXCHANGE_REQUESTS", RateLimitItemPerMinute(3, namespace="few"))
    assert [ask(client, proof(two))[0] for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize("ends_in_s", [60, 10**11, 10**20])
def test_old_requests_are_forgotten(two: TwoRegions, client: FlaskClient, ends_in_s: int) -> None:
    assert ask(client, forged(two, lambda claims: claims.update(exp=claims["iat"] + ends_in_s))) == (200, "")
    two.clock.advance(minutes=2)
    (sweep,) = [one for one in retention.SWEEPS if one.name == "seen_requests"]
    with two.there.sidecar.transaction() as db:
        assert retention.sweep(db, sweep, two.there.sidecar.now(), 10) == 1
        assert db.scalar(select(func.count()).select_from(SeenRequest)) == 0
