"""Say to an LMS what we are and what we would like: names, addresses, services and facts about people."""

from __future__ import annotations

from lti.grades import SCOPE_SCORE
from lti.line_items import SCOPE_LINE_ITEM, SCOPE_LINE_ITEM_READ
from lti.registration import ToolDescription
from lti.results import SCOPE_RESULT_READ
from lti.roster import SCOPE_MEMBERS
from sidecar.language import LANGUAGES, N_, translator
from sidecar.settings import Settings
from sidecar.tool.registering import addresses

WANTED_SCOPES = (SCOPE_LINE_ITEM, SCOPE_LINE_ITEM_READ, SCOPE_RESULT_READ, SCOPE_SCORE, SCOPE_MEMBERS)
"""The services we use; the registration page gives a reason for each."""

WANTED_CLAIMS = ("iss", "sub", "name", "given_name", "family_name", "email")
"""What we would like to know of who launches; the registration page gives a reason for each."""

NAME = N_("Læringsløp")
DESCRIPTION = N_("Courses of your municipality, with the result in the gradebook.")
PICKER_LABEL = N_("Choose courses from Læringsløp")


def describe_tool(settings: Settings) -> ToolDescription:
    """Return what we say of ourselves when an LMS registers us."""
    ours, base = addresses(settings), settings.public_url
    return ToolDescription(
        names=_in_all_languages(NAME),
        descriptions=_in_all_languages(DESCRIPTION),
        picker_labels=_in_all_languages(PICKER_LABEL),
        home_url=f"{base}/",
        launch_url=ours["tool_url"],
        login_url=ours["initiate_login_url"],
        jwks_url=ours["jwks_url"],
        logo_url=logo_url(settings),
        policy_url=f"{base}/privacy",
        scopes=WANTED_SCOPES,
        claims=WANTED_CLAIMS,
    )


def logo_url(settings: Settings) -> str:
    """Return the address of our logo, which LMSs show."""
    return f"{settings.public_url}/lti/icon.png"


def _in_all_languages(message: str) -> dict[str, str]:
    """Return a text by language tag, Bokmål first."""
    return {lang: translator(lang)(message) for lang in LANGUAGES}
