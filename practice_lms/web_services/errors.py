"""Refuse as Moodle does: with HTTP 200, an exception's class, an errorcode and a message."""


class WsError(Exception):
    """Refuse a call.

    Args:
        errorcode: by which a client tells errors apart.
        message: for people, in the language of the token's user.
        exception: the class of PHP; some have a namespace and some don't.
    """

    def __init__(self, errorcode: str, message: str, exception: str = "core\\exception\\moodle_exception") -> None:
        super().__init__(errorcode)
        self.answer = {"exception": exception, "errorcode": errorcode, "message": message}


def invalid_token() -> WsError:
    """Refuse a token that is not known."""
    return WsError("invalidtoken", "Invalid token - token not found")


def not_in_service() -> WsError:
    """Refuse a function that the token's service lacks."""
    return WsError("accessexception", "Access control exception", "webservice_access_exception")


def no_record(table: str) -> WsError:
    """Refuse what is not there."""
    message = f"Can't find data record in database table {table}."
    return WsError("invalidrecord", message, "dml_missing_record_exception")


def invalid_parameter() -> WsError:
    """Refuse a parameter that is missing or of the wrong kind."""
    return WsError(
        "invalidparameter", "Invalid parameter value detected", "core\\exception\\invalid_parameter_exception"
    )


def no_permission(what: str) -> WsError:
    """Refuse what the role lacks a capability for; its name is not told."""
    message = f"Sorry, but you do not currently have permissions to do that ({what})."
    return WsError("nopermissions", message, "core\\exception\\required_capability_exception")


def cannot_view_report() -> WsError:
    """Refuse to tell of completions; Moodle says the same where completion is off."""
    return WsError("cannotviewreport", "You cannot view this report")


def report_hidden() -> WsError:
    """Refuse to show a custom report."""
    return WsError(
        "errorreportview", "You cannot view this report", "core_reportbuilder\\exception\\report_access_exception"
    )


def course_hidden(course_id: int) -> WsError:
    """Refuse what needs access to a course."""
    message = (
        f"You cannot execute functions in the course context (course id:{course_id}). The context error message was: "
        "Course or activity not accessible."
    )
    return WsError("errorcoursecontextnotvalid", message)
