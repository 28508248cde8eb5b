"""Measure launches a second through gunicorn with one process and with two, and what one costs the server.

Three servers of the same gunicorn, with the same processes and threads, are launched into in turns by the same client,
which also is the LMS and signs the tokens: `sidecar web` on a database of its own; the application of PyLTI1p3's
documentation, its cache in Redis, as two processes must share it; and an application that answers the same two
requests without doing anything for them. The client needs a core too: with two processes on two cores it holds all
three back, so the CPU time of the servers is the fairer number. What Redis spends on each is told beside it.

What is compared: both check state, nonce and the same RS256 signature against keys they fetched once, and keep the
launch where all processes find it. PyLTI1p3 keeps state in a cookie, nonce and launch in Redis for a while; it takes
a nonce any number of times, knows no learner, and limits nobody. Ours takes it once over all processes, and writes
learner, placement, launch, attempt and sign-in into its database. It stands behind one proxy, as in production, so
that logins are counted by the addresses of some offices.

The target is an upper bound: 1.5 times (the empty pair, one signature check, one durable insert).
"""

from __future__ import annotations

import http.client
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from sqlalchemy import Column, Integer, MetaData, String, Table, insert

from benchmarks.fixtures.machine import measure, watched_load
from benchmarks.fixtures.peer import write_config
from benchmarks.fixtures.served import cpu_s, gunicorn, published_keys, web_server
from benchmarks.fixtures.town import MESSAGE_HINT, Town, open_town
from benchmarks.fixtures.wsgi import FORM
from benchmarks.launch import Library
from sidecar.broker import queue_url
from tests.fakes.ports import free_port

ROUNDS, LAUNCHES, UNCOUNTED = 6, 100, 40
TARGET_RATIO, TARGET_TIMES = 2.0, 1.5
OFFICES = 40
"""From how many addresses the learners come."""

BARE = Table("bench_bare", MetaData(), Column("id", Integer, primary_key=True), Column("text", String(200)))


@dataclass
class Server:
    """A server under test, and what was seen of it."""

    name: str
    port: int
    paths: tuple[str, str]
    launch_url: str
    process_id: int
    launches: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    redis_seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Launches a second."""
        return self.launches / self.seconds

    @property
    def cpu_ms(self) -> float:
        """CPU time of a launch in the server's processes, in milliseconds."""
        return self.cpu_seconds / self.launches * 1000

    @property
    def redis_ms(self) -> float:
        """CPU time of a launch in the Redis server, in milliseconds."""
        return self.redis_seconds / self.launches * 1000

    def forget(self) -> None:
        """Begin to count anew."""
        self.launches, self.seconds, self.cpu_seconds, self.redis_seconds = 0, 0.0, 0.0, 0.0


