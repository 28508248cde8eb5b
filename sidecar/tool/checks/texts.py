"""Know what each step of a test may find; docs/moodle.md explains every one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sidecar.language import N_
from sidecar.tool.checks import connection_texts, service_texts
from sidecar.tool.checks.message import Message, Said

AUTH_URL: Final = N_("authentication request URL")
TOKEN_URL: Final = N_("access token URL")
KEY_SET_URL: Final = N_("public keyset URL")
"""The three addresses, as Moodle calls them; the fact `what` holds one of them."""

WHY: Final[Mapping[str, str]] = {
    "dns": N_("its name is not known to DNS"),
    "timeout": N_("it did not answer in time"),
    "refused": N_("it refuses connections"),
    "broken": N_("it broke the connection off"),
    "tls": N_("its certificate can't be trusted"),
    "too-large": N_("it answered with more than 2 MB"),
    "private": N_("it is on a private network"),
    "unencrypted": N_("its address is not https"),
    "html": N_("it answered with a web page"),
    "garbage": N_("it answered with something that is no JSON"),
    "redirect": N_("it sends us to another address"),
    "missing": N_("it says that there is nothing at this address"),
    "not-allowed": N_("it does not allow it"),
    "server-error": N_("it has an error of its own"),
    "else": N_("it did not do what the standard says"),
}
"""Why something did not work, where the text of the step has a place for it: the fact `reason`."""

AREAS: Final[Mapping[str, tuple[str, Mapping[str, Said]]]] = {
    "registration": (N_("Registration here"), connection_texts.REGISTRATION),
    "addresses": (N_("Addresses of the LMS"), connection_texts.ADDRESSES),
    "keys": (N_("Keys and clock"), connection_texts.KEYS),
    "services": (N_("Grades and members"), service_texts.SERVICES),
    "launches": (N_("Launches"), service_texts.LAUNCHES),
    "dry": (N_("Dry launch"), service_texts.DRY),
}
"""What the steps are grouped under, in this order: a title, and what may be found there."""

MESSAGES: Final[Mapping[str, Message]] = {
    code: Message(outcome, area, text) for area, (_, said) in AREAS.items() for code, (outcome, text) in said.items()
}
"""What each step may find, by its code."""
