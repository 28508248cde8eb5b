"""Run the application: all of it on one machine, or its parts."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sys
import threading
from importlib.metadata import version
from urllib.parse import urlsplit

import click

from sidecar import schedule as ticks
from sidecar.accessibility import REASONS, lack
from sidecar.broker import FOLDER, held_folder, queue_url, server_command, wait_until_up
from sidecar.cli.output import json_option, open_sidecar, show_line
from sidecar.cli.supervisor import Service, Supervisor
from sidecar.cli.web_server import default_workers, serve
from sidecar.errors import MisconfiguredError, SidecarError
from sidecar.jobs import SafeWorker
from sidecar.log import configure_log
from sidecar.metrics import serve_metrics
from sidecar.runtime import BROWSER_QUEUE, Sidecar
from sidecar.schema import refuse_unmigrated, upgrade
from sidecar.settings import Settings, read_settings
from sidecar.tool import ensure_keys
from sidecar.web.uploads import clear_uploads

BROWSER_NICENESS = 10

port_option = click.option("--port", type=click.IntRange(1, 65535), help="Port of the web server (SIDECAR_PORT, 8080).")
host_option = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")


class BrowserMissingError(SidecarError):
    """This machine can't look at courses in a browser: {reason}."""

    code = "browser-missing"


@click.command(short_help="Run everything on this machine.")
@port_option
@host_option
def up(port: int | None, host: str) -> None:
    """Run everything on this machine: web, worker, scheduler, and a queue unless SIDECAR_REDIS_URL names one.

    Where the extra sidecar[browser] and Chromium are there, a worker that looks at uploaded courses in it, too.

    The built-in SQLite database is made or brought up to date first. One Ctrl-C stops all.
    """
    settings = read_settings(port=port)
    _refuse_taken(host, settings.port)
    _prepare_database(settings)
    if settings.redis_url:
        _supervise(settings, host, [])
        return
    with held_folder(settings.data):
        _supervise(settings, host, [_queue_service(settings)])


@click.command()
@port_option
@host_option
@click.option("--workers", default=default_workers, show_default="one a core, at most 8", help="Processes.")
@click.option("--threads", default=8, show_default=True, help="Threads in each process.")
def web(port: int | None, host: str, workers: int, threads: int) -> None:
    """Run the web server."""
    settings = read_settings(port=port)
    configure_log(settings.log_level)
    with open_sidecar(port) as sidecar:
        ensure_keys(sidecar)
        clear_uploads(settings.data)
    serve(settings, host=host, workers=workers, threads=threads)


@click.command(short_help="Run jobs: grades, reports, deliveries.")
@click.option("--browser", "in_browser", is_flag=True, help="Look at uploaded courses in Chromium, and nothing else.")
def worker(in_browser: bool) -> None:
    """Run jobs from the queue: grades, reports, deliveries, mails.

    With --browser, run those jobs that no other worker does: look at uploaded courses in Chromium for what keeps people
    out. It needs the extra sidecar[browser] and Chromium, and gives way to what else the machine does.
    """
    configure_log(read_settings().log_level)
    if in_browser and (missing := lack()):
        raise BrowserMissingError(reason=REASONS[missing])
    with open_sidecar() as sidecar:
        sidecar.disconnect()  # each job's process opens its own connections
        if in_browser:
            os.nice(BROWSER_NICENESS)
            SafeWorker(queue_url(sidecar.settings), (BROWSER_QUEUE,), "browser-worker").work()
        else:
            SafeWorker(queue_url(sidecar.settings)).work()


@click.command(short_help="Start what is due, every ten seconds.")
def schedule() -> None:
    """Tick every ten seconds: start the reports that are due, retry what waits, warn, answer for the metrics."""
    configure_log(read_settings().log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with open_sidecar() as sidecar:
        serve_metrics(sidecar)
        sidecar.tally.keep_handing_over(sidecar.redis, "scheduler")
        ticks.run(sidecar, stop)


@click.command()
@json_option
def migrate(as_json: bool) -> None:
    """Bring the database up to date; safe to repeat."""
    sidecar = Sidecar(read_settings())
    upgrade(sidecar.engine)
    refuse_unmigrated(sidecar.engine)
    sidecar.close()
    show_line(as_json, {"state": "up-to-date"}, "The database is up to date.")


def _refuse_taken(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise MisconfiguredError(setting="SIDECAR_PORT", reason=f"port {port} can't be used here.") from None


def _prepare_database(settings: Settings) -> None:
    sidecar = Sidecar(settings)
    if sidecar.engine.dialect.name == "sqlite":
        upgrade(sidecar.engine)
    refuse_unmigrated(sidecar.engine)
    sidecar.close()


def _queue_service(settings: Settings) -> Service:
    return Service(
        "queue",
        server_command(settings.data),
        is_up=lambda: wait_until_up(queue_url(settings), timeout_s=0.1),
        log=settings.data / FOLDER / "server.log",
    )


def _supervise(settings: Settings, host: str, queue: list[Service]) -> None:
    sidecar = (sys.executable, "-m", "sidecar.cli")
    port = str(settings.port)
    services = [
        *queue,
        Service(
            "web",
            (*sidecar, "web", "--workers", "1", "--port", port, "--host", host),
            is_up=lambda: _answers(settings, host),
        ),
        Service("worker", (*sidecar, "worker")),
        *([] if lack() else [Service("browser worker", (*sidecar, "worker", "--browser"))]),
        Service("scheduler", (*sidecar, "schedule")),
    ]
    env = {**os.environ, "SIDECAR_PORT": port, "SIDECAR_DATA": str(settings.data)}
    tell = lambda line: click.echo(line, err=True)  # noqa: E731
    Supervisor(services, env, tell).run(lambda: _introduce(settings, host, queue))
    click.echo("Stopped.")


def _answers(settings: Settings, host: str) -> bool:
    connection = http.client.HTTPConnection(host, settings.port, timeout=2)
    try:
        connection.request("GET", "/", headers={"Host": urlsplit(settings.public_url).netloc})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _introduce(settings: Settings, host: str, queue: list[Service]) -> None:
    database = "SQLite" if settings.database_url.startswith("sqlite") else "PostgreSQL"
    lines = {
        f"Sidecar {version('laeringslop-sidecar')} is up.": "",
        "  web": f"listens on {host}:{settings.port}",
        "  packages": f"served at {settings.content_url}",
        "  worker": "runs jobs",
        "  browser": f"looks at no course: {REASONS[missing]}" if (missing := lack()) else "looks at uploaded courses",
        "  scheduler": "ticks every ten seconds",
        "  queue": f"embedded, {queue[0].command[0]}" if queue else "SIDECAR_REDIS_URL",
        "  database": database,
        "  data": str(settings.data),
    }
    for name, text in lines.items():
        click.echo(f"{name:<13}{text}".rstrip())
    click.echo(f"Open {settings.public_url} - Ctrl-C stops everything.")
