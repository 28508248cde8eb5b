"""What is kept of a refused launch names nobody, whatever the token holds, and stays small."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from lti.claims import LTI
from lti.masking import PERSONAL, ROWS_LIMIT, SHORTEST_TELLING, SHOWN, mask_claims, mask_token
from tests.fakes.platform import FakePlatform

SIZE_LIMIT_BYTES = 64 * 1024


def rows_of(platform: FakePlatform, **changes: Any) -> dict[str, dict[str, str]]:  # noqa: ANN401 (claims)
    rows = mask_token(platform.id_token(**changes))
    assert rows is not None
    return {row["name"]: row for row in rows}


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


def test_what_an_operator_needs_is_shown(platform: FakePlatform) -> None:
    rows = rows_of(platform)
    shown = {name: row["value"] for name, row in rows.items() if "value" in row}
    assert shown["header.kid"] == "key-1"
    assert (shown["iss"], shown["aud"], shown["deployment_id"]) == ("https://lms.example", "client-1", "1")
    assert shown["custom.course"] == "brannvern"
    assert shown["roles"] == "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
    assert shown["lti-ags/claim/endpoint.lineitem"] == "https://lms.example/lineitems/4/lineitem?…"
    assert shown["iat"].isdigit()


def test_of_whom_it_was_about_stands_only_how_long_it_was(platform: FakePlatform) -> None:
    rows = rows_of(platform)
    assert rows["name"] == {"name": "name", "kind": "text", "size": "16"}
    assert rows["lis.person_sourcedid"] == {"name": "lis.person_sourcedid", "kind": "text", "size": "16"}
    assert rows["email"]["size"] == "64"
    assert "value" not in rows["sub"]
    assert "value" not in rows["nonce"]


def test_unknown_claims_and_parameters_are_masked(platform: FakePlatform) -> None:
    rows = rows_of(platform, custom={"course": "brannvern", "lunch": "lefse"}, surprise={"who": "Geir"})
    assert rows["custom.lunch"] == {"name": "custom.lunch", "kind": "text", "size": "16"}
    assert rows["surprise.who"]["kind"] == "text"


def test_a_name_that_an_lms_puts_into_a_shown_claim_is_masked_there_too(platform: FakePlatform) -> None:
    changes: dict[str, Any] = {
        "email": "geir@kongsberg.example.invalid",
        "launch_presentation": {"return_url": "https://lms.example/u/geir%40kongsberg.example.invalid/back?x=1"},
        "custom": {"course": "for-Geir", "geir": "1"},
        "given_name": "Geir",
    }
    rows = mask_token(platform.id_token(**changes))
    assert "geir" not in json.dumps(rows).casefold()


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        "no token",
        "e30.e30.e30.e30",
        "é.é.é",
        "e30." + "W10" + ".e30",
        "x" * 70_000,
        "e30." + "1" * 6000 + ".e30",
    ],
)
def test_what_is_no_token_gives_nothing(token: str) -> None:
    assert not mask_token(token)


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 20_000,
        b'{"a":' * 8_000 + b"1" + b"}" * 8_000,
        b'{"iat": ' + b"9" * 5_000 + b"}",
        b'{"iat": NaN, "exp": Infinity}',
        b"\xff\xfe",
        b'"text"',
    ],
    ids=["lists", "objects", "number", "no numbers", "bytes", "text"],
)
def test_hostile_json_is_harmless(platform: FakePlatform, payload: bytes) -> None:
    rows = mask_token(platform.sign(payload))
    assert len(json.dumps(rows, allow_nan=False)) < SIZE_LIMIT_BYTES


def test_a_token_of_thousands_of_claims_stays_small(platform: FakePlatform) -> None:
    many: dict[str, Any] = {f"claim{n}": "x" * 10 for n in range(600)}
    rows = mask_token(platform.id_token(**many))
    assert rows is not None
    assert len(rows) == ROWS_LIMIT


def test_what_databases_refuse_is_replaced(platform: FakePlatform) -> None:
    rows = rows_of(platform, deployment_id="1\x00\ud800", header={"kid": "a\x00b"})
    assert "\x00" not in json.dumps([row.get("value") for row in rows.values()], ensure_ascii=False)
    assert "\ud800" not in rows["deployment_id"]["value"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
TELLING = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=8, max_size=30).filter(
    lambda text: len(text.strip()) >= SHORTEST_TELLING
)


@given(
    name=st.sampled_from(sorted(PERSONAL)),
    secret=TELLING,
    group=st.sampled_from([None, LTI + "lis", LTI + "ext", "anything"]),
    others=st.dictionaries(st.sampled_from(["/".join(path) for path in SHOWN]) | st.text(max_size=9), JSON, max_size=5),
    echoed=st.sampled_from([path for path in SHOWN if len(path) == 1]),
    form=st.sampled_from(["{}", "https://lms.example/{}/x", "a-{}-b"]),
)
def test_no_value_of_a_personal_claim_ever_appears(
    name: str, secret: str, group: str | None, others: dict[str, Any], echoed: tuple[str, ...], form: str
) -> None:
    marked = f"qz{secret}"  # no name, host or other value holds it by chance
    claims: dict[str, Any] = others | {echoed[0]: form.format(marked)}
    claims |= {group: {name: marked}} if group else {name: marked}
    told = json.dumps(mask_claims(claims), ensure_ascii=False)
    assert marked.casefold() not in told.casefold()


@given(claims=st.dictionaries(st.text(max_size=20), JSON, max_size=20))
def test_anything_is_masked_into_json_that_a_database_takes(claims: dict[str, Any]) -> None:
    told = json.dumps(mask_claims(claims), allow_nan=False, ensure_ascii=False)
    assert len(told) < SIZE_LIMIT_BYTES
    assert "\x00" not in told
    told.encode()


def test_a_personal_claim_is_never_shown() -> None:
    assert [path for path in SHOWN if path[-1] in PERSONAL] == [(LTI + "tool_platform", "name")]


def test_the_key_of_the_token_is_not_needed(platform: FakePlatform) -> None:
    stranger = RSAKey.generate_key(2048)
    assert mask_token(platform.id_token(key=stranger, header={"alg": "RS256"}))
