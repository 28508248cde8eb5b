"""Tell administrators why an LMS could not register, by what kept us from reading what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lti.errors import LtiError
from sidecar.errors import ForbiddenAddressError, SidecarError, UnreachableError
from sidecar.language import N_
from sidecar.tool.deadlines import TIMEOUT

ADVICE: Final[Mapping[str, str]] = {
    ForbiddenAddressError.code: N_(
        "The address of {host} is on a private network, or it is not https. If this LMS belongs on such a network, ask "
        "an operator of this service to list its host in SIDECAR_ALLOWED_PRIVATE; otherwise let the LMS use https and "
        "a public address."
    ),
    UnreachableError.code: N_(
        "There was no answer from {host}: its name is not known to DNS, a firewall keeps us out, or its certificate "
        "can't be trusted. Let it allow the server of this service in, on port 443."
    ),
    TIMEOUT: N_(
        "{host} took too long to answer: a firewall may keep us out, or the LMS has too much to do just now. Try again "
        "in a minute."
    ),
}
"""By the reason of an error that has one."""

STILL_WORKS: Final = N_("The invitation is not used up: begin again in the LMS with the same address.")


def advise_on_registration(problem: LtiError | SidecarError) -> list[str]:
    """Return what else to say of a refused registration, in English; nothing where its own text says all."""
    if not isinstance(problem, LtiError):
        return []
    advice = ADVICE.get(str(problem.facts.get("reason", "")))
    return [*([advice] if advice else []), STILL_WORKS]
