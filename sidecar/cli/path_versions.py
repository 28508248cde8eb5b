"""Publish learning paths, tell what changed from version to version, retire them and bring them back."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from typing import Any, Final

import click

from sidecar.cli.output import json_option, show, show_line, with_sidecar
from sidecar.core import path_publishing, paths
from sidecar.core.access import operator_at_the_console
from sidecar.core.path_changes import Change, list_changes
from sidecar.core.path_contents import content_of
from sidecar.runtime import Sidecar

COLUMNS: Final = ("number", "published_at", "note", "digest", "changes")


@click.command("publish")
@click.argument("key")
@click.option("--note", default="", help="What is new, for those who follow the path.")
@json_option
@with_sidecar
def publish(sidecar: Sidecar, key: str, note: str, as_json: bool) -> None:
    """Let the draft of the learning path KEY hold from now on; a job looks who has finished it."""
    with sidecar.transaction() as db:
        version = path_publishing.publish(db, operator_at_the_console(), key, note, sidecar.now())
    facts = {"key": key, "version": version.number, "digest": version.digest}
    show_line(as_json, facts, f"Version {version.number} of {key} is published.")


@click.command("versions")
@click.argument("key")
@json_option
@with_sidecar
def list_versions(sidecar: Sidecar, key: str, as_json: bool) -> None:
    """List the versions of the learning path KEY, the newest first, with what each changed."""
    with sidecar.reading() as db:
        versions = paths.list_versions(db, paths.find_path(db, operator_at_the_console(), key).path.id)
    contents = [content_of(one.content) for one in versions]
    changes = [*([_tell(one, as_json) for one in list_changes(old, new)] for new, old in pairwise(contents)), []]
    told = [(one.number, one.published_at, one.note, one.digest) for one in versions]
    show(as_json, COLUMNS, [(*one, changed) for one, changed in zip(told, changes, strict=False)])


def _tell(change: Change, as_json: bool) -> dict[str, Any] | str:
    return asdict(change) if as_json else " ".join(filter(None, (change.subject, change.key, change.aspect)))


@click.command("retire")
@click.argument("key")
@json_option
@with_sidecar
def retire(sidecar: Sidecar, key: str, as_json: bool) -> None:
    """Let nobody be expected to take the learning path KEY; who has finished it keeps that."""
    with sidecar.transaction() as db:
        path_publishing.retire(db, operator_at_the_console(), key, sidecar.now())
    show_line(as_json, {"key": key, "retired": True}, f"The path {key} is retired.")


@click.command("bring-back")
@click.argument("key")
@json_option
@with_sidecar
def bring_back(sidecar: Sidecar, key: str, as_json: bool) -> None:
    """Take the retired learning path KEY into use again."""
    with sidecar.transaction() as db:
        path_publishing.bring_back(db, operator_at_the_console(), key, sidecar.now())
    show_line(as_json, {"key": key, "retired": False}, f"The path {key} is in use again.")


COMMANDS: Final = (publish, list_versions, retire, bring_back)
"""What stands in the group `path` of versions."""
