"""Try a course: a preview that is open in a browser."""

import json
import re
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.sidecar.web.signed_in import SAME_ORIGIN, Staff

PASSED = {"cmi.core.lesson_status": "passed", "cmi.core.score.raw": "80"}


@dataclass(frozen=True)
class Trying:
    """A preview that is open in a browser."""

    client: FlaskClient
    path: str

    @property
    def id(self) -> str:
        return self.path.removeprefix("/preview/")

    def get(self, path: str = "", status: int = 200) -> str:
        response = self.client.get(f"{self.path}{path}")
        assert response.status_code == status, response.text
        return response.text

    def data(self) -> dict[str, Any]:
        found = re.search(r'<script id="player-data" type="application/json">(.*?)</script>', self.get(), re.DOTALL)
        assert found
        data: dict[str, Any] = json.loads(found[1])
        return data

    def send(
        self, seq: int, changes: dict[str, str], *, token: str = "", status: int = 200, **more: object
    ) -> dict[str, Any]:
        body = {"seq": seq, "sco": "a", "changes": changes, "session": "one"} | more
        answer = self.post_commit(body, token or self.data()["token"])
        assert answer.status_code == status, answer.text
        return dict(answer.get_json())

    def post_commit(self, body: object, token: str) -> TestResponse:
        headers = {"Authorization": f"Bearer {token}"}
        return self.client.post(f"/api/previews/{self.id}/commits", json=body, headers=headers)

    def start_again(self) -> None:
        token = re.search(r'name="csrf_token" value="(\w+)"', self.get("/end"))
        assert token
        form = {"csrf_token": token[1]}
        answer = self.client.post(f"{self.path}/again", data=form, headers=SAME_ORIGIN)
        assert (answer.status_code, answer.headers["Location"]) == (303, self.path)


def try_version(staff: Staff, key: str = "kurs", number: int = 1) -> Trying:
    return Trying(staff.client, staff.post(f"/staff/courses/{key}/versions/{number}/preview"))
