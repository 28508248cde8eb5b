"""Platform keys are cached, refreshed and bounded; the tool's own keys are published without their secrets."""

import base64
import json
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import KeySet, RSAKey

from lti.errors import KeysMalformed, KeysUnavailable, KeyUnknown, LaunchError, ServiceUnreachable
from lti.fetching import Response
from lti.keys import JWKS_LIMIT_BYTES, PlatformKeys, generate_key, public_jwks
from tests.fakes.platform import Clock, FakePlatform, make_key

URL = "https://lms.example/jwks"


def answer_keys(*jwks: object, padding: int = 0) -> Response:
    return Response(200, {}, json.dumps({"keys": jwks}).encode() + b" " * padding)


def encode_number(number: int, size_bytes: int | None = None) -> str:
    raw = number.to_bytes(size_bytes or (number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def public(number: int = 1, **changes: object) -> dict[str, Any]:
    jwk = dict(make_key(number).as_dict(private=False)) | changes
    return {name: value for name, value in jwk.items() if value is not None}


def test_keys_are_fetched_once(platform: FakePlatform, keys: PlatformKeys, clock: Clock) -> None:
    for _ in range(5):
        assert keys.find(URL, "key-1").kid == "key-1"
        clock.now += timedelta(minutes=10)
    assert platform.count("/jwks") == 1


@pytest.mark.parametrize(
    ("policy", "kept_s"),
    [
        ("max-age=600", 600),
        ("public, Max-Age=600", 600),
        ("max-age=1", 60),
        ("max-age=99999999", 86400),
        ("no-store, max-age=600", 60),
        ("max-age=soon", 3600),
        ("", 3600),
    ],
)
def test_keys_are_kept_as_long_as_the_platform_says(
    platform: FakePlatform, keys: PlatformKeys, clock: Clock, policy: str, kept_s: int
) -> None:
    platform.jwks_headers = {"cache-control": policy}
    keys.find(URL, "key-1")
    clock.now += timedelta(seconds=kept_s - 1)
    keys.find(URL, "key-1")
    assert platform.count("/jwks") == 1
    clock.now += timedelta(seconds=1)
    keys.find(URL, "key-1")
    assert platform.count("/jwks") == 2


def test_a_rotation_is_noticed_and_the_old_key_forgotten(
    platform: FakePlatform, keys: PlatformKeys, clock: Clock
) -> None:
    keys.find(URL, "key-1")
    platform.rotate_key()
    assert keys.find(URL, "key-2").kid == "key-2"
    with pytest.raises(KeyUnknown):
        keys.find(URL, "key-1")


def test_junk_kids_cause_few_fetches(platform: FakePlatform, keys: PlatformKeys, clock: Clock) -> None:
    for number in range(20):
        with pytest.raises(KeyUnknown) as caught:
            keys.find(URL, f"junk-{number}")
        assert caught.value.kid == f"junk-{number}"
        clock.now += timedelta(seconds=1)
    assert platform.count("/jwks") <= 3


def test_junk_kids_cause_few_fetches_while_the_platform_is_down(platform: FakePlatform, keys: PlatformKeys) -> None:
    platform.down = True
    for number in range(20):
        with pytest.raises(KeysUnavailable) as caught:
            keys.find(URL, f"junk-{number}")
        assert caught.value.facts == {"reason": "timeout"}
    assert platform.count("/jwks") == 3


def test_a_failed_look_takes_no_fresh_keys_away(platform: FakePlatform, keys: PlatformKeys, clock: Clock) -> None:
    keys.find(URL, "key-1")
    clock.now += timedelta(seconds=30)
    platform.down = True
    with pytest.raises(KeyUnknown):
        keys.find(URL, "junk")
    assert keys.find(URL, "key-1").kid == "key-1"


def test_keys_that_are_too_old_are_not_used_while_the_platform_is_down(
    platform: FakePlatform, keys: PlatformKeys, clock: Clock
) -> None:
    keys.find(URL, "key-1")
    clock.now += timedelta(hours=2)
    platform.down = True
    with pytest.raises(KeysUnavailable):
        keys.find(URL, "key-1")
    platform.down = False
    clock.now += timedelta(seconds=15)
    assert keys.find(URL, "key-1").kid == "key-1"


def test_platforms_do_not_share_keys(platform: FakePlatform, keys: PlatformKeys) -> None:
    keys.find(URL, "key-1")
    platform.rotate_key()
    with pytest.raises(KeyUnknown):
        keys.find("https://lms.example/jwks?other", "key-1")


def test_many_threads_cause_one_fetch(platform: FakePlatform, clock: Clock) -> None:
    started, release = threading.Event(), threading.Event()

    def fetch(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        started.set()
        assert release.wait(10)
        return platform.fetch(method, url, headers=headers, body=body)

    keys, found = PlatformKeys(fetch, clock), []
    threads = [threading.Thread(target=lambda: found.append(keys.find(URL, "key-1").kid)) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert started.wait(10)
    release.set()
    for thread in threads:
        thread.join(10)
    assert found == ["key-1"] * 8
    assert platform.count("/jwks") == 1


def test_who_waited_for_a_look_that_failed_asks_not_again(clock: Clock) -> None:
    asked: list[str] = []
    reasons: list[str] = []
    met, everybody = set[int](), threading.Barrier(4)

    def now() -> datetime:
        if (thread := threading.get_ident()) not in met:
            met.add(thread)
            everybody.wait(10)  # nobody looks before all want to
        return clock.now

    def fetch(method: str, url: str, **_: object) -> Response:
        asked.append(url)
        raise ServiceUnreachable(host="lms.example", reason="timeout")

    keys = PlatformKeys(fetch, now)

    def find() -> None:
        with pytest.raises(KeysUnavailable) as caught:
            keys.find(URL, "key-1")
        reasons.append(caught.value.reason)

    threads = [threading.Thread(target=find) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(asked), reasons) == (1, ["timeout"] * 4)


@pytest.mark.parametrize(
    "changes",
    [{"alg": None}, {"use": None}, {"alg": None, "use": None}, {"x5t": "ignored", "e2": 5}],
    ids=["no alg", "no use", "neither", "more members"],
)
def test_plain_keys_are_usable(platform: FakePlatform, keys: PlatformKeys, changes: dict[str, Any]) -> None:
    platform.answers["/jwks"] = answer_keys(public(**changes))
    assert isinstance(keys.find(URL, "key-1"), RSAKey)


USELESS_KEYS: dict[str, object] = {
    "not an object": "key",
    "no kty": public(kty=None),
    "elliptic curve": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "key-1"},
    "symmetric": {"kty": "oct", "k": "c2VjcmV0", "kid": "key-1"},
    "post-quantum": {"kty": "AKP", "alg": "ML-DSA-44", "kid": "key-1"},
    "for encryption": public(use="enc"),
    "use a list": public(use=["sig"]),
    "no kid": public(kid=None),
    "kid a number": public(kid=1),
    "alg a list": public(alg=["RS256"]),
    "no modulus": public(n=None),
    "modulus no base64": public(n="å" * 342),
    "modulus of 1024 bits": public(n=encode_number((1 << 1023) + 1)),
    "modulus of 16384 bits": public(n=encode_number((1 << 16383) + 1)),
    "exponent huge": public(e=encode_number((1 << 400) + 1)),
    "exponent even": public(e="AAAA"),
}


@pytest.mark.parametrize("jwk", USELESS_KEYS.values(), ids=USELESS_KEYS)
def test_useless_keys_are_passed_over(platform: FakePlatform, keys: PlatformKeys, jwk: object) -> None:
    platform.answers["/jwks"] = answer_keys(jwk)
    with pytest.raises(KeysMalformed):
        keys.find(URL, "key-1")


@pytest.mark.parametrize("jwk", USELESS_KEYS.values(), ids=USELESS_KEYS)
def test_a_useless_key_does_not_spoil_the_others(platform: FakePlatform, jwk: object, clock: Clock) -> None:
    platform.answers["/jwks"] = answer_keys(jwk, public(2))
    assert PlatformKeys(platform.fetch, clock).find(URL, "key-2").kid == "key-2"


def test_leading_zeros_make_no_short_key_long(platform: FakePlatform, keys: PlatformKeys) -> None:
    platform.answers["/jwks"] = answer_keys(public(n=encode_number((1 << 1023) + 1, size_bytes=256)))
    with pytest.warns(SecurityWarning), pytest.raises(KeysMalformed):
        keys.find(URL, "key-1")


def test_a_leading_zero_byte_as_java_writes_it_is_fine(platform: FakePlatform, keys: PlatformKeys) -> None:
    modulus = make_key(1).public_key.public_numbers().n
    platform.answers["/jwks"] = answer_keys(public(n=encode_number(modulus, size_bytes=257)))
    assert keys.find(URL, "key-1").public_key.key_size == 2048


MALFORMED = {
    "empty": Response(200, {}, b""),
    "a page": Response(200, {}, b"<!DOCTYPE html><title>Maintenance</title>"),
    "a list": Response(200, {}, b"[]"),
    "no keys": Response(200, {}, b"{}"),
    "keys an object": Response(200, {}, b'{"keys": {}}'),
    "no key": answer_keys(),
    "too many keys": answer_keys(*[public()] * 101),
    "too large": answer_keys(public(), padding=JWKS_LIMIT_BYTES),
    "nested without end": Response(200, {}, b"[" * 100_000),
    "not UTF-8": Response(200, {}, b'{"keys": "\xff"}'),
}


@pytest.mark.parametrize("response", MALFORMED.values(), ids=MALFORMED)
def test_malformed_sets_are_a_clear_error(platform: FakePlatform, keys: PlatformKeys, response: Response) -> None:
    platform.answers["/jwks"] = response
    with pytest.raises(KeysMalformed):
        keys.find(URL, "key-1")


@pytest.mark.parametrize("status", [302, 404, 500])
def test_other_answers_are_a_clear_error(platform: FakePlatform, keys: PlatformKeys, status: int) -> None:
    platform.answers["/jwks"] = Response(status, {"location": "http://10.0.0.1/"}, b"")
    with pytest.raises(KeysUnavailable) as caught:
        keys.find(URL, "key-1")
    assert caught.value.reason == f"status-{status}"
    assert isinstance(caught.value, LaunchError)


def test_own_keys_are_published_without_secrets() -> None:
    ours = [generate_key(), generate_key()]
    jwks = public_jwks(ours)
    assert [jwk["kid"] for jwk in jwks["keys"]] == [key.kid for key in ours]
    for jwk in jwks["keys"]:
        assert jwk.keys() == {"kty", "n", "e", "kid", "use", "alg"}
        assert (jwk["kty"], jwk["use"], jwk["alg"]) == ("RSA", "sig", "RS256")


def test_what_a_new_key_signs_verifies_by_its_publication() -> None:
    key = generate_key()
    assert key.state == "next"
    signed = jwt.encode({"alg": "RS256", "kid": key.kid}, {"sub": "7"}, RSAKey.import_key(key.private_pem))
    jwks: Any = public_jwks([generate_key(), key])
    assert jwt.decode(signed, KeySet.import_key_set(jwks), algorithms=["RS256"]).claims == {"sub": "7"}


def test_a_key_prints_no_secret() -> None:
    assert "PRIVATE" not in repr(generate_key())
