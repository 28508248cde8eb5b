"""An upload lies in a folder of its own while it is looked at, and none outlives its process for long."""

import os
import time
from pathlib import Path

from sidecar.web.uploads import FOLDER, KEPT_S, clear_uploads, folder_for_upload


def test_an_upload_has_a_folder_for_as_long_as_it_is_needed(tmp_path: Path) -> None:
    with folder_for_upload(tmp_path) as folder:
        (folder / "kurs.zip").write_bytes(b"x")
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_what_a_killed_process_left_goes_after_a_day_and_what_is_held_stays(tmp_path: Path) -> None:
    left = tmp_path / FOLDER / "left"
    left.mkdir(parents=True)
    (left / "kurs.zip").write_bytes(b"x")
    with folder_for_upload(tmp_path) as held:
        assert left.exists()
        os.utime(left, (0, time.time() - KEPT_S - 1))
        assert clear_uploads(tmp_path) == 1
        assert held.exists()
    assert not left.exists()
