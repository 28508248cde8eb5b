"""Random runs of commits, good and bad: numbers only rise, what was acknowledged is kept, nothing else is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core import attempts
from sidecar.core.attempts import Attempt
from sidecar.core.elements import MAX_STATE_CHARACTERS
from sidecar.runtime import Sidecar
from sidecar.web.app import create_app
from tests.conftest import PUBLIC_URL
from tests.fakes.learner import Learner, add_identity, bring_learner, launch
from tests.fakes.package import make_package

pytestmark = pytest.mark.slow

CHANGES: Final = st.dictionaries(
    st.sampled_from(["cmi.core.lesson_location", "cmi.suspend_data", "cmi.comments"]),
    st.text(st.characters(exclude_categories=[]), max_size=255),
    max_size=3,
)
BAD: Final = st.sampled_from(
    [
        {"seq": 0},
        {"seq": -1},
        {"seq": 2**31},
        {"seq": 1.5},
        {"seq": True},
        {"seq": None},
        {"sco": "b"},
        {"sco": "\ud800"},
        {"sco": "x" * 256},
        {"session": "a b"},
        {"after": 2**31 - 2},
        {"after": -1},
        {"changes": None},
        {"changes": {"cmi.core.student_id": "x"}},
        {"changes": {"cmi.interactions.99999.id": "x"}},
        {"changes": {"cmi.core.lesson_location": "x" * 256}},
        {"changes": {"cmi.suspend_data": "x" * 64_001}},
        {"changes": {"cmi.core.lesson_location": 5}},
        {"changes": {"\0": "x"}},
        {"final": "yes"},
    ]
)
STEP: Final = st.one_of(
    st.tuples(st.just("good"), CHANGES),
    st.tuples(st.just("good"), CHANGES),
    st.tuples(st.just("again"), CHANGES),
    st.tuples(st.just("stale"), CHANGES),
    st.tuples(st.just("ahead"), CHANGES),
    st.tuples(st.just("bad"), BAD),
    st.tuples(st.just("pieces"), CHANGES),
    st.tuples(st.just("half"), CHANGES),
)


@dataclass
class Page:
    """A page that plays, and what it believes is saved."""

    app: Flask
    sidecar: Sidecar
    learner: Learner
    seq: int = 0
    saved: dict[str, str] = field(default_factory=dict)
    last: dict[str, Any] | None = None

    def send(self, body: object) -> tuple[int, dict[str, Any]]:
        token = self.sidecar.secrets.token(self.learner.token_claims, self.sidecar.now())
        answer = self.app.test_client().post(
            f"/api/attempts/{self.learner.attempt_id}/commits",
            base_url=PUBLIC_URL,
            data=json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )
        told: dict[str, Any] = answer.get_json()
        return answer.status_code, told

    def good(self, changes: dict[str, str]) -> None:
        body = self.body(changes)
        status, told = self.send(body)
        assert (status, told["acknowledged"]) == (200, body["seq"])
        self.remember(body)

    def again(self, _changes: dict[str, str]) -> None:
        if self.last:
            status, told = self.send(self.last)
            assert (status, told["acknowledged"]) == (200, self.seq)

    def stale(self, changes: dict[str, str]) -> None:
        body = self.body(changes | {"cmi.comments": "stale"}) | {"seq": self.seq or 1, "after": 0, "session": "other"}
        if self.seq:
            assert self.send(body)[0] == 409

    def ahead(self, changes: dict[str, str]) -> None:
        body = self.body(changes) | {"seq": self.seq + 3, "after": self.seq + 2}
        assert self.send(body)[0] == 409

    def bad(self, wrong: dict[str, Any]) -> None:
        status, told = self.send(self.body({}) | wrong)
        assert status in (400, 409), (status, told)
        assert told["error"]["code"]

    def pieces(self, changes: dict[str, str]) -> None:
        body = self.body(changes)
        text = json.dumps(body)
        piece = {"seq": body["seq"], "session": "page", "of": 2}
        assert self.send(piece | {"piece": 1, "text": text[9:]})[0] == 202
        status, told = self.send(piece | {"piece": 0, "text": text[:9]})
        assert (status, told["acknowledged"]) == (200, body["seq"])
        self.remember(body)

    def half(self, changes: dict[str, str]) -> None:
        piece = {"seq": self.seq + 1, "session": "page", "of": 3, "piece": 2, "text": json.dumps(changes)}
        assert self.send(piece)[0] == 202

    def body(self, changes: dict[str, str]) -> dict[str, Any]:
        return {"seq": self.seq + 1, "after": self.seq, "sco": "a", "session": "page", "changes": changes}

    def remember(self, body: dict[str, Any]) -> None:
        self.seq, self.last = body["seq"], body
        self.saved |= body["changes"]

    def check(self) -> None:
        with self.sidecar.reading() as db:
            assert db.get_one(Attempt, self.learner.attempt_id).seq == self.seq
            found = attempts.list_states(db, self.learner.attempt_id).get("a", {})
        assert {name: found.get(name) for name in self.saved} == self.saved
        assert sum(map(len, found.values())) <= MAX_STATE_CHARACTERS


def test_no_run_of_commits_loses_or_invents_anything(sidecar: Sidecar, tmp_path: Path) -> None:
    first, added = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": "<title>A</title>"}))
    with sidecar.reading() as db:
        platform_id = db.connection().exec_driver_sql("SELECT id FROM platform").scalar_one()
    app, numbers = create_app(sidecar), count()

    @given(st.lists(STEP, min_size=1, max_size=8))
    def run(steps: list[tuple[str, Any]]) -> None:
        someone = add_identity(sidecar, platform_id, f"learner-{next(numbers)}")
        page = Page(app, sidecar, launch(sidecar, someone, added.course_id))
        for kind, what in steps:
            getattr(page, kind)(what)
            page.check()

    run()
    assert next(numbers) > 1
    Page(app, sidecar, first).check()
