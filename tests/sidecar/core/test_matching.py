"""Who may be one person: the first rule that fits decides, nothing doubtful is joined, nothing decided comes back."""

from datetime import timedelta

import pytest
from sqlalchemy import event, insert, select

from sidecar.core import merging
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.audit import AuditEntry
from sidecar.core.db import new_id
from sidecar.core.matching import Counts, alike_by, look
from sidecar.core.matching_rules import BY_EMAIL, BY_NAME, BY_NATIONAL_ID, list_rules, set_rule
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Person
from sidecar.core.person_matches import DIFFERENT, EMAIL, MERGED, NATIONAL_ID, WAITING, PersonIdentifier, PersonMatch
from sidecar.core.regions import join, leave
from sidecar.errors import InvalidInputError, NotAllowedError
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.core.folk import Folk

CONSOLE = operator_at_the_console()


@pytest.fixture
def folk(sidecar: Sidecar) -> Folk:
    return Folk(sidecar)


@pytest.fixture
def region(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> None:
    """Let both municipalities be members of one region."""
    with sidecar.transaction() as db:
        for one in (kongsberg, rollag):
            join(db, "numedal", one.id, sidecar.today())


def see(sidecar: Sidecar, *person_ids: str) -> Counts:
    with sidecar.transaction() as db:
        return look(db, person_ids, sidecar.now())


def matches(sidecar: Sidecar) -> list[tuple[frozenset[str], str, str]]:
    with sidecar.reading() as db:
        found = db.scalars(select(PersonMatch)).all()
        return sorted(((frozenset((m.person_id, m.other_id)), m.rule, m.state) for m in found), key=repr)


def rule(sidecar: Sidecar, name: str, action: str | None = None, place: int | None = None) -> None:
    with sidecar.transaction() as db:
        set_rule(db, CONSOLE, name, action=action, place=place, now=sidecar.now())


@pytest.mark.usefixtures("region")
def test_the_same_national_id_joins_and_the_trail_says_so(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality
) -> None:
    one = folk.person(kongsberg.id, "1", "Kari Nordmann", national="f00")
    other = folk.person(rollag.id, "7", "kari NORDMANN", national="f00")
    assert see(sidecar, other) == Counts(joined=1)
    assert matches(sidecar) == [(frozenset((one, other)), BY_NATIONAL_ID, MERGED)]
    with sidecar.reading() as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.action == "person.merged")).one()
        assert (entry.actor, entry.identity_id) == ("cli", None)
    assert see(sidecar, one, other) == Counts()


@pytest.mark.usefixtures("region")
@pytest.mark.parametrize("name", ["Kari Hansen", "Ola Nordmann", "Ola Hansen"])
def test_a_national_id_under_another_name_asks(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality, name: str
) -> None:
    one = folk.person(kongsberg.id, "1", "Kari Nordmann", national="f00")
    other = folk.person(rollag.id, "7", name, national="f00")
    assert see(sidecar, one) == Counts(asked=1)
    assert matches(sidecar) == [(frozenset((one, other)), BY_NATIONAL_ID, WAITING)]


@pytest.mark.parametrize("regions", [(), ("vest", "aust")])
def test_a_national_id_over_two_regions_asks(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality, regions: tuple[str, ...]
) -> None:
    with sidecar.transaction() as db:
        for slug, municipality in zip(regions, (kongsberg, rollag), strict=False):
            join(db, slug, municipality.id, sidecar.today())
    one, other = folk.person(kongsberg.id, "1", national="f00"), folk.person(rollag.id, "7", national="f00")
    assert see(sidecar, one, other) == Counts(asked=1)
    assert matches(sidecar) == [(frozenset((one, other)), BY_NATIONAL_ID, WAITING)]


