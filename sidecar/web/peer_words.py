"""Say in the visitor's language how the regions that ours shares with stand, and why something was not exchanged."""

from __future__ import annotations

from typing import Final

from sidecar.language import N_
from sidecar.web.rendering import translated

STATES: Final = {
    "trusted": N_("Trusted"),
    "proving": N_("Not found yet"),
    "blocked": N_("Blocked"),
}
STATE_COLOURS: Final = {"trusted": "success", "proving": "warning", "blocked": "neutral"}
"""How states are marked beside their name."""

INVITATION_STATES: Final = {
    "open": N_("Open"),
    "used": N_("Used"),
    "expired": N_("Too old"),
    "revoked": N_("Taken back"),
}

_SILENT: Final = N_("Their server can't be reached.")
_FAULTY: Final = N_("Their server answers with a fault.")
_UNKNOWN: Final = N_("Their server does not know our region, or has blocked it. Ask them to look.")
_OTHER_KEY: Final = N_(
    "They sign with a key that we don't know. Compare the fingerprint by telephone, and write it here."
)
_KEYS: Final = N_("One of the two does not know the key of the other. Compare the fingerprints by telephone.")
_PROOF: Final = N_("The two servers don't agree on a signature. Ask the operators of both to look.")
_OLDER: Final = N_("They offer an older version of a learning path than before. Ask them why.")
_SILENTLY: Final = N_("They changed a version of a learning path without a new number. Ask them why.")
_OF_OTHERS: Final = N_("They offer learning paths that are not their own. Ask them why.")
_NOT_OFFERED: Final = N_("They offer it no more.")
_STORE: Final = N_("Our server can't reach where it keeps files. Ask an operator to look.")
_LIES: Final = N_("What they sent is not what they said it would be. Nothing of it was kept. Ask them why.")
_UNREADABLE: Final = N_(
    "What their server sends can't be read, or is not what it must be. Nothing of it was kept. Ask them."
)
_OTHER: Final = N_("That did not work. An operator can look up the code.")

PROBLEMS: Final = {
    "unreachable-dns": N_("Their address is not known on the internet. Ask them whether it is still right."),
    "unreachable-tls": N_("Their server has no certificate that counts. Ask them to renew it."),
    "unreachable-timeout": _SILENT,
    "unreachable-refused": _SILENT,
    "unreachable-broken": _SILENT,
    "unreachable": _SILENT,
    "forbidden-address": N_("Their address is on a private network or not encrypted. An operator can allow it."),
    "peer-busy": _FAULTY,
    "peer-fault": _FAULTY,
    "peer-redirects": N_("Their address leads elsewhere, which we don't follow. Ask them for the right one."),
    "peer-not-trusted": N_("They are not trusted here just now. Look at them in the list of regions."),
    "peer-refuses": _UNKNOWN,
    "exchange-caller-unknown": _UNKNOWN,
    "exchange-clocks-differ": N_("The clocks of the two servers differ by more than half a minute. Ask the operators."),
    "peer-key-unknown": _OTHER_KEY,
    "bundle-key-not-trusted": _OTHER_KEY,
    "bundle-key-revoked": N_("They have revoked the key that signed it. Ask them to publish it anew."),
    "signed-by-unknown-key": _KEYS,
    "signature-malformed": _PROOF,
    "signature-other-purpose": _PROOF,
    "signature-wrong": _PROOF,
    "exchange-unsigned": _PROOF,
    "exchange-misdirected": _PROOF,
    "exchange-changed": _PROOF,
    "exchange-repeated": _PROOF,
    "feed-refused": _FAULTY,
    "answer-too-large": _UNREADABLE,
    "exchange-json": _UNREADABLE,
    "public-key-malformed": _UNREADABLE,
    "feed-malformed": _UNREADABLE,
    "feed-misdirected": _UNREADABLE,
    "card-refused": N_("There is no region at their address any more. Ask them whether it is still right."),
    "card-elsewhere": N_("At their address there is another region. Ask them whether it is still right."),
    "feed-floods": N_("They offer more than can be. They were cut off until you let them go on. Ask them why."),
    "peer-keys-flood": N_("They name more keys than can be. They were cut off until you let them go on. Ask them why."),
    "feed-behind": N_(
        "Their list ends before what we have read; it may have been restored. Ask them, then begin anew."
    ),
    "feed-rolled-back": _OLDER,
    "feed-changed-silently": _SILENTLY,
    "feed-of-others": _OF_OTHERS,
    "offered-part-lies": _LIES,
    "offered-path-lies": _LIES,
    "offered-peer-too-much": N_("They have sent as much as one region may. Nothing more of theirs is kept. Ask them."),
    "fetch-under-way": N_("It is being fetched just now. It is looked at again later."),
    "offered-path-gone": _NOT_OFFERED,
    "offered-path-ended": _NOT_OFFERED,
    "bundle-damaged": _LIES,
    "bundle-content": _UNREADABLE,
    "bundle-format": N_("It is made for a newer version of our server. Ask an operator to update ours."),
    "bundle-too-large": N_("It is larger than a learning path may be. Ask them to make several of it."),
    "bundle-path-in-path": _UNREADABLE,
    "bundle-package": N_("One of its courses can't be used here. Nothing of it was kept. Ask them to look."),
    "bundle-origin": _OF_OTHERS,
    "bundle-own-path": N_("It is a learning path of our own, so there is nothing to fetch."),
    "bundle-rolled-back": _OLDER,
    "bundle-version-changed": _SILENTLY,
    "insufficient-storage": N_("Our server has no room left. Ask an operator to make some."),
    "storage-unreachable": _STORE,
    "storage-refused": _STORE,
    "crossing-not-heard": N_("Their server does not take in what ours tells. Ask them to look."),
    "crossing-answer-unclear": N_("Their server answers, but not what became of each completion. Ask them to look."),
}
"""What is said of a problem, by its code."""


def state_name(state: str) -> str:
    """Write how a region stands."""
    return translated(STATES.get(state, state))


def invitation_state_name(state: str) -> str:
    """Write how an invitation stands."""
    return translated(INVITATION_STATES.get(state, state))


def problem_in_words(code: str) -> str:
    """Say what keeps something from being exchanged with a region, and what to do; "" where nothing does."""
    return translated(PROBLEMS.get(code, _OTHER)) if code else ""
