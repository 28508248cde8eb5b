# ruff: noqa: N818  (the names say what happened; the family, not a suffix, says that they are errors)
"""Name every way in which the registration of a platform goes wrong; see `lti.errors` for how these are made."""

from dataclasses import dataclass

from lti.errors import LtiError


@dataclass(eq=False)
class RegistrationError(LtiError):
    """The LMS could not be registered. Start the registration again in the LMS."""

    code = "registration-failed"


@dataclass(eq=False)
class ConfigurationAddressInvalid(RegistrationError):
    """The LMS sent an address of its configuration that we cannot use.

    It must be an https address of the LMS itself. Tell the supplier of the LMS.
    """

    code = "configuration-address-invalid"


@dataclass(eq=False)
class ConfigurationUnavailable(RegistrationError):
    """The configuration of the LMS could not be fetched.

    The LMS must answer at that address from the internet, with https, within seconds and without a redirect.
    """

    host: str
    reason: str
    code = "configuration-unavailable"


@dataclass(eq=False)
class ConfigurationMalformed(RegistrationError):
    """The LMS answered with something else than a configuration of LTI that we can read.

    Tell the supplier of the LMS which part is wrong.
    """

    host: str
    part: str
    code = "configuration-malformed"


@dataclass(eq=False)
class ConfigurationForeign(RegistrationError):
    """The configuration speaks for another LMS than the one that sent it. Only an LMS itself can register here."""

    host: str
    issuer_host: str
    code = "configuration-foreign"


@dataclass(eq=False)
class ConfigurationUnsupported(RegistrationError):
    """The LMS does not offer something that this service needs.

    It takes LTI 1.3 with RS256 signatures and private_key_jwt; see which part is missing.
    """

    host: str
    part: str
    code = "configuration-unsupported"


@dataclass(eq=False)
class EndpointUnusable(RegistrationError):
    """An address in the configuration of the LMS can't be used from here.

    Each must be https and reachable from the internet. On an intranet, the operator of this service must allow it.
    """

    host: str
    part: str
    code = "endpoint-unusable"


@dataclass(eq=False)
class ConfigurationChanged(RegistrationError):
    """The LMS now says something else of itself than what the page showed, so nothing was registered.

    Start the registration again in the LMS.
    """

    host: str
    code = "configuration-changed"


@dataclass(eq=False)
class IssuerOther(RegistrationError):
    """This invitation lets one LMS register again, and this is another.

    An LMS that has moved to another address is a new one: ask for an invitation of its own.
    """

    host: str
    code = "issuer-other"


@dataclass(eq=False)
class RegistrationTokenInvalid(RegistrationError):
    """The LMS sent a registration token that we cannot use. Start the registration again in the LMS."""

    code = "registration-token-invalid"


@dataclass(eq=False)
class RegistrationRefused(RegistrationError):
    """The LMS refused the registration, so nothing was registered here.

    Its token works once and for a short time: start the registration again in the LMS.
    """

    host: str
    status: int
    reason: str
    code = "registration-refused"


@dataclass(eq=False)
class RegistrationUnanswered(RegistrationError):
    """The LMS did not answer the registration in time, or not in a way we can read, so nothing was registered here.

    If the tool shows in the LMS, delete it there; then start the registration again.
    """

    host: str
    reason: str
    code = "registration-unanswered"
