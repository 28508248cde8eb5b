"""The test of a connection says of each thing that can be wrong what it is, and leaves nothing in the LMS."""

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from lti.fetching import Response
from lti.line_items import SCOPE_LINE_ITEM, SCOPE_LINE_ITEM_READ
from lti.roster import SCOPE_MEMBERS
from sidecar.core.audit import AuditEntry
from sidecar.core.deployments import Deployment
from sidecar.core.launches import Launch, record_failure
from sidecar.core.municipalities import Municipality
from sidecar.core.platform_checks import PlatformCheck, ask_for, is_under_way
from sidecar.core.platforms import Platform, PlatformMunicipality
from sidecar.core.staff import identity_named
from sidecar.errors import ForbiddenAddressError
from sidecar.jobs import HANDLERS, perform_item
from sidecar.language import LANGUAGES
from sidecar.runtime import Sidecar
from sidecar.tool.checking import check_and_keep
from sidecar.tool.checks import bounded
from sidecar.tool.checks.services import SCOPES
from sidecar.tool.checks.steps import is_passed, say_step
from sidecar.tool.checks.texts import MESSAGES
from tests.fakes.clock import FakeClock
from tests.fakes.open_lms import HTML, LINE_ITEMS, OpenLms
from tests.sidecar.tool.checks.causes import CAUSES, Steps


@pytest.mark.usefixtures("launched")
def test_a_sound_connection_passes_every_step(check: Callable[[], Steps], lms: OpenLms) -> None:
    steps = check()
    assert {each.outcome for each in steps.values()} == {"ok"}
    assert list(steps) == [
        "registration-active",
        "deployments-active",
        "municipalities-listed",
        "address-ok",
        "keys-usable",
        "token-granted",
        *SCOPES.values(),
        "own-https",
        "own-keys-ok",
        "clock-ok",
        "line-item-worked",
        "launch-seen",
        "failures-none",
    ]
    assert lms.items == {}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"is_pending": True}, "registration-pending"),
        ({"disabled_at": "now"}, "registration-disabled"),
        ({"removed_at": "now"}, "registration-removed"),
    ],
)
def test_an_lms_that_may_not_launch_is_told_of(
    sidecar: Sidecar, platform_id: str, check: Callable[[], Steps], change: dict[str, object], code: str
) -> None:
    with sidecar.transaction() as db:
        platform = db.get_one(Platform, platform_id)
        for name, value in change.items():
            setattr(platform, name, sidecar.now() if value == "now" else value)
    assert check()[code].outcome == "failed"


def test_deployments_and_municipalities_are_looked_at(
    sidecar: Sidecar, platform_id: str, rollag: Municipality, check: Callable[[], Steps]
) -> None:
    with sidecar.transaction() as db:
        db.add(PlatformMunicipality(platform_id=platform_id, municipality_id=rollag.id))
        for each in db.scalars(select(Deployment)):
            each.state = "pending"
    steps = check()
    assert steps["deployments-none"].outcome == "failed"
    assert steps["deployments-waiting"].facts == {"deployments": "1"}
    assert steps["municipalities-listed"].facts == {"municipalities": "Kongsberg kommune, Rollag kommune"}
    assert steps["municipalities-ambiguous"].outcome == "warning"
    with sidecar.transaction() as db:
        db.query(PlatformMunicipality).delete()
    assert check()["municipalities-none"].outcome == "warning"


@pytest.mark.parametrize("why", CAUSES)
def test_what_is_wrong_with_the_key_set_url_has_its_own_words(
    check: Callable[[], Steps], lms: OpenLms, why: str
) -> None:
    lms.wrong["GET /jwks"] = CAUSES[why]
    found = check()[f"address-{why}"]
    assert (found.outcome, found.facts["what"]) == ("failed", "public keyset URL")
    if why == "redirect":
        assert found.facts["target"] == "https://other.example/x"


@pytest.mark.parametrize("why", CAUSES)
def test_what_is_wrong_with_the_token_url_has_its_own_words(check: Callable[[], Steps], lms: OpenLms, why: str) -> None:
    lms.wrong["POST /token"] = CAUSES[why]
    steps = check()
    code = f"address-{why}"
    assert steps[code].outcome == "failed"
    assert steps["services-skipped"].outcome == "skipped"


@pytest.mark.parametrize("why", sorted(set(CAUSES) - {"redirect", "html", "garbage", "missing"}))
def test_what_is_wrong_with_the_sign_in_url_has_its_own_words(
    check: Callable[[], Steps], lms: OpenLms, why: str
) -> None:
    lms.wrong["GET /auth"] = CAUSES[why]
    assert check()[f"address-{why}"].facts["what"] == "authentication request URL"


