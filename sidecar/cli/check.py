"""Check what the sidecar relies on, or the connection to one LMS."""

from __future__ import annotations

import click

from sidecar.cli.output import REFUSED, clean, json_option, open_sidecar, show, show_one
from sidecar.core import access_log
from sidecar.core.access import operator_at_the_console
from sidecar.core.platforms import find_platform
from sidecar.health import examine
from sidecar.runtime import Sidecar
from sidecar.settings import read_settings
from sidecar.tool.checking import check_and_keep
from sidecar.tool.checks.steps import Step, is_passed, say_step
from sidecar.web.app import create_app
from sidecar.web.launch.dry import rehearse

MARKS = {"ok": "ok", "warning": "WARNING", "failed": "FAILED", "skipped": "skipped"}


@click.command(short_help="Check the installation, or the connection to an LMS.")
@click.option("--platform", "name", help="Test the connection to the LMS of this name or id, both ways.")
@click.option("--course", "course_key", default="", help="With --platform: the course that a dry launch opens.")
@click.option("--sourcedid", default="", help="With --platform: the number that the LMS sends, e.g. rollag-1001.")
@json_option
def check(name: str | None, course_key: str, sourcedid: str, as_json: bool) -> None:
    """Check settings, database, queue, storage, hosts, keys, disk, scheduler and workers.

    Fails where the web could not do its work; a scheduler or worker that is not seen is told of only. A worker with a
    browser is one that need not be.

    With --platform, test the connection to one LMS instead: addresses, keys, clocks, what it allows, a test column in
    its gradebook, and a launch as a made-up learner of which nothing stays. Fails where a step failed.
    """
    if name is None and (course_key or sourcedid):
        raise click.UsageError("--course and --sourcedid go with --platform.")
    is_sound = _check_all(as_json) if name is None else _check_platform(name, course_key, sourcedid, as_json)
    if not is_sound:
        raise SystemExit(REFUSED)


def _check_all(as_json: bool) -> bool:
    sidecar = Sidecar(read_settings())
    found = examine(sidecar)
    sidecar.close()
    show(as_json, ("what", "code", "message"), [(one.what, one.code, one.message) for one in found])
    return all(one.is_bearable for one in found)


def _check_platform(name: str, course_key: str, sourcedid: str, as_json: bool) -> bool:
    with open_sidecar() as sidecar:
        with sidecar.reading() as db:
            platform = find_platform(db, name)
        steps = check_and_keep(sidecar, platform.id)
        steps += _rehearse(sidecar, platform.id, course_key, sourcedid)
    told = [{**each.as_json(), "text": say_step(each.as_json(), "en")} for each in steps]
    is_sound = is_passed(told)
    if as_json:
        show_one(True, {"platform": platform.name, "ok": is_sound, "steps": told})
        return is_sound
    for each in told:
        click.echo(clean(f"{MARKS[each['outcome']]:<8} {each['text']} ({each['code']})"))
    return is_sound


def _rehearse(sidecar: Sidecar, platform_id: str, course_key: str, sourcedid: str) -> list[Step]:
    """Make the dry launch; whose name it tells is written into the access log."""
    viewer = operator_at_the_console()
    with create_app(sidecar).app_context():
        dry = rehearse(sidecar, viewer, platform_id, course_key=course_key, sourcedid=sourcedid)
    placing = dry.placing
    if placing and placing.person_id:
        with sidecar.transaction() as db:
            access_log.record(
                db,
                viewer,
                "dry-launch",
                [placing.person_id],
                municipality_id=placing.municipality_id,
                now=sidecar.now(),
            )
    return dry.steps
