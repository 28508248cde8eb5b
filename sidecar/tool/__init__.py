"""Say all that we say to LTI platforms: our keys, their keys, access tokens, grades."""

from sidecar.tool.grading import send_grade
from sidecar.tool.registering import (
    PlatformRequest,
    Registered,
    addresses,
    check_deployment_id,
    launch_url,
    register_platform,
)
from sidecar.tool.service import access_tokens, lti_fetch, platform_keys, registration_of
from sidecar.tool.signing import (
    active_tool_key,
    ensure_keys,
    published_key_set,
    revoke_key,
    rotate_keys,
    rotate_when_due,
)

__all__ = [
    "PlatformRequest",
    "Registered",
    "access_tokens",
    "active_tool_key",
    "addresses",
    "check_deployment_id",
    "ensure_keys",
    "launch_url",
    "lti_fetch",
    "platform_keys",
    "published_key_set",
    "register_platform",
    "registration_of",
    "revoke_key",
    "rotate_keys",
    "rotate_when_due",
    "send_grade",
]
