"""Play a hostile package in the real player: the application, the packages and an attacker on three hosts, by https.

The application and the packages are of one site, the hardest case: the browser itself keeps only sites apart.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from playwright.sync_api import Browser, BrowserContext, Frame, Page
from rq import Queue
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from sidecar.catalogue import add_package
from sidecar.core.attempts import Attempt
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from sidecar.web.hosts import make_wsgi
from tests.e2e.playing import page_12, part
from tests.e2e.serving import cookie_of
from tests.fakes.clock import FakeClock
from tests.fakes.learner import Learner, add_identity, add_platform, launch
from tests.fakes.package import make_package
from tests.fakes.queue import FakeQueue

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WINDOW = "<!doctype html><html lang='nb'><title>Vindu</title><h1>Vindu</h1>"
FILES = {
    "window.html": WINDOW.encode(),
    "sw.js": b"self.addEventListener('fetch', (event) => event.respondWith(new Response('mine')));",
    "page.txt": b"<script>document.title = 'ran'</script>",
    "script.png": b"window.ranFromPicture = true;",
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>document.rootElement.id = "ran"</script></svg>',
    "run.exe": b"MZ",
    "in-shim.js": b"window.tellThePlayer = (message) => window.parent.postMessage(message, '*');",
    "secret.txt": b"secret",
    "secret.js": b"window.secret = 'read';",
}


class Hosts:
    """Our application, and an attacker's host whose pages are written in the test; remembers who was asked what."""

    def __init__(self, application: WSGIApplication, attacker: str) -> None:
        self._application = application
        self._attacker = attacker
        self.pages: dict[str, str] = {}
        self.seen: list[tuple[str, Mapping[str, str]]] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        self.seen.append((request.url, dict(request.headers)))
        if request.host != self._attacker:
            return self._application(environ, start_response)
        page = self.pages.get(request.path, "<!doctype html><title>attacker</title>")
        return Response(page, mimetype="text/html")(environ, start_response)

    def asked(self, part_of_url: str) -> list[Mapping[str, str]]:
        """The headers of each request whose URL holds this."""
        return [headers for url, headers in self.seen if part_of_url in url]


Played = tuple[Page, Frame, Learner]
"""The page of the player, the frame of the package in it, and who plays."""


@dataclass
class World:
    """The hosts, a browser context of one learner, and her hostile course beside an innocent one."""

    sidecar: Sidecar
    hosts: Hosts
    context: BrowserContext
    folder: Path
    attacker: str
    clock: FakeClock
    platform_id: str
    identity_id: str
    count: int = 0

    @property
    def application(self) -> str:
        return self.sidecar.settings.public_url

    @property
    def is_per_version(self) -> bool:
        return self.sidecar.settings.content_is_per_version

    def new_learner(self, script: str = "", *, identity_id: str | None = None) -> Learner:
        """Add a course that runs a script, reviewed, and launch it."""
        self.count += 1
        package = make_package(self.folder / f"{self.count}.zip", pages={"a": page_12(script)}, files=FILES)
        added = add_package(self.sidecar, package, key=f"kurs-{self.count}", is_published=True)
        return launch(self.sidecar, identity_id or self.identity_id, added.course_id)

    def open(self, learner: Learner) -> Page:
        self.context.add_cookies([cookie_of(learner.launch_id, learner.secret, self.application)])
        page = self.context.new_page()
        page.goto(f"{self.application}/play/{learner.launch_id}")
        return page

    def play(self, script: str = "") -> Played:
        """Open a new course; give the page, the package's frame and the learner."""
        learner = self.new_learner(script)
        page = self.open(learner)
        return page, part(page), learner

    def write(self, path: str, html: str) -> str:
        """Put a page on the attacker's host."""
        self.hosts.pages[path] = f"<!doctype html><title>attacker</title>{html}"
        return f"{self.attacker}{path}"

    def address_of(self, learner: Learner, name: str) -> str:
        """The URL of a file of a learner's course."""
        with self.sidecar.reading() as db:
            version_id = db.get_one(Attempt, learner.attempt_id).version_id
        origin = self.sidecar.settings.content_origin(version_id)
        return f"{origin}/{name}" if self.is_per_version else f"{origin}/{version_id}/{name}"


def attempts_of(frame: Frame | Page, *codes: str) -> list[str]:
    """Run pieces of JavaScript one after the other; give what each came to: a value, or the name of its error."""
    run = """async (codes) => { const came = []; for (const code of codes) {
        try { came.push(String(await eval(`(async () => (${code}))()`))) } catch (error) { came.push(error.name) }
    } return came }"""
    came: list[str] = frame.evaluate(run, list(codes))
    return came


@contextmanager
def open_world(browser: Browser, folder: Path, database: Path, port: int, *, per_version: bool) -> Iterator[World]:
    """Serve it all until the block ends."""
    (folder / "data").mkdir(mode=0o700)
    shutil.copy(database, folder / "data" / "sidecar.sqlite3")
    settings = Settings(
        data=folder / "data",
        port=port,
        public_url=f"https://app.by.localhost:{port}",
        content_url=f"https://{'*.' if per_version else ''}kurs.by.localhost:{port}",
        database_url=f"sqlite:///{folder / 'data' / 'sidecar.sqlite3'}",
    )
    clock = FakeClock()
    sidecar = Sidecar(settings, clock=clock)
    sidecar.queue = sidecar.browser_queue = cast(Queue, FakeQueue())
    hosts = Hosts(make_wsgi(sidecar), f"attacker.localhost:{port}")
    platform_id = add_platform(sidecar)
    with _serve(hosts, port):
        context = browser.new_context(locale="en-GB", ignore_https_errors=True)
        context.set_default_timeout(10_000)
        yield World(
            sidecar,
            hosts,
            context,
            folder,
            attacker=f"https://attacker.localhost:{port}",
            clock=clock,
            platform_id=platform_id,
            identity_id=add_identity(sidecar, platform_id),
        )
        context.close()
    sidecar.close()


@contextmanager
def _serve(hosts: Hosts, port: int) -> Iterator[None]:
    server = make_server("127.0.0.1", port, hosts, threaded=True, ssl_context="adhoc")
    listening: Any = server.socket  # the attribute is not in the types of `ssl`
    listening.do_handshake_on_connect = False  # a browser's spare connections must not hold up the others
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
