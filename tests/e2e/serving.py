"""Serve the application to a real browser: three origins on one machine, and a switch that cuts the line."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from sidecar.runtime import Sidecar
from sidecar.web.hosts import make_wsgi

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Line:
    """The line to the application; `is_cut` makes every commit fail, `commits` counts those that came."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application
        self.is_cut = False
        self.commits = 0

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"].endswith("/commits"):
            self.commits += 1
            if self.is_cut:
                return Response("the proxy's own page", 502)(environ, start_response)
        return self._application(environ, start_response)


@contextmanager
def serve(sidecar: Sidecar) -> Iterator[Line]:
    """Serve on the port of the settings until the block ends; over https where the public URL says so."""
    line = Line(make_wsgi(sidecar))
    with _run(line, sidecar.settings.port, is_secure=sidecar.settings.public_url.startswith("https:")):
        yield line


@contextmanager
def serve_securely(application: "WSGIApplication", port: int | None) -> Iterator[None]:
    """Serve over https, with a certificate that nobody has to trust."""
    with _run(application, port or 0, is_secure=True):
        yield


@contextmanager
def _run(application: "WSGIApplication", port: int, *, is_secure: bool) -> Iterator[None]:
    server = make_server("127.0.0.1", port, application, threaded=True, ssl_context="adhoc" if is_secure else None)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def cookie_of(launch_id: str, secret: str, origin: str) -> Any:  # noqa: ANN401 (Playwright's own typed dict)
    """The cookie that a launch sets."""
    prefix = "__Host-" if origin.startswith("https:") else ""
    return {"name": f"{prefix}play-{launch_id[:8]}", "value": secret, "url": origin, "secure": True, "httpOnly": True}
