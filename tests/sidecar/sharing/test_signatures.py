"""Signatures of regions: for one purpose, by a trusted key, over these very bytes; and fingerprints to read aloud."""

import json
from base64 import urlsafe_b64encode
from typing import Final

import pytest
from joserfc import jws
from joserfc.jwk import OctKey, OKPKey, RSAKey

from sidecar.sharing.signatures import (
    FingerprintError,
    FreshKey,
    PublicKeyMalformedError,
    SignatureMalformedError,
    SignatureOtherPurposeError,
    SignatureWrongError,
    SignedByUnknownKeyError,
    fingerprint_of,
    generate_key,
    kid_of_fingerprint,
    make_signature,
    read_header,
    read_public_key,
    verify,
)

PURPOSE: Final = "laeringslop-feed"


@pytest.fixture(scope="module")
def key() -> FreshKey:
    return generate_key()


def sign(key: FreshKey, payload: bytes = b"text") -> str:
    return make_signature(key.private_pem, key.kid, payload, PURPOSE)


def forge(header: dict[str, object], payload: bytes = b"text", tail: str = "AAAA") -> str:
    parts = (json.dumps(header).encode(), payload)
    return ".".join([*(urlsafe_b64encode(part).decode().rstrip("=") for part in parts), tail])


def test_what_was_signed_comes_back_with_its_key(key: FreshKey) -> None:
    signed = verify(sign(key), [generate_key().public, key.public], PURPOSE)
    assert (signed.payload, signed.kid) == (b"text", key.kid)


def test_the_same_key_makes_the_same_signature(key: FreshKey) -> None:
    assert sign(key) == sign(key)


def test_a_detached_signature_says_who_made_it_and_needs_what_it_signs(key: FreshKey) -> None:
    token = make_signature(key.private_pem, key.kid, b"file", PURPOSE, beside={"iss": "a", "jwk": dict(key.public)})
    assert verify(token, [key.public], PURPOSE, b"file").payload == b"file"
    assert (read_header(token)["iss"], read_public_key(read_header(token)["jwk"])) == ("a", key.public)
    with pytest.raises(SignatureWrongError):
        verify(token, [key.public], PURPOSE, b"File")
    with pytest.raises(SignatureMalformedError):
        verify(token, [key.public], PURPOSE)
    with pytest.raises(SignatureMalformedError):
        verify(sign(key), [key.public], PURPOSE, b"text")


def test_a_signature_for_another_purpose_is_refused(key: FreshKey) -> None:
    with pytest.raises(SignatureOtherPurposeError) as refused:
        verify(sign(key), [key.public], "laeringslop-bundle")
    assert refused.value.facts == {"found": "laeringslop-feed", "wanted": "laeringslop-bundle"}


def test_a_key_that_is_not_trusted_is_named_by_its_fingerprint(key: FreshKey) -> None:
    with pytest.raises(SignedByUnknownKeyError) as refused:
        verify(sign(key), [generate_key().public], PURPOSE)
    assert refused.value.facts == {"fingerprint": fingerprint_of(key.public)}


def test_every_changed_character_is_noticed(key: FreshKey) -> None:
    token = sign(key)
    start = token.index(".") + 1
    for at in (start, len(token) - 3):
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        with pytest.raises(SignatureWrongError):
            verify(changed, [key.public], PURPOSE)


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256", "EdDSA", None, 7])
def test_no_other_algorithm_is_taken(key: FreshKey, alg: object) -> None:
    with pytest.raises(SignatureMalformedError):
        verify(forge({"alg": alg, "kid": key.kid, "typ": PURPOSE}), [key.public], PURPOSE)


def test_a_public_key_is_no_shared_secret(key: FreshKey) -> None:
    secret = OctKey.import_key(json.dumps(dict(key.public)))
    token = jws.serialize_compact({"alg": "HS256", "kid": key.kid, "typ": PURPOSE}, b"text", secret)
    with pytest.raises(SignatureMalformedError):
        verify(token, [key.public], PURPOSE)


@pytest.mark.parametrize("extra", [{"crit": ["exp"]}, {"b64": False}])
def test_what_asks_to_be_read_otherwise_is_refused(key: FreshKey, extra: dict[str, object]) -> None:
    with pytest.raises(SignatureMalformedError):
        verify(forge({"alg": "Ed25519", "kid": key.kid, "typ": PURPOSE, **extra}), [key.public], PURPOSE)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        "æ.b.c",
        "AAAA.b.c",
        forge({"kid": "short"}),
        forge({"kid": 1}),
        "[" * 9000 + ".b.c",
    ],
)
def test_what_is_no_signature_is_called_so(key: FreshKey, token: str) -> None:
    with pytest.raises(SignatureMalformedError):
        verify(token, [key.public], PURPOSE)


def test_deep_nesting_in_a_header_is_no_accident(key: FreshKey) -> None:
    deep = urlsafe_b64encode(b"[" * 2900).decode()
    with pytest.raises(SignatureMalformedError):
        verify(f"{deep}.b.c", [key.public], PURPOSE)


def test_only_an_ed25519_key_named_by_its_thumbprint_is_a_key(key: FreshKey) -> None:
    assert read_public_key({**key.public, "d": "secret", "more": 1}) == key.public
    others = [
        None,
        "text",
        {},
        {**key.public, "kid": generate_key().kid},
        {**key.public, "x": key.public["x"][:-1]},
        {**key.public, "x": 5},
        {**key.public, "crv": "X25519"},
        OKPKey.generate_key("Ed448", auto_kid=True).as_dict(private=False),
        RSAKey.generate_key(2048, auto_kid=True).as_dict(private=False),
    ]
    for other in others:
        with pytest.raises(PublicKeyMalformedError):
            read_public_key(other)


def test_a_fingerprint_is_read_however_it_is_typed(key: FreshKey) -> None:
    shown = fingerprint_of(key.public)
    assert [len(group) for group in shown.split(" ")] == [4] * 13
    for typed in (shown, shown.lower(), shown.replace(" ", ""), shown.replace(" ", "-"), f" {shown}\n"):
        assert kid_of_fingerprint(typed) == key.kid


@pytest.mark.parametrize("typed", ["", "ABCD", "0189 " * 13, "ABCD " * 12, "ABCD " * 14, "ÆØÅ"])
def test_half_a_fingerprint_is_none(typed: str) -> None:
    with pytest.raises(FingerprintError):
        kid_of_fingerprint(typed)
