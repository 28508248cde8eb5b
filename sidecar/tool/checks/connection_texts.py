"""Say in English what a test may find of the registration here, the LMS's addresses, keys and clocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sidecar.language import N_
from sidecar.tool.checks.message import Said

REGISTRATION: Final[Mapping[str, Said]] = {
    "registration-active": ("ok", N_("The LMS is registered and in use, with the client ID {client_id}.")),
    "registration-pending": (
        "failed",
        N_("The LMS registered itself and awaits approval: nobody gets in yet. Approve it on its page here."),
    ),
    "registration-disabled": (
        "failed",
        N_("The LMS is switched off here: nobody gets in. Switch it on again on its page here when that is wanted."),
    ),
    "registration-removed": (
        "failed",
        N_("The LMS was removed here: nobody gets in. Register it again from the LMS, with a new invitation."),
    ),
    "deployments-active": ("ok", N_("These deployments may launch: {deployments}.")),
    "deployments-none": (
        "failed",
        N_(
            "No deployment may launch. Add the deployment ID on the page of this LMS here. In Moodle it stands "
            "under Site administration > Plugins > Activity modules > External tool > Manage tools, the list icon"
            " on the tool's card."
        ),
    ),
    "deployments-waiting": (
        "warning",
        N_("These deployments await approval: {deployments}. Approve those you know on the page of this LMS here."),
    ),
    "municipalities-listed": ("ok", N_("The LMS speaks for {municipalities}.")),
    "municipalities-none": (
        "warning",
        N_(
            "The LMS speaks for no municipality: learners get in, but nobody is found among the employees, and no"
            " report shows what they complete. Choose its municipalities on its page here."
        ),
    ),
    "municipalities-ambiguous": (
        "warning",
        N_(
            "The LMS speaks for several municipalities without a pattern: an employee number that two of them use"
            " finds nobody. Let the LMS send the municipality too, as in rollag-1001 (in Moodle: ID number of the"
            " user), or give each municipality a pattern."
        ),
    ),
}

ADDRESSES: Final[Mapping[str, Said]] = {
    "address-ok": ("ok", N_("{host} answers at the {what}.")),
    "address-dns": (
        "failed",
        N_(
            "{host} is not known to DNS. Correct the {what} here if it is misspelt; otherwise the name must be "
            "set up in DNS."
        ),
    ),
    "address-timeout": (
        "failed",
        N_(
            "{host} did not answer in time at the {what}. A firewall may keep us out: let it allow this server "
            "in. Or the LMS has too much to do just now."
        ),
    ),
    "address-refused": (
        "failed",
        N_("{host} refuses connections at the {what}. Check the port in the address, and that the LMS is running."),
    ),
    "address-broken": (
        "failed",
        N_(
            "{host} broke the connection off at the {what}. Look into the log of the LMS and of the proxy in "
            "front of it."
        ),
    ),
    "address-tls": (
        "failed",
        N_(
            "The certificate of {host} can't be trusted, at the {what}: it has expired, is for another name, or "
            "comes without the certificates in between. Renew it on the LMS's server, with its whole chain."
        ),
    ),
    "address-private": (
        "failed",
        N_(
            "{host} is on a private network, at the {what}. If that is right, list it in SIDECAR_ALLOWED_PRIVATE "
            "here; if not, correct the address."
        ),
    ),
    "address-unencrypted": (
        "failed",
        N_(
            "The {what} at {host} is not https. Let the LMS use https (in Moodle: wwwroot in config.php), then "
            "correct the address here. If it must do without, on a network of yours, list {host} in "
            "SIDECAR_ALLOWED_PRIVATE here."
        ),
    ),
    "address-redirect": (
        "failed",
        N_(
            "{host} sends us from the {what} on to {target}. We follow no redirects: write here the address where"
            " it ends."
        ),
    ),
    "address-html": (
        "failed",
        N_(
            "{host} answers at the {what} with a web page instead of data. The address is wrong, the LMS is under"
            " maintenance, or a sign-in page or proxy stands in front of it."
        ),
    ),
    "address-garbage": (
        "failed",
        N_(
            "{host} answers at the {what} with something that is no JSON. Compare the address with the one that "
            "the LMS shows."
        ),
    ),
    "address-too-large": (
        "failed",
        N_(
            "{host} answers at the {what} with more than 2 MB, which is no key set and no token. Compare the "
            "address with the one that the LMS shows."
        ),
    ),
    "address-missing": (
        "failed",
        N_(
            "{host} says that there is nothing at the {what} (status {status}). Compare it with what the LMS "
            "shows: in Moodle, Manage tools, the list icon on the tool's card."
        ),
    ),
    "address-server-error": (
        "failed",
        N_(
            "{host} has an error of its own at the {what} (status {status}). Look into the log of the LMS, or "
            "test again later."
        ),
    ),
}

KEYS: Final[Mapping[str, Said]] = {
    "keys-usable": ("ok", N_("The LMS publishes keys that we can use: {count}.")),
    "keys-none": (
        "failed",
        N_(
            "The LMS's key set holds no RSA key for signatures of at least 2048 bits, with an id. Let the LMS "
            "sign with RS256 and publish that key."
        ),
    ),
    "own-https": ("ok", N_("Our own address is https: {url}.")),
    "own-local": (
        "warning",
        N_(
            "Our own address, {url}, is this machine: only an LMS on this machine reaches it. Set "
            "SIDECAR_PUBLIC_URL to the address that browsers and the LMS use."
        ),
    ),
    "own-keys-ok": ("ok", N_("Our keys are published at {url}, where the LMS looks for them.")),
    "own-keys-private": (
        "skipped",
        N_(
            "Our own address is private, so that we can't look at it from outside. See to it that the LMS reaches"
            " {url}: in Moodle, Site administration > General > Security > HTTP security must not block our host "
            "or its port."
        ),
    ),
    "own-keys-unreachable": (
        "failed",
        N_(
            "We don't reach our own keys at {url}: {reason}. If the LMS doesn't either, it gives us no token. See"
            " to our DNS name, our proxy and our certificate."
        ),
    ),
    "own-keys-unseen": (
        "warning",
        N_(
            "We don't reach our own keys at {url} from here: {reason}. The LMS does, as it gave us a token. Some "
            "networks don't let a server reach its own public address; then nothing has to be done."
        ),
    ),
    "own-keys-differ": (
        "failed",
        N_(
            "At {url} there are other keys than those that we sign with. Another server answers there, or a cache"
            " holds an old answer: correct SIDECAR_PUBLIC_URL, or empty the cache."
        ),
    ),
    "clock-ok": ("ok", N_("The clock of the LMS and ours agree ({seconds} s apart).")),
    "clock-differs": (
        "warning",
        N_(
            "The clock of the LMS and ours are {seconds} s apart (the LMS: {theirs}, we: {ours}). Moodle's "
            "launches live for 60 s: let both servers set their clocks over the network (NTP)."
        ),
    ),
    "clock-wrong": (
        "failed",
        N_(
            "The clock of the LMS and ours are {seconds} s apart (the LMS: {theirs}, we: {ours}): launches and "
            "tokens are refused. Let both servers set their clocks over the network (NTP)."
        ),
    ),
    "clock-unknown": ("skipped", N_("The LMS did not say what time it has, so that the clocks could not be compared.")),
}