def test_an_address_without_https_is_told_apart_from_a_private_one(
    sidecar: Sidecar, platform_id: str, lms: OpenLms, check: Callable[[], Steps]
) -> None:
    with sidecar.transaction() as db:
        db.get_one(Platform, platform_id).jwks_url = "http://lms.example/jwks"
    lms.wrong["GET /jwks"] = ForbiddenAddressError(host="lms.example")
    assert check()["address-unencrypted"].facts["host"] == "lms.example"


@pytest.mark.parametrize(
    "keys",
    [
        {"keys": []},
        {"keys": [{"kty": "EC", "kid": "1"}]},
        {"keys": "none"},
        [],
    ],
)
def test_a_key_set_without_usable_keys_is_told_of(check: Callable[[], Steps], lms: OpenLms, keys: object) -> None:
    lms.wrong["GET /jwks"] = Response(200, {}, json.dumps(keys).encode())
    steps = check()
    assert steps["keys-none"].outcome == "failed"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (0, "clock-ok"),
        (29, "clock-ok"),
        (-29, "clock-ok"),
        (45, "clock-differs"),
        (-45, "clock-differs"),
        (75, "clock-wrong"),
        (-4000, "clock-wrong"),
    ],
)
def test_the_clocks_are_compared(check: Callable[[], Steps], lms: OpenLms, seconds: int, code: str) -> None:
    lms.ahead = timedelta(seconds=seconds)
    assert check()[code].facts["seconds"] == abs(seconds)


def test_no_date_and_a_date_from_a_cache_say_nothing_of_the_clock(check: Callable[[], Steps], lms: OpenLms) -> None:
    lms.ahead = None
    assert "clock-unknown" in check()
    for path in ("GET /auth", "GET /jwks", "POST /token"):
        lms.wrong[path] = Response(200, {"date": "Mon, 01 Jan 2024 00:00:00 GMT", "age": "60"}, b"{}")
    assert "clock-unknown" in check()
    lms.wrong["GET /auth"] = Response(200, {"date": "yesterday"}, b"")
    assert "clock-unknown" in check()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Response(400, {}, b'{"error": "invalid_client"}'), "token-unknown-client"),
        (Response(401, {}, b""), "token-unknown-client"),
        (Response(400, {}, b'{"error": "invalid_scope"}'), "token-no-scope"),
        (Response(400, {}, b"Cannot handle token with iat prior to"), "token-refused"),
        (Response(429, {}, b""), "token-refused"),
        (Response(200, {}, b'{"access_token": 7}'), "address-garbage"),
        (Response(200, {}, b"[]"), "address-garbage"),
    ],
)
def test_a_refused_token_says_what_to_change(
    check: Callable[[], Steps], lms: OpenLms, answer: Response, code: str
) -> None:
    lms.wrong["POST /token"] = answer
    steps = check()
    assert steps[code].outcome == "failed"
    assert steps["services-skipped"].outcome == "skipped"


@pytest.mark.parametrize(("scope", "code"), SCOPES.items())
def test_each_scope_that_is_not_granted_says_what_is_lost(
    check: Callable[[], Steps], lms: OpenLms, scope: str, code: str
) -> None:
    lms.granted = tuple(each for each in SCOPES if each != scope)
    steps = check()
    missing = "scope-lineitem-readonly-unneeded" if code == "scope-lineitem-readonly" else f"{code}-missing"
    assert (missing in steps, code in steps) == (True, False)
    assert sum(each.startswith("scope-") for each in steps) == len(SCOPES)


def test_an_lms_that_refuses_all_scopes_for_one_is_asked_for_each(check: Callable[[], Steps], lms: OpenLms) -> None:
    lms.is_strict, lms.granted = True, tuple(each for each in SCOPES if each != SCOPE_MEMBERS)
    steps = check()
    assert {"scope-roster-missing", "scope-score", "scope-result", "scope-lineitem"} <= set(steps)
    assert lms.count("/token") >= 1 + len(SCOPES)


def test_no_column_is_tried_that_the_launch_did_not_announce(
    sidecar: Sidecar, check: Callable[[], Steps], lms: OpenLms, launched: None
) -> None:
    """As in Open edX, whose tokens allow more."""
    with sidecar.transaction() as db:
        db.query(Launch).update({"ags_scopes": [SCOPE_LINE_ITEM_READ]})
    assert check()["line-item-no-scope"].outcome == "skipped"
    assert lms.count(LINE_ITEMS) == 0


