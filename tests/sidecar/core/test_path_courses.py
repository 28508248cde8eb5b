"""The courses of a path's steps, and those that may become steps."""

import pytest

from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.courses import Course
from sidecar.core.municipalities import Municipality
from sidecar.core.path_contents import Content, Part, Step
from sidecar.core.path_courses import find_choice, look_up, search_choices, titles_of
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from tests.fakes.lms import add_course

CONSOLE = operator_at_the_console()


def add(sidecar: Sidecar, key: str, kind: str = "own", *, is_retired: bool = False, owner: str | None = None) -> None:
    with sidecar.transaction() as db:
        course = Course(key=key, title=key.title(), kind=kind, municipality_id=owner, created_at=sidecar.now())
        course.retired_at = sidecar.now() if is_retired else None
        db.add(course)


def test_steps_are_called_what_they_say_or_what_their_course_is(sidecar: Sidecar) -> None:
    add_course(sidecar, "brannvern", "Brannvern")
    add(sidecar, "utkast")
    add(sidecar, "gammel", "lms", is_retired=True)
    steps = (
        Step("a", "course", course="brannvern"),
        Step("b", "course", course="utkast", title="Ours"),
        Step("c", "course", course="gammel"),
        Step("d", "course", course="gone"),
        Step("e", "task", title="Task"),
    )
    content = Content("Sti", parts=(Part("p", steps=steps),))
    with sidecar.reading() as db:
        found = look_up(db, "sti", content)
        titles = titles_of(db, "sti", content)
    assert {key: (one.title, one.is_ready) for key, one in found.items()} == {
        "a": ("Brannvern", True),
        "b": ("Ours", False),
        "c": ("Gammel", False),
        "d": ("", False),
        "e": ("Task", True),
    }
    assert titles["d"] == "d"


def test_courses_to_choose_are_ours_in_use_and_ready_or_not(sidecar: Sidecar, rollag: Municipality) -> None:
    add_course(sidecar, "brannvern", "Brannvern")
    add(sidecar, "utkast")
    add(sidecar, "gammel", is_retired=True)
    add(sidecar, "deres", owner=rollag.id)
    for kind in ("task", "link", "gathering", "path"):
        add(sidecar, kind, kind)
    shared = Viewer(authored_for=frozenset({None}))
    with sidecar.reading() as db:
        assert [(one.key, one.is_ready) for one in search_choices(db, shared, "")] == [
            ("brannvern", True),
            ("utkast", False),
        ]
        assert [one.key for one in search_choices(db, CONSOLE, "DERES")] == ["deres"]
        assert [one.key for one in search_choices(db, CONSOLE, "%")] == []
        for key in ("gammel", "deres", "task", "path", "x" * 500):
            with pytest.raises(NotFoundError):
                find_choice(db, shared, key)
        assert find_choice(db, shared, "brannvern").title == "Brannvern"
