"""Everything that may be wrong with an answer."""

import socket

import requests

from lti.fetching import Response
from sidecar.errors import ForbiddenAddressError, UnreachableError
from sidecar.http import AnswerTooLargeError
from sidecar.tool.checks.steps import Step
from tests.fakes.open_lms import HTML

Steps = dict[str, Step]


def unanswered(cause: BaseException) -> UnreachableError:
    error = UnreachableError(host="lms.example")
    error.__cause__ = cause
    return error


CAUSES: dict[str, Response | Exception] = {
    "dns": unanswered(socket.gaierror(-2, "Name or service not known")),
    "tls": unanswered(requests.exceptions.SSLError("certificate verify failed")),
    "timeout": unanswered(requests.exceptions.ReadTimeout()),
    "broken": unanswered(requests.exceptions.ConnectionError("reset")),
    "too-large": AnswerTooLargeError(host="lms.example", limit_bytes=1),
    "private": ForbiddenAddressError(host="lms.example"),
    "redirect": Response(302, {"location": "https://other.example/x?secret=1"}, b""),
    "server-error": Response(503, {}, b"<h1>busy</h1>"),
    "html": HTML,
    "garbage": Response(200, {}, b"\x00\xff not json"),
    "missing": Response(404, {}, b"not found"),
}
