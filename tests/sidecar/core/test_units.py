"""The tree of units on a day, and how far a manager's role reaches in it."""

from datetime import date

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer, may_see_employment, operator_at_the_console, viewer_of
from sidecar.core.identity_lists import find_identity
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Position
from sidecar.core.sight import Sought, explain
from sidecar.core.staff import Scope, grant, identity_named
from sidecar.core.unit_trees import list_tree
from sidecar.core.units import Unit, UnitPlace, reach_of
from sidecar.runtime import Sidecar
from tests.sidecar.core.folk import Folk

CONSOLE = operator_at_the_console()
LONG_AGO = date(2020, 1, 1)


def add_unit(db: Session, municipality_id: str, name: str, above: str | None, *, since: date = LONG_AGO) -> str:
    unit = Unit(municipality_id=municipality_id, key=name, name=name)
    db.add(unit)
    db.flush()
    db.add(UnitPlace(unit_id=unit.id, parent_id=above, placed_on=since))
    db.flush()
    return unit.id


@pytest.fixture
def units(sidecar: Sidecar, kongsberg: Municipality) -> dict[str, str]:
    """Oppvekst › Skolen › SFO, and Helse beside it."""
    with sidecar.transaction() as db:
        top = add_unit(db, kongsberg.id, "Oppvekst", None)
        school = add_unit(db, kongsberg.id, "Skolen", top)
        after = add_unit(db, kongsberg.id, "SFO", school)
        return {"Oppvekst": top, "Skolen": school, "SFO": after, "Helse": add_unit(db, kongsberg.id, "Helse", None)}


def works_in(sidecar: Sidecar, kongsberg: Municipality, number: str, unit: str, unit_id: str | None) -> str:
    folk = Folk(sidecar)
    folk.person(kongsberg.id, number)
    with sidecar.transaction() as db:
        one = db.scalars(select(Employment).where(Employment.employee_number == number)).one()
        one.unit, one.unit_id = unit, unit_id
        if unit_id:
            db.add(Position(employment_id=one.id, unit_id=unit_id, key="1"))
        return one.id


def seen(sidecar: Sidecar, unit: str) -> tuple[Viewer, set[str]]:
    """Return the manager of a unit, and whom they see."""
    with sidecar.transaction() as db:
        identity = identity_named(db, f"Leder {unit}", now=sidecar.now())
        grant(db, identity.id, "manager", Scope("kongsberg", unit=unit), now=sidecar.now())
        identity_id = identity.id
    with sidecar.reading() as db:
        viewer = viewer_of(db, identity_id, now=sidecar.now(), today=sidecar.today())
        found = set(db.scalars(select(Employment.employee_number).where(may_see_employment(viewer))))
    return viewer, found


def test_a_manager_sees_the_units_below_and_every_position_there(
    sidecar: Sidecar, kongsberg: Municipality, units: dict[str, str]
) -> None:
    for number, name in enumerate(units):
        works_in(sidecar, kongsberg, str(number), name, units[name])
    works_in(sidecar, kongsberg, "by name", "Skolen", None)
    two = works_in(sidecar, kongsberg, "two", "Helse", units["Helse"])
    left = works_in(sidecar, kongsberg, "left", "Helse", units["Helse"])
    soon = works_in(sidecar, kongsberg, "soon", "Helse", units["Helse"])
    with sidecar.transaction() as db:
        db.add(Position(employment_id=two, unit_id=units["SFO"], key="2", is_main=False))
        db.add(Position(employment_id=left, unit_id=units["SFO"], key="2", ended_on=date(2026, 9, 14)))
        db.add(Position(employment_id=soon, unit_id=units["SFO"], key="2", started_on=date(2026, 9, 16)))
    assert seen(sidecar, "Skolen")[1] == {"1", "2", "by name", "two"}
    assert seen(sidecar, "SFO")[1] == {"2", "two"}
    assert seen(sidecar, "Oppvekst")[1] == {"0", "1", "2", "two"}, "who is known by name alone has no tree"
    assert seen(sidecar, "Helse")[1] == {"3", "two", "left", "soon"}


def test_the_tree_of_today_counts(sidecar: Sidecar, kongsberg: Municipality, units: dict[str, str]) -> None:
    works_in(sidecar, kongsberg, "1", "SFO", units["SFO"])
    with sidecar.transaction() as db:
        place = db.scalars(select(UnitPlace).where(UnitPlace.unit_id == units["SFO"])).one()
        place.left_on = date(2026, 9, 15)
        db.add(UnitPlace(unit_id=units["SFO"], parent_id=units["Helse"], placed_on=date(2026, 9, 15)))
    assert seen(sidecar, "Skolen")[1] == set()
    assert seen(sidecar, "Helse")[1] == {"1"}
    with sidecar.reading() as db:
        named = [(kongsberg.id, "Skolen")]
        assert reach_of(db, named, date(2026, 9, 14)) == {units["Skolen"], units["SFO"]}
        assert reach_of(db, named, date(2026, 9, 15)) == {units["Skolen"]}
        trees = [list_tree(db, CONSOLE, kongsberg.id, date(2026, 9, day)) for day in (14, 15)]
    paths = [one.path for tree in trees for one in tree if one.unit_id == units["SFO"]]
    assert paths == [("Oppvekst", "Skolen", "SFO"), ("Helse", "SFO")]


