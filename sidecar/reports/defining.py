"""Define reports: make them, change them, take them out of use and bring them back, each with its audit entry."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from sidecar.connectors.base import ReportDelivery
from sidecar.connectors.registry import list_connectors
from sidecar.core import audit, report_definitions
from sidecar.core.access import Viewer
from sidecar.core.people import Employment
from sidecar.core.periods import Period
from sidecar.core.platform_choices import choose_region
from sidecar.core.report_definitions import ChangedMeanwhileError, ReportDefinition
from sidecar.core.report_schedules import read_schedule
from sidecar.core.report_specs import BASIC, BadSpecError, Defined, Spec, read_spec
from sidecar.core.units import Unit
from sidecar.errors import NotAllowedError, SidecarError
from sidecar.runtime import Sidecar

SPEC_CHARACTERS: Final = 100_000
"""How long a definition written as JSON may be."""

_EXAMPLE = Spec()


class BadSpecFileError(SidecarError):
    """The definition can't be read: {reason}. Write one JSON object, as `sidecar report show ID --json` prints it."""

    code = "bad-report-file"


class NobodyInItError(SidecarError):
    """As it is now, nobody is in this report: no unit, or no position, is called as it says. It goes out empty then."""

    code = "report-of-nobody"


def read_asked(value: object) -> Spec:
    """Return what somebody wrote: an object whose fields are those of a `Spec`, each of the right type.

    Raises:
        BadSpecFileError: it is no object, or one of its fields has a value of the wrong type.
        BadSpecError: a field is unknown, or has a value it can't have.
        BadScheduleError: the schedule is none.
    """
    if not isinstance(value, Mapping):
        raise BadSpecFileError(reason="it is no object")
    known = {one.name for one in fields(Spec)}
    for name, one in value.items():
        if name in known and not _fits(one, getattr(_EXAMPLE, name)):
            raise BadSpecFileError(reason=f"{name} has a value of the wrong type")
    spec = read_spec(value)
    return replace(spec, schedule=read_schedule(spec.schedule))


def read_file(text: str) -> tuple[str, Spec]:
    """Return the title and what is asked for, of a definition written as JSON.

    Raises:
        BadSpecFileError, BadSpecError, BadScheduleError: as `read_asked`; also where it is no JSON, or too long.
    """
    if len(text) > SPEC_CHARACTERS:
        raise BadSpecFileError(reason=f"it is longer than {SPEC_CHARACTERS} characters")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise BadSpecFileError(reason="it is no JSON") from None
    title = value.get("title", "") if isinstance(value, dict) else ""
    if not isinstance(title, str):
        raise BadSpecFileError(reason="title has a value of the wrong type")
    asked = value.get("spec", {}) if isinstance(value, dict) and "spec" in value else value
    if isinstance(asked, dict):
        asked = {name: one for name, one in asked.items() if name != "title"}
    return title, read_asked(asked)


def _fits(value: object, example: object) -> bool:
    """Tell whether a value has the type of a field, as JSON has it: a number is no truth value."""
    if isinstance(example, tuple):
        return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
    return type(value) is type(example)


def define(sidecar: Sidecar, viewer: Viewer, title: str, spec: Spec, region_id: str | None = None) -> Defined:
    """Make a report definition.

    Args:
        region_id: whose RKK it belongs to; None: the viewer's own region, the operators' where they are one.

    Raises:
        SidecarError: as `core.report_definitions.check` says; or a channel is none.
        NotAllowedError: the region is not the viewer's.
    """
    with sidecar.transaction() as db:
        now, owner = sidecar.now(), owner_of(db, viewer, region_id)
        check(db, title, spec, owner, sidecar)
        definition = ReportDefinition(region_id=owner, created_at=now)
        db.add(definition)
        db.flush()
        number = report_definitions.add_version(db, definition, title, spec, viewer.identity_id, now)
        _record(db, sidecar, viewer, "report.defined", (definition.id, number))
    return Defined(definition.id, title, number, spec)


def owner_of(db: Session, viewer: Viewer, region_id: str | None) -> str | None:
    """Return whose a new definition is: the region that is chosen, the viewer's own, or the operators' (None).

    Raises:
        NotAllowedError: the viewer may define none.
        NotFoundError: the region is not the viewer's.
    """
    if not viewer.is_one_of("rkk", "operator"):
        raise NotAllowedError
    if region_id is None and not viewer.everything:
        region_id = min(viewer.regions, default=None)
    return choose_region(db, viewer, region_id)


