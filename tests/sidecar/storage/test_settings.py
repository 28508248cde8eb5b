"""How the environment names a store, and that its secrets are never printed."""

import pytest

from sidecar.errors import MisconfiguredError
from sidecar.settings import S3Address, read_settings

KEYS = {"SIDECAR_S3_ACCESS_KEY": "the-access-key", "SIDECAR_S3_SECRET_KEY": "the-secret-key"}


def test_without_a_word_files_lie_in_the_data_folder() -> None:
    settings = read_settings({})
    assert (settings.storage_url, settings.s3) == (None, None)


def test_a_store_of_aws_needs_only_a_region() -> None:
    s3 = read_settings({**KEYS, "SIDECAR_S3_REGION": "eu-west-1"}).s3
    assert s3 == S3Address("https://s3.eu-west-1.amazonaws.com", "eu-west-1", "the-access-key", "the-secret-key")


def test_another_store_is_named_by_its_origin() -> None:
    named = {**KEYS, "SIDECAR_S3_ENDPOINT": "https://s3.example.no/", "SIDECAR_STORAGE_URL": "s3://files/sidecar"}
    settings = read_settings(named)
    assert settings.storage_url == "s3://files/sidecar"
    assert settings.s3 is not None
    assert settings.s3.endpoint == "https://s3.example.no"


@pytest.mark.parametrize(("only", "missing"), [(0, "SIDECAR_S3_SECRET_KEY"), (1, "SIDECAR_S3_ACCESS_KEY")])
def test_half_a_key_is_told_of(only: int, missing: str) -> None:
    with pytest.raises(MisconfiguredError, match=missing):
        read_settings(dict([list(KEYS.items())[only]]))


def test_the_keys_are_never_printed() -> None:
    assert "-key" not in repr(read_settings(KEYS)).replace("secret_keys", "")
