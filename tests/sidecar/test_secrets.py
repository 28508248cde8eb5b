"""What is sealed is opened with any of the keys; a key file is followed while it changes."""

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.errors import MisconfiguredError
from sidecar.secrets import (
    KEY_FILE,
    SecretBox,
    WrongKeyError,
    keep_first_key,
    make_key,
    open_box,
    put_new_key_first,
)
from sidecar.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", public_url="", content_url="", database_url="")


@pytest.fixture
def file(settings: Settings) -> Path:
    return settings.data / KEY_FILE


def test_the_first_key_seals_and_any_opens() -> None:
    old, new = make_key(), make_key()
    sealed = SecretBox((old,)).seal(b"hemmelig")
    both = SecretBox((new, old))
    assert both.open(sealed) == b"hemmelig"
    assert not both.is_sealed_with_first(sealed)
    again = both.reseal(sealed)
    assert both.is_sealed_with_first(again)
    assert SecretBox((new,)).open(again) == b"hemmelig"


def test_a_wrong_key_is_told_apart_from_damage() -> None:
    sealed = SecretBox((make_key(),)).seal(b"hemmelig")
    for stranger in (SecretBox((make_key(),)), SecretBox((make_key(), make_key()))):
        with pytest.raises(WrongKeyError) as refused:
            stranger.open(sealed)
        assert "SIDECAR_SECRET_KEYS" in str(refused.value)
        with pytest.raises(WrongKeyError):
            stranger.reseal(sealed)


@pytest.mark.parametrize("bad", ["hemmelig-nøkkel", "dGVzdA==", "x" * 43, "ikke en nøkkel"])
def test_a_malformed_key_is_told_by_its_place_and_never_shown(bad: str) -> None:
    with pytest.raises(MisconfiguredError) as refused:
        SecretBox((make_key(), bad, make_key()))
    assert "key 2 of 3" in str(refused.value)
    assert bad not in str(refused.value)


def test_the_key_file_is_made_once_and_for_its_owner_only(settings: Settings, file: Path) -> None:
    sealed = open_box(settings).seal(b"hemmelig")
    assert file.stat().st_mode & 0o777 == 0o600
    assert open_box(settings).open(sealed) == b"hemmelig"
    assert [path.name for path in settings.data.iterdir()] == [KEY_FILE]


def test_a_running_process_follows_a_rotation_of_the_key_file(settings: Settings, file: Path) -> None:
    running = open_box(settings)
    before = running.seal(b"hemmelig")
    assert put_new_key_first(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert running.open(before) == b"hemmelig"
    after = running.seal(b"ny")
    assert running.is_sealed_with_first(after)
    assert not running.is_sealed_with_first(before)
    keep_first_key(file)
    assert running.open(after) == b"ny"
    with pytest.raises(WrongKeyError) as refused:
        running.open(before)
    assert str(file) in str(refused.value)


def test_a_rotation_that_broke_off_makes_no_third_key(settings: Settings, file: Path) -> None:
    open_box(settings)
    assert put_new_key_first(file)
    assert not put_new_key_first(file)
    assert len(file.read_text().split()) == 2


@pytest.mark.parametrize(("text", "reason"), [("", "no key"), ("x\n", "key 1 of 1")])
def test_a_spoilt_key_file_is_named(settings: Settings, file: Path, text: str, reason: str) -> None:
    open_box(settings)
    file.write_text(text)
    with pytest.raises(MisconfiguredError) as refused:
        open_box(settings)
    assert refused.value.facts["setting"] == str(file)
    assert reason in str(refused.value)


def test_a_key_file_that_went_away_is_named(settings: Settings, file: Path) -> None:
    running = open_box(settings)
    file.unlink()
    with pytest.raises(MisconfiguredError) as refused:
        running.seal(b"x")
    assert refused.value.facts["setting"] == str(file)


def test_keys_of_the_environment_need_no_file(settings: Settings, file: Path) -> None:
    open_box(replace(settings, secret_keys=(make_key(),))).seal(b"x")
    assert not file.exists()
