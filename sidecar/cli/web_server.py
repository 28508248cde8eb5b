"""Serve the application with gunicorn, in this process."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path
from typing import Any, Final

from gunicorn.app.base import BaseApplication
from gunicorn.config import Config
from gunicorn.glogging import Logger

from sidecar.lifeline import die_with_parent
from sidecar.runtime import Sidecar
from sidecar.settings import Settings

MOST_WORKERS: Final = 8
"""More on one host only help where its database and storage are elsewhere; then say so with --workers."""

KEEP_ALIVE_S: Final = 75
"""Longer than a proxy keeps an idle connection (60 s in common ones): it must be the one that closes."""

MEMORY: Final = "/dev/shm"  # noqa: S108 (gunicorn makes unlinked files of its own there)


class WebLog(Logger):
    """Let gunicorn write to our log, through the processors that hide addresses and persons."""

    def setup(self, cfg: Config) -> None:
        """Take gunicorn's own handlers away."""
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            logger.handlers.clear()
            logger.propagate = True

    def warning(self, msg: object, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (gunicorn's own signature)
        """Write a warning; what is no HTTP is not repeated, as it may be a token or a person sent the wrong way."""
        if str(msg).startswith("Invalid request from"):
            super().warning("Something that is no HTTP was refused")
        else:
            super().warning(msg, *args, **kwargs)


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

        die_with_parent(signal.SIGTERM)  # else the port of a killed server stays taken, and answers
        sidecar = Sidecar(self._settings)
        sidecar.tally.keep_handing_over(sidecar.redis, "web")
        application = make_wsgi(sidecar)
        gc.collect()
        gc.freeze()  # what stands now stands till the end: looking through it again and again costs a tenth
        return application


def default_workers() -> int:
    """Return how many processes serve: one a core that is ours, as Python runs on one core at a time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, MOST_WORKERS))


def serve(settings: Settings, *, host: str, workers: int, threads: int) -> None:
    """Serve on a port until SIGTERM or SIGINT."""
    options = {
        "bind": f"{host}:{settings.port}",
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "control_socket_disable": True,
        "graceful_timeout": 10,
        "keepalive": KEEP_ALIVE_S,
        "worker_tmp_dir": MEMORY if Path(MEMORY).is_dir() else None,  # a busy disk must not look like a hung worker
        "forwarded_allow_ips": "",  # links come from the settings: no header says where or who we are
        "forwarder_headers": "",
        "limit_request_line": 8190,  # an LTI login may come as a long GET
        "loglevel": "warning",
        "logger_class": WebLog,
        "proc_name": "sidecar-web",
    }
    WebServer(settings, options).run()
