"""Say in plain words what each action of the audit trail is, and what its facts mean.

Every `audit.record` in the code has its line here; `tests/house/test_audit_actions.py` looks.
"""

from __future__ import annotations

from typing import Final


def N_(text: str) -> str:  # noqa: N802 (the name by which gettext's tools find texts to translate)
    """Mark a text for translation where it is shown."""
    return text


ACTIONS: Final = {
    "audit.exported": N_("Exported the audit trail"),
    "course.described": N_("Described a course"),
    "course.brought_back": N_("Brought a retired course back"),
    "course.facts_changed": N_("Changed what is known of a course"),
    "course.retired": N_("Retired a course"),
    "course_version.approved": N_("Let a course version play"),
    "course_version.described": N_("Said what is new in a course version"),
    "course_version.published": N_("Published a course version"),
    "course_version.removed": N_("Removed a course version"),
    "course_version.sent_back": N_("Sent a course version back to its author"),
    "course_version.sent_to_review": N_("Sent a course version to review"),
    "connection.added": N_("Added a channel for reports"),
    "connection.removed": N_("Removed a channel for reports"),
    "courses.not_picked": N_("Closed an LMS's dialog without picking a course"),
    "courses.picked": N_("Picked courses in an LMS's dialog"),
    "delivery.retried": N_("Tried a delivery again"),
    "deployment.approved": N_("Let a deployment of an LMS launch courses"),
    "deployment.removed": N_("Removed a deployment of an LMS"),
    "identity.released": N_("Let an LMS account be placed again"),
    "invitation.made": N_("Invited an LMS to register itself"),
    "invitation.revoked": N_("Took back an invitation to an LMS"),
    "municipality.added": N_("Added a municipality"),
    "municipality.allowed": N_("Changed how much a municipality's courses may take"),
    "package.added": N_("Uploaded a course version"),
    "people.imported": N_("Imported employees"),
    "person.erased": N_("Erased a person"),
    "platform.added": N_("Registered an LMS"),
    "platform.approved": N_("Approved an LMS that registered itself"),
    "platform.check_requested": N_("Asked for a test of the connection to an LMS"),
    "platform.checked": N_("Tested the connection to an LMS"),
    "platform.disabled": N_("Disabled an LMS"),
    "platform.enabled": N_("Enabled an LMS again"),
    "platform.municipalities_set": N_("Said for which municipalities an LMS speaks"),
    "platform.refused": N_("Refused an LMS that registered itself"),
    "platform.frame_origins_set": N_("Said which pages of an LMS may show ours"),
    "platform.line_items_set": N_("Said whether an LMS gets columns in its gradebook"),
    "platform.registered": N_("Registered itself by an invitation"),
    "platform.region_set": N_("Said who looks after an LMS"),
    "platform.removed": N_("Removed an LMS"),
    "platform.renamed": N_("Renamed an LMS"),
    "platform.roster_asked": N_("Asked an LMS who takes part in its courses"),
    "platform.update_proposed": N_("Registered itself anew; a person must accept it"),
    "platform.update_accepted": N_("Took over what an LMS said when it registered anew"),
    "platform.update_declined": N_("Declined what an LMS said when it registered anew"),
    "report.requested": N_("Ordered a report"),
    "resource_link.bound": N_("Chose the course of a link in an LMS"),
    "retention.changed": N_("Changed how long a municipality keeps things"),
    "secrets.rotated": N_("Encrypted everything with a new key"),
    "sign_in.ended": N_("Ended a sign-in"),
    "sign_in.started": N_("Signed in"),
    "sign_in_link.made": N_("Made a sign-in link"),
    "sign_ins.ended": N_("Ended all other sign-ins of their own"),
    "signing_key.revoked": N_("Revoked a signing key"),
    "signing_key.rotated": N_("Took a new signing key into use"),
    "staff.granted": N_("Gave a role"),
    "staff.revoked": N_("Took a role back"),
}
"""What is said of each action, by its name."""

ACTORS: Final = {
    "named": N_("Somebody"),
    "command-line": N_("The command line, or the service by itself"),
    "lms": N_("An LMS that registered itself"),
    "erased": N_("An erased person"),
    "operator": N_("An operator"),
    "elsewhere": N_("Somebody of another region"),
}
"""Who acted, where no name is told."""

FACTS: Final = {
    "failed_steps": N_("Steps that failed"),
    "about": N_("about"),
    "alone": N_("reviewed by who uploaded it"),
    "added": N_("added"),
    "attempts": N_("attempts"),
    "attempts_days": N_("days that attempts are kept"),
    "by": N_("by"),
    "changed": N_("changed"),
    "completions": N_("completions"),
    "connector": N_("channel"),
    "count": N_("count"),
    "course": N_("course"),
    "courses": N_("courses"),
    "deliveries": N_("reports"),
    "deployment_id": N_("deployment"),
    "employments": N_("employments"),
    "identities": N_("LMS accounts"),
    "invitation": N_("invitation"),
    "kind": N_("kind"),
    "platform": N_("LMS"),
    "municipalities": N_("municipalities"),
    "missing": N_("not in the file"),
    "most_bytes": N_("most bytes"),
    "most_packages": N_("most packages"),
    "make": N_("made by itself"),
    "number": N_("version"),
    "origins": N_("addresses"),
    "org_number": N_("organisation number"),
    "period": N_("period"),
    "placed": N_("placed"),
    "region": N_("region"),
    "renews": N_("anew"),
    "reason": N_("reason"),
    "report_files_days": N_("days that report files are kept"),
    "resealed": N_("secrets encrypted"),
    "role": N_("role"),
    "rows": N_("rows"),
    "since": N_("from"),
    "starting_over": N_("learners starting over"),
    "unchanged": N_("unchanged"),
    "until": N_("until"),
}
"""What the facts of entries are called."""


def text_of(action: str) -> str:
    """Return the English text of an action; its name where an older version wrote one that is not known any more."""
    return ACTIONS.get(action, action)
