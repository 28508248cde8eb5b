"""Serve the LTI platform of Open edX, `lti-consumer-xblock`, alone: `python -m tests.platforms.xblock` starts this.

The library judges: logins, tokens, scores, line items, content items and rosters are its views, models and tables.
It lives in one process, as it keeps launches in the memory's cache, and writes each answer to `heard.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import uuid
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

USAGE_ID = r"(?P<usage_id>(?:i4x://?[^/]+/[^/]+/[^/]+/[^@]+(?:@[^/]+)?)|(?:[^/]+))"
"""As Open edX has it."""


class Server(ThreadingMixIn, WSGIServer):
    """Answer several at once: the tool asks for keys while its own answer is awaited."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Leave telling to `heard.jsonl`."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name in the base class)
        """Say nothing."""


def main() -> None:
    """Serve until the process is ended; the first line of output says what to register in the tool."""
    options = _read_options()
    server = Server(("127.0.0.1", options.port), Quiet)
    configure(options, f"http://localhost:{server.server_port}")
    from tests.platforms.xblock import open_edx, pages

    call_command("migrate", run_syncdb=True, verbosity=0)
    open_edx.stand_in()
    open_edx.make_people(options.members)
    pages.make_units()
    server.set_app(get_wsgi_application())
    sys.stdout.write(json.dumps(pages.facts()) + "\n")
    sys.stdout.flush()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    server.serve_forever()


def _end_with_parent() -> None:
    """End when whoever started this is gone: then our input ends."""
    sys.stdin.read()
    os._exit(0)


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="a free one if left out")
    parser.add_argument("--data", type=Path, required=True, help="an empty folder")
    parser.add_argument("--tool", required=True, help="origin of the tool")
    parser.add_argument("--course", default="", help="the tool's course that the first two units open")
    parser.add_argument("--members", type=int, default=1250, help="how many are on the course's roster")
    return parser.parse_args()


def configure(options: argparse.Namespace, origin: str) -> None:
    """Make Django ready, with what the library reads of Open edX's settings."""
    settings.configure(
        ALLOWED_HOSTS=["localhost"],
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(options.data / "platform.sqlite3"),
                "ATOMIC_REQUESTS": True,  # as in Open edX
                "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=[
            *(f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions")),
            *("rest_framework", "lti_consumer"),
        ],
        LMS_ROOT_URL=origin,
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "edx_django_utils.cache.middleware.RequestCacheMiddleware",
            "tests.platforms.xblock.pages.write_down",
        ],
        OUR_COURSE=options.course,
        OUR_DATA=options.data,
        OUR_TOOL=options.tool,
        PLATFORM_NAME="Open edX without Open edX",
        ROOT_URLCONF="tests.platforms.xblock.pages",
        SECRET_KEY=uuid.uuid4().hex,
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        USAGE_ID_PATTERN=USAGE_ID,
        USE_TZ=True,
    )
    django.setup()


if __name__ == "__main__":
    main()
