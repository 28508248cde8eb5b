"""Say that a launch was let in, or refused as it should be."""

import json

from werkzeug.test import TestResponse

from tests.fakes.lms import RegisteredLms


def assert_refused(lms: RegisteredLms, answer: TestResponse, code: str) -> None:
    """A 4xx page that says what is wrong with a reference that staff find, no session, nobody's data."""
    assert 400 <= answer.status_code < 500
    assert answer.mimetype == "text/html"
    assert lms.sign_in_count() == 0
    assert lms.launches() == []
    assert not [cookie for cookie in answer.headers.getlist("Set-Cookie") if "play-" in cookie]
    failure = lms.failures()[-1]
    assert failure.code == code
    assert f"<code>{failure.reference}</code>" in answer.text
    assert "Bråten" not in answer.text + json.dumps(failure.facts)


def assert_let_in(lms: RegisteredLms, answer: TestResponse, count: int = 1) -> None:
    """A redirect to the player with the cookie of a new session."""
    assert answer.status_code == 303, answer.text
    launch = lms.launches()[-1]
    assert answer.headers["Location"] == f"/play/{launch.id}"
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith(f"__Host-play-{launch.id[:8]}="))
    for part in ("Path=/", "Secure", "HttpOnly", "SameSite=None", "Partitioned"):
        assert part in cookie.split("; ")
    assert (lms.sign_in_count(), lms.failures()) == (count, [])