def test_a_circle_and_another_municipality_end_the_reach(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, units: dict[str, str]
) -> None:
    with sidecar.transaction() as db:
        db.scalars(select(UnitPlace).where(UnitPlace.unit_id == units["Oppvekst"])).one().parent_id = units["SFO"]
        foreign = add_unit(db, rollag.id, "Fremmed", units["SFO"])
    with sidecar.reading() as db:
        reach = reach_of(db, [(kongsberg.id, "Skolen")], sidecar.today())
        lines = list_tree(db, CONSOLE, kongsberg.id, sidecar.today())
        assert list_tree(db, Viewer(), kongsberg.id, sidecar.today()) == []
    assert reach == set(units.values()) - {units["Helse"]}
    assert foreign not in reach
    assert sorted(one.name for one in lines) == sorted(units), "each stands there once"
    assert [one.depth for one in lines if one.is_in_circle] == [0]


def test_the_tree_tells_how_many_work_where(sidecar: Sidecar, kongsberg: Municipality, units: dict[str, str]) -> None:
    works_in(sidecar, kongsberg, "1", "SFO", units["SFO"])
    works_in(sidecar, kongsberg, "2", "Skolen", units["Skolen"])
    one = works_in(sidecar, kongsberg, "3", "Helse", units["Helse"])
    with sidecar.transaction() as db:
        db.add(Position(employment_id=one, unit_id=units["SFO"], key="2", is_main=False))
        late = add_unit(db, kongsberg.id, "Ny", units["Helse"], since=date(2026, 10, 1))
    with sidecar.reading() as db:
        lines = list_tree(db, CONSOLE, kongsberg.id, sidecar.today())
        later = list_tree(db, CONSOLE, kongsberg.id, date(2026, 10, 1))
    assert [(one.name, one.depth, one.people, one.people_below) for one in lines] == [
        ("Helse", 0, 1, 1),
        ("Oppvekst", 0, 0, 3),
        ("Skolen", 1, 1, 3),
        ("SFO", 2, 2, 2),
    ]
    assert late in {one.unit_id for one in later}


def test_only_a_manager_s_request_asks_for_the_tree_and_once(
    sidecar: Sidecar, kongsberg: Municipality, units: dict[str, str]
) -> None:
    viewers = {}
    with sidecar.transaction() as db:
        for role, scope in (("contact", Scope("kongsberg")), ("manager", Scope("kongsberg", unit="Skolen"))):
            identity = identity_named(db, role, now=sidecar.now())
            grant(db, identity.id, role, scope, now=sidecar.now())
            viewers[role] = identity.id
        grant(db, viewers["manager"], "manager", Scope("kongsberg", unit="Helse"), now=sidecar.now())
    counts = {}
    for role, identity_id in viewers.items():
        asked: list[str] = []
        with sidecar.reading() as db:
            connection = db.connection()
            event.listen(connection, "before_cursor_execute", lambda *args, told=asked: told.append(args[2]))
            viewer_of(db, identity_id, now=sidecar.now(), today=sidecar.today())
        counts[role] = len(asked)
    assert counts == {"contact": 1, "manager": 2}


def test_the_page_says_that_it_comes_through_the_unit_above(
    sidecar: Sidecar, kongsberg: Municipality, units: dict[str, str]
) -> None:
    below = works_in(sidecar, kongsberg, "1", "SFO", units["SFO"])
    beside = works_in(sidecar, kongsberg, "2", "Helse", units["Helse"])
    with sidecar.transaction() as db:
        db.add(Position(employment_id=beside, unit_id=units["SFO"], key="2", is_main=False))
    viewer, _ = seen(sidecar, "Skolen")
    for employment_id, code in ((below, "through-unit-above"), (beside, "through-position")):
        with sidecar.reading() as db:
            who = find_identity(db, CONSOLE, viewer.identity_id or "")
            sought = Sought(employments=[db.get_one(Employment, employment_id)])
            answer = explain(db, CONSOLE, who, sought, now=sidecar.now(), today=sidecar.today())
        assert answer.verdict
        assert [one.code for one in answer.reasons][:2] == ["given", code]
