"""A teacher's picker, and what its forms send: requests for content over HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import update
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from lti.deep_linking import DL
from sidecar.core.courses import CourseVersion
from sidecar.runtime import Sidecar
from tests.fakes.lms import HOST, Browser

SAME_ORIGIN = {"Origin": HOST}


@dataclass
class Picker:
    """A picker that is open in a browser, as its forms would be sent."""

    browser: Browser
    path: str

    def get(self, path: str = "", **query: str | list[str]) -> TestResponse:
        return self.browser.client.get(f"{self.path}{path}", base_url=HOST, query_string=MultiDict(query))

    def post(
        self, action: str, *keys: str, headers: Mapping[str, str] = SAME_ORIGIN, **fields: str | list[str]
    ) -> TestResponse:
        token = re.search(r'name="csrf_token" value="([^"]*)"', self.get().text)
        form = MultiDict([("csrf_token", token[1] if token else ""), *[("chosen", key) for key in keys]])
        form.update(fields)
        return self.browser.client.post(f"{self.path}/{action}", base_url=HOST, data=form, headers=headers)

    def answer(self, *keys: str, **fields: str | list[str]) -> dict[str, Any]:
        """Send the choice, and return the claims that go to the LMS."""
        return self.read(self.post("answer", *keys, headers=SAME_ORIGIN, **fields))

    def read(self, page: TestResponse) -> dict[str, Any]:
        assert page.status_code == 200, page.text
        published: Any = self.browser.get("/lti/jwks").json
        keys = KeySet.import_key_set(published)
        return dict(jwt.decode(token_of(page), keys, algorithms=["RS256"]).claims)


def token_of(page: TestResponse) -> str:
    found = re.search(r'name="JWT" value="([^"]*)"', page.text)
    assert found, page.text
    return unescape(found[1])


def items_of(claims: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = claims[f"{DL}content_items"]
    return items


def open_picker(browser: Browser, changes: dict[str, Any] | None = None, **settings: object) -> Picker:
    response = browser.launch(**(browser.lms.platform.deep_linking(**settings) | (changes or {})))
    assert response.status_code == 303, response.text
    return Picker(browser, response.headers["Location"])


def review_all(sidecar: Sidecar) -> None:
    """Let every course play."""
    with sidecar.transaction() as db:
        db.execute(update(CourseVersion).values(reviewed_at=sidecar.now(), manifest={"items": []}))
