"""Say in English what a test may find of the LMS's services, of launches, and of a dry launch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sidecar.language import N_
from sidecar.tool.checks.message import Said

SERVICES: Final[Mapping[str, Said]] = {
    "token-granted": ("ok", N_("The LMS gives us access tokens.")),
    "token-unknown-client": (
        "failed",
        N_(
            "The LMS does not know our keys, or not the client ID {client_id}. In Moodle: Manage tools, the cog "
            "on the tool's card; set Public key type to Keyset URL and Public keyset to {url}, and compare the "
            "client ID. If the tool is pending there, activate it."
        ),
    ),
    "token-no-scope": (
        "failed",
        N_(
            "The LMS allows us none of its services. In Moodle: Manage tools, the cog on the tool's card, "
            "Services; let the tool use Assignment and Grade Services for grade sync and column management, and "
            "Names and Role Provisioning."
        ),
    ),
    "token-refused": (
        "failed",
        N_(
            "The LMS refuses us an access token (status {status} {error}). Check that the tool is active there, "
            "compare the client ID, and see what this test says of the clocks."
        ),
    ),
    "services-skipped": ("skipped", N_("Without an access token, what the LMS allows us could not be tried.")),
    "scope-score": ("ok", N_("We may send grades.")),
    "scope-score-missing": (
        "failed",
        N_(
            "We may not send grades: what learners complete never reaches the LMS's gradebook. In Moodle: Manage "
            "tools, the cog, Services, IMS LTI Assignment and Grade Services."
        ),
    ),
    "scope-lineitem": ("ok", N_("We may make and change columns in the gradebook.")),
    "scope-lineitem-missing": (
        "warning",
        N_(
            "We may not make columns in the gradebook: an activity that has none gets no grade. In Moodle: Manage"
            " tools, the cog, Services; choose “grade sync and column management”."
        ),
    ),
    "scope-lineitem-readonly": ("ok", N_("We may read the columns of the gradebook.")),
    "scope-lineitem-readonly-missing": (
        "warning",
        N_(
            "We may not read the columns of the gradebook: we can't see whether an activity has one. In Moodle: "
            "Manage tools, the cog, Services, IMS LTI Assignment and Grade Services."
        ),
    ),
    "scope-lineitem-readonly-unneeded": (
        "ok",
        N_("Reading columns is not allowed by itself; it comes with making them."),
    ),
    "scope-result": ("ok", N_("We may read the grades that we sent.")),
    "scope-result-missing": (
        "warning",
        N_(
            "We may not read grades: where the LMS has a newer grade than ours, we can't see which is the higher "
            "one. In Moodle: Manage tools, the cog, Services, IMS LTI Assignment and Grade Services."
        ),
    ),
    "scope-roster": ("ok", N_("We may read who takes part in a course.")),
    "scope-roster-missing": (
        "warning",
        N_(
            "We may not read who takes part in a course: those who never opened it are not seen here. In Moodle: "
            "Manage tools, the cog, Services, IMS LTI Names and Role Provisioning."
        ),
    ),
    "line-item-worked": ("ok", N_("A test column was made in the gradebook, read, changed and deleted again.")),
    "line-item-no-scope": ("skipped", N_("No test column was made in the gradebook, as we may not.")),
    "line-item-no-place": (
        "skipped",
        N_(
            "No launch has told us yet where the LMS keeps its gradebook. Open an activity with a grade from the "
            "LMS once, then test again."
        ),
    ),
    "line-item-not-listed": (
        "warning",
        N_(
            "The LMS did not show the columns of the gradebook: {reason}. Whether an earlier test left one could "
            "not be seen."
        ),
    ),
    "line-item-not-made": (
        "failed",
        N_(
            "The LMS did not make a test column in the gradebook: {reason}. Check that the course of the last "
            "launch still exists there, and that the tool may manage columns."
        ),
    ),
    "line-item-not-read": (
        "failed",
        N_("The LMS made a test column but did not show it again: {reason}. Look into the log of the LMS."),
    ),
    "line-item-not-changed": (
        "failed",
        N_("The LMS made a test column but did not change it: {reason}. Look into the log of the LMS."),
    ),
    "line-item-left": (
        "failed",
        N_(
            "The test column “{label}” could not be deleted: {reason}. The next test tries again; or delete it in"
            " the gradebook (in Moodle: Grades > Gradebook setup)."
        ),
    ),
    "line-item-swept": ("ok", N_("Test columns that an interrupted test had left were deleted: {count}.")),
}

LAUNCHES: Final[Mapping[str, Said]] = {
    "launch-seen": ("ok", N_("The last launch came {when}.")),
    "launch-never": (
        "warning",
        N_(
            "Nobody has launched a course from this LMS yet. Add an activity of this tool to a course there, and "
            "open it. In Moodle the tool must be active, and a teacher shows it under Course > More > LTI "
            "External tools."
        ),
    ),
    "failures-none": ("ok", N_("No launch was refused in the last 24 hours.")),
    "failures-some": (
        "warning",
        N_(
            "Launches refused in the last 24 hours: {count} ({codes}). The newest has the reference {reference}: "
            "look it up under Failed launches."
        ),
    ),
}

DRY: Final[Mapping[str, Said]] = {
    "dry-opens": (
        "ok",
        N_(
            "A made-up learner would get in, from deployment {deployments}: “{course}”, version {version}, in "
            "{language}."
        ),
    ),
    "dry-refused": ("failed", N_("A made-up learner would be refused. {refusal}")),
    "dry-not-reviewed": (
        "failed",
        N_(
            "A made-up learner would get in, but “{course}” would not play: nobody has reviewed version "
            "{version}, and all packages share one host here. Let a reviewed version play on the course's page."
        ),
    ),
    "dry-no-course": ("skipped", N_("There is no course to try with. Add one under Courses, then test again.")),
    "dry-placed": ("ok", N_("The number is that of {name}, {municipality}.")),
    "dry-placed-elsewhere": (
        "warning",
        N_("None of the employees whom you look after has this number alone. Whether others have it is not shown."),
    ),
    "dry-no-number": (
        "skipped",
        N_(
            "Whether the learner is found among the employees was not tried. Give the number that the LMS sends "
            "(in Moodle: ID number of the user)."
        ),
    ),
    "dry-no-municipality": (
        "warning",
        N_(
            "The learner would be found nowhere, as the LMS speaks for no municipality. Choose its municipalities"
            " on its page here."
        ),
    ),
    "dry-unreadable": (
        "warning",
        N_(
            "The learner would be found nowhere: no municipality's pattern fits this number. Change the pattern "
            "on the page of this LMS here, or the number in the LMS."
        ),
    ),
    "dry-unknown": (
        "warning",
        N_(
            "The learner would be found nowhere: no employee of {municipalities} has this number. Import the "
            "employees, or correct the number in the LMS."
        ),
    ),
    "dry-ambiguous": (
        "warning",
        N_(
            "The learner would be found nowhere, as several employees have this number: in {municipalities}. Let "
            "the LMS send the municipality too, as in rollag-1001, or give each municipality a pattern."
        ),
    ),
    "dry-grade": ("ok", N_("A grade would go back to the LMS, as from the last launch of this course.")),
    "dry-grade-no-column": (
        "warning",
        N_(
            "No grade would go back: the activity of the last launch has no column in the gradebook. In Moodle, "
            "let the tool create the column, or add the activity anew by the content chooser."
        ),
    ),
    "dry-grade-no-scope": (
        "warning",
        N_(
            "No grade would go back: the last launch did not allow it. In Moodle: the activity's settings, "
            "Privacy, “Accept grades from the tool”."
        ),
    ),
    "dry-grade-unknown": (
        "skipped",
        N_("Whether a grade would go back is not known before somebody has opened the course from this LMS."),
    ),
}
