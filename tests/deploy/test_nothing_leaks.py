"""A whole main job, with failures of every kind, leaves no secret and no person in logs, errors, queue or `ps`.

The application runs as its own processes at the most talkative level. What is secret or about a person is known
beforehand or noted as it is made; then everything that was written is searched for it.
"""

import re
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from practice_lms.app import create_app, lms_of
from practice_lms.config import Config
from practice_lms.demo import Demo
from practice_lms.errors import PracticeError
from practice_lms.installing import add_connections, add_courses, add_municipalities, add_platform
from practice_lms.learner import Learner
from practice_lms.people import MUNICIPALITIES, Region, invent_people
from practice_lms.serving import serve
from practice_lms.sidecar_process import SidecarProcess
from sidecar.secrets import make_key
from tests.fakes.ports import free_port

pytestmark = pytest.mark.slow

REGION = Region("kongsbergregionen", "Kongsbergregionen", tuple(one for one in MUNICIPALITIES if one.slug == "rollag"))
PERSON = invent_people(region=REGION)[0]
NATIONAL_ID = "01019012345"
PASSWORD = "kanarifugl-passord-4711"
FORGED = "eyJhbGciOiJSUzI1NiIsImtpZCI6Imthbm" + ".eyJzdWIiOiJrYW5hcmlmdWdsIn0" + ".a2FuYXJpZnVnbA"
SEALED = r"gAAAA[\w=-]{20,}"
SHAPES = (
    r"eyJ[\w-]{8,}\.",
    SEALED,
    "PRIVATE KEY",
    r"[\w.]+@\w+\.example\.invalid",
    r"(?<![\w.$-])\d{6} ?\d{5}(?![\w.-])",
)
"""What tokens, sealed values, keys, addresses and national ids look like, whoever made them."""

CHROMIUM_CLOCK = re.compile(r"--launch-time-ticks=\d+")
"""Microseconds since the machine started, on the command lines of a Chromium: 11 digits from the third hour on."""


@dataclass
class Catch:
    """Everything that could be read by somebody who should not, by where it was found."""

    texts: dict[str, list[str]] = field(default_factory=dict)

    def add(self, where: str, text: str) -> None:
        self.texts.setdefault(where, []).append(text)

    def holding(self, canary: str) -> list[str]:
        return [where for where, texts in self.texts.items() if any(canary in text for text in texts)]

    def like(self, shape: str) -> list[str]:
        found = re.compile(shape)
        return [
            f"{where}: {hit[0][:60]}"
            for where, texts in self.texts.items()
            for text in texts
            if (hit := found.search(text))
        ]


@pytest.fixture
def caught() -> Catch:
    return Catch()


@pytest.fixture
def key() -> str:
    return make_key()


@contextmanager
def watched_processes(caught: Catch) -> Iterator[None]:
    """Read the command lines of all processes again and again, as `ps` shows them to every user."""
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.2):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                    if "sidecar" in line or "valkey" in line or "redis-server" in line:
                        caught.add("ps", CHROMIUM_CLOCK.sub("", line))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def running(folder: Path, key: str) -> Iterator[Demo]:
    port, lms_port = free_port(), free_port()
    sidecar = SidecarProcess(folder, port)
    sidecar.env |= {"SIDECAR_LOG_LEVEL": "DEBUG", "SIDECAR_SECRET_KEYS": key, "SIDECAR_PRODUCTION": "1"}
    config = Config(
        issuer=f"http://lms.localhost:{lms_port}", service_url=f"http://127.0.0.1:{lms_port}", tool_url=sidecar.url
    )
    app = create_app(config, REGION)
    with sidecar, serve(app, port=lms_port):
        yield Demo(folder, sidecar, lms_of(app))


