"""Hold the content origin to strictly what a package holds, with the headers that keep it apart."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import NoReturn

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from sidecar.catalogue import AddedVersion, add_package
from sidecar.core.courses import CourseVersion, PackageFile
from sidecar.runtime import Sidecar
from sidecar.web.content import create_content_app
from tests.fakes.learner import add_platform
from tests.fakes.package import make_package

FILES = {"video.mp4": bytes(range(256)) * 40, "run.exe": b"MZ", "mappe/æ ø.txt": "åpent".encode(), "empty.css": b""}
Get = Callable[..., TestResponse]


@pytest.fixture
def added(sidecar: Sidecar, tmp_path: Path) -> AddedVersion:
    package = make_package(tmp_path / "p.zip", pages={"a": "<title>A</title>"}, files=FILES)
    return add_package(sidecar, package, is_published=True)


@pytest.fixture
def client(sidecar: Sidecar) -> FlaskClient:
    return create_content_app(sidecar).test_client()


@pytest.fixture
def get(client: FlaskClient, added: AddedVersion, sidecar: Sidecar) -> Get:
    def run(path: str, **headers: str) -> TestResponse:
        url = f"{sidecar.settings.content_url}/{added.version_id}/{path}"
        return client.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return run


def test_a_page_comes_with_its_headers(get: Get, sidecar: Sidecar) -> None:
    add_platform(sidecar, "https://moodle.example.no")
    response = get("a.html?x=1")
    assert (response.status_code, response.data) == (200, b"<title>A</title>")
    assert response.headers["Content-Type"] == "text/html"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert response.headers["Cache-Control"] == "no-cache"
    policy = response.headers["Content-Security-Policy"]
    ancestors = policy.partition("frame-ancestors ")[2].split()
    assert ancestors == ["'self'", sidecar.settings.public_url, "https://moodle.example.no"]
    assert "Set-Cookie" not in response.headers


def test_what_is_no_page_may_be_kept_for_ever(get: Get) -> None:
    response = get("empty.css")
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Type"] == "text/css; charset=utf-8"
    again = get("empty.css", If_None_Match=response.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")


def test_an_unknown_kind_is_only_offered_for_download(get: Get) -> None:
    response = get("run.exe")
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"] == "attachment"


def test_names_are_what_the_package_calls_them(get: Get) -> None:
    assert get("mappe/%C3%A6%20%C3%B8.txt").data.decode() == "åpent"
    assert get("mappe/%C3%A6%20%C3%B8.txt").headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-0", 206, 0, 1),
        ("bytes=100-199", 206, 100, 200),
        ("bytes=10000-", 206, 10_000, 10_240),
        ("bytes=-40", 206, 10_200, 10_240),
        ("bytes=0-999999", 206, 0, 10_240),
        ("bytes=-10240", 200, 0, 10_240),
        ("bytes=-999999", 200, 0, 10_240),
        ("seconds=1-2", 200, 0, 10_240),
        ("bytes=0-1,5-6", 200, 0, 10_240),
        ("nonsense", 200, 0, 10_240),
    ],
)
def test_video_is_sent_in_ranges(get: Get, asked: str, status: int, start: int, end: int) -> None:
    response = get("video.mp4", Range=asked)
    assert (response.status_code, response.data) == (status, FILES["video.mp4"][start:end])
    assert response.headers["Content-Length"] == str(end - start)
    if status == 206:
        assert response.headers["Content-Range"] == f"bytes {start}-{end - 1}/10240"


def test_a_range_beyond_the_end_is_refused(get: Get) -> None:
    response = get("video.mp4", Range="bytes=20000-")
    assert (response.status_code, response.headers["Content-Range"]) == (416, "bytes */10240")


def test_head_tells_the_size_only(client: FlaskClient, added: AddedVersion, sidecar: Sidecar) -> None:
    response = client.head(f"{sidecar.settings.content_url}/{added.version_id}/video.mp4")
    assert (response.data, response.headers["Content-Length"]) == (b"", "10240")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "b.html",
        "A.html",
        "../a.html",
        "..%2fa.html",
        "//a.html",
        "a.html/",
        "mappe",
        "a.html%00",
        "mappe/../a.html",
    ],
)
def test_nothing_else_is_served(get: Get, path: str) -> None:
    response = get(path)
    assert response.status_code == 404
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_an_odd_version_is_not_found(client: FlaskClient, sidecar: Sidecar) -> None:
    for version in ("%00", "x", "%F0%9F%94%A5", "_player"):
        assert client.get(f"{sidecar.settings.content_url}/{version}/a.html").status_code == 404


def test_service_workers_are_refused(get: Get) -> None:
    assert get("a.html", Service_Worker="script").status_code == 403


def test_nothing_can_be_written(client: FlaskClient, added: AddedVersion, sidecar: Sidecar) -> None:
    assert client.post(f"{sidecar.settings.content_url}/{added.version_id}/a.html").status_code == 405


def test_on_a_shared_host_only_reviewed_versions_play(get: Get, sidecar: Sidecar, added: AddedVersion) -> None:
    with sidecar.transaction() as db:
        db.get_one(CourseVersion, added.version_id).reviewed_at = None
    assert get("a.html").status_code == 403


def test_a_version_may_have_a_host_of_its_own(sidecar: Sidecar, added: AddedVersion) -> None:
    sidecar.settings = replace(sidecar.settings, content_url="https://*.content.example.net")
    with sidecar.transaction() as db:
        db.get_one(CourseVersion, added.version_id).reviewed_at = None
    client = create_content_app(sidecar).test_client()
    assert client.get(f"https://{added.version_id}.content.example.net/a.html").status_code == 200
    assert client.get(f"https://{'0' * 32}.content.example.net/a.html").status_code == 404
    assert client.get(f"https://{added.version_id}.content.example.net/{added.version_id}/a.html").status_code == 404


def test_the_shim_talks_to_the_application_only(client: FlaskClient, sidecar: Sidecar) -> None:
    response = client.get(f"{sidecar.settings.content_url}/_player/shim.html")
    policy = response.headers["Content-Security-Policy"]
    api = f"{sidecar.settings.public_url}/api"
    assert f"connect-src {api}/attempts/ {api}/previews/;" in policy
    assert "unsafe" not in policy
    assert sidecar.settings.public_url in response.text


@pytest.mark.parametrize("name", ["shim.js", "engine.js", "transport.js", "shim.css"])
def test_the_files_of_the_shim_are_there(client: FlaskClient, sidecar: Sidecar, name: str) -> None:
    assert client.get(f"{sidecar.settings.content_url}/_player/x/{name}").status_code == 200


@pytest.mark.parametrize("name", ["player.js", "..%2Fapp.css", "nothing.js"])
def test_no_other_file_is(client: FlaskClient, sidecar: Sidecar, name: str) -> None:
    assert client.get(f"{sidecar.settings.content_url}/_player/x/{name}").status_code == 404


def test_every_request_is_logged_once_with_the_reference_it_got(get: Get, log_lines: StringIO) -> None:
    answers = [get("a.html?secret=1"), get("nothing.html"), get("a.html", service_worker="script")]
    lines = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    assert [(line["event"], line["status"], line["request_id"]) for line in lines] == [
        ("request.answered", status, answer.headers["X-Request-Id"])
        for status, answer in zip((200, 404, 403), answers, strict=True)
    ]
    assert "secret" not in log_lines.getvalue()


def test_a_stored_file_that_is_missing_is_said_and_logged(get: Get, sidecar: Sidecar, log_lines: StringIO) -> None:
    with sidecar.reading() as db:
        digest = db.scalars(select(PackageFile.digest).where(PackageFile.path == "video.mp4")).one()
    sidecar.storage.remove(digest)
    answer = get("video.mp4")
    reference = answer.headers["X-Request-Id"]
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/plain; charset=utf-8")
    assert answer.text == f"This file of the course is missing on our side. Reference: {reference}\n"
    missing, answered = (json.loads(line) for line in log_lines.getvalue().splitlines())
    assert (missing["event"], missing["digest"], missing["request_id"]) == ("stored_file.missed", digest, reference)
    assert answered["status"] == 500


def test_a_fault_is_answered_with_a_reference_and_logged_without_values(
    get: Get, sidecar: Sidecar, log_lines: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object) -> NoReturn:
        raise ValueError("Kari")

    monkeypatch.setattr(sidecar.storage, "stream", break_off)
    answer = get("video.mp4")
    assert answer.text == f"Something went wrong on our side. Reference: {answer.headers['X-Request-Id']}\n"
    failed, answered = (json.loads(line) for line in log_lines.getvalue().splitlines())
    assert (failed["event"], failed["error"], answered["status"]) == ("request.failed", "ValueError", 500)
    assert "Kari" not in log_lines.getvalue()
