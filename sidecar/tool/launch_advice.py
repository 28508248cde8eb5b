"""Tell staff what to do about a refused launch or registration; the learner's own page only says how to go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import getdoc
from string import Formatter
from typing import Final

from lti.errors import LtiError
from sidecar.errors import SidecarError
from sidecar.language import N_, say_template, translator

ELSE: Final = N_(
    "Compare the claims with those of a launch that works. If the reason is not clear, send this page to whoever "
    "runs the sidecar; it names nobody."
)
_SETTINGS: Final = N_(
    "Compare issuer, client ID and the three addresses of this LMS here with what the LMS shows. In Moodle: Site "
    "administration > Plugins > Activity modules > External tool > Manage tools, the list icon on the tool's card."
)
_OTHER_TAB: Final = N_(
    "One such launch is nothing: somebody went back in the browser, or let the page lie. Many at once mean that the "
    "LMS or a proxy in front of it sends launches twice, or keeps pages that it must not keep."
)
_DEFECT: Final = N_(
    "The LMS breaks the standard here. Look in the claims for what is missing or odd, and tell the LMS's supplier; "
    "other launches of this LMS fail likewise."
)
_BEGIN_AGAIN: Final = N_(
    "The reason says what to do. The invitation is not used up: the LMS can begin again with the same address."
)
_INVITE_ANEW: Final = N_(
    "Look at the invitations under LMSs: if the LMS is to register, make a new one and send its whole address."
)

ADVICE: Final[Mapping[str, str]] = {
    "login-parameter-missing": _DEFECT,
    "login-parameter-invalid": _DEFECT,
    "platform-inactive": N_("Approve the registration of this LMS, or enable the LMS again, on its page here."),
    "platform-pending": N_("Look at what this LMS asks for, and approve or refuse its registration, on its page here."),
    "platform-disabled": N_(
        "Enable the LMS again on its page here, if it is to open courses. If not, let its administrator hide our tool."
    ),
    "platform-removed": N_(
        "If the LMS is to open courses again, invite it anew or register it again with the same issuer and client ID: "
        "it gets its people back. If not, let its administrator delete our tool."
    ),
    "unknown-platform": N_(
        "Register the LMS here. If it is registered, its issuer or client ID differs by a letter, http for https, or a "
        "slash at the end."
    ),
    "foreign-target": N_(
        "The activity's tool URL is not our launch address. In Moodle, edit the activity or the tool, and set Tool "
        "URL to the launch address that stands on the page of this LMS here."
    ),
    "token-malformed": _DEFECT,
    "token-too-large": N_("Take custom parameters that courses don't need out of the tool or the activity in the LMS."),
    "algorithm-refused": N_("Let the LMS sign with RS256; for Moodle that is always so, so a proxy may have meddled."),
    "critical-header-unknown": _DEFECT,
    "key-id-missing": _DEFECT,
    "key-unknown": N_(
        "The LMS signs with a key that its key set does not hold. Test the connection: the key set URL here may be "
        "that of another LMS, or a cache in front of it may hold the old keys."
    ),
    "keys-unavailable": N_(
        "We could not fetch the LMS's keys. Test the connection: it says whether the name, a firewall, the "
        "certificate or the address is at fault."
    ),
    "keys-malformed": N_(
        "The key set URL here leads to something else than keys. Test the connection, and mend the URL."
    ),
    "signature-invalid": N_(
        "Somebody changed the launch on its way, or the LMS publishes another key under the same id. Test the "
        "connection. If it happens once only, take it for an attempt to get in."
    ),
    "claim-missing": _DEFECT,
    "claim-invalid": _DEFECT,
    "wrong-issuer": _SETTINGS,
    "wrong-audience": _SETTINGS,
    "token-expired": N_(
        "The LMS's clock is behind, or the learner's page lay open for long. Test the connection: it compares the "
        "clocks."
    ),
    "token-from-future": N_("The LMS's clock is ahead of ours. Test the connection: it says by how many seconds."),
    "nonce-mismatch": _OTHER_TAB,
    "version-unsupported": N_("Set LTI version to 1.3 in the LMS's settings of the tool; 1.1 is not spoken here."),
    "message-unsupported": N_(
        "The LMS offers something of the tool that we do not have. Use an activity or the content chooser."
    ),
    "unknown-deployment": N_(
        "Approve the deployment on the page of this LMS here, if you know it. In Moodle its ID stands under Manage "
        "tools, the list icon on the tool's card."
    ),
    "deployment-mismatch": _DEFECT,
    "target-mismatch": N_(
        "The LMS changed the activity's address between login and launch. In Moodle, open the activity's settings "
        "and save them again."
    ),
    "links-not-accepted": N_(
        "The LMS asks for content of a kind that we don't give. Let the teacher open the chooser from an activity of"
        " this tool."
    ),
    "return-url-foreign": N_(
        "The LMS wants the chosen courses sent to another host than its own. If that is right, register it with that"
        " host as its issuer; if not, take it for an attempt to get in."
    ),
    "state-missing": _DEFECT,
    "state-unknown": N_(
        "Nobody began this launch here. Many at once: the LMS sends to the launch address without our login address;"
        " set Initiate login URL in the LMS."
    ),
    "state-spent": _OTHER_TAB,
    "browser-unknown": N_(
        "The browser keeps no cookies of ours inside the LMS's page. Let the activity open in a new window: in "
        "Moodle, Launch container of the activity or the tool."
    ),
    "token-missing": _DEFECT,
    "platform-declined": N_(
        "The LMS refused to say who the learner is. In Moodle: the learner must be signed in and enrolled, and "
        "Redirection URI(s) of the tool must be our launch address, letter by letter."
    ),
    "course-unknown": N_(
        'Correct "course" under Custom parameters of the activity in the LMS; the key stands on the course\'s page '
        "here. Or add the course here under that key."
    ),
    "page-unknown": N_(
        'Correct "page" under Custom parameters of the activity in the LMS: "page=my-learning", or "page=path:" and the'
        " key of a learning path that is published here."
    ),
    "nothing-to-play": N_("The course has no published version. Review and publish one on the course's page here."),
    "course-retired": N_(
        "The course was retired here. Take the activity out of the course in the LMS, or let it open another course; "
        "if it is to be taken after all, bring it back on its page here."
    ),
    "course-not-chosen": N_(
        'Let somebody who may choose courses open the activity once and choose, or write "course=<key>" under Custom'
        " parameters of the activity."
    ),
    "picking-not-allowed": N_(
        "Only teachers and those who edit a course may choose content. Check the person's role in the LMS."
    ),
    "configuration-address-invalid": _BEGIN_AGAIN,
    "configuration-changed": _BEGIN_AGAIN,
    "configuration-foreign": _BEGIN_AGAIN,
    "configuration-malformed": _BEGIN_AGAIN,
    "configuration-unavailable": _BEGIN_AGAIN,
    "configuration-unsupported": _BEGIN_AGAIN,
    "endpoint-unusable": _BEGIN_AGAIN,
    "issuer-other": _BEGIN_AGAIN,
    "registration-refused": _BEGIN_AGAIN,
    "registration-token-invalid": _BEGIN_AGAIN,
    "registration-unanswered": _BEGIN_AGAIN,
    "invitation-busy": _BEGIN_AGAIN,
    "invitation-expired": _INVITE_ANEW,
    "invitation-revoked": _INVITE_ANEW,
    "invitation-unknown": _INVITE_ANEW,
    "invitation-used": _INVITE_ANEW,
    "registered-elsewhere": N_(
        "An operator looks up who looks after this LMS, and invites it to register again; the half-made tool in the LMS"
        " is deleted first."
    ),
    "token-elsewhere": N_(
        "Ask the LMS's administrator for its true address for access tokens. If another LMS here was registered with it"
        " wrongly, mend that one; if not, take it for an attempt to get in."
    ),
}
"""What to do, by the code of the refusal."""


def advise(code: str) -> str:
    """Return in English what staff can do about a refusal of this code."""
    return ADVICE.get(code, ELSE)


def say_reason(code: str, facts: Mapping[str, object], lang: str) -> str:
    """Return the text that the learner saw, in a language; the code itself where no such refusal is known any more."""
    template = next((_template(kind) for kind in _classes() if kind.code == code), code)
    unknown = {name: "…" for _, name, _, _ in Formatter().parse(template) if name}
    return say_template(template, unknown | dict(facts), lang)


def say_advice(code: str, lang: str) -> str:
    """Return in a language what staff can do."""
    return translator(lang)(advise(code))


def _template(kind: type[SidecarError | LtiError]) -> str:
    return " ".join((getdoc(kind) or "").split())


def _classes() -> Iterator[type[SidecarError | LtiError]]:
    """Yield every error a launch may be refused with, those of the library first."""
    waiting: list[type[SidecarError | LtiError]] = [SidecarError, LtiError]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        yield kind
