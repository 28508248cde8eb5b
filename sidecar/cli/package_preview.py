"""Preview a course source while it is written."""

from __future__ import annotations

import signal
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import click
from werkzeug.serving import WSGIRequestHandler, make_server

from sidecar.cli.output import clean
from sidecar.cli.preview_desk import Desk
from sidecar.log import configure_log
from sidecar.runtime import Sidecar
from sidecar.schema import upgrade
from sidecar.settings import Settings, read_settings

HOST = "127.0.0.1"
NO_QUEUE = "redis://127.0.0.1:9"
"""Nobody listens there: nothing of a preview goes to a queue."""


class _Quiet(WSGIRequestHandler):
    """Serve without a line for every request: the terminal is for what is wrong in the source."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 (werkzeug's own signature)
        """Say nothing."""


@click.command("preview")
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--port", default=8090, show_default=True, help="Port of this machine to serve on.")
@click.option("--browser/--no-browser", default=True, help="Open it in your browser.")
def preview_source(source: Path, port: int, browser: bool) -> None:
    """Show the course source in the folder SOURCE in the real player, and show it anew whenever you save.

    What is wrong is said on the page, with file and line, until it is mended. Nothing you do there counts, and Ctrl-C
    leaves nothing behind: it all lies in a temporary installation that has nothing to do with yours.
    """
    configure_log("ERROR")
    with TemporaryDirectory(prefix="sidecar-preview-") as folder, _stoppable() as stop:
        sidecar = Sidecar(_settings(Path(folder), port))
        try:
            upgrade(sidecar.engine)
            _serve(sidecar, source, browser, stop)
        finally:
            sidecar.close()


def _settings(folder: Path, port: int) -> Settings:
    """Return those of a temporary installation; nothing of the environment reaches it."""
    return read_settings({"SIDECAR_DATA": str(folder), "SIDECAR_REDIS_URL": NO_QUEUE}, port=port)


def _serve(sidecar: Sidecar, source: Path, browser: bool, stop: threading.Event) -> None:
    from sidecar.web.hosts import make_wsgi  # other commands start without loading the web

    desk = Desk(sidecar, source, _tell)
    while not desk.look() and not desk.builds and not stop.wait(0.5):
        pass
    if stop.is_set():
        return
    application = desk.wrap(make_wsgi(sidecar))
    server = make_server(HOST, sidecar.settings.port, application, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        address = f"{sidecar.settings.public_url}/preview#{desk.secret}"
        _tell(f"The preview is at {address}\nIt opens once. Save a file to see it anew; Ctrl-C ends it.")
        if browser:
            webbrowser.open(address)
        desk.watch(stop)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _tell(line: str) -> None:
    click.echo(clean(line), err=True)


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """Turn Ctrl-C and SIGTERM into an event: what is under way ends, then everything is taken away."""
    stop = threading.Event()

    def hear(_number: int, _frame: object) -> None:
        if stop.is_set():
            _give_up()
        stop.set()

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _give_up() -> NoReturn:
    raise SystemExit(1)
