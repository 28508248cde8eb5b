"""Whoever asks for people says who looks: a function that queries them takes a `viewer`.

What a learner may see is bound by their own identity; those few functions, and those that write rather than show,
stand here with the reason.
"""

import ast
from collections.abc import Iterator

from tests.house.sources import Function, functions, python_files, relative, tree_of

PEOPLE = {"Person", "Employment", "Identity", "Completion", "Evidence", "DeliveryItem"}
QUERIES = {"select", "get", "get_one", "query", "scalars", "scalar", "exists"}

OWN = "bound by the asker's own identity, attempt or launch"
CROSSES = "what is told to, or by, the region that an agreement names for an employer; shows nobody anything"
WRITES = "finds the row to write, and shows nobody anything"
PLACES = "compares a launch or an import with the employments of the municipality it speaks for, and shows nothing"
RECKONS = "reckons completions from evidence, and shows nobody anything"
COMPARES = "compares people with one another, and shows nothing; what it finds is shown by match_lists"
CONSOLE = "the command line: whoever runs it can read the database anyway"

EXCEPTIONS = {
    "sidecar/cli/platform.py:release": CONSOLE,
    "sidecar/cli/staff.py:_identity": CONSOLE,
    "sidecar/core/attempts.py:_identity_for_update": WRITES,
    "sidecar/core/attempts.py:_learner_for_update": WRITES,
    "sidecar/core/attendances.py:_tell": WRITES,
    "sidecar/core/attendances.py:follow_times": WRITES,
    "sidecar/core/attendances.py:forget": WRITES,
    "sidecar/core/change_records.py:kinds_of": "of the completions that its caller was given for a viewer",
    "sidecar/core/change_writing.py:list_employments": "ids only; its caller reads by the municipality's own viewer",
    "sidecar/core/completion_matching.py:_held": PLACES,
    "sidecar/core/completion_matching.py:forget_holders": WRITES,
    "sidecar/core/consents.py:_lock": WRITES,
    "sidecar/core/consents.py:find_question": OWN,
    "sidecar/core/course_audiences.py:_fits": "looks at titles of positions only",
    "sidecar/core/course_audiences.py:_named": "its callers bound it by the viewer, as `is_selected` of a report does",
    "sidecar/core/course_reminders.py:list_keepers": "addresses that mails go to; shows nobody anything",
    "sidecar/core/course_rules.py:_list_people": WRITES,
    "sidecar/core/crossing_counting.py:count": WRITES,
    "sidecar/core/crossing_counting.py:settle": WRITES,
    "sidecar/core/crossing_courses.py:stand_for": WRITES,
    "sidecar/core/crossing_received.py:forget_of": WRITES,
    "sidecar/core/crossing_received.py:list_matchable": PLACES,
    "sidecar/core/crossing_sent.py:forget_of": WRITES,
    "sidecar/core/crossing_taking.py:_person_of": PLACES,
    "sidecar/core/crossing_taking.py:_take_back": WRITES,
    "sidecar/core/crossing_told.py:_held": CROSSES,
    "sidecar/core/crossing_told.py:_list_done": CROSSES,
    "sidecar/core/crossing_told.py:_list_earned": CROSSES,
    "sidecar/core/crossing_told.py:_named": CROSSES,
    "sidecar/core/crossing_told.py:list_people": CROSSES,
    "sidecar/core/crossing_told.py:list_to_show": OWN,
    "sidecar/core/data_subjects.py:of_identity": OWN,
    "sidecar/core/earning.py:find_evidence": OWN,
    "sidecar/core/earning.py:record": WRITES,
    "sidecar/core/enrolments.py:_list_ids": WRITES,
    "sidecar/core/enrolments.py:leave": WRITES,
    "sidecar/core/enrolments.py:list_changed": "finds whom a roster tells anew, and shows nobody anything",
    "sidecar/core/erasure_reminders.py:list_keepers": "addresses that mails go to; shows nobody anything",
    "sidecar/core/erasure_requests.py:_lock": WRITES,
    "sidecar/core/erasures.py:_coarsen_evidence": WRITES,
    "sidecar/core/erasures.py:_forget_employments": WRITES,
    "sidecar/core/erasures.py:_forget_identities": WRITES,
    "sidecar/core/erasures.py:count_erased": "counts; who is erased has nothing left to show",
    "sidecar/core/erasures.py:list_documents": "returns what to remove from the storage, and shows nobody anything",
    "sidecar/core/erasures.py:lock": WRITES,
    "sidecar/core/grades.py:_evidence_of": OWN,
    "sidecar/core/granting.py:name_newcomer": "tells whether a name is free",
    "sidecar/core/launches.py:_known_identity": OWN,
    "sidecar/core/lms_evidence.py:_is_told": WRITES,
    "sidecar/core/lms_evidence.py:_list_renewed": WRITES,
    "sidecar/core/mails.py:list_operators": "addresses that mails go to; shows nobody anything",
    "sidecar/core/lms_addresses.py:find_lms_addresses": OWN,
    "sidecar/core/lms_courses.py:list_misplaced": WRITES,
    "sidecar/core/lms_courses.py:move": WRITES,
    "sidecar/core/lms_evidence.py:_pieces": WRITES,
    "sidecar/core/lms_evidence.py:count_missing": "counts",
    "sidecar/core/lms_evidence.py:withdraw_missing": WRITES,
    "sidecar/core/open_tasks.py:_told": "ids only; its caller bounds it by the people it was given for a viewer",
    "sidecar/core/retention.py:count_old_documents": "counts",
    "sidecar/core/retention.py:let_go_of_documents": WRITES,
    "sidecar/core/manual_evidence.py:_refuse_same": WRITES,
    "sidecar/core/matching.py:_facts": COMPARES,
    "sidecar/core/matching.py:_kept_values": COMPARES,
    "sidecar/core/matching.py:_live": COMPARES,
    "sidecar/core/matching.py:_merged_into": COMPARES,
    "sidecar/core/merging.py:_courses": WRITES,
    "sidecar/core/merging.py:_cycles": WRITES,
    "sidecar/core/merging.py:_hand_items_back": WRITES,
    "sidecar/core/merging.py:_merged": WRITES,
    "sidecar/core/merging.py:_move": WRITES,
    "sidecar/core/merging.py:_move_back": WRITES,
    "sidecar/core/merging.py:_part_consents": WRITES,
    "sidecar/core/merging.py:_remember": WRITES,
    "sidecar/core/merging.py:_restore_cycles": WRITES,
    "sidecar/core/merging.py:lock": WRITES,
    "sidecar/core/merging.py:refuse_unmergeable": WRITES,
    "sidecar/core/named_employers.py:_lock": WRITES,
    "sidecar/core/own_crossings.py:list_crossed": OWN,
    "sidecar/core/own_gatherings.py:_list_employers": OWN,
    "sidecar/core/own_learning.py:_list_employers": OWN,
    "sidecar/core/own_learning.py:_list_fetched": OWN,
    "sidecar/core/own_learning.py:_list_pieces": OWN,
    "sidecar/core/own_learning.py:_list_sent": OWN,
    "sidecar/core/own_learning.py:list_learned": OWN,
    "sidecar/core/own_paths.py:_earned": OWN,
    "sidecar/core/own_paths.py:_list_touched": OWN,
    "sidecar/core/own_steps.py:list_said": OWN,
    "sidecar/core/own_steps.py:say_done": OWN,
    "sidecar/core/own_steps.py:take_back": OWN,
    "sidecar/core/path_finishing.py:_list_told": RECKONS,
    "sidecar/core/path_finishing.py:renew_some": RECKONS,
    "sidecar/core/path_people.py:_is_told": "a condition; its callers bound the employments by the viewer",
    "sidecar/core/people_lists.py:_known_numbers": "returns numbers to count, not people; its caller takes the viewer",
    "sidecar/core/people_plans.py:_known": PLACES,
    "sidecar/core/personal_learning.py:_is_own_evidence": "a condition; its caller found the subject for a viewer",
    "sidecar/core/placing.py:_employments": PLACES,
    "sidecar/core/placing.py:_has_completions": PLACES,
    "sidecar/core/placing.py:_waiting": PLACES,
    "sidecar/core/placing.py:list_held": CONSOLE,
    "sidecar/core/placing.py:place_numbers": PLACES,
    "sidecar/core/proofs.py:find_papers": OWN,
    "sidecar/core/retention.py:_longest_days": "a part of a query that returns ids of attempts to trim",
    "sidecar/core/second_person.py:_who": "tells whether two accounts are one human being, and shows neither",
    "sidecar/core/row_errors.py:forget_words": WRITES,
    "sidecar/core/settling.py:_hand_items_over": WRITES,
    "sidecar/core/settling.py:_list_pieces": RECKONS,
    "sidecar/core/settling.py:_lock": WRITES,
    "sidecar/core/settling.py:apply_rule": WRITES,
    "sidecar/core/settling.py:follow": WRITES,
    "sidecar/core/sight_of_completions.py:_completed": "tells yes or no about the account that its caller was given",
    "sidecar/core/source_reminders.py:list_keepers": "addresses that mails go to; shows nobody anything",
    "sidecar/core/staff.py:first_operator": CONSOLE,
    "sidecar/core/staff.py:grant": WRITES,
    "sidecar/core/staff.py:identity_named": CONSOLE,
    "sidecar/core/staff.py:identity_of": CONSOLE,
    "sidecar/core/unit_trees.py:_in_units": "counted only; its callers bound the municipality by the viewer",
    "sidecar/sync/people_import.py:run": "counts who is employed, and shows nobody anything",
    "sidecar/sync/people_quarantine.py:_known": PLACES,
    "sidecar/reports/defining.py:refuse_nobody": "looks whether a word fits any title, and shows nobody",
    "sidecar/sync/scim/employing.py:employ": WRITES,
    "sidecar/sync/scim/employing.py:leave": WRITES,
    "sidecar/tool/grading.py:_read_task": "sends a learner's own grade to the LMS it came from",
    "sidecar/web/access.py:_visitor": OWN,
    "sidecar/web/launch/stepping.py:open_step": OWN,
    "sidecar/web/my_learning.py:_why_unplaced": OWN,
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
