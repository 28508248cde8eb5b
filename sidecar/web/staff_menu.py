"""Offer in the staff pages' menu what the signed-in person may open."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from sidecar.web.access import current
from sidecar.web.rendering import gettext as _

SEES_PEOPLE = ("manager", "contact", "rkk", "operator")
SEES_REPORTS = ("contact", "rkk", "operator")
SEES_COURSES = ("content-developer", "rkk", "operator")
ADMINISTERS = ("rkk", "operator")
ADMIN_PAGES = (
    "platforms",
    "invitations",
    "sources",
    "failures",
    "keys",
    "tokens",
    "row-errors",
    "peers",
    "agreements",
    "crossings",
    "lms-courses",
    "report-runs",
    "reports",
    "matching",
    "roles",
    "audit",
    "why",
    "sign-ins",
)
"""The pages that the one entry "Administration" leads to, by the first word of their addresses after /staff/."""


@dataclass(frozen=True)
class MenuLink:
    """One entry of the menu."""

    href: str
    text: str
    is_here: bool


def menu() -> list[MenuLink]:
    """Return the entries for who is signed in."""
    entries = [
        ("/staff/", _("Overview"), SEES_PEOPLE + SEES_COURSES),
        ("/staff/courses", _("Courses"), SEES_COURSES),
        ("/staff/paths", _("Learning paths"), ADMINISTERS),
        ("/staff/municipalities", _("Municipalities"), SEES_PEOPLE),
        ("/staff/sign-offs", _("Sign-offs"), SEES_PEOPLE),
        ("/staff/gatherings", _("Gatherings"), SEES_PEOPLE),
        ("/staff/deliveries", _("Deliveries"), ADMINISTERS),
        ("/staff/ledger", _("Ledger"), SEES_REPORTS),
        ("/staff/admin", _("Administration"), ADMINISTERS),
    ]
    viewer = current().viewer
    return [MenuLink(href, text, _is_here(href)) for href, text, roles in entries if viewer.is_one_of(*roles)]


def _is_here(href: str) -> bool:
    if href == "/staff/admin" and request.path.removeprefix("/staff/").split("/")[0] in ADMIN_PAGES:
        return True
    return request.path == href or (href != "/staff/" and request.path.startswith(href))
