"""Give the reason for each thing we ask an LMS for, in plain words."""

from __future__ import annotations

from typing import Final

from lti.grades import SCOPE_SCORE
from lti.line_items import SCOPE_LINE_ITEM, SCOPE_LINE_ITEM_READ
from lti.results import SCOPE_RESULT_READ
from lti.roster import SCOPE_MEMBERS
from sidecar.language import N_

SCOPE_REASONS: Final = {
    SCOPE_LINE_ITEM: (
        N_("Make and change columns in the gradebook"),
        N_("An activity that a teacher adds gets its column, and no other column is touched."),
    ),
    SCOPE_LINE_ITEM_READ: (
        N_("Read the columns of the gradebook"),
        N_("So that we find the column which belongs to an activity."),
    ),
    SCOPE_RESULT_READ: (
        N_("Read our grades in the gradebook"),
        N_("So that a lower result never takes the place of a higher one."),
    ),
    SCOPE_SCORE: (
        N_("Write grades into the gradebook"),
        N_("So that the result of a finished course arrives by itself."),
    ),
    SCOPE_MEMBERS: (
        N_("Read who takes part in a course"),
        N_("So that the municipality also sees who has not begun."),
    ),
}
"""What it is and what it is for, by scope."""

CLAIM_REASONS: Final = (
    (
        frozenset({"iss", "sub"}),
        N_("The number of the user in the LMS"),
        N_("So that we know the same person again next time."),
    ),
    (
        frozenset({"name", "given_name", "family_name"}),
        N_("Name"),
        N_("So that those who look after the training can see whom a result belongs to."),
    ),
    (
        frozenset({"email"}),
        N_("E-mail address"),
        N_("So that staff with a task here can be reached. Nobody is matched by it."),
    ),
)
"""What it is and what it is for, by the claims that belong together."""


def reasons_for_scopes(scopes: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return what each service is and what it is for."""
    return [SCOPE_REASONS[scope] for scope in scopes]


def reasons_for_claims(claims: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return what each fact about people is and what it is for."""
    return [(what, why) for names, what, why in CLAIM_REASONS if names & set(claims)]