def take_a_course(demo: Demo) -> list[str]:
    """Launch, commit, pass and wait for the grade; return the secrets that came up on the way."""
    learner = Learner(demo.lms.config.issuer, PERSON.user_id)
    learner.log_in()
    play = learner.launch("1")
    made = [play.token]
    learner.begin(play)
    made.append(play.token)
    learner.finish(play)
    made.append(play.token)
    demo.sidecar.wait_until("the grade", lambda: demo.lms.grade_of(PERSON.user_id, "1") is not None, 90)
    return [*made, *(cookie.value or "" for cookie in learner.browser.session.cookies if len(cookie.value or "") > 20)]


def fail_in_every_way(demo: Demo, caught: Catch) -> None:
    """Send what is refused, with canaries in it, and keep what is answered."""
    url = demo.sidecar.url
    own = {"Origin": url, "Sec-Fetch-Site": "same-origin"}
    answers = [
        requests.post(f"{url}/sign-in", data={"secret": PASSWORD}, headers=own, timeout=20),
        requests.post(f"{url}/lti/launch", data={"state": PASSWORD, "id_token": FORGED}, timeout=20),
        requests.get(f"{url}/lti/login?iss=https://x.example&login_hint={PASSWORD}&client_id={PASSWORD}", timeout=20),
        requests.get(f"{url}/{PERSON.last_name}?token={PASSWORD}", timeout=20),
        requests.get(f"{url}/staff/", cookies={"sidecar-staff": PASSWORD}, timeout=20),
        requests.post(
            f"{url}/api/attempts/{'0' * 32}/commits",
            json={"token": FORGED},
            headers={"Authorization": f"Bearer {PASSWORD}"},
            timeout=20,
        ),
        requests.get(f"{url}/api/attempts/{'0' * 32}/state", headers={"Authorization": f"Bearer {FORGED}"}, timeout=20),
    ]
    for answer in answers:
        assert answer.status_code >= 400
        where = f"answer to {answer.request.method} {answer.request.path_url[:12]}"
        caught.add(where, answer.text + str(answer.headers))
    for line in (f"GET /x?token={PASSWORD} HTTP/9.9", f"GET / HTTP/1.1\r\nBad {PASSWORD}: x", PASSWORD * 700):
        assert send_raw(int(url.rpartition(":")[2]), line)  # it may repeat their own words to them, not to the log


def send_raw(port: int, line: str) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"{line}\r\n\r\n".encode())
        with suppress(OSError):
            return connection.recv(65536).decode("utf-8", "replace")
    return ""


def break_the_database(demo: Demo, caught: Catch) -> None:
    """Let a launch and a job meet a table that is gone: faults of ours, with persons in memory."""
    database = sqlite3.connect(demo.folder / "data" / "sidecar.sqlite3", timeout=30)
    database.execute("ALTER TABLE identity RENAME TO identity_away")
    try:
        learner = Learner(demo.lms.config.issuer, PERSON.user_id)
        learner.log_in()
        page = learner.open_link("1")
        assert page.status == 500
        caught.add("answer of a launch that broke", page.text)
        for command in (("report", "run", "--municipality", "rollag", "--period", "2026-01"),):
            with pytest.raises(PracticeError) as failed:
                demo.sidecar.run(*command)
            caught.add("stderr of a command that broke", str(failed.value))
    finally:
        database.execute("ALTER TABLE identity_away RENAME TO identity")
        database.close()


