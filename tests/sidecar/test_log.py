"""The log tells what happened, and nothing that is secret or about a person."""

import json
import logging
from io import StringIO

import pytest
import structlog

SECRETS = {
    "e-mail": "kari.nordmann+kurs@rollag.kommune.no",
    "national id": "01019012345",
    "national id with a space": "010190 12345",
    "id token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjMifQ.c2lnbmF0dXJl",
    "own token": "gAAAAABm3kq1XyzXyzXyzXyzXyzXyzXyz==",
    "bearer": "Bearer abc.def-123",
    "basic": "Basic a2FyaTpwYXNz",
    "password in a URL": "kari:hemmelig@",
    "query": "state=abc123",
}

NAMES = [
    *("password", "client_secret", "access_token", "authorization", "cookie", "nonce"),
    *("name", "first_name", "last_name", "learner_name", "email", "sub"),
    *("person_sourcedid", "employee_number", "national_id"),
]


def lines(log_lines: StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log_lines.getvalue().splitlines()]


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_hides_by_what_a_value_looks_like(log_lines: StringIO, secret: str) -> None:
    url = f"https://{secret}lms.example.no/" if secret.endswith("@") else f"https://lms.example.no/?{secret}"
    text = secret if " " in secret or "@" in secret[:-1] else url
    structlog.get_logger().info("launch.refused", why=f"seen {text} here", several=[url], nested={"deep": {"a": url}})
    logging.getLogger("library").warning("a library says %s", url)
    assert secret not in log_lines.getvalue()
    assert len(lines(log_lines)) == 2


@pytest.mark.parametrize("name", ["e-mail", "national id", "id token", "own token", "bearer", "basic"])
def test_hides_what_stands_alone(log_lines: StringIO, name: str) -> None:
    structlog.get_logger().info("launch.refused", why=SECRETS[name])
    assert lines(log_lines)[0]["why"] == "[hidden]"


def test_an_id_of_our_own_stays_whole_though_it_holds_eleven_digits(log_lines: StringIO) -> None:
    own_id = "092d42f9ad01019012345c39c0977a8d"
    structlog.get_logger().info("notice.ended", notice=own_id, why=f"seen a{own_id}")
    [line] = lines(log_lines)
    assert line["notice"] == own_id
    assert "01019012345" not in str(line["why"])


@pytest.mark.parametrize("name", NAMES)
def test_hides_by_the_name_of_the_fact(log_lines: StringIO, name: str) -> None:
    structlog.get_logger().info("launch.refused", **{name: "Kari"}, nested={name: "Kari"})
    assert "Kari" not in log_lines.getvalue()
    assert lines(log_lines)[0][name] == "[hidden]"


def test_says_what_happened_when_and_how_grave_it_is(log_lines: StringIO) -> None:
    structlog.get_logger().warning("queue.not_reached", waiting=3, host="lms.example.no", ok=True, nothing=None)
    (line,) = lines(log_lines)
    assert {key: line[key] for key in ("event", "level", "waiting", "host", "ok", "nothing")} == {
        "event": "queue.not_reached",
        "level": "warning",
        "waiting": 3,
        "host": "lms.example.no",
        "ok": True,
        "nothing": None,
    }
    assert str(line["timestamp"]).endswith("Z")


def test_an_error_leaves_its_place_and_not_its_message(log_lines: StringIO) -> None:
    try:
        int("Kari Nordmann")
    except ValueError:
        structlog.get_logger().exception("import.broke_off")
        logging.getLogger("flask").exception("Exception on / [GET]")
    assert "Nordmann" not in log_lines.getvalue()
    for line in lines(log_lines):
        assert line["error"] == "ValueError"
        assert "test_log.py" in str(line["frames"])


def test_the_level_holds_for_libraries_too(log_lines: StringIO) -> None:
    logging.getLogger("library").debug("too much")
    logging.getLogger("rq.worker").info("chatter")
    assert log_lines.getvalue() == ""
