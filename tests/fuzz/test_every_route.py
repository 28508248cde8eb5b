"""Every route of the application and of the packages' host answers what is odd with a page, never with a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder, run_wsgi_app

from sidecar.runtime import Sidecar
from sidecar.web.access import csrf_token, launch_cookie
from sidecar.web.content import create_content_app
from sidecar.web.hosts import make_wsgi
from tests.conftest import CONTENT_URL, PUBLIC_URL
from tests.fuzz.odd_requests import MARK, ODD, Odd, encode_form, odd_requests
from tests.house.installation import Installation
from tests.house.sources import python_files
from tests.hypothesis_profiles import EXAMPLES

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

pytestmark = pytest.mark.slow

LAST: Final = "/sign-out"
OWN_ADDRESS: Final = re.compile(r'<input type="hidden" name="next" value="[^"]*">')
"""The choice of language leads back to the page it was made on."""

TRACES: Final = ("Traceback (most recent call last)", 'File "/', "sqlalchemy.", "psycopg.", "werkzeug.exceptions")


def field_names() -> list[str]:
    """Return the names that our code reads from forms, queries and files."""
    code = "\n".join(path.read_text("utf-8") for path in python_files("sidecar", "lti"))
    found = re.findall(r'(?:form|args|files|params)(?:\.get|\.getlist)?[\[(]"(\w+)"', code)
    return sorted({*found, "iss", "login_hint", "target_link_uri", "csrf_token"})


FIELDS: Final = field_names()


class Door:
    """The whole application, asked with raw environments as any server may pass them on."""

    def __init__(self, installation: Installation, sidecar: Sidecar) -> None:
        self.installation = installation
        self.application: WSGIApplication = make_wsgi(sidecar)
        with installation.app.app_context():
            self.launch_cookie = launch_cookie(installation.values["launch_id"])

    def ask(self, odd: Odd, path: str, origin: str, kind: str) -> tuple[int, dict[str, str], bytes]:
        body = odd.body if odd.form is None else encode_form(odd.form)
        headers = dict(odd.headers)
        if odd.is_ours:
            headers = self._own_headers(kind) | headers
        content_type = odd.kind if odd.form is None else "application/x-www-form-urlencoded"
        builder = EnvironBuilder(base_url=origin, method=odd.method, headers=list(headers.items()), data=body)
        environ = builder.get_environ()
        environ["CONTENT_TYPE"] = content_type.encode("utf-8", "replace").decode("latin-1")
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
        environ["QUERY_STRING"] = odd.query
        if "Content-Length" in headers:
            environ["CONTENT_LENGTH"] = headers["Content-Length"]
        answer, status, answered = run_wsgi_app(self.application, environ, buffered=True)
        return int(status.split()[0]), dict(answered), b"".join(answer)

    def _own_headers(self, kind: str) -> dict[str, str]:
        installed = self.installation
        secret = installed.secrets.get(kind, "")
        headers = {"Origin": PUBLIC_URL, "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": csrf_token(secret)}
        if kind == "learner":
            headers["Authorization"] = f"Bearer {installed.token}"
            return headers | {"Cookie": f"{self.launch_cookie}={secret}"}
        if kind in ("system", "reader"):
            return headers | {"Authorization": f"Bearer {secret}"}
        return headers | {"Cookie": f"__Host-sidecar-staff={secret}"}


def check(odd: Odd, status: int, headers: dict[str, str], page: bytes) -> None:
    said = page.decode("utf-8", "replace")
    assert status < 500, (status, odd)
    assert f"<script>{MARK}" not in said
    assert not [trace for trace in TRACES if trace in said]
    if status >= 400:
        assert MARK not in OWN_ADDRESS.sub("", said), (status, said)
    assert all(character.isprintable() for value in headers.values() for character in value), headers


@pytest.fixture
def door(installation: Installation, sidecar: Sidecar) -> Door:
    return Door(installation, sidecar)


def rules_of(installation: Installation) -> Iterator[tuple[Rule, list[str], str]]:
    found = list(installation.app.url_map.iter_rules())
    for rule in sorted(found, key=lambda one: (one.rule == LAST, one.rule)):
        audience = getattr(installation.app.view_functions[rule.endpoint], "audience", ())
        kinds = {"launch": "learner", "attempt": "learner", "scim": "system", "changes": "reader"}
        kind = next((kinds[one] for one in audience if one in kinds), "operator")
        yield rule, sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}), kind


def test_no_route_of_the_application_fails(door: Door) -> None:
    statuses: set[int] = set()
    for rule, methods, kind in rules_of(door.installation):
        statuses |= try_route(door, odd_requests(rule.rule, methods, FIELDS), PUBLIC_URL, kind, rule)
    assert {200, 400, 401, 403, 404, 405} <= statuses


def test_no_route_of_the_content_host_fails(door: Door, sidecar: Sidecar) -> None:
    statuses: set[int] = set()
    for rule in create_content_app(sidecar).url_map.iter_rules():
        statuses |= try_route(door, odd_requests(rule.rule, ["GET", "HEAD"], ["v"]), CONTENT_URL, "nobody", None)
    assert {200, 404, 405} <= statuses


def try_route(door: Door, odd_ones: st.SearchStrategy[Odd], origin: str, kind: str, rule: Rule | None) -> set[int]:
    """Try one route and return the statuses it answered with."""
    right_path = door.installation.path(rule) if rule else "/_player/shim.html"
    statuses: set[int] = set()

    @settings(max_examples=EXAMPLES // 2)
    @given(odd_ones)
    def answers(odd: Odd) -> None:
        status, headers, page = door.ask(odd, right_path if odd.path is None else odd.path, origin, kind)
        statuses.add(status)
        check(odd, status, headers, page)

    answers()
    return statuses


@given(path=st.text(max_size=60) | st.sampled_from(ODD), host=st.sampled_from([PUBLIC_URL, CONTENT_URL]))
def test_no_address_at_all_fails(door: Door, path: str, host: str) -> None:
    odd = Odd("GET", None, "", {}, "", b"", None)
    odd_path = quote(path.encode("utf-8", "surrogatepass"))
    for start in ("", "/", "/staff/", "/api/", "//"):
        check(odd, *door.ask(odd, start + odd_path, host, "operator"))