@pytest.mark.usefixtures("region")
@pytest.mark.parametrize("doubt", ["the region was left", "a former employer is elsewhere"])
def test_all_employers_must_share_a_region_now(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality, clock: FakeClock, doubt: str
) -> None:
    one, other = folk.person(kongsberg.id, "1", national="f00"), folk.person(rollag.id, "7", national="f00")
    clock.advance(days=2)
    with sidecar.transaction() as db:
        if doubt == "the region was left":
            leave(db, "numedal", rollag.id, sidecar.today())
        else:
            third = Municipality(
                org_number="938583986", slug="tinn", name="Tinn kommune", number="4026", created_at=sidecar.now()
            )
            db.add(third)
            db.flush()
            folk.employ(db, one, third.id, "3").ended_on = sidecar.today() - timedelta(days=1)
    assert see(sidecar, one, other) == Counts(asked=1)


def test_the_same_e_mail_in_two_municipalities_asks_once(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality
) -> None:
    one = folk.person(kongsberg.id, "1", email="kari@example.no")
    other = folk.person(rollag.id, "7", email="kari@example.no")
    assert see(sidecar, one, other) == Counts(asked=1)
    assert see(sidecar, one) == see(sidecar, other) == Counts()
    assert matches(sidecar) == [(frozenset((one, other)), BY_EMAIL, WAITING)]


@pytest.mark.parametrize("doubt", ["shared by many", "one employer", "ids differ", "erased", "no name"])
def test_what_is_no_sign_asks_nothing(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality, doubt: str
) -> None:
    rule(sidecar, BY_NAME, "ask")
    where = kongsberg if doubt == "one employer" else rollag
    name = "" if doubt == "no name" else "Kari Nordmann"
    email = "" if doubt == "no name" else "post@example.no"
    one = folk.person(kongsberg.id, "1", name, email=email, national="f01" if doubt == "ids differ" else "")
    other = folk.person(where.id, "7", name, email=email, national="f02" if doubt == "ids differ" else "")
    if doubt == "shared by many":
        for number in ("8", "9"):
            folk.person(rollag.id, number, name, email=email)
    if doubt == "erased":
        with sidecar.transaction() as db:
            db.get_one(Person, other).erased_at = sidecar.now()
    assert see(sidecar, one, other) == Counts()
    assert matches(sidecar) == []


def test_names_ask_only_when_somebody_wants_it(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality
) -> None:
    one, other = folk.person(kongsberg.id, "1", "ÅSE Ørn"), folk.person(rollag.id, "7", "åse ørn")
    assert see(sidecar, one) == Counts()
    rule(sidecar, BY_NAME, "ask")
    assert see(sidecar, one) == Counts(asked=1)
    with sidecar.reading() as db:
        assert list(alike_by(db, [(one, other)]).values()) == [(BY_NAME,)]


@pytest.mark.usefixtures("region")
def test_the_first_rule_that_fits_decides(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality
) -> None:
    rule(sidecar, BY_EMAIL, place=1)
    one = folk.person(kongsberg.id, "1", email="kari@example.no", national="f00")
    folk.person(rollag.id, "7", email="kari@example.no", national="f00")
    assert see(sidecar, one) == Counts(asked=1)
    rule(sidecar, BY_EMAIL, "off")
    assert see(sidecar, one) == Counts(joined=1), "who waits is joined once a rule says so"


@pytest.mark.usefixtures("region")
def test_an_e_mail_that_joins_needs_the_same_name(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality
) -> None:
    rule(sidecar, BY_EMAIL, "join")
    one = folk.person(kongsberg.id, "1", "Kari Nordmann", email="a@example.no")
    folk.person(rollag.id, "7", "Kari Hansen", email="a@example.no")
    two = folk.person(kongsberg.id, "2", "Åse Li", email="b@example.no")
    folk.person(rollag.id, "8", "Åse Li", email="b@example.no")
    assert see(sidecar, one, two) == Counts(joined=1, asked=1)


