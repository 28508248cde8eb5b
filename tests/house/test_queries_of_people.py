"""Whoever asks for people says who looks: a function that queries them takes a `viewer`.

What a learner may see is bound by their own identity; those few functions, and those that write rather than show,
stand here with the reason.
"""

import ast
from collections.abc import Iterator

from tests.house.sources import Function, functions, python_files, relative, tree_of

PEOPLE = {"Person", "Employment", "Identity", "Completion", "DeliveryItem"}
QUERIES = {"select", "get", "get_one", "query", "scalars", "scalar", "exists"}

OWN = "bound by the asker's own identity, attempt or launch"
WRITES = "finds the row to write, and shows nobody anything"
PLACES = "compares a launch or an import with the employments of the municipality it speaks for, and shows nothing"
CONSOLE = "the command line: whoever runs it can read the database anyway"

EXCEPTIONS = {
    "sidecar/cli/platform.py:release": CONSOLE,
    "sidecar/cli/staff.py:sign_in_link": CONSOLE,
    "sidecar/core/attempts.py:_identity_for_update": WRITES,
    "sidecar/core/attempts.py:_learner_for_update": WRITES,
    "sidecar/core/checklists.py:_count_people": "counts; its caller bounds the municipalities by the viewer",
    "sidecar/core/completions.py:find_completion": OWN,
    "sidecar/core/course_reminders.py:list_keepers": "addresses that mails go to; shows nobody anything",
    "sidecar/core/data_subjects.py:of_identity": OWN,
    "sidecar/core/enrolments.py:_list_ids": WRITES,
    "sidecar/core/enrolments.py:leave": WRITES,
    "sidecar/core/enrolments.py:list_changed": "finds whom a roster tells anew, and shows nobody anything",
    "sidecar/core/erasures.py:_coarsen_completions": WRITES,
    "sidecar/core/erasures.py:_forget_employments": WRITES,
    "sidecar/core/erasures.py:_forget_identities": WRITES,
    "sidecar/core/erasures.py:count_erased": "counts; who is erased has nothing left to show",
    "sidecar/core/erasures.py:lock": WRITES,
    "sidecar/core/grades.py:_completions": OWN,
    "sidecar/core/launches.py:_known_identity": OWN,
    "sidecar/core/mails.py:list_operators": "addresses that mails go to; shows nobody anything",
    "sidecar/core/people.py:_known_people": PLACES,
    "sidecar/core/people_lists.py:_known_numbers": "returns numbers to count, not people; its caller takes the viewer",
    "sidecar/core/placing.py:_employments": PLACES,
    "sidecar/core/placing.py:_has_completions": PLACES,
    "sidecar/core/placing.py:_waiting": PLACES,
    "sidecar/core/placing.py:list_held": CONSOLE,
    "sidecar/core/retention.py:_longest_days": "a part of a query that returns ids of attempts to trim",
    "sidecar/core/granting.py:name_newcomer": "tells whether a name is free",
    "sidecar/core/sight_of_completions.py:_completed": "tells yes or no about the account that its caller was given",
    "sidecar/core/staff.py:first_operator": CONSOLE,
    "sidecar/core/staff.py:grant": WRITES,
    "sidecar/core/staff.py:identity_named": CONSOLE,
    "sidecar/core/staff.py:identity_of": CONSOLE,
    "sidecar/tool/grading.py:_read_task": "sends a learner's own grade to the LMS it came from",
    "sidecar/web/access.py:_visitor": OWN,
    "sidecar/web/pages.py:choose_language": OWN,
}


def queries_of_people(function: Function) -> Iterator[str]:
    """Yield the tables of people that a function queries."""
    for node in ast.walk(function.node):
        if isinstance(node, ast.Call) and _name(node.func) in QUERIES:
            for argument in node.args:
                for inner in ast.walk(argument):
                    if isinstance(inner, ast.Name) and inner.id in PEOPLE:
                        yield inner.id


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def found() -> dict[str, set[str]]:
    all_of_them = {function.where: set(queries_of_people(function)) for function in functions("sidecar")}
    without = {function.where for function in functions("sidecar") if "viewer" not in function.arguments}
    return {where: tables for where, tables in all_of_them.items() if tables and where in without}


def test_every_query_of_people_takes_a_viewer() -> None:
    unexplained = {where: tables for where, tables in found().items() if where not in EXCEPTIONS}
    assert unexplained == {}


def test_no_exception_is_out_of_date() -> None:
    assert set(EXCEPTIONS) - set(found()) == set()


def test_what_only_the_console_may_ask_is_asked_there_only() -> None:
    names = {where.rpartition(":")[2] for where, reason in EXCEPTIONS.items() if reason == CONSOLE}
    askers = {
        f"{relative(path)}:{name}"
        for path in python_files("sidecar/web", "sidecar/reports")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and (name := _name(node.func)) in names
    }
    assert askers == set()


def test_a_viewer_that_is_taken_is_asked() -> None:
    ignored = [
        function.where
        for function in functions("sidecar")
        if "viewer" in function.arguments
        and not any(isinstance(node, ast.Name) and node.id == "viewer" for node in ast.walk(function.node))
    ]
    assert ignored == []
