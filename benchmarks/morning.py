"""Let 1,000 learners take a course in one morning: launch, player page, 20 commits each, the page at the end.

The web server is `sidecar web` as operators run it: gunicorn, real HTTP, on SQLite, or on PostgreSQL where
SIDECAR_BENCH_DATABASE_URL names a server. The learners are threads of this process, which also is the LMS: it signs
their launches and publishes its keys. Each takes one step after the other, without a pause, so that the server is never
idle: a real morning is a small part of this. Prints errors, times per step, and the memory of the server.

Arguments: the number of learners, then how many at a time.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlencode, urlsplit

from sqlalchemy import func, select

from benchmarks.fixtures.machine import percentile, watched_load
from benchmarks.fixtures.served import memory_mib, published_keys, web_server
from benchmarks.fixtures.town import MESSAGE_HINT, Town, open_town
from benchmarks.fixtures.wsgi import FORM
from sidecar.core.attempts import Commit
from sidecar.core.evidence import Evidence
from sidecar.core.launches import FailedLaunch
from tests.fakes.ports import free_port

LEARNERS, AT_A_TIME, COMMITS = 1000, 8, 20
WORKERS = 2
TIMEOUT_S = 60
SUSPEND_DATA = "x" * 4000


class Morning:
    """What was seen: the seconds of every step, and what went wrong."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.errors: Counter[str] = Counter()


class Learner:
    """One learner with a browser."""

    def __init__(self, town: Town, morning: Morning, number: int) -> None:
        """Open a connection."""
        self._town, self._morning, self._number = town, morning, number
        host = urlsplit(town.sidecar.settings.public_url).netloc
        self._connection = http.client.HTTPConnection(host, timeout=TIMEOUT_S)
        self._cookies: dict[str, str] = {}

    def take_course(self) -> None:
        """Launch, play, finish; note what goes wrong."""
        try:
            page = self._launch()
            self._play(page)
            self._ask("end page", "GET", f"{page}/end")
        except (OSError, http.client.HTTPException, RuntimeError) as error:
            self._morning.errors[str(error) or type(error).__name__] += 1
        finally:
            self._connection.close()

    def _launch(self) -> str:
        platform = self._town.platform
        params = {
            "iss": platform.issuer,
            "login_hint": str(self._number),
            "target_link_uri": platform.launch_url,
            "lti_message_hint": MESSAGE_HINT,
            "client_id": platform.client_id,
        }
        there, _ = self._ask("login", "POST", "/lti/login", urlencode(params), {"Content-Type": FORM}, status=302)
        asked = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
        form = {"state": asked["state"], "id_token": self._town.token(asked["nonce"], self._number)}
        page, _ = self._ask("launch", "POST", "/lti/launch", urlencode(form), {"Content-Type": FORM}, status=303)
        return page

    def _play(self, page: str) -> None:
        _, html = self._ask("player page", "GET", page)
        data = json.loads(html.split('id="player-data" type="application/json">', 1)[1].split("</script>", 1)[0])
        url, token = f"/api/attempts/{data['attemptId']}/commits", data["token"]
        headers = {"Content-Type": "text/plain;charset=UTF-8", "Origin": self._town.sidecar.settings.content_url}
        for seq in range(1, COMMITS + 1):
            is_last = seq == COMMITS
            status = "completed" if is_last else "incomplete"
            changes = {"cmi.suspend_data": SUSPEND_DATA + str(seq), "cmi.core.lesson_status": status}
            said = {"token": token, "seq": seq, "session": "page", "sco": data["scos"][0]["id"], "changes": changes}
            body = json.dumps(said | {"final": is_last})
            _, answer = self._ask("completing" if is_last else "commit", "POST", url, body, headers)
            token = json.loads(answer)["token"]

    def _ask(
        self,
        step: str,
        method: str,
        path: str,
        body: str = "",
        headers: Mapping[str, str] | None = None,
        *,
        status: int = 200,
    ) -> tuple[str, str]:
        """Take a step; returns where the answer leads to, and what it says."""
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        began = time.perf_counter()
        self._connection.request(method, path, body or None, {**(headers or {}), **(cookies if self._cookies else {})})
        answer = self._connection.getresponse()
        content = answer.read().decode()
        self._morning.seconds[step].append(time.perf_counter() - began)
        for set_cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = set_cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        if answer.status != status:
            raise RuntimeError(f"{step}: status {answer.status}")
        return answer.headers.get("Location", ""), content


def show(morning: Morning, seconds: float, kept: tuple[int, int], learners: int) -> None:
    """Print what was seen."""
    print(f"{'step':<12} {'times':>6} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}")
    for step, taken in morning.seconds.items():
        shares = "".join(f"{percentile(taken, share) * 1000:9.0f}" for share in (0.5, 0.95, 0.99))
        print(f"{step:<12} {len(taken):>6}{shares}")
    asked = sum(map(len, morning.seconds.values()))
    print(f"errors       {sum(morning.errors.values())} {dict(morning.errors.most_common(3)) or ''}")
    print(f"kept         {kept[0]} completions, {kept[1]} commits (asked for {learners} and {learners * COMMITS})")
    print(
        f"throughput   {asked / seconds:.0f} requests/s, {learners / seconds * 60:.0f} learners/min, in {seconds:.0f} s"
    )


def main() -> None:
    """Run the morning and print it; fails where something was lost."""
    given = [int(argument) for argument in sys.argv[1:3]]
    learners, at_a_time = (*given, *(LEARNERS, AT_A_TIME)[len(given) :])
    port, lms_port, morning = free_port(), free_port(), Morning()
    urls = {"public_url": f"http://127.0.0.1:{port}", "content_url": f"http://localhost:{port}"}
    with (
        watched_load(),
        published_keys(lms_port) as platforms,
        open_town(**urls, issuer=f"http://127.0.0.1:{lms_port}") as town,
        web_server(town, port, WORKERS) as process_id,
    ):
        platforms.append(town.platform)
        town.token("", 0)  # makes the LMS's key, before threads would make several
        before_mib, began = memory_mib(process_id), time.perf_counter()
        with ThreadPoolExecutor(at_a_time) as pool:
            list(pool.map(lambda number: Learner(town, morning, number).take_course(), range(learners)))
        seconds, after_mib = time.perf_counter() - began, memory_mib(process_id)
        with town.sidecar.reading() as db:
            completions = db.scalar(select(func.count()).select_from(Evidence)) or 0
            refused = Counter(db.scalars(select(FailedLaunch.code)))
            kept = completions, db.scalar(select(func.count()).select_from(Commit)) or 0
        print(
            f"{learners} learners, {at_a_time} at a time, {town.sidecar.engine.dialect.name}, {WORKERS} web processes"
        )
    show(morning, seconds, kept, learners)
    print(f"refused      {dict(refused) or 'no launch'}")
    print(f"memory       {before_mib:.0f} MiB before, {after_mib:.0f} MiB after")
    sys.exit(bool(morning.errors) or kept != (learners, learners * COMMITS))


if __name__ == "__main__":
    main()
