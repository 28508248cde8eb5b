"""Serve the practice LMS from a thread, for tests and the demo."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class _QuietHandler(WSGIRequestHandler):
    """Serve without a line per request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class RunningServer:
    """Hold a server that answers from a thread until `stop`."""

    def __init__(self, server: BaseWSGIServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return int(self._server.server_port)

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._thread.join(timeout=5)
        self._server.server_close()


def run_in_thread(app: Flask, host: str = "127.0.0.1", port: int = 0) -> RunningServer:
    """Serve an application from a thread, a thread for each request; port 0 takes a free one."""
    return RunningServer(make_server(host, port, app, threaded=True, request_handler=_QuietHandler))


@contextmanager
def serve(app: Flask, host: str = "127.0.0.1", port: int = 0) -> Iterator[RunningServer]:
    """Serve an application for the length of a `with` block."""
    server = run_in_thread(app, host, port)
    try:
        yield server
    finally:
        server.stop()
