"""Reports go through a strict SvarUt and Maskinporten, once each, whatever these answer; their fate is told later.

No real SvarUt or Maskinporten has been tried: `tests.fakes.svarut` is made from what they publish.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest

from sidecar.connectors.base import (
    Followable,
    MisconfiguredError,
    Receipt,
    RefusedError,
    RejectedError,
    ReportDelivery,
    UnreachableError,
    set_up,
)
from sidecar.connectors.contract import CSV, KEY, XLSX, ReportDeliveryContract, make_file, make_parcel
from sidecar.connectors.over_http import Fetch
from sidecar.connectors.svarut.connector import SvarUt
from sidecar.connectors.svarut.problems import (
    AccountUnknownError,
    DigitalIdBadError,
    EnvironmentUnknownError,
    IdBadError,
    KeyBadError,
    MaskinportenRefusedError,
    ParcelTooLargeError,
    SvarUtBusyError,
    SvarUtRefusedError,
    SvarUtRejectedError,
    SvarUtUnreachableError,
    SvarUtUnreadableError,
)
from sidecar.connectors.svarut.statuses import REASONS, STAGES
from sidecar.http import GuardedFetch, Limits
from tests.fakes.stubborn import HOW, How, stubborn_server
from tests.fakes.svarut import (
    CLIENT,
    INTEGRASJON,
    KID,
    KONTO,
    PASSORD,
    STATUSES,
    Answer,
    FakeSvarUt,
    make_key,
    running_svarut,
)

SHORT = Limits(read_s=0.5, total_s=1.0, body_bytes=2_000_000)
HTML = Answer(200, b"<html><h1>Vedlikehold</h1></html>", {"Content-Type": "text/html"})
HALF = Answer(200, b'{"id": "0b5d8a2e-1f3c', is_half=True)


@pytest.fixture
def svarut() -> Iterator[FakeSvarUt]:
    with running_svarut() as running:
        yield running


def settings(**more: str) -> dict[str, str]:
    return {
        "konto_id": KONTO,
        "integrasjon_id": INTEGRASJON,
        "integrasjon_passord": PASSORD,
        "client_id": CLIENT,
        "private_key": make_key(),
        "kid": KID,
        "environment": "test",
    } | more


def way_out() -> Fetch:
    return GuardedFetch(("127.0.0.1",), limits=SHORT, pause=lambda _: None)


def open_svarut(svarut: FakeSvarUt, **more: str) -> SvarUt:
    return set_up(SvarUt, settings(**more)).reach_by(svarut.route(way_out()))


class TestSvarUt(ReportDeliveryContract):
    @pytest.fixture(autouse=True)
    def _svarut(self, svarut: FakeSvarUt) -> None:
        self.svarut = svarut

    def channel(self) -> ReportDelivery:
        return open_svarut(self.svarut)

    def arrived(self) -> Sequence[bytes]:
        return [content for sent in self.svarut.sent for content in sent.files]


def test_a_forsendelse_is_as_the_documentation_wants_it(svarut: FakeSvarUt) -> None:
    receipt = open_svarut(svarut).deliver(make_parcel(CSV, XLSX), KEY)
    (sent,) = svarut.sent
    assert receipt == Receipt(sent.id)
    assert sent.told == {
        "tittel": "Fullføringer Kongsberg kommune 2026-09",
        "mottaker": {"navn": "Kongsberg kommune", "digitalId": "942402465"},
        "avgivendeSystem": "Læringsløp sidecar",
        "kunDigitalLevering": True,
        "eksternReferanse": KEY,
        "forsendelsestype": "kompetanserapport",
        "dokumenter": [
            {"filnavn": CSV.name, "mimeType": "text/csv"},
            {"filnavn": XLSX.name, "mimeType": "text/csv"},
        ],
    }


@pytest.mark.parametrize("environment", ["test", "production"])
def test_each_environment_has_its_own_maskinporten(svarut: FakeSvarUt, environment: str) -> None:
    open_svarut(svarut, environment=environment).deliver(make_parcel(CSV), KEY)
    assert svarut.asked == ["token", "find", "send"]


def test_another_receiver_may_be_set(svarut: FakeSvarUt) -> None:
    open_svarut(svarut, digital_id="964950946").deliver(make_parcel(CSV), KEY)
    assert svarut.sent[0].told["mottaker"]["digitalId"] == "964950946"


def test_names_and_titles_are_made_to_fit_always_in_the_same_way(svarut: FakeSvarUt) -> None:
    odd = [
        make_file('a*b:c"d<e>f|g?.csv', b"1"),
        make_file("a_b_c_d_e_f_g_.csv", b"2"),
        make_file("æ" * 300 + ".xlsx", b"3"),
        make_file("æ" * 301 + ".xlsx", b"4"),
        make_file("x." + "y" * 300, b"5"),
    ]
    parcel = replace(make_parcel(*odd), subject="Å\n" * 900)
    names = []
    for key in ("1" * 64, "2" * 64):
        open_svarut(svarut).deliver(parcel, key)
        names.append([one["filnavn"] for one in svarut.sent[-1].told["dokumenter"]])
    assert names[0] == names[1]
    assert names[0][:2] == ["a_b_c_d_e_f_g_.csv", "a_b_c_d_e_f_g_-2.csv"]
    assert [len(name) for name in names[0][2:]] == [226, 226, 226]
    assert names[0][3].endswith("-2.xlsx")
    assert svarut.sent[0].files == [b"1", b"2", b"3", b"4", b"5"]


def test_a_token_is_used_until_shortly_before_it_ends(svarut: FakeSvarUt) -> None:
    channel = open_svarut(svarut)
    channel.check()
    channel.deliver(make_parcel(CSV), KEY)
    assert svarut.asked.count("token") == 1
    svarut.token_lifetime_s = 5  # ends within the margin: asked for anew each time
    short = open_svarut(svarut)
    short.check()
    short.check()
    assert svarut.asked.count("token") == 3


def test_a_token_that_is_not_taken_any_more_is_renewed_once(svarut: FakeSvarUt) -> None:
    channel = open_svarut(svarut)
    channel.check()
    svarut.tokens.clear()
    channel.deliver(make_parcel(CSV), KEY)
    assert (svarut.asked.count("token"), len(svarut.sent)) == (2, 1)
    svarut.instead["find"] = [Answer(401, b"{}"), Answer(401, b"{}")]
    with pytest.raises(SvarUtRefusedError, match="401"):
        channel.find(KEY)


@pytest.mark.parametrize(
    ("wrong", "kind", "base"),
    [
        ({"client_id": "another"}, MaskinportenRefusedError, RefusedError),
        ({"kid": "another"}, MaskinportenRefusedError, RefusedError),
        ({"integrasjon_passord": "another"}, SvarUtRefusedError, RefusedError),
        ({"integrasjon_id": KONTO}, SvarUtRefusedError, RefusedError),
        ({"konto_id": INTEGRASJON}, AccountUnknownError, MisconfiguredError),
        ({"environment": "tset"}, EnvironmentUnknownError, MisconfiguredError),
        ({"private_key": "no key"}, KeyBadError, MisconfiguredError),
    ],
)
def test_what_is_set_wrongly_is_told_as_such(
    svarut: FakeSvarUt, wrong: dict[str, str], kind: type[Exception], base: type[Exception]
) -> None:
    with pytest.raises(kind) as refused:
        open_svarut(svarut, **wrong).check()
    assert isinstance(refused.value, base)
    assert PASSORD not in str(refused.value)
    with pytest.raises(kind):
        open_svarut(svarut, **wrong).deliver(make_parcel(CSV), KEY)
    assert svarut.sent == []


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"konto_id": "../../v1"}, IdBadError),
        ({"integrasjon_id": "x"}, IdBadError),
        ({"digital_id": "942402466"}, DigitalIdBadError),
        ({"environment": "prod"}, EnvironmentUnknownError),
        ({"private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}, KeyBadError),
    ],
)
def test_settings_that_can_not_be_are_refused_at_once(wrong: dict[str, str], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        set_up(SvarUt, settings(**wrong)).prepare()
    set_up(SvarUt, settings()).prepare()


def test_a_key_that_lost_its_line_breaks_in_a_form_is_mended(svarut: FakeSvarUt) -> None:
    open_svarut(svarut, private_key=make_key().replace("\n", " ")).check()


def test_what_svarut_has_is_not_sent_again(svarut: FakeSvarUt) -> None:
    svarut.after["send"] = [HALF]
    with pytest.raises(UnreachableError):
        open_svarut(svarut).deliver(make_parcel(CSV), KEY)
    receipt = open_svarut(svarut).deliver(make_parcel(CSV), KEY)
    assert [sent.id for sent in svarut.sent] == [receipt.reference]


def test_of_two_with_one_reference_the_first_counts(svarut: FakeSvarUt) -> None:
    open_svarut(svarut).deliver(make_parcel(CSV), KEY)
    svarut.sent.append(replace(svarut.sent[0], id=INTEGRASJON))
    assert open_svarut(svarut).find(KEY) == Receipt(svarut.sent[0].id)


def test_what_svarut_refused_may_be_sent_again(svarut: FakeSvarUt) -> None:
    first = open_svarut(svarut).deliver(make_parcel(CSV), KEY)
    svarut.sent[0].status = "AVVIST"
    second = open_svarut(svarut).deliver(make_parcel(CSV), KEY)
    assert first != second
    assert open_svarut(svarut).find(KEY) == second


def test_the_statuses_are_those_that_are_published() -> None:
    assert list(STAGES) == STATUSES
    assert set(REASONS) == {"AVVIST", "IKKE_LEVERT", "MANUELT_HANDTERT"}


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_says_where_it_stands(svarut: FakeSvarUt, status: str) -> None:
    channel = open_svarut(svarut)
    receipt = channel.deliver(make_parcel(CSV), KEY)
    svarut.sent[0].status = status
    assert isinstance(channel, Followable)
    progress = channel.follow(receipt)
    assert progress.stage == STAGES[status]
    assert progress.details["status"] == status
    assert progress.details["changed_at"] == "2026-09-15T10:00:00.000+02:00"
    assert (progress.reason == "") == (progress.stage != "refused")


def test_what_was_taken_and_rejected_later_says_why(svarut: FakeSvarUt) -> None:
    channel = open_svarut(svarut)
    receipt = channel.deliver(make_parcel(CSV), KEY)
    assert channel.follow(receipt).stage == "sent"
    svarut.sent[0].status = "AVVIST"
    svarut.sent[0].events.append("Avvist:\n" + "mottaker kan ikke motta " * 90)
    progress = channel.follow(receipt)
    assert (progress.stage, progress.reason) == ("refused", REASONS["AVVIST"])
    assert progress.details["event"].startswith("Avvist: mottaker kan ikke motta")
    assert len(progress.details["event"]) <= 200
    svarut.instead["events"] = [HTML]
    assert "event" not in channel.follow(receipt).details


def test_a_status_that_is_newer_than_us_waits(svarut: FakeSvarUt) -> None:
    channel = open_svarut(svarut)
    receipt = channel.deliver(make_parcel(CSV), KEY)
    svarut.sent[0].status = "SENDT_NHN"
    assert channel.follow(receipt).stage == "sent"


def test_one_that_svarut_does_not_know_any_more_is_asked_for_again(svarut: FakeSvarUt) -> None:
    with pytest.raises(SvarUtUnreadableError):
        open_svarut(svarut).follow(Receipt(INTEGRASJON))


@pytest.mark.parametrize("operation", ["token", "find", "send"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (HTML, SvarUtUnreadableError),
        (HALF, UnreachableError),
        (Answer(200, b"[]"), SvarUtUnreadableError),
        (Answer(200, b"{}"), SvarUtUnreadableError),
        (Answer(200, b"[" * 100_000), SvarUtUnreadableError),
        (Answer(200, b'{"id": "../x", "forsendelseIds": ["../x"], "access_token": "a b"}'), SvarUtUnreadableError),
        (Answer(500, b"{}"), SvarUtUnreachableError),
        (Answer(302, b"", {"Location": "https://elsewhere.example/"}), SvarUtUnreachableError),
        (Answer(503, b"<html>", {"Retry-After": "77"}), SvarUtBusyError),
        (Answer(429, b"{}"), SvarUtUnreachableError),
        (Answer(200, b" " * 3_000_000), UnreachableError),
    ],
    ids=["html", "half", "list", "empty", "deep", "odd", "500", "302", "503", "429", "huge"],
)
def test_what_can_not_be_read_is_tried_again_and_arrives_once(
    svarut: FakeSvarUt, operation: str, answer: Answer, kind: type[Exception]
) -> None:
    svarut.instead[operation] = [answer] * (3 if operation == "find" else 1)  # a GET that breaks off is tried thrice
    with pytest.raises(kind) as later:
        open_svarut(svarut).deliver(make_parcel(CSV), KEY)
    assert isinstance(later.value, UnreachableError)
    svarut.instead.clear()
    open_svarut(svarut).deliver(make_parcel(CSV), KEY)
    assert len(svarut.sent) == 1


@pytest.mark.parametrize("answer", [HTML, HALF, Answer(200, b'{"statuser": [1]}'), Answer(200, b'{"statuser": []}')])
def test_a_status_that_can_not_be_read_is_asked_for_again(svarut: FakeSvarUt, answer: Answer) -> None:
    channel = open_svarut(svarut)
    receipt = channel.deliver(make_parcel(CSV), KEY)
    svarut.instead["status"] = [answer]
    with pytest.raises(UnreachableError):
        channel.follow(receipt)
    assert channel.follow(receipt).stage == "sent"


def test_what_svarut_will_never_take_says_so_in_its_words(svarut: FakeSvarUt) -> None:
    svarut.instead["send"] = [Answer(400, b'{"message": "Ugyldig\\nmottaker", "status": 400}')]
    with pytest.raises(SvarUtRejectedError, match="Ugyldig mottaker") as rejected:
        open_svarut(svarut).deliver(make_parcel(CSV), KEY)
    assert isinstance(rejected.value, RejectedError)
    svarut.instead["send"] = [Answer(413, b"<html>")]
    with pytest.raises(SvarUtRejectedError, match="413"):
        open_svarut(svarut).deliver(make_parcel(CSV), KEY)


def test_what_is_too_large_is_not_even_tried(svarut: FakeSvarUt) -> None:
    with pytest.raises(ParcelTooLargeError, match="32 MB"):
        open_svarut(svarut).deliver(make_parcel(replace(CSV, size_bytes=32 * 1024 * 1024 + 1)), KEY)
    assert svarut.asked == []


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("step", [lambda c: c.check(), lambda c: c.deliver(make_parcel(CSV), KEY)])
def test_a_stubborn_server_holds_nobody_up(how: How, step: Callable[[SvarUt], object]) -> None:
    with stubborn_server(how) as stubborn:
        fetch = FakeSvarUt(url=stubborn.url).route(way_out())
        with pytest.raises(UnreachableError):
            step(set_up(SvarUt, settings()).reach_by(fetch))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda body: body.replace(b'name="forsendelse"', b'name="metadata"'), "forsendelse"),
        (lambda body: body.replace(b'filename="', b'filename="x', 1), "filer"),
        (lambda body: body.replace(b'"kunDigitalLevering": true', b'"kunDigitalLevering": null'), "kunDigitalLevering"),
        (lambda body: re.sub(rb'"tittel": "[^"]*"', b'"tittel": "' + b"x" * 1001 + b'"', body), "tittel"),
        (lambda body: body.replace(b"fullforinger", b"a?"), "filnavn"),
    ],
)
def test_the_fake_is_strict(svarut: FakeSvarUt, change: Callable[[bytes], bytes], told: str) -> None:
    fetch = svarut.route(way_out())

    def changed(method: str, url: str, *, headers: dict[str, str], body: bytes | None = None) -> object:
        is_sent = "multipart" in headers.get("Content-Type", "")
        return fetch(method, url, headers=headers, body=change(body) if body and is_sent else body)

    with pytest.raises(SvarUtRejectedError, match=told):
        set_up(SvarUt, settings()).reach_by(changed).deliver(make_parcel(CSV), KEY)  # type: ignore[arg-type]  # a test's
