"""Send each request to the application or to the packages' own host, by the Host header."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

from sidecar.runtime import Sidecar
from sidecar.web.app import create_app
from sidecar.web.content import create_content_app
from sidecar.web.probes import PATHS, Probes

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def make_wsgi(sidecar: Sidecar) -> WSGIApplication:
    """Make the one WSGI application: our own host, the content host or hosts, 421 for any other but a probe."""
    settings = sidecar.settings
    own_host = urlsplit(settings.public_url).netloc.lower()
    application: WSGIApplication = create_app(sidecar)
    content: WSGIApplication = create_content_app(sidecar)
    probes = Probes(sidecar)

    def by_host(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if path in PATHS:
            return probes.answer(path, str(environ["REQUEST_METHOD"]))(environ, start_response)
        host = str(environ.get("HTTP_HOST", "")).lower()
        if host == own_host:
            return application(environ, start_response)
        if settings.version_of_content_host(host) is not None:
            return content(environ, start_response)
        refusal = Response("This address is not served here.\n", 421, mimetype="text/plain")
        return refusal(environ, start_response)

    return by_host
