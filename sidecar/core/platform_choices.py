"""Take what staff choose for an LMS, within what is theirs to choose: regions, municipalities, patterns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from sidecar.core import placing
from sidecar.core.access import Viewer
from sidecar.core.municipalities import Municipality
from sidecar.core.platform_lists import list_spoken_for
from sidecar.core.platforms import Platform
from sidecar.core.regions import Region
from sidecar.errors import InvalidInputError, NotFoundError, SidecarError

MOST_CHOICES: Final = 3
"""How many repetitions and alternatives a pattern may have: with more, one learner's number could take minutes."""

_LITERAL = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?(?:P<\w+>|:)", re.DOTALL)
"""What looks like a choice and is none: an escaped sign, a set, the beginning of a group."""

_CHOICE = re.compile(r"[*+?|{]")
_REPEATED_GROUP = re.compile(r"\)[*+{]")


class NobodySpokenForError(SidecarError):
    """No municipality is chosen. Choose at least one: the LMS places learners in those only."""

    code = "nobody-spoken-for"


class PatternRefusedError(SidecarError):
    """The pattern for {municipality} can't be used.

    Write a regular expression that holds (?P<employee_number>…), with at most three repetitions or alternatives and
    no repeated group; or leave it empty.
    """

    code = "pattern-refused"


def regions_to_choose(db: Session, viewer: Viewer) -> Sequence[Region]:
    """Return the regions the viewer may give an LMS or an invitation to, by name."""
    mine = true() if viewer.everything else Region.id.in_(viewer.regions)
    return db.scalars(select(Region).where(mine).order_by(Region.name)).all()


def municipalities_to_choose(db: Session, viewer: Viewer) -> Sequence[Municipality]:
    """Return the municipalities the viewer may let an LMS speak for, by name."""
    mine = true() if viewer.everything else Municipality.id.in_(viewer.rkk_for)
    return db.scalars(select(Municipality).where(mine).order_by(Municipality.name)).all()


def choose_region(db: Session, viewer: Viewer, region_id: str | None) -> str | None:
    """Return a region that the viewer may give an LMS or an invitation to; None is for operators.

    Raises:
        NotFoundError: it is not theirs to give.
    """
    if region_id is None and viewer.everything:
        return None
    if region_id not in {each.id for each in regions_to_choose(db, viewer)}:
        raise NotFoundError(what="region", key=region_id or "")
    return region_id


def choose_municipalities(
    db: Session, viewer: Viewer, platform_id: str, typed: Mapping[str, str]
) -> dict[str, str | None]:
    """Return the pattern, or None, by id of each municipality that an LMS is to speak for.

    What the viewer may not choose stays as it is: another region's office decides on its own municipalities. The LMS is
    locked before it is read, so that of two who save at once none brings back what the other took out.

    Args:
        typed: the pattern by id of each chosen municipality; "" means the default.

    Raises:
        NotFoundError: one of them is not the viewer's to choose.
        NobodySpokenForError: none is left.
        PatternRefusedError: a new pattern can't be used.
    """
    mine = {each.id: each for each in municipalities_to_choose(db, viewer)}
    for key in typed.keys() - mine.keys():
        raise NotFoundError(what="municipality", key=key)
    db.execute(select(Platform.id).where(Platform.id == platform_id).with_for_update())
    before = {each.municipality.id: each.pattern for each in list_spoken_for(db, platform_id)}
    patterns = {key: pattern for key, pattern in before.items() if key not in mine}
    for key, text in typed.items():
        patterns[key] = text.strip() or None
        if patterns[key] != before.get(key):
            _refuse_bad_pattern(patterns[key], mine[key])
    if not patterns:
        raise NobodySpokenForError
    return patterns


def _refuse_bad_pattern(pattern: str | None, municipality: Municipality) -> None:
    """Refuse a pattern that is none, or over which a long value could keep a process busy for minutes."""
    try:
        bare = _LITERAL.sub("_", placing.check_pattern(pattern)) if pattern else ""
    except InvalidInputError as error:
        raise PatternRefusedError(municipality=municipality.name) from error
    if len(_CHOICE.findall(bare)) > MOST_CHOICES or _REPEATED_GROUP.search(bare) or "(?" in bare:
        raise PatternRefusedError(municipality=municipality.name)
