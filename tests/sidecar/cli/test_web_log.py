"""What the web server and other libraries warn of goes through our log, without addresses of visitors."""

import json
import logging
import subprocess
import sys
from io import StringIO

import pytest
from gunicorn.config import Config

from sidecar.cli.web_server import WebLog


def test_gunicorn_writes_to_our_log(log_lines: StringIO) -> None:
    WebLog(Config()).warning("Invalid request from ip=%s: /lti/login?login_hint=7", "203.0.113.9")
    (line,) = [json.loads(each) for each in log_lines.getvalue().splitlines()]
    assert (line["logger"], line["level"]) == ("gunicorn.error", "warning")
    assert "203.0.113.9" not in log_lines.getvalue()
    assert "login_hint" not in log_lines.getvalue()


@pytest.mark.parametrize(
    "address", ["198.51.100.7", "2001:db8::7", "fe80::1", "2001:db8:0:0:0:0:0:7", "::ffff:192.0.2.1"]
)
@pytest.mark.parametrize("library", ["gunicorn.error", "rq.worker", "werkzeug", "urllib3"])
def test_no_library_tells_an_address(log_lines: StringIO, library: str, address: str) -> None:
    logging.getLogger(library).error("lost %s at 10:30:00, version 1.2.3", address)
    said = json.loads(log_lines.getvalue())["event"]
    assert said == "lost [hidden] at 10:30:00, version 1.2.3"


def test_warnings_of_python_are_lines_of_the_log() -> None:
    code = """
import warnings
from sidecar.log import configure_log
configure_log("INFO")
warnings.warn("old way to call it, from kari@example.no", stacklevel=1)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr
    assert json.loads(told)["logger"] == "py.warnings"
    assert "kari@" not in told
