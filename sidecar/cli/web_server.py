"""Serve the application with gunicorn, in this process."""

from __future__ import annotations

from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.config import Config
from gunicorn.glogging import Logger

from sidecar.runtime import Sidecar
from sidecar.settings import Settings


class WebLog(Logger):
    """Let gunicorn write to our log, through the processors that hide addresses and persons."""

    def setup(self, cfg: Config) -> None:
        """Take gunicorn's own handlers away."""
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            logger.handlers.clear()
            logger.propagate = True


class WebServer(BaseApplication):
    """Serve until a signal comes; every worker process opens its own `Sidecar`."""

    def __init__(self, settings: Settings, options: dict[str, Any]) -> None:
        """Keep what the workers need."""
        self._settings = settings
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Hand the options to gunicorn; its own configuration files and variables are not read."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:  # noqa: ANN401 (gunicorn's own type is wider than WSGI)
        """Make the application, in the worker process; other commands start without loading the web."""
        from sidecar.web.hosts import make_wsgi

        sidecar = Sidecar(self._settings)
        sidecar.tally.keep_handing_over(sidecar.redis, "web")
        return make_wsgi(sidecar)


def serve(settings: Settings, *, host: str, workers: int, threads: int) -> None:
    """Serve on a port until SIGTERM or SIGINT."""
    options = {
        "bind": f"{host}:{settings.port}",
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "control_socket_disable": True,
        "graceful_timeout": 10,
        "forwarded_allow_ips": "",  # links come from the settings: no header says where or who we are
        "forwarder_headers": "",
        "limit_request_line": 8190,  # an LTI login may come as a long GET
        "loglevel": "warning",
        "logger_class": WebLog,
        "proc_name": "sidecar-web",
    }
    WebServer(settings, options).run()
