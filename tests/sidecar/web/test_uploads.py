"""An upload lies in a folder of its own while it is looked at, and none outlives its process for long."""

import io
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.datastructures import FileStorage

from sidecar.catalogue import AddedVersion, add_package
from sidecar.runtime import Sidecar
from sidecar.web import staff_courses, upload_request
from sidecar.web.access import csrf_token
from sidecar.web.uploads import FOLDER, KEPT_S, clear_uploads, folder_for_upload, keep
from tests.fakes.package import make_package
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import SAME_ORIGIN, Staff


@pytest.fixture
def author(sign_in: SignIn) -> Staff:
    staff = sign_in("operator")
    staff.client.set_cookie("sidecar-language", "en")
    return staff


@pytest.fixture
def package(tmp_path: Path) -> Path:
    files = {"film.mp4": os.urandom(400_000)}
    return make_package(tmp_path / "kurs.zip", pages={"a": "<title>A</title>"}, files=files)


def uploads(sidecar: Sidecar) -> list[Path]:
    return sorted((sidecar.settings.data / FOLDER).iterdir())


@pytest.mark.parametrize("large_from_bytes", [1, 10**9])
def test_a_package_is_written_once_and_goes_when_it_is_stored(
    author: Staff, sidecar: Sidecar, package: Path, monkeypatch: pytest.MonkeyPatch, large_from_bytes: int
) -> None:
    links: list[int] = []

    def add_and_note(sidecar: Sidecar, path: Path, **how: object) -> AddedVersion:
        links.append(path.stat().st_nlink)
        return add_package(sidecar, path, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(upload_request, "LARGE_FROM_BYTES", large_from_bytes)
    monkeypatch.setattr(staff_courses, "add_package", add_and_note)
    with package.open("rb") as file:
        assert "done=uploaded" in author.post("/staff/courses", {"package": (file, "kurs.zip"), "key": "kurs"})
    assert links == [2 if large_from_bytes == 1 else 1], "the upload itself under a second name, or a copy"
    assert uploads(sidecar) == []


def test_an_upload_that_breaks_off_leaves_nothing(
    author: Staff, sidecar: Sidecar, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_request, "LARGE_FROM_BYTES", 1)
    bound = "b"
    fields = f'--{bound}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{csrf_token(author.secret)}\r\n'
    start = f'--{bound}\r\nContent-Disposition: form-data; name="package"; filename="kurs.zip"\r\n\r\n'
    answer = author.client.post(
        "/staff/courses",
        data=(fields + start).encode() + package.read_bytes()[:200_000],
        content_type=f"multipart/form-data; boundary={bound}",
        headers=SAME_ORIGIN,
        environ_overrides={"CONTENT_LENGTH": "1000000"},
    )
    assert answer.status_code == 400
    assert uploads(sidecar) == []


def test_an_upload_may_be_as_large_as_the_settings_say(author: Staff, sidecar: Sidecar, package: Path) -> None:
    assert 'data-most-bytes="10000000000"' in author.get("/staff/courses/new")
    assert "up to 10 GB" in author.get("/staff/courses/new")
    sidecar.settings = replace(sidecar.settings, package_bytes=package.stat().st_size - 1)
    sent = {"package": (io.BytesIO(package.read_bytes()), "kurs.zip")}
    assert "larger than this page takes" in author.post("/staff/courses", sent, 413)


def test_where_a_file_can_have_no_second_name_it_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_old: str, _new: Path) -> None:
        raise OSError

    monkeypatch.setattr(os, "link", refuse)
    with (tmp_path / "here").open("w+b") as stream:
        stream.write(b"kurs")
        stream.seek(0)
        keep(FileStorage(stream), tmp_path / "there")
    assert (tmp_path / "there").read_bytes() == b"kurs"


def test_an_upload_has_a_folder_for_as_long_as_it_is_needed(tmp_path: Path) -> None:
    with folder_for_upload(tmp_path) as folder:
        (folder / "kurs.zip").write_bytes(b"x")
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_what_a_killed_process_left_goes_after_a_day_and_what_is_held_stays(tmp_path: Path) -> None:
    left = tmp_path / FOLDER / "left"
    left.mkdir(parents=True)
    (left / "kurs.zip").write_bytes(b"x")
    half = tmp_path / FOLDER / "tmphalf"
    half.write_bytes(b"x")
    os.utime(half, (0, time.time() - KEPT_S - 1))
    with folder_for_upload(tmp_path) as held:
        assert left.exists()
        os.utime(left, (0, time.time() - KEPT_S - 1))
        assert (half.exists(), clear_uploads(tmp_path)) == (False, 1)
        assert held.exists()
    assert not left.exists()
