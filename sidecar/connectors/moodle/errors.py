"""Tell Moodle's errors by their errorcode, whatever the HTTP status.

    errorcode                                                            error                   connection
    invalidtoken, expiredtoken, wsaccessuser…                            TokenRefusedError       refused
    nopermissions, cannotviewreport, errorreportview, …contextnotvalid   NotPermittedError       refused
    accessexception                                                      FunctionMissingError    misconfigured
    sitemaintenance, upgraderunning, dml…                                MaintenanceError        unreachable
    invalidrecord of a report                                            NoReportError           misconfigured
    any other, also invalidparameter and HTML in its place               RefusedCallError        rejected

`cannotviewreport` also means that a course has completion turned off, and `nopermissions` never says which capability.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sidecar.connectors.base import (
    ConnectorError,
    MisconfiguredError,
    RefusedError,
    RejectedError,
    UnreachableError,
)


class MoodleDownError(UnreachableError):
    """Moodle answered with an error of its server (HTTP {status}). It will be tried again."""

    code = "moodle-down"


class MoodleSilentError(MoodleDownError):
    """Moodle did not answer. Check the address, and that its server runs. It will be tried again."""

    code = "moodle-silent"


class NotMoodleError(UnreachableError):
    """What answered is a web page or something broken, and not Moodle's web service.

    Check the address, and whether Moodle is being maintained. It will be tried again.
    """

    code = "moodle-no-json"


class AnswerTooLongError(MisconfiguredError):
    """Moodle's answer is longer than it may be, or comes too slowly. Leave other columns out of the report."""

    code = "moodle-answer-too-long"


class MaintenanceError(UnreachableError):
    """Moodle is being maintained, or has trouble with its database ({errorcode}). It will be tried again."""

    code = "moodle-maintenance"


class WrongAddressError(MisconfiguredError):
    """There is no web service at this address (HTTP {status}).

    Write the address exactly as Moodle has it (wwwroot), with https, and without /login or anything else after it.
    """

    code = "moodle-address"


class AddressForbiddenError(MisconfiguredError):
    """The address of Moodle is on a private network, or not https.

    List its host in SIDECAR_ALLOWED_PRIVATE if it is yours.
    """

    code = "moodle-address-forbidden"


class WebServicesOffError(MisconfiguredError):
    """Moodle's web services are turned off (HTTP {status}).

    Turn on Site administration > General > Advanced features > Enable web services, and the protocol REST under
    Site administration > Server > Web services > Manage protocols.
    """

    code = "moodle-web-services-off"


class TokenRefusedError(RefusedError):
    """Moodle does not take the token ({errorcode}).

    Make a new one under Site administration > Server > Web services > Manage tokens, and write it into the connection.
    """

    code = "moodle-token"


class NotPermittedError(RefusedError):
    """Moodle does not let the user of the token do this ({function}: {errorcode}).

    Test the connection: it says what the role lacks.
    """

    code = "moodle-not-permitted"


class FunctionMissingError(MisconfiguredError):
    """The service in Moodle lacks the function {function}. Add it to the service."""

    code = "moodle-function-missing"


class RefusedCallError(RejectedError):
    """Moodle will never do this ({function}: {errorcode})."""

    code = "moodle-rejected"


class UnknownShapeError(MisconfiguredError):
    """Moodle's answer to {function} is not of the form we know (at “{place}”). Is this version of Moodle too new?"""

    code = "moodle-unknown-shape"


class WarnedError(MisconfiguredError):
    """Moodle answered {function} with a warning ({warning}): its answer may be of something else, and is not used."""

    code = "moodle-warned"


class PeopleHiddenError(RefusedError):
    """Moodle shows {seen} of {asked} people. To the rest it answers as if they did not exist.

    Give the role of the token's user moodle/user:viewdetails and moodle/user:viewalldetails for the whole site.
    """

    code = "moodle-people-hidden"


class FieldsHiddenError(RefusedError):
    """Moodle does not show the names or the ID numbers of people.

    Give the role of the token's user moodle/user:viewalldetails and moodle/site:viewfullnames for the whole site.
    """

    code = "moodle-fields-hidden"


class NoCohortError(MisconfiguredError):
    """There is no cohort with the ID “{cohort}” in Moodle. Write the cohort's own ID, for example kommune-rollag."""

    code = "moodle-no-cohort"


class NoReportError(MisconfiguredError):
    """There is no report {report} in Moodle. The number stands last in the address of the report's page."""

    code = "moodle-no-report"


class ReportLayoutError(MisconfiguredError):
    """The report must have one column “{column}” and has {count}.

    If its names are not English, set the language of the token's user to English. Names of columns must not be changed.
    """

    code = "moodle-report-layout"


class LanguageError(MisconfiguredError):
    """Moodle answers in another language, or writes times in another way, than English.

    Set the language of the token's user to English.
    """

    code = "moodle-language"


class TimeZoneError(MisconfiguredError):
    """Moodle writes times of another time zone than UTC. Set the time zone of the token's user to UTC."""

    code = "moodle-time-zone"


class FilterIgnoredError(MisconfiguredError):
    """The report does not keep to the filter “Time completed”.

    Add this filter to the report, and let nobody but the sidecar use the token's user.
    """

    code = "moodle-filter-ignored"


class ReportMovedError(UnreachableError):
    """The report changed while it was read, or somebody else set a filter. It will be tried again."""

    code = "moodle-report-moved"


_TOKEN: Final = frozenset({"invalidtoken", "expiredtoken", "invalidtimedtoken", "wsaccessuserdeleted"}) | {
    f"wsaccessuser{why}" for why in ("suspended", "expired", "nologin", "unconfirmed")
}
_PERMISSION: Final = frozenset(
    {
        "nopermissions",
        "nopermission",
        "cannotviewreport",
        "errorreportview",
        "errorcoursecontextnotvalid",
        "requireloginerror",
        "cannotviewprofile",
        "usernotfullysetup",
        "sitepolicynotagreed",
        "forcepasswordchangenotice",
    }
)
_LATER: Final = frozenset(
    {
        "sitemaintenance",
        "upgraderunning",
        "dmlreadexception",
        "dmlwriteexception",
        "dmlconnectionexception",
        "ddltablenotexist",
        "locktimeout",
        "cannotobtainlock",
    }
)
_PLAIN: Final = re.compile(r"[a-z0-9_/:-]{1,60}", re.IGNORECASE)


def error_of(answer: Mapping[str, Any], function: str) -> ConnectorError:
    """Return the error that an answer with an errorcode stands for.

    Args:
        function: what was called.
    """
    code = plain(answer.get("errorcode"))
    if code in _TOKEN:
        return TokenRefusedError(errorcode=code)
    if code == "accessexception":
        return FunctionMissingError(function=function)
    if code in _PERMISSION:
        return NotPermittedError(function=function, errorcode=code)
    if code in _LATER:
        return MaintenanceError(errorcode=code)
    return RefusedCallError(function=function, errorcode=code)


def plain(code: object) -> str:
    """Return an errorcode that may be shown; Moodle puts a whole sentence of HTML there at times."""
    return code.lower() if isinstance(code, str) and _PLAIN.fullmatch(code) else "unknown"
