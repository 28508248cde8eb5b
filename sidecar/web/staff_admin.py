"""Lead who administers to what they administer, one card each, so that the menu stays short."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template

from sidecar.web.access import audience, current
from sidecar.web.rendering import gettext as _
from sidecar.web.staff_menu import ADMINISTERS

blueprint = Blueprint("staff_admin", __name__)


@dataclass(frozen=True)
class Card:
    """One thing to administer, and who may open it."""

    href: str
    title: str
    text: str
    roles: tuple[str, ...]


@blueprint.get("/staff/admin")
@audience(*ADMINISTERS)
def show() -> str:
    """Show the cards of what the viewer may administer."""
    viewer = current().viewer
    return render_template("staff/admin.html", cards=[card for card in _cards() if viewer.is_one_of(*card.roles)])


def _cards() -> list[Card]:
    """Return every card in the visitor's language, what is needed most often first."""
    return [*_cards_of_systems(), *_cards_of_regions(), *_cards_of_people()]


def _cards_of_systems() -> list[Card]:
    """Return the cards of what comes from LMSs and other systems."""
    return [
        Card(
            "/staff/platforms",
            _("LMSs"),
            _("Which LMSs are connected, whether they work, and what waits for approval."),
            ADMINISTERS,
        ),
        Card(
            "/staff/invitations",
            _("Invitations"),
            _("Connect a new LMS: make an address that its administrator pastes there."),
            ADMINISTERS,
        ),
        Card(
            "/staff/sources",
            _("Sources"),
            _("See what comes in by itself from HR systems and LMSs, and answer where somebody is asked."),
            ADMINISTERS,
        ),
        Card(
            "/staff/reports",
            _("Reports"),
            _("Say what municipalities are sent, about whom, and when; see what goes out next."),
            ADMINISTERS,
        ),
        Card(
            "/staff/tokens",
            _("Tokens"),
            _("Let Entra ID, or another system, keep a municipality's employees up to date by itself."),
            ADMINISTERS,
        ),
        Card(
            "/staff/lms-courses",
            _("Courses of LMSs"),
            _("Say which of your courses an LMS's course is, so that completions of both are one."),
            ADMINISTERS,
        ),
        Card(
            "/staff/failures",
            _("Failed launches"),
            _("Find out why somebody could not open a course, by the reference on their page."),
            ADMINISTERS,
        ),
    ]


def _cards_of_regions() -> list[Card]:
    """Return the cards of what is shared with other regions."""
    return [
        Card(
            "/staff/peers",
            _("Regions we share with"),
            _("Say which regions you trust, so that learning paths can be offered from one to the other."),
            ADMINISTERS,
        ),
        Card(
            "/staff/agreements",
            _("Completions across regions"),
            _("Record what is agreed with other regions, and match what they told of employees nobody knows."),
            ADMINISTERS,
        ),
    ]


def _cards_of_people() -> list[Card]:
    """Return the cards of who is who, who may do what, and who did what."""
    return [
        Card(
            "/staff/matching",
            _("One person or two?"),
            _("Say whether two employees are one person, undo it, and see the rules that find them."),
            ADMINISTERS,
        ),
        Card(
            "/staff/why",
            _("Why can, or can't, they see that?"),
            _("Ask which role lets somebody see a person, a course or an LMS, or what they lack."),
            ADMINISTERS,
        ),
        Card(
            "/staff/row-errors",
            _("Errors in reports"),
            _("Read what contacts of municipalities found wrong in a report, and answer it."),
            ADMINISTERS,
        ),
        Card("/staff/roles", _("Roles"), _("Give people roles on these pages, and take them back."), ADMINISTERS),
        Card("/staff/sign-ins", _("Sign-ins"), _("See who is signed in, and end a sign-in."), ADMINISTERS),
        Card("/staff/audit", _("Audit trail"), _("See who did what, and when."), ADMINISTERS),
        Card("/staff/keys", _("Keys"), _("See and renew the keys by which LMSs know that it is us."), ("operator",)),
    ]
