"""Hold the content origin to the same answers where packages lie in a bucket, and to an honest one where it is away."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from flask.testing import FlaskClient
from rq import Queue
from werkzeug.test import TestResponse

from sidecar.catalogue import AddedVersion, add_package
from sidecar.runtime import Sidecar
from sidecar.settings import S3Address, Settings
from sidecar.storage import open_storage
from sidecar.web.content import create_content_app
from tests.fakes.clock import FakeClock
from tests.fakes.package import make_package
from tests.fakes.queue import FakeQueue
from tests.fakes.s3 import BUCKET

pytestmark = pytest.mark.slow
VIDEO = random.Random(1).randbytes(3_100_000)


@pytest.fixture
def sidecar(settings: Settings, s3: S3Address, clock: FakeClock, tmp_path: Path) -> Iterator[Sidecar]:
    url = f"s3://{BUCKET}/{tmp_path.name}"
    opened = Sidecar(replace(settings, storage_url=url, s3=s3, allowed_private=("127.0.0.1",)), clock=clock)
    opened.queue = cast(Queue, FakeQueue())
    yield opened
    opened.close()


@pytest.fixture
def added(sidecar: Sidecar, tmp_path: Path) -> AddedVersion:
    package = make_package(tmp_path / "p.zip", pages={"a": "<title>A</title>"}, files={"video.mp4": VIDEO})
    return add_package(sidecar, package, is_published=True)


@pytest.fixture
def client(sidecar: Sidecar) -> FlaskClient:
    return create_content_app(sidecar).test_client()


def get(
    client: FlaskClient, sidecar: Sidecar, added: AddedVersion, method: str = "GET", **headers: str
) -> TestResponse:
    url = f"{sidecar.settings.content_url}/{added.version_id}/video.mp4"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.open(url, method=method, headers=named)


def test_the_folder_of_the_machine_stays_empty(sidecar: Sidecar, added: AddedVersion) -> None:
    assert not (sidecar.settings.data / "files").exists()


def test_a_whole_file_may_be_kept_for_ever(sidecar: Sidecar, client: FlaskClient, added: AddedVersion) -> None:
    whole = get(client, sidecar, added)
    assert (whole.status_code, whole.data) == (200, VIDEO)
    assert whole.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    again = get(client, sidecar, added, If_None_Match=whole.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    head = get(client, sidecar, added, "HEAD")
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(len(VIDEO)))


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=2000000-", 2_000_000, None),
        ("bytes=-10", -10, None),
        ("bytes=1000000-2999999", 1_000_000, 3_000_000),
    ],
)
def test_a_part_is_that_part(
    sidecar: Sidecar, client: FlaskClient, added: AddedVersion, asked: str, start: int, end: int | None
) -> None:
    part = get(client, sidecar, added, Range=asked)
    assert (part.status_code, part.data) == (206, VIDEO[start:end])
    assert part.headers["Content-Range"].endswith(f"/{len(VIDEO)}")


def test_a_part_of_another_version_is_the_whole(sidecar: Sidecar, client: FlaskClient, added: AddedVersion) -> None:
    etag = get(client, sidecar, added, "HEAD").headers["ETag"]
    assert get(client, sidecar, added, Range="bytes=0-4", If_Range=etag).status_code == 206
    assert get(client, sidecar, added, Range="bytes=0-4", If_Range='"another"').status_code == 200


def test_a_part_that_is_not_there_is_refused(sidecar: Sidecar, client: FlaskClient, added: AddedVersion) -> None:
    beyond = get(client, sidecar, added, Range=f"bytes={len(VIDEO)}-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(VIDEO)}")


def test_a_store_that_is_away_is_no_fault_of_ours_and_asks_for_patience(
    sidecar: Sidecar, client: FlaskClient, added: AddedVersion, s3: S3Address
) -> None:
    gone = replace(s3, endpoint="http://127.0.0.1:9")
    sidecar.storage = open_storage(replace(sidecar.settings, s3=gone))
    away = get(client, sidecar, added)
    assert (away.status_code, away.headers["Retry-After"]) == (503, "30")
    assert "Cache-Control" not in away.headers or "immutable" not in away.headers["Cache-Control"]
    assert get(client, sidecar, added, "HEAD").status_code == 200


def test_an_import_that_breaks_off_makes_no_half_version(sidecar: Sidecar, s3: S3Address, tmp_path: Path) -> None:
    sidecar.storage = open_storage(replace(sidecar.settings, s3=replace(s3, endpoint="http://127.0.0.1:9")))
    package = make_package(tmp_path / "q.zip", pages={"a": "<title>B</title>"})
    with pytest.raises(Exception, match="does not answer"):
        add_package(sidecar, package, key="half", is_published=True)
    sidecar.storage = open_storage(sidecar.settings)
    assert add_package(sidecar, package, key="half", is_published=True).number == 1
