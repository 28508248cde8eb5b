"""Say in plain words why somebody may, or may not, see something, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sidecar.core.audit_actions import N_
from sidecar.core.pointers import Pointer

GIVES, LACKS, HINDERS, NOTES = "gives", "lacks", "hinders", "notes"
"""What a reason does: it gives sight; says what is missing; keeps them out for now; is good to know."""

ROLE_NAMES: Final = {
    "operator": N_("Operator of this service"),
    "rkk": N_("Regional competence office"),
    "contact": N_("The municipality's contact"),
    "manager": N_("Manager"),
    "content-developer": N_("Content developer"),
}

TEXTS: Final = {
    "given": (GIVES, N_("The role “{what}” for {where} gives it.")),
    "given-anywhere": (GIVES, N_("The role “{what}” gives it, wherever it is.")),
    "given-elsewhere": (GIVES, N_("A role that is not yours to see gives it.")),
    "unit-only": (NOTES, N_("Of the municipality they see only who works in the unit “{unit}”.")),
    "through-unit-above": (NOTES, N_("The unit “{other}” lies below “{unit}”: who leads the upper one sees it too.")),
    "through-position": (NOTES, N_("They hold a position in or below the unit “{unit}”, besides their main one.")),
    "no-role": (
        LACKS,
        N_(
            "{name} holds no role here. What somebody is in the LMS, teacher or administrator, gives no sight of "
            "others. Give them a role if they should see this."
        ),
    ),
    "role-ended": (
        LACKS,
        N_("The role “{what}” for {where} would give it, but ended on {day}. Give it anew if they should see this."),
    ),
    "role-revoked": (
        LACKS,
        N_("The role “{what}” for {where} would give it, but was revoked on {day}. Give it anew if that was wrong."),
    ),
    "role-ended-anywhere": (
        LACKS,
        N_("The role “{what}” would give it, but ended on {day}. Give it anew if they should see this."),
    ),
    "role-revoked-anywhere": (
        LACKS,
        N_("The role “{what}” would give it, but was revoked on {day}. Give it anew if that was wrong."),
    ),
    "member-later": (
        LACKS,
        N_("The role “{what}” for {where} will give it from {day}: then the municipality joins the region."),
    ),
    "member-before": (
        LACKS,
        N_("The role “{what}” for {where} gave it until {day}: then the municipality left the region."),
    ),
    "unit-misspelt": (
        LACKS,
        N_(
            "The role “{what}” names the unit “{unit}”, but the people file writes “{other}”. Give the role anew, with "
            "the unit spelt as in the people file, and revoke this one."
        ),
    ),
    "other-unit": (LACKS, N_("The role “{what}” is for the unit “{unit}”; this person works in “{other}”.")),
    "other-kind": (LACKS, N_("The role “{what}” for {where} does not give this kind of thing.")),
    "other-kind-anywhere": (LACKS, N_("The role “{what}” does not give this kind of thing.")),
    "other-place": (LACKS, N_("The role “{what}” is for {where}, not for this.")),
    "hidden-roles": (NOTES, N_("They may hold roles elsewhere that are not yours to see; none of them gives this.")),
    "erased-person": (LACKS, N_("The person is erased. Nothing is left to see.")),
    "platform-pending": (
        HINDERS,
        N_("The LMS {platform} waits for approval; until then nobody comes in through it."),
    ),
    "platform-disabled": (
        HINDERS,
        N_("The LMS {platform} is disabled; until it is enabled nobody comes in through it."),
    ),
    "platform-removed": (HINDERS, N_("The LMS {platform} was removed; nobody comes in through it any more.")),
    "signed-in": (NOTES, N_("They are signed in on the staff pages now.")),
    "signed-out": (
        HINDERS,
        N_("They are not signed in on the staff pages now. They open a course in the LMS, and choose the staff pages."),
    ),
    "signed-out-link": (HINDERS, N_("They are not signed in now, and need a new sign-in link to come in.")),
    "appears": (GIVES, N_("Completed by them, and counted at {municipality}: {count}.")),
    "stands-in": (NOTES, N_("“{course}”, completed on {day}, stands in the report of {period}.")),
    "stands-in-none": (
        NOTES,
        N_("“{course}”, completed on {day}, stands in no report yet. It comes with the next one."),
    ),
    "nothing-completed": (LACKS, N_("They have not completed anything yet; only what is completed counts.")),
    "course-not-completed": (LACKS, N_("They have not completed “{course}”; only what is completed counts.")),
    "course-begun": (NOTES, N_("They began “{course}” on {day}, and have not finished it.")),
    "held": (
        LACKS,
        N_(
            "The LMS account was taken from its person, because the LMS suddenly names another employee or nobody. An "
            "operator looks into it, and lets it be placed again with “sidecar platform release”."
        ),
    ),
    "no-number": (
        LACKS,
        N_(
            "They are not placed: the LMS sends no ID number for them. Fill in the employee number in the ID number "
            "field of their profile in the LMS; the next launch places them."
        ),
    ),
    "unknown-number": (
        LACKS,
        N_(
            "They are not placed: the LMS sends an ID number that no employee here has. Correct it in the LMS, or "
            "import people who have it."
        ),
    ),
    "several": (
        LACKS,
        N_(
            "They are not placed: the ID number fits employees of several municipalities. Put the municipality in "
            "front of the number in the LMS, as in “rollag-1001”."
        ),
    ),
    "not-spoken-for": (
        LACKS,
        N_("The LMS {platform} does not speak for {municipality}. Add the municipality to the LMS, if it should."),
    ),
    "pattern-differs": (
        LACKS,
        N_(
            "The ID number that the LMS sends does not fit the pattern of {municipality}. Correct the pattern of the "
            "LMS, or the number in the LMS."
        ),
    ),
    "placeable": (LACKS, N_("They are not placed yet, though an employee fits: the next launch places them.")),
    "not-employed": (
        LACKS,
        N_("They are placed, but {municipality} does not employ them. If it does, import its people anew."),
    ),
    "left-before": (
        LACKS,
        N_("Their employment at {municipality} ended on {day}, before they completed anything that would count."),
    ),
    "by-link": (LACKS, N_("They sign in by a link, not from an LMS, and so take no courses.")),
}
"""What each reason does, and its English text with the places for facts."""


@dataclass(frozen=True)
class Reason:
    """One reason, with its facts; `what` is a role and is said in the reader's language; `shown`: where to mend it."""

    code: str
    facts: Mapping[str, str | int | date] = field(default_factory=dict)
    shown: Pointer | None = None

    @property
    def kind(self) -> str:
        """What it does: `GIVES`, `LACKS`, `HINDERS` or `NOTES`."""
        return TEXTS[self.code][0]

    @property
    def template(self) -> str:
        """The English text."""
        return TEXTS[self.code][1]


@dataclass(frozen=True)
class Answer:
    """A verdict and the reasons for it, the weightiest first."""

    verdict: bool
    reasons: tuple[Reason, ...]