class Browser:
    """Launch again and again over one connection."""

    def __init__(self, town: Town, server: Server) -> None:
        """Open a connection."""
        self._town, self._server = town, server
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def launch(self, number: int) -> None:
        """Log in and launch as a learner."""
        platform = self._town.platform
        params = {
            "iss": platform.issuer,
            "login_hint": "7",
            "target_link_uri": self._server.launch_url,
            "lti_message_hint": MESSAGE_HINT,
            "client_id": platform.client_id,
        }
        office = f"198.51.100.{number % OFFICES}"
        there, cookies = self._post(self._server.paths[0], params, "", 302, office)
        asked = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
        form = {"state": asked["state"], "id_token": self._town.token(asked["nonce"], number)}
        self._post(self._server.paths[1], form, cookies, 303, office)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _post(self, path: str, form: dict[str, str], cookies: str, status: int, office: str) -> tuple[str, str]:
        headers = {"Content-Type": FORM, "X-Forwarded-For": office} | ({"Cookie": cookies} if cookies else {})
        self._connection.request("POST", path, urlencode(form), headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != status:
            raise RuntimeError(f"{self._server.name}: {path} answered {answer.status}")
        set_cookies = answer.headers.get_all("Set-Cookie", [])
        return answer.headers.get("Location", ""), "; ".join(one.partition(";")[0] for one in set_cookies)


def run(town: Town, server: Server, launches: int, at_a_time: int) -> None:
    """Launch a number of times, some at a time, and add what was seen."""
    browsers = [Browser(town, server) for _ in range(at_a_time)]
    shares = [[next(town.numbers) for _ in range(launches // at_a_time)] for _ in browsers]
    redis_process = int(town.sidecar.redis.info("server")["process_id"])
    cpu_began, redis_began, began = cpu_s(server.process_id), cpu_s(redis_process), time.perf_counter()
    with ThreadPoolExecutor(at_a_time) as pool:
        list(pool.map(_launch_all, browsers, shares))
    server.seconds += time.perf_counter() - began
    server.cpu_seconds += cpu_s(server.process_id) - cpu_began
    server.redis_seconds += cpu_s(redis_process) - redis_began
    server.launches += sum(map(len, shares))
    for browser in browsers:
        browser.close()


def _launch_all(browser: Browser, numbers: list[int]) -> None:
    for number in numbers:
        browser.launch(number)


@contextmanager
def open_servers(town: Town, port: int, workers: int, config: str) -> Iterator[tuple[Server, Server, Server]]:
    """Run the three servers."""
    peer_env = {"BENCH_PEER_CONFIG": config, "BENCH_PEER_REDIS": queue_url(town.sidecar.settings)}
    module, own = "benchmarks.fixtures.peer", town.platform.launch_url
    peer_port, empty_port = free_port(), free_port()
    with ExitStack() as stack:
        ours = stack.enter_context(web_server(town, port, workers))
        peer = stack.enter_context(gunicorn(f"{module}:served_peer()", peer_env, peer_port, workers))
        empty = stack.enter_context(gunicorn(f"{module}:served_empty()", {}, empty_port, workers))
        yield (
            Server("ours", port, ("/lti/login", "/lti/launch"), own, ours),
            Server("PyLTI1p3", peer_port, ("/login/", "/launch/"), f"http://127.0.0.1:{peer_port}/launch/", peer),
            Server("empty pair", empty_port, ("/login/", "/launch/"), own, empty),
        )


def inserting(town: Town) -> Callable[[], None]:
    """Return what makes one durable insert in the installation's database, as a transaction of its own."""
    engine = town.sidecar.engine
    BARE.create(engine)

    def insert_one() -> None:
        with engine.begin() as connection:
            connection.execute(insert(BARE), {"text": "x" * 200})

    return insert_one


def main() -> None:
    """Print the measurements."""
    port, lms_port = free_port(), free_port()
    urls = {"public_url": f"http://127.0.0.1:{port}", "content_url": f"http://localhost:{port}"}
    with (
        watched_load(),
        tempfile.TemporaryDirectory() as folder,
        published_keys(lms_port) as platforms,
        open_town(**urls, issuer=f"http://127.0.0.1:{lms_port}") as town,
    ):
        platforms.append(town.platform)
        town.token("", 0)  # makes the LMS's key, before threads would make several
        config = write_config(Path(folder), town.platform)
        check, durable = measure(Library().decode, inserting(town), times=200)
        for workers in (1, 2):
            with open_servers(town, port, workers, config) as servers:
                _take_turns(town, servers, at_a_time=2 * workers)
                _show(servers, workers, check.cpu_ms + durable.cpu_ms)
    print(f"one signature check {check.cpu_ms:.2f} ms CPU, one durable insert {durable.cpu_ms:.2f} ms CPU")


def _take_turns(town: Town, servers: tuple[Server, ...], at_a_time: int) -> None:
    for server in servers:
        run(town, server, UNCOUNTED, at_a_time)
        server.forget()
    for _ in range(ROUNDS):
        for server in servers:
            run(town, server, LAUNCHES, at_a_time)


def _show(servers: tuple[Server, Server, Server], workers: int, more_ms: float) -> None:
    ours, peer, empty = servers
    print(f"-- {workers} process{'es' if workers > 1 else ''}")
    for server in servers:
        cpu = f"{server.cpu_ms:6.2f} ms CPU a launch, {server.redis_ms:.2f} ms more in Redis"
        print(f"{server.name:<11} {server.rate:7.0f} launches/s, {cpu}")
    most_ms = TARGET_TIMES * (empty.cpu_ms + more_ms)
    print(f"ratio       {ours.rate / peer.rate:.2f} times the launches of PyLTI1p3 (target {TARGET_RATIO})")
    print(
        f"            {peer.cpu_ms / ours.cpu_ms:.2f} times cheaper; {ours.cpu_ms / most_ms:.1f} times the bound of",
        end="",
    )
    print(f" {most_ms:.2f} ms")


if __name__ == "__main__":
    main()