def run_commands_with_secrets(demo: Demo, caught: Catch, folder: Path) -> None:
    """Run commands that are given secrets: by file, by address, and wrong ones."""
    people = folder / "people.csv"
    row = f"1;{PERSON.first_name};{PERSON.last_name};{NATIONAL_ID}"
    people.write_text(f"ansattnummer;fornavn;etternavn;fødselsnummer\n{row}\n")
    secret = folder / "secret"
    secret.write_text(PASSWORD)
    closed = free_port()
    commands: list[tuple[dict[str, str], list[str]]] = [
        ({}, ["people", "import", str(people), "--municipality", "rollag"]),
        ({}, ["connection", "add", "folder", "--municipality", "rollag", "--set", f"password=@{secret}"]),
        ({"SIDECAR_SECRET_KEYS": f"{make_key()},{PASSWORD}"}, ["secrets", "rotate"]),
        ({"SIDECAR_REDIS_URL": f"redis://sidecar:{PASSWORD}@127.0.0.1:{closed}/0"}, ["worker"]),
    ]
    for env, words in commands:
        done = subprocess.run(
            [*demo.sidecar.command, *words],
            env=demo.sidecar.env | env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode != 0 or words[0] == "people", (words, done.stdout)
        caught.add(f"output of sidecar {' '.join(words[:2])} {next(iter(env), '')}", done.stdout + done.stderr)


def fail_a_delivery(demo: Demo) -> None:
    """Take the folder of a channel away, so that its delivery fails and is told of."""
    folder = demo.reports_of("rollag")
    folder.rename(folder.with_name("away"))
    folder.write_text("in the way")
    with suppress(PracticeError):
        demo.sidecar.run("report", "run", "--municipality", "rollag", "--period", "2026-02")


def read_what_was_kept(demo: Demo, caught: Catch) -> None:
    """Catch the log of all processes, and all that ever stood in the queue's server."""
    caught.add("log", demo.sidecar.log.read_text("utf-8", "replace"))
    queue = demo.folder / "data" / "queue"
    files = [path for path in queue.rglob("*") if path.is_file()]
    for path in files:
        caught.add("queue", path.read_bytes().decode("utf-8", "replace"))
    assert "sidecar.jobs.perform" in "".join(caught.texts["queue"])


def unexpected(shape: str, places: list[str]) -> list[str]:
    """Leave out what stands where it belongs: access tokens lie sealed in the queue's server, for all jobs."""
    return [place for place in places if not (shape == SEALED and place.startswith("queue: "))]


def test_a_whole_main_job_leaks_nothing(
    tmp_path: Path, caught: Catch, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("practice_lms.installing.COURSES", {"informasjonssikkerhet": "scorm-2004"})
    with watched_processes(caught), running(tmp_path, key) as demo:
        add_municipalities(demo)
        add_platform(demo)
        add_courses(demo)
        add_connections(demo)
        made = take_a_course(demo)
        link = demo.sidecar.run("sign-in-link")["url"].partition("#")[2]
        demo.sidecar.run("report", "run", "--municipality", "rollag", "--period", f"{datetime.now(UTC):%Y-%m}")
        fail_in_every_way(demo, caught)
        break_the_database(demo, caught)
        run_commands_with_secrets(demo, caught, tmp_path)
        fail_a_delivery(demo)
    read_what_was_kept(demo, caught)
    made += [link, *demo.lms.tokens]
    assert len(made) >= 6
    assert all(len(secret) >= 20 for secret in made)
    canaries = {
        "password": PASSWORD,
        "key of the environment": key,
        "last name": PERSON.last_name,
        "first name": PERSON.first_name,
        "e-mail": PERSON.email,
        "number in the LMS": PERSON.idnumber,
        "national id": NATIONAL_ID,
        **{f"secret {number}": secret for number, secret in enumerate(made)},
    }
    assert {name: where for name, canary in canaries.items() if (where := caught.holding(canary))} == {}
    assert {shape: where for shape in SHAPES if (where := unexpected(shape, caught.like(shape)))} == {}
    log = caught.texts["log"][0]
    for event in ("request.answered", "request.failed", "launch.refused", "job.ended"):
        assert event in log, "the log was not caught"
    assert "sidecar.cli worker" in "".join(caught.texts["ps"])


def test_the_net_catches() -> None:
    caught = Catch()
    caught.add("log", f"seen {FORGED} of {PERSON.email}")
    assert caught.holding(PERSON.email) == ["log"]
    assert [bool(caught.like(shape)) for shape in SHAPES] == [True, False, False, True, False]
