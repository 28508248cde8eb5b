"""Who may ask to be erased, who answers, and what becomes of the wish."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from sidecar import privacy
from sidecar.core import erasure_reminders, erasure_requests, merging, retention
from sidecar.core.access import Viewer, for_municipality, operator_at_the_console
from sidecar.core.audit import AuditEntry
from sidecar.core.courses import Course
from sidecar.core.data_subjects import of_identity, of_key
from sidecar.core.erasure_requests import RequestAnsweredError
from sidecar.core.municipalities import Municipality
from sidecar.core.own_wishes import ErasureRequest, SharingConsent
from sidecar.core.people import Identity
from sidecar.core.regions import join
from sidecar.core.short_texts import TextTooLongError
from sidecar.core.staff import Scope, grant, identity_named
from sidecar.errors import InvalidInputError, NotFoundError
from sidecar.runtime import Sidecar
from tests.fakes.statements import counting
from tests.sidecar.core.folk import Folk

OPERATOR = operator_at_the_console()


@pytest.fixture
def folk(sidecar: Sidecar) -> Folk:
    return Folk(sidecar)


def ask(sidecar: Sidecar, account: str) -> str:
    with sidecar.transaction() as db:
        return erasure_requests.ask(db, of_identity(db, account), identity_id=account, now=sidecar.now()).id


def waiting(sidecar: Sidecar, viewer: Viewer = OPERATOR) -> list[str]:
    with sidecar.reading() as db:
        found = [line.request.id for line in erasure_requests.list_waiting(db, viewer)]
        assert erasure_requests.count_waiting(db, viewer) == len(found)
        return found


def outcomes(sidecar: Sidecar) -> list[str | None]:
    with sidecar.reading() as db:
        return list(db.scalars(select(ErasureRequest.outcome).order_by(ErasureRequest.asked_at)))


def test_a_list_comes_in_pages_and_asks_as_much_for_many_as_for_few(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure_requests, "PAGE_SIZE", 3)
    asked = []
    for number in range(4):
        ask(sidecar, folk.account(folk.person(kongsberg.id, f"{number}", f"Kari {number}"), f"kari-{number}"))
        with counting(sidecar) as said, sidecar.reading() as db:
            page = erasure_requests.page_waiting(db, OPERATOR)
        asked.append(len(said))
    assert len(set(asked)) == 1
    with sidecar.reading() as db:
        (last,) = erasure_requests.page_waiting(db, OPERATOR, 7).lines
    assert (page.total, page.pages, len(page.lines)) == (4, 2, 3)
    assert {one.employee_number for line in (*page.lines, last) for one in line.workplaces} == {"0", "1", "2", "3"}
    assert {line.name for line in (*page.lines, last)} == {"Kari 0", "Kari 1", "Kari 2", "Kari 3"}


def office(*municipalities: Municipality) -> Viewer:
    ids = frozenset(one.id for one in municipalities)
    return Viewer("rkk", frozenset({"rkk"}), municipality_ids=ids, rkk_for=ids)


def test_a_wish_waits_once_and_is_taken_back_till_it_is_answered(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality
) -> None:
    account = folk.account(folk.person(kongsberg.id, "1"), "kari")
    assert ask(sidecar, account) == ask(sidecar, account)
    assert len(waiting(sidecar)) == 1

    def take_back() -> None:
        with sidecar.transaction() as db:
            erasure_requests.take_back(db, of_identity(db, account), identity_id=account, now=sidecar.now())

    take_back()
    assert waiting(sidecar) == []
    with pytest.raises(RequestAnsweredError):
        take_back()
    ask(sidecar, account)
    assert sorted(map(str, outcomes(sidecar))) == ["None", "taken-back"]
    with sidecar.reading() as db:
        acts = db.execute(select(AuditEntry.action, AuditEntry.identity_id).where(AuditEntry.action.like("erasure.%")))
        assert sorted(map(tuple, acts)) == [
            ("erasure.asked", account),
            ("erasure.asked", account),
            ("erasure.taken_back", account),
        ]


def test_who_may_erase_is_who_is_asked(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality
) -> None:
    person = folk.person(kongsberg.id, "1")
    request_id = ask(sidecar, folk.account(person, "kari"))
    for viewer in (for_municipality(kongsberg.id), office(rollag), Viewer()):
        assert waiting(sidecar, viewer) == []
        with sidecar.reading() as db, pytest.raises(NotFoundError):
            erasure_requests.find_waiting(db, viewer, request_id)
    assert waiting(sidecar, office(kongsberg)) == [request_id]
    with sidecar.transaction() as db:
        folk.employ(db, person, rollag.id, "9")
    for viewer in (OPERATOR, office(kongsberg), office(kongsberg, rollag)):
        with sidecar.reading() as db:
            may = privacy.may_erase(viewer, of_key(db, viewer, person))
        assert (waiting(sidecar, viewer) == [request_id]) == may, viewer


def test_who_is_not_placed_is_answered_by_operators(sidecar: Sidecar, folk: Folk, kongsberg: Municipality) -> None:
    account = folk.account(folk.person(kongsberg.id, "1"), "kari")
    with sidecar.transaction() as db:
        db.get_one(Identity, account).person_id = None
    request_id = ask(sidecar, account)
    assert waiting(sidecar, office(kongsberg)) == []
    with sidecar.reading() as db:
        line = erasure_requests.find_waiting(db, OPERATOR, request_id)
    assert (line.subject_id, line.workplaces) == (account, ())


def test_who_was_placed_wrongly_asked_for_nothing_of_that_employee_s(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality
) -> None:
    """An account is moved from one employee to another: the wish is about the second."""
    first, second = folk.person(kongsberg.id, "1", "Kari Feil"), folk.person(kongsberg.id, "2", "Ola Rett")
    account, own = folk.account(first, "ola"), folk.account(first, "kari")
    ask(sidecar, account)
    with sidecar.transaction() as db:
        db.get_one(Identity, account).person_id = second
    with sidecar.reading() as db:
        (line,) = erasure_requests.list_waiting(db, OPERATOR)
        assert (line.name, line.subject_id) == ("Ola Rett", second)
        assert erasure_requests.find_newest(db, of_identity(db, own)) is None


def test_a_refusal_says_why_and_answers_all_of_the_person(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality
) -> None:
    one, other = folk.person(kongsberg.id, "1"), folk.person(kongsberg.id, "2")
    accounts = folk.account(one, "kari"), folk.account(other, "kari-2")
    first, _ = [ask(sidecar, account) for account in accounts]
    bystander = ask(sidecar, folk.account(folk.person(kongsberg.id, "3"), "ola"))
    with sidecar.transaction() as db:
        merging.merge(db, one, other, rule="manual", by=None, now=sidecar.now())
    for reason, problem in (("", InvalidInputError), (" \u200b\n", InvalidInputError), ("x" * 1001, TextTooLongError)):
        with sidecar.transaction() as db, pytest.raises(problem):
            erasure_requests.refuse(db, OPERATOR, first, reason, sidecar.now())
    with sidecar.transaction() as db:
        erasure_requests.refuse(db, OPERATOR, first, "Arkivloven", sidecar.now())
    assert waiting(sidecar) == [bystander]
    for account in accounts:
        with sidecar.reading() as db:
            answered = erasure_requests.find_newest(db, of_identity(db, account))
            assert answered
            assert (answered.outcome, answered.reason) == ("refused", "Arkivloven")
    with sidecar.transaction() as db, pytest.raises(RequestAnsweredError):
        erasure_requests.refuse(db, OPERATOR, first, "Enda en gang", sidecar.now())


def test_an_erasure_answers_the_wish_and_forgets_the_consents(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality
) -> None:
    person = folk.person(kongsberg.id, "1")
    account = folk.account(person, "kari")
    with sidecar.transaction() as db:
        course = Course(key="k", title="K", created_at=sidecar.now())
        db.add(course)
        db.flush()
        now = sidecar.now()
        db.add(SharingConsent(person_id=person, municipality_id=kongsberg.id, course_id=course.id, given_at=now))
    ask(sidecar, account)
    with sidecar.reading() as db:
        subject = of_key(db, OPERATOR, person)
    privacy.erase(sidecar, OPERATOR, subject)
    assert outcomes(sidecar) == ["done"]
    assert waiting(sidecar) == []
    with sidecar.reading() as db:
        assert db.scalars(select(SharingConsent)).all() == []


def test_answers_are_forgotten_after_two_years_and_what_waits_is_not(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality
) -> None:
    first, second = (folk.account(folk.person(kongsberg.id, number), number) for number in "12")
    answered = ask(sidecar, first)
    still = ask(sidecar, second)
    with sidecar.transaction() as db:
        erasure_requests.refuse(db, OPERATOR, answered, "Nei", sidecar.now())
    (sweep,) = [one for one in retention.SWEEPS if one.name == "erasure_requests"]
    for days, gone in ((730, 0), (731, 1)):
        with sidecar.transaction() as db:
            assert retention.sweep(db, sweep, sidecar.now() + timedelta(days=days), 10) == gone
    assert waiting(sidecar) == [still]


def test_a_notice_names_nobody_and_the_office_is_written_to(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality
) -> None:
    request_id = ask(sidecar, folk.account(folk.person(kongsberg.id, "1", "Kari Særnavn"), "kari"))
    with sidecar.transaction() as db:
        join(db, "her", kongsberg.id, sidecar.today())
        join(db, "der", rollag.id, sidecar.today())
        for region in ("her", "der"):
            who = identity_named(db, region, now=sidecar.now())
            who.email = f"{region}@example.no"
            grant(db, who.id, "rkk", Scope(region=region), now=sidecar.now())
    with sidecar.reading() as db:
        (seen,) = erasure_reminders.observe(db)
        assert (seen.subject, seen.facts, seen.municipality_id) == (
            request_id,
            {"employers": "Kongsberg kommune"},
            None,
        )
        told = erasure_reminders.list_keepers(db, request_id, sidecar.now(), sidecar.today(), "nb")
        assert [one.address for one in told] == ["her@example.no"]
    with sidecar.transaction() as db:
        db.execute(delete(ErasureRequest))
        assert list(erasure_reminders.observe(db)) == []
