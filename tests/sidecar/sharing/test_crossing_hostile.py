"""What another region may not say of completions is refused with the reason, record by record, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from sidecar import privacy
from sidecar.core import crossing_sent
from sidecar.core.access import operator_at_the_console
from sidecar.core.courses import Course
from sidecar.core.crossing_agreements import ExchangeAgreement, end_agreement
from sidecar.core.crossing_received import CrossingReceived
from sidecar.core.crossing_sent import Answer, CrossingSent
from sidecar.core.data_subjects import of_key
from sidecar.core.evidence import Evidence
from sidecar.core.outbox import TryLater
from sidecar.core.path_contents import canonical
from sidecar.core.people import Employment
from sidecar.sharing import crossing_hearing, reaching
from sidecar.sharing.crossing_wire import RECORDS, TYP, records_body
from sidecar.sharing.region_signing import sign
from sidecar.sharing.signed_requests import Caller
from tests.fakes.two_regions import Sent
from tests.sidecar.sharing.crossing import HADSEL, SORTLAND, Crossing

RECORD_ID = "a" * 32


@dataclass
class Liar:
    """Speaks for the region here, and says what it likes."""

    crossing: Crossing

    def record(self, **changed: Any) -> dict[str, Any]:  # noqa: ANN401
        regions = self.crossing.regions
        address = regions.here.address
        course: dict[str, Any] = {"title": "Brannvern", "language": "nb", "minutes": None}
        course |= {"validity_months": None, "validity_window": None, "renewal_days": 90}
        return {
            "iss": address,
            "aud": regions.there.address,
            "provider": address,
            "record_id": RECORD_ID,
            "seq": 1,
            "status": "completed",
            "municipality_orgnr": SORTLAND,
            "employee_ref": "77",
            "course_id": f"{address}/courses/brann",
            "course": course,
            "completed_at": "2026-09-03T10:00:00Z",
            "score": 0.5,
            "evidence_kind": "e-learning",
        } | changed

    def say(self, *records: dict[str, Any]) -> list[Answer]:
        """Say records, signed as they must be; return what the other side answers."""
        here = self.crossing.regions.here
        tokens = [sign(here.sidecar, here.region_id, canonical(one), TYP) for one in records]
        there = self.crossing.regions.there
        caller = Caller(there.region_id, there.peer(here).id)
        return crossing_hearing.hear(there.sidecar, caller, records_body(tokens))

    def code(self, **changed: Any) -> str | None:  # noqa: ANN401
        (answer,) = self.say(self.record(**changed))
        return answer.code

    def send(self, body: bytes) -> tuple[int, str]:
        """Send a body over the wire; return status and code."""
        here = self.crossing.regions.here
        answer = reaching.call(here.sidecar, here.peer(self.crossing.regions.there).id, "POST", RECORDS, body)
        return answer.status, json.loads(answer.body)["error"]["code"]


@pytest.fixture
def liar(crossing: Crossing) -> Liar:
    crossing.there.folk.person(crossing.there.municipality.id, "77")
    return Liar(crossing)


def test_what_is_right_is_taken(liar: Liar) -> None:
    assert liar.say(liar.record()) == [Answer(RECORD_ID, 1, "counted", None)]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"iss": "https://ostfold.example.no/exchange/ostfold"}, "crossing-not-theirs"),
        ({"provider": "https://ostfold.example.no/exchange/ostfold"}, "crossing-not-theirs"),
        ({"provider": None}, "crossing-not-theirs"),
        ({"aud": "https://ostfold.example.no/exchange/ostfold"}, "crossing-not-for-us"),
        ({"municipality_orgnr": HADSEL}, "crossing-no-employer"),
        ({"municipality_orgnr": "942402465"}, "crossing-no-employer"),
        ({"municipality_orgnr": "12"}, "crossing-unreadable"),
        ({"employee_ref": ""}, "crossing-unreadable"),
        ({"employee_ref": "7\u202e7"}, "crossing-unreadable"),
        ({"completed_at": "2026-09-15T08:00:31Z"}, "crossing-future"),
        ({"completed_at": "2026-09-03T10:00:00"}, "crossing-unreadable"),
        ({"completed_at": "1900-09-03T10:00:00Z"}, "crossing-unreadable"),
        ({"completed_at": 7}, "crossing-unreadable"),
        ({"score": 1.5}, "crossing-unreadable"),
        ({"score": True}, "crossing-unreadable"),
        ({"seq": 0}, "crossing-unreadable"),
        ({"seq": 2**40}, "crossing-unreadable"),
        ({"seq": "1"}, "crossing-unreadable"),
        ({"status": "perhaps"}, "crossing-unreadable"),
        ({"status": ["completed"]}, "crossing-unreadable"),
        ({"evidence_kind": "rumour"}, "crossing-unreadable"),
        ({"course_id": "brann"}, "crossing-unreadable"),
        ({"course_id": "javascript:alert(1)/exchange/a/courses/brann"}, "crossing-unreadable"),
        ({"course_id": "https://vesteralen.example.no/exchange/vesteralen/courses/finnes-ikke"}, "crossing-course"),
        ({"course": None}, "crossing-unreadable"),
        ({"course": {"title": ""}}, "crossing-unreadable"),
        ({"course": {"title": "x" * 501}}, "crossing-unreadable"),
        ({"course": {"title": "Brann", "validity_months": 0}}, "crossing-unreadable"),
        ({"course": {"title": "Brann", "validity_months": 12, "validity_window": "02-30"}}, "crossing-unreadable"),
    ],
)
def test_what_may_not_be_said_is_refused_with_the_reason(liar: Liar, changed: dict[str, Any], code: str) -> None:
    assert liar.code(**changed) == code
    assert (liar.crossing.there.count(Evidence), liar.crossing.there.count(Course)) == (0, 0)
    assert liar.crossing.there.count(CrossingReceived) == 0


def test_one_bad_record_takes_no_other_with_it(liar: Liar) -> None:
    good, bad = liar.record(), liar.record(record_id="b" * 32, score=-1)
    assert [one.state for one in liar.say(bad, good)] == ["refused", "counted"]


def test_a_record_that_is_none_is_refused(liar: Liar) -> None:
    here, there = liar.crossing.regions.here, liar.crossing.regions.there
    tokens = [sign(here.sidecar, here.region_id, one, TYP) for one in (b"[]", b"no", b"[" * 50_000)]
    answers = crossing_hearing.hear(
        there.sidecar, Caller(there.region_id, there.peer(here).id), records_body(tokens[:2])
    )
    assert [(one.record_id, one.code) for one in answers] == [("", "crossing-unreadable")] * 2
    (answer,) = crossing_hearing.hear(
        there.sidecar, Caller(there.region_id, there.peer(here).id), records_body(tokens[2:])
    )
    assert answer.code == "crossing-unreadable"


def test_a_record_that_is_not_in_the_one_form_is_refused(liar: Liar) -> None:
    """Names out of order or twice, or a number written otherwise: two readers could read it differently."""
    here, there = liar.crossing.regions.here, liar.crossing.regions.there
    good = canonical(liar.record())
    others = [
        json.dumps(liar.record(), sort_keys=True).encode(),
        good.replace(b'"score":0.5', b'"score":0.1,"score":0.5'),
        good.replace(b'"score":0.5', b'"score":0.50'),
    ]
    tokens = [sign(here.sidecar, here.region_id, one, TYP) for one in others]
    answers = crossing_hearing.hear(there.sidecar, Caller(there.region_id, there.peer(here).id), records_body(tokens))
    assert [one.code for one in answers] == ["crossing-unreadable"] * 3


@pytest.mark.parametrize("case", ["missing", "ended"])
def test_without_an_agreement_nothing_is_taken(liar: Liar, case: str) -> None:
    there = liar.crossing.there
    (agreement,) = there.all(ExchangeAgreement)
    with there.sidecar.transaction() as db:
        if case == "missing":
            db.delete(db.get_one(ExchangeAgreement, agreement.id))
        else:
            now, today = there.sidecar.now(), there.sidecar.today()
            end_agreement(db, there.office.viewer, agreement.id, now=now, today=today)
    assert liar.code() == {"missing": "crossing-no-agreement", "ended": "crossing-agreement-ended"}[case]
    assert there.count(Evidence) == 0


def test_a_replay_has_no_further_effect(liar: Liar) -> None:
    first, again = liar.say(liar.record()), liar.say(liar.record())
    assert first == again
    assert liar.crossing.there.count(Evidence) == 1


def test_a_request_that_is_repeated_is_refused(crossing: Crossing) -> None:
    crossing.earn(crossing.here.course())
    crossing.name()
    crossing.tell()
    wire = crossing.regions.wire
    (sent,) = [one for one in wire.sent if one.url.endswith(RECORDS)]
    assert wire(sent.method, sent.url, headers=sent.headers, body=sent.body).status == 401


def test_a_revision_that_is_rolled_back_is_refused(liar: Liar) -> None:
    liar.say(liar.record(seq=3, score=0.9))
    assert liar.code(seq=2, score=0.1) == "crossing-rolled-back"
    assert liar.code(seq=3, score=0.1) == "crossing-changed"
    assert [one.score for one in liar.crossing.counted()] == [0.9]


def test_what_was_taken_back_does_not_come_back_by_an_older_record(liar: Liar) -> None:
    liar.say(liar.record())
    liar.say(liar.record(seq=2, status="withdrawn"))
    assert liar.code(seq=1) == "crossing-rolled-back"
    assert liar.crossing.counted() == []


def test_a_record_stays_about_one_employee(liar: Liar) -> None:
    liar.say(liar.record())
    assert liar.code(seq=2, employee_ref="78") == "crossing-other-employee"


def test_ten_thousand_records_at_once_are_refused_as_a_whole(liar: Liar) -> None:
    status, code = liar.send(records_body(["x"] * 10_000))
    assert (status, code) == (400, "crossing-too-many")
    status, code = liar.send(records_body(["x" * 1024] * 10_000))
    assert (status, code) == (413, "http-413")


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"records":[1]}', b'{"records":{}}', b'{"records": []}'])
def test_a_body_that_is_none_is_refused(liar: Liar, body: bytes) -> None:
    assert liar.send(body)[0] == 400


def test_ten_thousand_records_are_sent_a_hundred_at_a_time(crossing: Crossing, monkeypatch: pytest.MonkeyPatch) -> None:
    here, peer_id = crossing.here, crossing.here.office.peer(crossing.there.office).id
    rows = [
        {
            "id": f"{number:032x}",
            "peer_id": peer_id,
            "org_number": SORTLAND,
            "record": {"status": "erased"},
            "revision": 2,
            "state": "unanswered",
            "written_at": here.sidecar.now(),
        }
        for number in range(10_000)
    ]
    with here.sidecar.transaction() as db:
        db.execute(insert(CrossingSent), rows)
    asked: list[int] = []

    def hear(_sidecar: object, _peer: str, _method: str, _suffix: str, body: bytes) -> reaching.Answer:
        tokens = json.loads(body)["records"]
        asked.append(len(tokens))
        taken = [token.split(":") for token in tokens]
        receipts = [{"record_id": key, "revision": int(n), "state": "removed", "code": None} for key, n in taken]
        return reaching.Answer(200, canonical({"receipts": receipts}))

    def name(_private: object, _kid: str, payload: bytes, _typ: str) -> str:
        said = json.loads(payload)
        return f"{said['record_id']}:{said['seq']}"

    monkeypatch.setattr("sidecar.sharing.crossing_telling.make_signature", name)
    monkeypatch.setattr("sidecar.sharing.crossing_telling.reaching.call", hear)
    crossing.tell()
    assert asked == [100] * 100
    assert not [one for one in here.all(CrossingSent) if one.record is not None]


def test_what_another_signed_is_not_taken(liar: Liar) -> None:
    """It refuses the whole request: perhaps a new key of the caller is not known here yet."""
    there, here = liar.crossing.regions.there, liar.crossing.regions.here
    token = sign(there.sidecar, there.region_id, canonical(liar.record()), TYP)
    with pytest.raises(TryLater, match="signed-by-unknown-key"):
        liar.send(records_body([token]))
    token = sign(here.sidecar, here.region_id, canonical(liar.record()), "laeringslop-feed")
    with pytest.raises(TryLater, match="signature-other-purpose"):
        liar.send(records_body([token]))


def test_who_was_erased_here_is_not_brought_back(liar: Liar) -> None:
    there = liar.crossing.there
    liar.say(liar.record())
    _erase(liar.crossing.there.sidecar, "sortland/77")
    received = liar.crossing.received()
    assert (received.state, received.employee_ref, received.evidence_id) == ("removed", None, None)
    assert liar.code(seq=2, score=0.9) == "crossing-not-taken"
    assert liar.code(record_id="b" * 32) == "crossing-not-taken"
    there.folk.person(there.municipality.id, "77", "Ny Ansatt")
    assert liar.code(record_id="b" * 32) == "crossing-not-taken"
    liar.crossing.regions.clock.advance(days=2)
    later = (there.sidecar.now() - timedelta(days=1)).isoformat()
    assert liar.code(record_id="c" * 32, completed_at=later) is None


def test_what_waits_for_who_is_erased_goes_too(liar: Liar) -> None:
    there = liar.crossing.there
    (work,) = there.all(Employment)
    there.change(Employment, work.id, ended_on=there.sidecar.today() - timedelta(days=100))
    liar.say(liar.record())
    assert liar.crossing.received().state == "waiting"
    _erase(there.sidecar, "sortland/77")
    assert (liar.crossing.received().state, liar.crossing.received().document) == ("removed", None)


def test_an_erasure_is_told_and_leaves_nothing_on_either_side(crossing: Crossing) -> None:
    crossing.there.folk.person(crossing.there.municipality.id, "77-hemmelig")
    crossing.earn(crossing.here.course(), score=0.8)
    crossing.name("77-hemmelig")
    crossing.tell()
    _erase(crossing.here.sidecar, "kongsberg/1")
    sent = crossing.sent()
    assert (sent.employee_ref, sent.completion_id, sent.record) == (None, None, {"status": "erased"})
    crossing.tell()
    assert (crossing.there.count(Evidence), crossing.counted()) == (0, [])
    assert (crossing.sent().state, crossing.received().state) == ("removed", "removed")
    assert (crossing.received().employee_ref, crossing.received().document) == (None, None)


@pytest.mark.parametrize(
    "change",
    [
        lambda receipts: [],
        lambda receipts: [receipts[0] | {"record_id": "f" * 32}],
        lambda receipts: [receipts[0] | {"revision": 7}],
        lambda receipts: [receipts[0] | {"state": "lovely"}],
        lambda receipts: [receipts[0] | {"code": "<script>"}],
        lambda receipts: "all well",
    ],
)
def test_an_answer_that_is_none_leaves_it_to_be_told(crossing: Crossing, change: Callable[[Any], Any]) -> None:
    crossing.earn(crossing.here.course())
    crossing.name()

    def lie(sent: Sent, answer: Any) -> Any:  # noqa: ANN401
        if not sent.url.endswith(RECORDS):
            return answer
        body = json.loads(answer.body)
        return type(answer)(200, {}, canonical({"receipts": change(body["receipts"])}))

    crossing.regions.wire.on_answer = lie
    with pytest.raises(TryLater):
        crossing.tell()
    assert crossing.sent().record is not None


def test_receipts_for_what_is_not_theirs_change_nothing(crossing: Crossing) -> None:
    crossing.earn(crossing.here.course())
    crossing.name()
    crossing.tell()
    sent = crossing.sent()
    here = crossing.regions.here
    answers = [{"record_id": sent.id, "revision": 9, "state": "refused", "code": "x"}]
    answers += [{"record_id": "f" * 32, "revision": 1, "state": "refused", "code": "x"}]
    caller = Caller(here.region_id, here.peer(crossing.regions.there).id)
    assert crossing_hearing.hear_receipts(here.sidecar, caller, canonical({"receipts": answers})) == 0
    with here.sidecar.transaction() as db:
        stranger = [Answer(sent.id, sent.revision, "refused", "x")]
        assert crossing_sent.note_answers(db, "0" * 32, stranger, here.sidecar.now()) == 0
    assert crossing.sent().state == "waiting"


def test_what_the_other_side_was_not_ready_for_is_told_again_a_day_later(crossing: Crossing) -> None:
    (agreement,) = crossing.there.all(ExchangeAgreement)
    with crossing.there.sidecar.transaction() as db:
        db.delete(db.get_one(ExchangeAgreement, agreement.id))
    crossing.earn(crossing.here.course())
    crossing.name()
    crossing.tell()
    assert (crossing.sent().state, crossing.sent().code) == ("refused", "crossing-no-agreement")
    crossing.there.agree(crossing.here.office)
    crossing.tell()
    assert crossing.sent().state == "refused"
    crossing.pass_days(2)
    crossing.tell()
    assert crossing.sent().state == "waiting"


def _erase(sidecar: Any, key: str) -> None:  # noqa: ANN401
    with sidecar.reading() as db:
        subject = of_key(db, operator_at_the_console(), key)
    privacy.erase(sidecar, operator_at_the_console(), subject)
