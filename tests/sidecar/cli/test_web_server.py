"""The web server's own settings: what a proxy and a busy machine need."""

import os

import pytest
from click.testing import CliRunner
from gunicorn.config import Config

from sidecar.cli import main
from sidecar.cli.web_server import KEEP_ALIVE_S, WebServer, default_workers, serve
from sidecar.settings import Settings


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 2), (64, 8)])
def test_there_is_a_process_a_core(monkeypatch: pytest.MonkeyPatch, cores: int, workers: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(cores)), raising=False)
    assert default_workers() == workers


def test_gunicorn_takes_every_setting(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    seen: list[Config] = []
    monkeypatch.setattr(WebServer, "run", lambda self: seen.append(self.cfg))
    serve(settings, host="127.0.0.1", workers=3, threads=8)
    [config] = seen
    assert (config.workers, config.threads, config.worker_class_str) == (3, 8, "gthread")
    assert config.keepalive == KEEP_ALIVE_S > 60
    assert not config.preload_app
    assert config.max_requests == 0


def test_the_help_says_how_many() -> None:
    assert "one a core, at most 8" in CliRunner().invoke(main, ["web", "--help"]).output
