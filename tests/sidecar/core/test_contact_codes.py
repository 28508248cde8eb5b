"""A code: six digits, ten minutes, five tries, one alive; nothing of it or of a stranger's address is kept."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from sidecar.core import contact_codes, contacts, retention
from sidecar.core.access import operator_at_the_console
from sidecar.core.contact_codes import ContactCode, WrongCodeError
from sidecar.core.hash_keys import HashKey
from sidecar.core.municipalities import Municipality
from sidecar.core.one_way import hash_secret
from sidecar.core.outbox import OutboxItem
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.core.test_contacts import INGER, add, ask, confirm

OPERATOR = operator_at_the_console()
ADDRESS = "inger@kongsberg.example.no"


@pytest.fixture
def contact(sidecar: Sidecar, kongsberg: Municipality) -> str:
    contact_id = add(sidecar, kongsberg)
    confirm(sidecar, ask(sidecar, contact_id))
    return contact_id


def key_of(sidecar: Sidecar) -> bytes:
    with sidecar.transaction() as db:
        return contact_codes.make_key(db, sidecar.secrets, sidecar.now())


def ask_code(sidecar: Sidecar, address: str = ADDRESS, share: str = "") -> str:
    key = key_of(sidecar)
    with sidecar.transaction() as db:
        return contact_codes.ask(db, key, address, sidecar.now(), share)[0]


def draw(sidecar: Sidecar, browser: str) -> str:
    key = key_of(sidecar)
    with sidecar.transaction() as db:
        hashed = hash_secret(browser)
        code_id = db.scalars(select(ContactCode.id).where(ContactCode.browser_hash == hashed)).one()
        return contact_codes.draw(db, key, code_id, sidecar.now()) or ""


def use(sidecar: Sidecar, browser: str, typed: str) -> str:
    key = key_of(sidecar)
    with sidecar.transaction() as db:
        tried = contact_codes.count_try(db, browser, sidecar.now())
    with sidecar.transaction() as db:
        return contact_codes.use(db, key, tried, typed, sidecar.today()).id


def refused(sidecar: Sidecar, browser: str, typed: str) -> None:
    with pytest.raises(WrongCodeError):
        use(sidecar, browser, typed)


def other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_code_works_once_with_spaces_too(sidecar: Sidecar, contact: str) -> None:
    browser = ask_code(sidecar)
    code = draw(sidecar, browser)
    assert len(code) == 6
    assert code.isdecimal()
    assert use(sidecar, browser, f" {code[:3]} {code[3:]} ") == contact
    refused(sidecar, browser, code)


def test_a_code_lasts_ten_minutes(sidecar: Sidecar, contact: str, clock: FakeClock) -> None:
    browser = ask_code(sidecar)
    code = draw(sidecar, browser)
    clock.advance(minutes=10)
    refused(sidecar, browser, code)


def test_after_five_tries_the_right_code_is_dead(sidecar: Sidecar, contact: str) -> None:
    browser = ask_code(sidecar)
    code = draw(sidecar, browser)
    for _ in range(5):
        refused(sidecar, browser, other(code))
    refused(sidecar, browser, code)


def test_the_fifth_try_may_be_right(sidecar: Sidecar, contact: str) -> None:
    browser = ask_code(sidecar)
    code = draw(sidecar, browser)
    for typed in ("", "abc", "٣" * 6, other(code)):
        refused(sidecar, browser, typed)
    assert use(sidecar, browser, code) == contact


def test_one_code_is_alive_for_an_address(sidecar: Sidecar, contact: str) -> None:
    first = ask_code(sidecar)
    old = draw(sidecar, first)
    second = ask_code(sidecar)
    new = draw(sidecar, second)
    refused(sidecar, first, old)
    refused(sidecar, first, new)
    assert use(sidecar, second, new) == contact


def test_a_stranger_who_asks_ends_no_code_of_the_owner_s_share(sidecar: Sidecar, contact: str) -> None:
    own = ask_code(sidecar, share="browser a")
    code = draw(sidecar, own)
    stranger = ask_code(sidecar)
    refused(sidecar, stranger, code)
    assert use(sidecar, own, code) == contact


def test_a_second_mail_makes_the_first_code_dead(sidecar: Sidecar, contact: str) -> None:
    browser = ask_code(sidecar)
    first = draw(sidecar, browser)
    second = draw(sidecar, browser)
    if first != second:
        refused(sidecar, browser, first)
    assert use(sidecar, browser, second) == contact


def test_a_code_works_in_the_browser_that_asked_alone(sidecar: Sidecar, contact: str) -> None:
    browser = ask_code(sidecar)
    code = draw(sidecar, browser)
    for stranger in ("", "x" * 43):
        refused(sidecar, stranger, code)
    assert use(sidecar, browser, code) == contact


def test_a_code_that_was_never_sent_opens_nothing(sidecar: Sidecar, contact: str) -> None:
    browser = ask_code(sidecar)
    for typed in ("", "000000"):
        refused(sidecar, browser, typed)


def test_a_code_is_not_sent_ten_minutes_late(sidecar: Sidecar, contact: str, clock: FakeClock) -> None:
    browser = ask_code(sidecar)
    clock.advance(minutes=10)
    assert draw(sidecar, browser) == ""


def test_a_contact_who_ended_meanwhile_stays_out(sidecar: Sidecar, contact: str) -> None:
    browser = ask_code(sidecar)
    code = draw(sidecar, browser)
    with sidecar.transaction() as db:
        contacts.end_contact(db, OPERATOR, contact, sidecar.now(), sidecar.today())
    refused(sidecar, browser, code)


def test_who_had_the_old_address_stays_out(sidecar: Sidecar, contact: str, clock: FakeClock) -> None:
    browser = ask_code(sidecar)
    code = draw(sidecar, browser)
    clock.advance(minutes=1)
    with sidecar.transaction() as db:
        contacts.change_contact(db, OPERATOR, contact, replace(INGER, email="per@kongsberg.example.no"), sidecar.now())
    confirm(sidecar, ask(sidecar, contact))
    refused(sidecar, browser, code)


def test_who_has_not_confirmed_is_nobody(sidecar: Sidecar, kongsberg: Municipality) -> None:
    add(sidecar, kongsberg)
    assert draw(sidecar, ask_code(sidecar)) == ""


def test_strangers_fill_a_few_rows_and_no_more(sidecar: Sidecar, contact: str) -> None:
    ask_code(sidecar)
    key = key_of(sidecar)
    for number in range(600):
        with sidecar.transaction() as db:
            contact_codes.ask(db, key, f"stranger{number}@example.no", sidecar.now())
    with sidecar.reading() as db:
        assert (db.scalar(select(func.count()).select_from(ContactCode)) or 0) <= 257
        asked = select(func.count()).select_from(OutboxItem).where(OutboxItem.kind == contact_codes.KIND)
        assert (db.scalar(asked) or 0) <= 257


def test_neither_code_nor_address_is_kept(sidecar: Sidecar, contact: str) -> None:
    browser = ask_code(sidecar)
    code = draw(sidecar, browser)
    ask_code(sidecar, "stranger@example.no")
    with sidecar.reading() as db:
        kept = repr(db.execute(select(ContactCode.__table__)).all()) + repr(
            db.execute(select(OutboxItem.__table__)).all()
        )
        key = db.scalars(select(HashKey.key)).one()
    assert ADDRESS not in kept
    assert "stranger" not in kept
    assert browser not in kept
    assert f"'{code}'" not in kept
    assert sidecar.secrets.open(key) == key_of(sidecar) != key


def test_codes_go_after_a_day(sidecar: Sidecar, contact: str, clock: FakeClock) -> None:
    ask_code(sidecar)
    ask_code(sidecar, "stranger@example.no")
    (sweep,) = [one for one in retention.SWEEPS if one.name == "contact_codes"]
    for seconds, gone in ((0, 0), (86_401, 2)):
        clock.advance(seconds=seconds)
        with sidecar.transaction() as db:
            assert retention.sweep(db, sweep, sidecar.now(), 10) == gone
