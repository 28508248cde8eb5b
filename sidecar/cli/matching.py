"""Decide who is one and the same person, and by which rules people are found to be."""

from __future__ import annotations

import click

from sidecar.cli.output import json_option, show, show_line, show_one, with_sidecar
from sidecar.core import match_lists
from sidecar.core.access import operator_at_the_console
from sidecar.core.match_lists import MatchLine, Side
from sidecar.core.matching_rules import ACTIONS, PLACING, list_rules, set_rule
from sidecar.core.person_matches import PersonMatch
from sidecar.runtime import Sidecar
from sidecar.sync.look_alikes import look_at_everybody

COLUMNS = ("id", "state", "rule", "kept", "other", "alike", "found_at", "decided_at")
RULES = ("place", "rule", "action", "can_be")
CONSOLE = operator_at_the_console()


@click.group()
def matching() -> None:
    """See who may be one and the same person, and say whether they are.

    MATCH is the id of two people in the list; nobody is named here, `matching show` does.
    """


@matching.command("list")
@click.option("--decided", is_flag=True, help="Those that were decided, the newest first; else those that wait.")
@click.option("--page", type=click.IntRange(1), default=1, show_default=True, help="Which 25, from 1.")
@json_option
@with_sidecar
def list_matches(sidecar: Sidecar, decided: bool, page: int, as_json: bool) -> None:
    """List who waits for a decision, or what was decided, 25 at a time."""
    with sidecar.reading() as db:
        found = (match_lists.page_decided if decided else match_lists.page_waiting)(db, CONSOLE, page)
        rows = [_row(one) for one in found.lines]
    show(as_json, COLUMNS, rows)


@matching.command("show")
@click.argument("match_id", metavar="MATCH")
@json_option
@with_sidecar
def show_match(sidecar: Sidecar, match_id: str, as_json: bool) -> None:
    """Show the two people side by side; the access log remembers your look."""
    with sidecar.transaction() as db:
        line = match_lists.find_match(db, CONSOLE, match_id)
        match_lists.note_look(db, CONSOLE, [line], sidecar.now())
        told = _row(line) | {f"{name}_is": _words(side) for name, side in (("kept", line.kept), ("other", line.other))}
    show_one(as_json, told)


@matching.command("merge")
@click.argument("match_id", metavar="MATCH-OR-PERSON")
@click.argument("other", metavar="[OTHER-PERSON]", required=False)
@json_option
@with_sidecar
def merge(sidecar: Sidecar, match_id: str, other: str | None, as_json: bool) -> None:
    """Make the two of a MATCH one person; or of two people, of whom the first is kept.

    A person is named by id, or by municipality, slash and employee number, such as rollag/1001.
    """
    with sidecar.transaction() as db:
        if other is None:
            done = match_lists.say_same(db, CONSOLE, match_id, sidecar.now())
        else:
            done = match_lists.merge_by_hand(db, CONSOLE, match_id, other, sidecar.now())
        told = _told(done)
    text = f"They are one person now. To undo it: sidecar matching unmerge {told['id']}"
    show_line(as_json, told, text)


@matching.command("different")
@click.argument("match_id", metavar="MATCH")
@click.option("--undo", is_flag=True, help="Ask again about two that were said to be different people.")
@json_option
@with_sidecar
def different(sidecar: Sidecar, match_id: str, undo: bool, as_json: bool) -> None:
    """Say that the two of a MATCH are different people; they are never proposed again."""
    act = match_lists.ask_again if undo else match_lists.say_different
    with sidecar.transaction() as db:
        told = _told(act(db, CONSOLE, match_id, sidecar.now()))
    show_line(as_json, told, "They wait for a decision again." if undo else "They are never proposed again.")


@matching.command("unmerge")
@click.argument("match_id", metavar="MATCH")
@json_option
@with_sidecar
def unmerge(sidecar: Sidecar, match_id: str, as_json: bool) -> None:
    """Take the two of a MATCH apart again: each gets their own back.

    What came in since goes with the employment or LMS account it came by; the rest stays with the person kept.
    """
    with sidecar.transaction() as db:
        told = _told(match_lists.take_apart(db, CONSOLE, match_id, sidecar.now()))
    show_line(as_json, told, "They are two people again, and are never proposed again.")


@matching.command("look")
@json_option
@with_sidecar
def look(sidecar: Sidecar, as_json: bool) -> None:
    """Look at everybody anew, as after a change of the rules; every night this happens by itself."""
    show_one(as_json, vars(look_at_everybody(sidecar)))


@matching.command("rules")
@json_option
@with_sidecar
def rules(sidecar: Sidecar, as_json: bool) -> None:
    """List the rules in their order; the first that fits two people decides."""
    _show_rules(sidecar, as_json)


@matching.command("set-rule")
@click.argument("rule", type=click.Choice(list(ACTIONS)))
@click.argument("action", type=click.Choice(["join", "ask", "off"]), required=False)
@click.option("--place", type=click.IntRange(1, len(ACTIONS)), help="Where it stands among the rules, from 1.")
@json_option
@with_sidecar
def set_one(sidecar: Sidecar, rule: str, action: str | None, place: int | None, as_json: bool) -> None:
    """Say what RULE does: join at once, ask somebody, or off; and where it stands."""
    if action is None and place is None:
        raise click.UsageError("Say what the rule does (join, ask, off), or give --place.")
    with sidecar.transaction() as db:
        set_rule(db, CONSOLE, rule, action=action, place=place, now=sidecar.now())
    _show_rules(sidecar, as_json)


def _show_rules(sidecar: Sidecar, as_json: bool) -> None:
    with sidecar.reading() as db:
        rows = [(n, one.name, one.action, list(one.actions)) for n, one in enumerate(list_rules(db), 1)]
    show(as_json, RULES, [(0, PLACING, "join", []), *rows])


def _row(line: MatchLine) -> dict[str, object]:
    return _told(line.match) | {"alike": list(line.alike)}


def _told(match: PersonMatch) -> dict[str, object]:
    return {
        "id": match.id,
        "state": match.state,
        "rule": match.rule,
        "kept": match.person_id,
        "other": match.other_id,
        "found_at": match.found_at,
        "decided_at": match.decided_at,
    }


def _words(side: Side) -> list[str]:
    works = [f"{one.municipality} {one.employee_number} {one.unit} {one.position}".strip() for one in side.works]
    return [f"{side.name} {side.email or ''}".strip(), *works]