def test_no_column_is_tried_without_leave_or_place(check: Callable[[], Steps], lms: OpenLms) -> None:
    assert check()["line-item-no-place"].outcome == "skipped"
    lms.granted = tuple(each for each in SCOPES if each != SCOPE_LINE_ITEM)
    assert check()["line-item-no-scope"].outcome == "skipped"
    assert not [each for each in lms.requests if LINE_ITEMS in each.url]


@pytest.mark.parametrize(
    ("own", "code"),
    [
        (ForbiddenAddressError(host="sidecar.example.no"), "own-keys-private"),
        (CAUSES["dns"], "own-keys-unseen"),
        (HTML, "own-keys-unseen"),
        (Response(200, {}, b'{"keys": [{"kid": "another"}]}'), "own-keys-differ"),
        (Response(200, {}, b'{"keys": 7}'), "own-keys-differ"),
    ],
)
def test_our_own_keys_are_looked_at_from_outside(
    check: Callable[[], Steps], lms: OpenLms, own: Response | Exception, code: str
) -> None:
    lms.own = own
    assert code in check()


def test_keys_that_neither_we_nor_the_lms_reach_are_a_failure(check: Callable[[], Steps], lms: OpenLms) -> None:
    lms.own, lms.wrong["POST /token"] = CAUSES["dns"], Response(400, {}, b'{"error": "invalid_client"}')
    assert check()["own-keys-unreachable"].facts["reason"] == "its name is not known to DNS"


def test_refused_launches_of_the_last_day_are_counted(
    sidecar: Sidecar, platform_id: str, clock: FakeClock, check: Callable[[], Steps]
) -> None:
    for reference, code in (("OLDOLD00", "token-expired"), ("AAAAAAAA", "claim-missing"), ("BBBBBBBB", "key-unknown")):
        with sidecar.transaction() as db:
            record_failure(db, code, {}, reference=reference, platform_id=platform_id, now=sidecar.now())
        clock.advance(hours=11)
    facts = check()["failures-some"].facts
    assert facts == {"count": 2, "codes": "key-unknown, claim-missing", "reference": "BBBBBBBB"}


@pytest.mark.usefixtures("launched")
@pytest.mark.parametrize("where", ["GET /auth", "GET /jwks", "POST /token", "GET /lineitems", "POST /lineitems"])
def test_a_test_ends_though_the_lms_hangs(
    check: Callable[[], Steps], lms: OpenLms, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "BUDGET_S", 0.4)
    monkeypatch.setattr(bounded.BoundedFetch.__init__, "__kwdefaults__", {"call_s": 0.1})
    monkeypatch.setattr(bounded.BoundedFetch.allow_more, "__defaults__", (0.2,))
    lms.wrong[where] = hanging = threading.Event()
    began = time.monotonic()
    steps = check()
    assert time.monotonic() - began < 15
    hanging.set()
    assert [each for each in steps.values() if each.outcome in ("failed", "warning")]


def test_the_bounds_of_a_test_add_up_to_less_than_a_minute() -> None:
    assert bounded.BUDGET_S + bounded.CALL_S + bounded.CLEANING_S < 60


def test_what_was_found_is_kept_with_who_asked(sidecar: Sidecar, platform_id: str, clock: FakeClock) -> None:
    check_and_keep(sidecar, platform_id)
    with sidecar.transaction() as db:
        kari = identity_named(db, "Kari", now=sidecar.now()).id
        ask_for(db, platform_id, by=kari, now=sidecar.now())
        ask_for(db, platform_id, by="0" * 32, now=sidecar.now())  # one is under way: nothing more happens
    with sidecar.reading() as db:
        assert is_under_way(db, platform_id)
        assert db.get_one(PlatformCheck, platform_id).checked_by is None
        (item_id,) = sidecar.queue.enqueued  # type: ignore[attr-defined]
    clock.advance(minutes=1)
    perform_item(sidecar, item_id, HANDLERS)
    with sidecar.reading() as db:
        kept = db.get_one(PlatformCheck, platform_id)
        assert (kept.checked_by, kept.checked_at) == (kari, clock.time)
        assert is_passed(kept.steps)
        assert not is_under_way(db, platform_id)
        acts = [(each.action, each.identity_id) for each in db.scalars(select(AuditEntry).order_by(AuditEntry.at))]
    assert ("platform.check_requested", kari) in acts
    assert acts[-1] == ("platform.checked", kari)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_step_can_be_said(lang: str) -> None:
    for code, message in MESSAGES.items():
        said = say_step({"code": code, "facts": {}}, lang)
        assert said.count("…") >= message.text.count("{")
        assert "{" not in said


def test_a_step_of_an_older_version_is_said_too() -> None:
    assert say_step({"code": "gone", "facts": {}}, "en").endswith("Test the connection again.")
