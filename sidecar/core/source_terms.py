"""Name in English how sources and their runs stand, what they changed, and what the columns of a file mean.

The staff pages say it in the visitor's language, the command line as it stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sidecar.language import N_

STATES: Final[Mapping[str, str]] = {
    "never": N_("Not run yet"),
    "sent": N_("Sends by itself"),
    "silent": N_("Nothing sent yet"),
    "paused": N_("Paused"),
    "waiting": N_("Waits for its turn"),
    "running": N_("Under way"),
    "done": N_("Done"),
    "failed": N_("Failed"),
    "quarantined": N_("Waits for your word"),
    "approved": N_("Approved"),
    "rejected": N_("Rejected"),
}
"""How a source or a run stands, by its state."""

COUNTS: Final[Mapping[str, str]] = {
    "read": N_("Read so far"),
    "added": N_("New"),
    "changed": N_("Changed"),
    "moved": N_("Moved to another unit"),
    "ended": N_("Left"),
    "returned": N_("Came back"),
    "placed": N_("Accounts placed"),
    "unchanged": N_("As before"),
    "elsewhere": N_("Kept by another source"),
    "left_before": N_("Had left before we knew them"),
    "units_moved": N_("Units that moved"),
    "set_aside": N_("Lines set aside"),
    "kept_back": N_("Missing, but kept: perhaps on a line without an employee number"),
    "numberless": N_("Lines without a usable employee number"),
    "emails_kept_out": N_("E-mail addresses kept out"),
    "would_end": N_("Would leave"),
    "would_move": N_("Would move to another unit"),
    "would_return": N_("Would come back"),
    "would_replace": N_("Employee numbers that would be somebody else's"),
    "would_rename": N_("Would get another first or last name"),
    "would_earlier": N_("Would have begun more than a month earlier"),
    "changed_of_late": N_("Left, moved or changed in the last seven days already"),
    "would_add": N_("Would be new"),
    "employed": N_("Employed now"),
    "rows": N_("Read"),
    "new": N_("New"),
    "restored": N_("Restored"),
    "matched": N_("Found their person"),
    "waiting": N_("Wait for their person"),
    "withdrawn": N_("Withdrawn"),
    "would_withdraw": N_("Would be withdrawn"),
    "erased": N_("Left out, as the person is erased"),
    "no_holder": N_("Without an ID number in the LMS"),
    "unusable": N_("Can't be used"),
}
"""What a run changed, or would, in the order in which it is told."""

REMARKS: Final[Mapping[str, str]] = {
    "people-file-ragged": N_("It has more or fewer cells than there are columns."),
    "people-file-value-missing": N_("The employee number or the name is missing."),
    "people-file-value-too-long": N_("The employee number is too long."),
    "people-file-formula": N_("A cell begins like a formula."),
    "people-file-national-id": N_("A national identity number stands where it must not."),
    "people-file-date": N_("A day can't be read."),
    "people-file-percentage": N_("The percentage can't be read."),
    "people-file-other-employer": N_("It has the organisation number of another employer."),
    "people-file-duplicate": N_("Two people have this employee number; both are left as they were."),
    "people-number-unusable": N_("The employee number can't be used."),
    "people-nameless": N_("There is no name."),
    "moodle-no-number": N_("The user has no ID number in Moodle."),
}
"""Why a line was set aside, by code."""

MEANINGS: Final[Mapping[str, str]] = {
    "": N_("Leave out"),
    "employee_number": N_("Employee number"),
    "first_name": N_("First name"),
    "last_name": N_("Last name"),
    "email": N_("E-mail"),
    "unit": N_("Unit"),
    "position": N_("Position"),
    "unit_key": N_("Id of the unit"),
    "parent_unit": N_("Unit above (its id, or its name)"),
    "position_code": N_("Position code"),
    "percentage": N_("Percentage"),
    "started_on": N_("First day"),
    "ended_on": N_("Last day"),
    "manager_number": N_("Employee number of the manager"),
    "is_manager": N_("Manager (yes or no)"),
    "is_main": N_("Main position (yes or no)"),
    "org_number": N_("Organisation number"),
    "national_id": N_("National identity number (hashed, never kept)"),
}
"""What a column means; "" for one that is left out."""


def counts_in_order(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return what a run changed, or would, by its names with the numbers; what is not known by name is left out."""
    return [(text, counts[name]) for name, text in COUNTS.items() if counts.get(name)]
