"""Say all that we say to LTI platforms: who we are, our keys, and what we ask their services for.

That is registration, key sets, access tokens, grades, columns of the gradebook and rosters.
"""

from sidecar.tool.framing import read_frame_origins
from sidecar.tool.grading import resume_grades, send_grade
from sidecar.tool.introducing import WANTED_CLAIMS, WANTED_SCOPES
from sidecar.tool.joining import Applicant, Joined, join, look, look_at_invitation
from sidecar.tool.line_items import TAG as COLUMN_TAG
from sidecar.tool.line_items import list_held
from sidecar.tool.registering import (
    PlatformRequest,
    Registered,
    addresses,
    check_deployment_id,
    launch_url,
    read_municipalities,
    register_platform,
)
from sidecar.tool.rosters import ask_for_rosters, refresh_roster
from sidecar.tool.service import access_tokens, as_registration, lti_fetch, platform_keys, registration_of
from sidecar.tool.signing import (
    KeyTooYoungError,
    active_tool_key,
    ensure_keys,
    published_key_set,
    revoke_key,
    rotate_keys,
    rotate_when_due,
    rotation_due,
)

__all__ = [
    "COLUMN_TAG",
    "WANTED_CLAIMS",
    "WANTED_SCOPES",
    "Applicant",
    "Joined",
    "KeyTooYoungError",
    "PlatformRequest",
    "Registered",
    "access_tokens",
    "active_tool_key",
    "addresses",
    "as_registration",
    "ask_for_rosters",
    "check_deployment_id",
    "ensure_keys",
    "join",
    "launch_url",
    "list_held",
    "look",
    "look_at_invitation",
    "lti_fetch",
    "platform_keys",
    "published_key_set",
    "read_frame_origins",
    "read_municipalities",
    "refresh_roster",
    "register_platform",
    "registration_of",
    "resume_grades",
    "revoke_key",
    "rotate_keys",
    "rotate_when_due",
    "rotation_due",
    "send_grade",
]
