"""A setting that holds a secret is told by its name when it is wrong, and never shown."""

import pytest

from sidecar.errors import MisconfiguredError
from sidecar.settings import read_settings

CANARY = "kanarifugl"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIDECAR_REDIS_URL", f"redis://u:{CANARY}@:no-port/0"),
        ("SIDECAR_REDIS_URL", f"{CANARY}://x"),
        ("SIDECAR_DATABASE_URL", f"nonsense://u:{CANARY}@x/y"),
        ("SIDECAR_DATABASE_URL", f"postgresql://u:{CANARY}@:no-port/y"),
        ("SIDECAR_DATABASE_URL", CANARY),
        ("SIDECAR_PUBLIC_URL", f"https://u:{CANARY}@x.example/y"),
        ("SIDECAR_KEY_DAYS", "-1"),
        ("SIDECAR_PROXIES", "one"),
        ("SIDECAR_PACKAGE_GB", "0"),
        ("SIDECAR_PACKAGE_GB", "-1"),
        ("SIDECAR_PACKAGE_GB", "5 GB"),
    ],
)
def test_a_wrong_one_is_named_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(MisconfiguredError) as refused:
        read_settings({name: value})
    assert refused.value.facts["setting"] == name
    assert CANARY not in str(refused.value)


def test_the_settings_print_no_secret() -> None:
    settings = read_settings(
        {
            "SIDECAR_REDIS_URL": f"redis://:{CANARY}@host:6379/0",
            "SIDECAR_DATABASE_URL": f"postgresql://u:{CANARY}@host/y",
            "SIDECAR_SECRET_KEYS": f"{CANARY},{CANARY}",
            "SIDECAR_KEY_DAYS": "30",
            "SIDECAR_PROXIES": "2",
            "SIDECAR_PACKAGE_GB": "5",
        }
    )
    assert (settings.key_days, settings.proxies, settings.package_bytes) == (30, 2, 5_000_000_000)
    assert CANARY not in repr(settings) + str(settings)