def change(
    sidecar: Sidecar, viewer: Viewer, definition_id: str, title: str, spec: Spec, *, based_on: int | None = None
) -> Defined:
    """Make a new version of a definition; one that says the same is none.

    Args:
        based_on: the version that was looked at; None where nobody looked.

    Raises:
        NotFoundError, NotAllowedError: it is none that the viewer may change.
        ChangedMeanwhileError: there is a newer version.
        SidecarError: as `core.report_definitions.check` says; or a channel is none.
    """
    with sidecar.transaction() as db:
        report_definitions.ensure_default(db, sidecar.now())
        definition = report_definitions.find_to_change(db, viewer, definition_id)
        newest = report_definitions.defined_of(db, definition_id)
        if based_on is not None and newest.version != based_on:
            raise ChangedMeanwhileError
        check(db, title, spec, definition.region_id, sidecar, definition_id=definition_id)
        number = report_definitions.add_version(db, definition, title, spec, viewer.identity_id, sidecar.now())
        if number != newest.version:
            _record(db, sidecar, viewer, "report.changed", (definition_id, number))
    return Defined(definition_id, title, number, spec)


def retire(sidecar: Sidecar, viewer: Viewer, definition_id: str) -> None:
    """Take a definition out of use: nothing runs any more; what was delivered stays in the ledger.

    Raises:
        NotFoundError, NotAllowedError: it is none that the viewer may change.
    """
    with sidecar.transaction() as db:
        report_definitions.ensure_default(db, sidecar.now())
        definition = report_definitions.find_to_change(db, viewer, definition_id)
        if definition.retired_at is None:
            definition.retired_at = sidecar.now()
            _record(db, sidecar, viewer, "report.retired", (definition_id, _version(db, definition_id)))


def bring_back(sidecar: Sidecar, viewer: Viewer, definition_id: str) -> None:
    """Take a definition into use again; what was due meanwhile is not made up for.

    Raises:
        NotFoundError, NotAllowedError: it is none that the viewer may change.
    """
    with sidecar.transaction() as db:
        definition = report_definitions.find_to_change(db, viewer, definition_id)
        if definition.retired_at is not None:
            definition.retired_at, definition.brought_back_at = None, sidecar.now()
            _record(db, sidecar, viewer, "report.brought_back", (definition_id, _version(db, definition_id)))


def _version(db: Session, definition_id: str) -> int:
    return report_definitions.defined_of(db, definition_id).version


def _record(db: Session, sidecar: Sidecar, viewer: Viewer, action: str, made: tuple[str, int]) -> None:
    """Write an act into the audit trail, with the definition's id and the number of its version."""
    audit.record(db, action, made[0], at=sidecar.now(), identity_id=viewer.identity_id, number=made[1])


def check(
    db: Session, title: str, spec: Spec, region_id: str | None, sidecar: Sidecar, *, definition_id: str = ""
) -> None:
    """Refuse what a definition can't ask for.

    Args:
        definition_id: of the one that is changed; the one that every installation has needs no title.

    Raises:
        SidecarError: as `core.report_definitions.check` says.
        BadSpecError: a channel is none.
    """
    needs_no_title = definition_id == BASIC.id and not title
    report_definitions.check(db, BASIC.id if needs_no_title else title, spec, region_id, sidecar.today())
    known = channel_names()
    for name in spec.connectors:
        if name not in known:
            raise BadSpecError(field="connectors", value=name, known=", ".join(known))


def channel_names() -> list[str]:
    """Return the names of the connectors that reports go out by."""
    return sorted(one.name for one in list_connectors() if one.kind and issubclass(one.kind, ReportDelivery))


def refuse_nobody(db: Session, spec: Spec, region_id: str | None, sidecar: Sidecar) -> None:
    """Warn of a definition that nobody is in.

    Raises:
        NobodyInItError: no unit, or no position, of its municipalities is called as it says.
    """
    today = sidecar.today()
    owners = [
        one.id
        for one in report_definitions.looked_after(db, region_id, Period(today, today))
        if not spec.municipalities or one.slug in spec.municipalities
    ]
    units = select(Unit.id).where(Unit.municipality_id.in_(owners), Unit.name.in_(spec.units)).limit(1)
    words = [func.lower(Employment.position).contains(word.lower(), autoescape=True) for word in spec.positions]
    held = select(Employment.id).where(Employment.municipality_id.in_(owners), or_(False, *words)).limit(1)
    if (spec.units and db.scalar(units) is None) or (spec.positions and db.scalar(held) is None):
        raise NobodyInItError


def as_file(defined: Defined) -> dict[str, Any]:
    """Return a definition as JSON that `read_file` reads."""
    return {"id": defined.id, "version": defined.version, "title": defined.title, "spec": defined.spec.as_json()}
