"""Run the platform as a process, and read in its own tables what it took from the tool."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.house.sources import ROOT

SCORES = """
SELECT user_id, score_given, score_maximum, activity_progress, grading_progress
FROM lti_consumer_ltiagsscore ORDER BY timestamp
"""


class NotStartedError(Exception):
    """The platform did not start; the message is what it said."""


@dataclass(frozen=True)
class Xblock:
    """The running platform.

    Attributes:
        facts: what to register in the tool, in the words of `tool.PlatformRequest`.
        folder: of its database and of what it heard.
    """

    facts: dict[str, str]
    folder: Path

    @property
    def url(self) -> str:
        return self.facts["issuer"]

    def heard(self) -> list[dict[str, Any]]:
        """Everything it answered and every grade that came as far as a unit, oldest first."""
        file = self.folder / "heard.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def statuses(self, part: str) -> list[int]:
        """How it answered requests whose address holds this."""
        return [one["status"] for one in self.heard() if part in one.get("path", "")]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask its database."""
        with closing(sqlite3.connect(f"file:{self.folder / 'platform.sqlite3'}?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()

    def scores(self) -> list[tuple[Any, ...]]:
        """User, given, maximum, activity and grading of each."""
        return self.rows(SCORES)

    def content_items(self) -> list[dict[str, Any]]:
        """What deep linking brought."""
        return [json.loads(one) for (one,) in self.rows("SELECT attributes FROM lti_consumer_ltidlcontentitem")]

    @contextmanager
    def leading_astray(self, target: str) -> Iterator[None]:
        """Let each page of a roster name this as the next."""
        file = self.folder / "link"
        file.write_text(f'<{target}>; rel="next"')
        try:
            yield
        finally:
            file.unlink()

    def sign(self, claims: dict[str, Any], key: RSAKey | None = None) -> str:
        """Sign claims as the platform does; with its own key, or another that goes by the same name."""
        columns = "lti_1p3_internal_private_key, lti_1p3_internal_private_key_id"
        ((pem, kid),) = self.rows(f"SELECT {columns} FROM lti_consumer_lti1p3passport")
        return jwt.encode({"alg": "RS256", "kid": kid}, claims, key or RSAKey.import_key(pem), algorithms=["RS256"])


@contextmanager
def running(python: Path, folder: Path, *, tool: str, course: str = "", port: int = 0) -> Iterator[Xblock]:
    """Run it until the block ends.

    Args:
        python: of its environment.
        folder: an empty one, for its database.
        tool: origin of the tool.
        course: the tool's course that the units "graded" and "free" open.
        port: 0 for a free one.

    Raises:
        NotStartedError: it ended by itself.
    """
    command = [str(python), "-m", "tests.platforms.xblock.host", "--data", str(folder), "--tool", tool]
    with (folder / "platform.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--course", course, "--port", str(port)],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "NO_PROXY": "*", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,  # it ends when ours closes, however that comes about
            stdout=subprocess.PIPE,
            stderr=log,
        )
    assert process.stdout
    try:
        told = process.stdout.readline()
        if not told:
            raise NotStartedError((folder / "platform.log").read_text(errors="replace"))
        yield Xblock(json.loads(told), folder)
    finally:
        process.kill()
        process.communicate()
