"""Ask what a token may call, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.connectors.moodle.calls import Calls
from sidecar.connectors.moodle.shapes import item

GET_SITE_INFO = "core_webservice_get_site_info"


@dataclass(frozen=True)
class Site:
    """What the token's user is told of the site.

    Attributes:
        language: of the token's user, for example en.
        functions: which the service has.
    """

    url: str
    release: str
    language: str
    user_id: int
    is_admin: bool
    functions: frozenset[str]


def get_site(calls: Calls) -> Site:
    """Return what the token's user is told of the site."""
    found = item(calls.read(GET_SITE_INFO), GET_SITE_INFO)
    return Site(
        url=found.text("siteurl"),
        release=found.text("release"),
        language=found.text("lang"),
        user_id=found.whole("userid"),
        is_admin=bool(found.flag("userissiteadmin")),
        functions=frozenset(each.text("name") for each in found.items("functions")),
    )