def test_what_was_said_to_differ_never_comes_back(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality
) -> None:
    one = folk.person(kongsberg.id, "1", email="kari@example.no")
    other = folk.person(rollag.id, "7", email="kari@example.no")
    see(sidecar, one)
    with sidecar.transaction() as db:
        db.scalars(select(PersonMatch)).one().state = DIFFERENT
    assert see(sidecar, one, other) == Counts()
    third = folk.person(rollag.id, "8")
    with sidecar.transaction() as db:
        merging.merge(db, third, one, rule="by-hand", by=None, now=sidecar.now())
    assert see(sidecar, third, other) == Counts(), "what was said of one counts for whom they were merged into"


@pytest.mark.usefixtures("region")
def test_a_join_that_was_taken_apart_is_not_made_again(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality
) -> None:
    one = folk.person(kongsberg.id, "1", national="f00")
    other = folk.person(rollag.id, "7", national="f00")
    see(sidecar, one)
    with sidecar.transaction() as db:
        merging.unmerge(db, db.scalars(select(PersonMatch)).one(), by=None, now=sidecar.now())
    assert see(sidecar, one, other) == Counts()


@pytest.mark.usefixtures("region")
def test_several_with_one_national_id_become_one(
    sidecar: Sidecar, folk: Folk, kongsberg: Municipality, rollag: Municipality
) -> None:
    people = [folk.person(rollag.id, str(number), national="f00") for number in range(4)]
    kept = folk.person(kongsberg.id, "1", national="f00")
    folk.account(kept, "kari")
    assert see(sidecar, *people) == Counts(joined=4)
    with sidecar.reading() as db:
        assert set(db.scalars(select(Employment.person_id))) == {kept}
        assert list(db.scalars(select(Person.id).where(Person.merged_into_id.is_(None)))) == [kept]


def test_only_an_operator_changes_a_rule(sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        assert [(one.name, one.action) for one in list_rules(db)] == [
            (BY_NATIONAL_ID, "join"),
            (BY_EMAIL, "ask"),
            (BY_NAME, "off"),
        ]
        with pytest.raises(NotAllowedError):
            set_rule(db, Viewer(roles=frozenset({"rkk"})), BY_NAME, action="ask", now=sidecar.now())
        for wrong in (("name", "join", None), ("shoe-size", "ask", None), ("name", None, 9), ("name", None, 0)):
            with pytest.raises(InvalidInputError):
                set_rule(db, CONSOLE, wrong[0], action=wrong[1], place=wrong[2], now=sidecar.now())
        after = set_rule(db, CONSOLE, BY_NAME, action="ask", place=1, now=sidecar.now())
        assert [(one.name, one.action) for one in after] == [
            (BY_NAME, "ask"),
            (BY_NATIONAL_ID, "join"),
            (BY_EMAIL, "ask"),
        ]


def test_five_thousand_are_looked_at_in_few_queries(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    now, people = sidecar.now(), [new_id() for _ in range(20_000)]
    with sidecar.transaction() as db:
        names = [{"id": key, "first_name": f"K{n}", "last_name": "Li"} for n, key in enumerate(people)]
        db.execute(insert(Person), names)
        known = [("x" * 55 + str(n), NATIONAL_ID, key) for n, key in enumerate(people) if n >= 10_000]
        known += [
            (f"{n % 15_000}@example.no" if n % 3 else "post@example.no", EMAIL, key) for n, key in enumerate(people)
        ]
        rows = [
            {"id": new_id(), "person_id": key, "kind": kind, "scope": "", "value": value}
            | {"first_seen_at": now, "last_seen_at": now}
            for value, kind, key in known
        ]
        db.execute(insert(PersonIdentifier), rows)
        asked: list[str] = []
        event.listen(db.connection(), "before_cursor_execute", lambda *args: asked.append(args[2].split()[0]))
        done = look(db, people[15_000:], now)
    assert done.joined == 0
    assert done.asked == 3333
    assert asked.count("SELECT") < 20, asked
