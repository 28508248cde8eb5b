"""Be a learner over HTTP: log in to the LMS, launch a course, read it, pass it."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import requests

from practice_lms.browsing import TIMEOUT_S, Browser, Page
from practice_lms.errors import UnexpectedPageError

PLAYER_DATA = "player-data"
READING_S = 4
"""Nobody passes a course in less; the sidecar would mark it as implausible."""


@dataclass
class Play:
    """Hold a course under way: what the player page said, and the token that changes with every commit.

    Args:
        url: address of the player page.
        data: the page's player data.
        token: the bearer token of the next commit.
        seq: number of the last commit.
    """

    url: str
    data: dict[str, Any]
    token: str
    seq: int
    acknowledgements: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_2004(self) -> bool:
        """Say whether the course speaks SCORM 2004."""
        return "2004" in str(self.data["version"])

    @property
    def sco_id(self) -> str:
        """Return the id of the first SCO."""
        return str(self.data["scos"][0]["id"])


class Learner:
    """Act for one learner of a practice LMS."""

    def __init__(self, lms_url: str, user_id: str) -> None:
        self._lms_url = lms_url
        self._user_id = user_id
        self.browser = Browser()

    def log_in(self) -> None:
        """Log in to the LMS.

        Raises:
            UnexpectedPageError: the LMS doesn't know the user.
        """
        page = self.browser.send(f"{self._lms_url}/login", {"user_id": self._user_id})
        if page.status != requests.codes.ok:
            raise UnexpectedPageError("log in to the LMS", page.status, page.text)

    def open_link(self, link_id: str) -> Page:
        """Open an activity and return the page that the tool shows, whatever it is."""
        return self.browser.open(f"{self._lms_url}/mod/lti/launch.php?id={link_id}&window=window")

    def launch(self, link_id: str) -> Play:
        """Open an activity and arrive at the tool's player.

        Raises:
            UnexpectedPageError: the tool showed something else.
        """
        page = self.open_link(link_id)
        if PLAYER_DATA not in page.data:
            raise UnexpectedPageError("launch the course", page.status, page.text)
        data = json.loads(page.data[PLAYER_DATA])
        return Play(page.url, data, str(data["token"]), int(data["seq"]))

    def read(self, play: Play) -> str:
        """Fetch the player's shim and the course's first page from the content host; return the page's text.

        Raises:
            UnexpectedPageError: the content host didn't serve one of them.
        """
        course = urljoin(play.data["base"], play.data["scos"][0]["url"])
        pages = [self.browser.open(url) for url in (play.data["shimUrl"], course)]
        for page in pages:
            if page.status != requests.codes.ok:
                raise UnexpectedPageError("read the course", page.status, page.text)
        return pages[-1].text

    def commit(self, play: Play, changes: dict[str, str], *, final: bool = False) -> dict[str, Any]:
        """Save changed elements, as the player does, and return the acknowledgement.

        Raises:
            UnexpectedPageError: the tool didn't acknowledge this very commit.
        """
        seq = play.seq + 1
        answer = self.browser.session.post(
            urljoin(play.url, play.data["transport"]["url"]),
            json={
                "seq": seq,
                "after": play.seq,
                "session": play.data["transport"]["session"],
                "sco": play.sco_id,
                "changes": changes,
                "final": final,
            },
            headers={"Authorization": f"Bearer {play.token}", "Origin": play.data["contentOrigin"]},
            timeout=TIMEOUT_S,
        )
        acknowledged = answer.json() if answer.ok else {}
        if acknowledged.get("acknowledged") != seq:
            raise UnexpectedPageError("save the course", answer.status_code, answer.text)
        play.seq, play.token = seq, str(acknowledged["token"])
        play.acknowledgements.append(acknowledged)
        return dict(acknowledged)

    def begin(self, play: Play) -> dict[str, Any]:
        """Read the first page and save the place; return the acknowledgement."""
        self.read(play)
        return self.commit(play, _begin(play))

    def finish(self, play: Play, percent: int = 100) -> dict[str, Any]:
        """Report the test's result and end the course; return the last acknowledgement."""
        return self.commit(play, _end(play, percent), final=True)


def _begin(play: Play) -> dict[str, str]:
    if play.is_2004:
        return {
            "cmi.completion_status": "incomplete",
            "cmi.location": "velkommen",
            "cmi.suspend_data": '{"answers":{}}',
            "cmi.exit": "suspend",
        }
    return {
        "cmi.core.lesson_status": "incomplete",
        "cmi.core.lesson_location": "velkommen",
        "cmi.suspend_data": '{"answers":{}}',
        "cmi.core.exit": "suspend",
    }


def _end(play: Play, percent: int, pass_percent: int = 80) -> dict[str, str]:
    status = "passed" if percent >= pass_percent else "failed"
    if play.is_2004:
        return {
            "cmi.location": "resultat",
            "cmi.score.raw": str(percent),
            "cmi.score.min": "0",
            "cmi.score.max": "100",
            "cmi.score.scaled": str(percent / 100),
            "cmi.completion_status": "completed",
            "cmi.success_status": status,
            "cmi.session_time": "PT12M30S",
            "cmi.exit": "normal",
        }
    return {
        "cmi.core.lesson_location": "resultat",
        "cmi.core.score.raw": str(percent),
        "cmi.core.score.min": "0",
        "cmi.core.score.max": "100",
        "cmi.core.lesson_status": status,
        "cmi.core.session_time": "0000:12:30",
        "cmi.core.exit": "",
    }
