"""The compose file says only what the settings and the command line know, and leaves no door open."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest

from sidecar.cli import main
from sidecar.settings import read_settings
from tests.deploy.compose import VariableMissingError, places, read_compose, read_example
from tests.house.sources import ROOT

FILLED = read_example() | {
    "POSTGRES_PASSWORD": "a1b2",
    "VALKEY_PASSWORD": "c3d4",
    "SIDECAR_SECRET_KEYS": "x" * 43 + "=",
}
NEEDED = {
    "POSTGRES_PASSWORD",
    "SIDECAR_CONTENT_URL",
    "SIDECAR_PUBLIC_URL",
    "SIDECAR_SECRET_KEYS",
    "VALKEY_PASSWORD",
}
OURS = ("migrate", "web", "worker", "browser-worker", "scheduler")
SERVERS = ("postgresql", "valkey")


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read_compose(FILLED)["services"]
    return found


def variables_of_the_settings() -> set[str]:
    return set(re.findall(r'"(SIDECAR_[A-Z0-9_]+)"', (ROOT / "sidecar" / "settings.py").read_text("utf-8")))


def test_every_setting_can_be_made_and_every_variable_is_one(services: dict[str, dict[str, Any]]) -> None:
    known = variables_of_the_settings()
    for name in OURS:
        given = set(services[name]["environment"])
        assert given <= known, name
    assert set(services["scheduler"]["environment"]) == known
    documented = {name for name in read_example() if name.startswith("SIDECAR_")}
    assert documented <= known
    assert {name for name, _kind, _word in places()} == set(read_example())
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert set(re.findall(r"(SIDECAR_[A-Z_]+)=", dockerfile)) <= known


@pytest.mark.parametrize("name", OURS)
def test_the_settings_take_what_each_service_is_given(services: dict[str, dict[str, Any]], name: str) -> None:
    settings = read_settings(services[name]["environment"])
    assert settings.production
    assert settings.data == Path("/data")
    assert settings.database_url.startswith("postgresql")
    assert settings.redis_url == "redis://:c3d4@valkey:6379/0"
    assert settings.content_is_per_version


@pytest.mark.parametrize("missing", sorted(NEEDED))
def test_what_is_needed_is_demanded(missing: str) -> None:
    read_compose({name: FILLED[name] for name in NEEDED})
    with pytest.raises(VariableMissingError, match=missing):
        read_compose({name: FILLED[name] for name in NEEDED if name != missing})


def test_the_example_holds_no_secret_and_says_what_must_be_filled_in() -> None:
    example = read_example()
    assert {name for name in NEEDED if not example[name]} == {
        "POSTGRES_PASSWORD",
        "SIDECAR_SECRET_KEYS",
        "VALKEY_PASSWORD",
    }
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert "/.env" in ignored


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_of_ours(services: dict[str, dict[str, Any]], name: str) -> None:
    words = services[name]["command"]
    assert words[0] == "sidecar"
    command = main.commands[words[1]]
    with command.make_context(words[1], list(words[2:]), resilient_parsing=False, **main.context_settings) as context:
        assert isinstance(context, click.Context)


@pytest.mark.parametrize("name", ["practice-setup", "practice-lms"])
def test_the_practice_services_run_modules_with_their_options(
    services: dict[str, dict[str, Any]], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import practice_lms.__main__ as serving
    import practice_lms.installing as installing

    words = services[name]["command"]
    assert words[:2] == ["python", "-m"]
    module = {"practice_lms": serving, "practice_lms.installing": installing}[words[2]]
    monkeypatch.setattr("sys.argv", words[2:])
    assert module._read_options()
    assert services[name]["profiles"] == ["practice"]


def test_only_the_web_is_published_and_only_to_this_machine(services: dict[str, dict[str, Any]]) -> None:
    published = {name: one["ports"] for name, one in services.items() if one.get("ports")}
    assert published == {"web": ["127.0.0.1:8080:8080"], "practice-lms": ["127.0.0.1:8100:8100"]}
    networks = read_compose(FILLED)["networks"]
    assert networks["inside"] == {"internal": True}
    assert [services[name]["networks"] for name in SERVERS] == [["inside"], ["inside"]]


def test_the_queue_asks_for_a_password_that_no_command_line_shows(services: dict[str, dict[str, Any]]) -> None:
    raw = read_compose()["services"]["valkey"]
    assert "requirepass $$VALKEY_PASSWORD" in raw["command"][-1]
    for name, one in services.items():
        said = " ".join([*one.get("command", []), *one.get("healthcheck", {}).get("test", [])])
        assert "a1b2" not in said, name
        assert "c3d4" not in said, name


@pytest.mark.parametrize("name", OURS)
def test_our_services_may_do_nothing_they_need_not(services: dict[str, dict[str, Any]], name: str) -> None:
    one = services[name]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    more = ["seccomp=browser-seccomp.json"] if name == "browser-worker" else []
    assert one["security_opt"] == ["no-new-privileges:true", *more]
    assert one["init"] is True
    assert not {"privileged", "user", "network_mode", "pid"} & set(one)


def test_the_browser_is_bounded_optional_and_allowed_its_sandbox(services: dict[str, dict[str, Any]]) -> None:
    one = services["browser-worker"]
    assert one["profiles"] == ["browser"]
    assert one["build"]["target"] == "browser"
    assert one["image"] != services["worker"]["image"]
    assert services["worker"]["build"]["target"] == "service"
    assert {"mem_limit", "pids_limit"} <= set(one)
    profile = json.loads((ROOT / "browser-seccomp.json").read_text("utf-8"))
    (denied,) = profile["syscalls"]
    assert denied["action"] == "SCMP_ACT_ERRNO"
    assert {"mount", "ptrace", "bpf", "keyctl", "setns", "kexec_load"} <= set(denied["names"])
    assert not {"clone", "clone3", "unshare", "chroot"} & set(denied["names"])


def test_nothing_starts_before_the_database_is_up_to_date(services: dict[str, dict[str, Any]]) -> None:
    assert services["migrate"]["depends_on"] == {"postgresql": {"condition": "service_healthy"}}
    for name in OURS[1:]:
        waits = services[name]["depends_on"]
        assert waits["migrate"] == {"condition": "service_completed_successfully"}
        assert waits["valkey"] == {"condition": "service_healthy"}


def test_everything_comes_back_and_no_log_fills_the_disk(services: dict[str, dict[str, Any]]) -> None:
    again = {name: one["restart"] for name, one in services.items()}
    once = {"migrate": "no", "practice-setup": "no"}
    assert again == dict.fromkeys(services, "unless-stopped") | once
    assert all(one["logging"]["options"]["max-size"] for one in services.values())


def test_every_image_is_pinned(services: dict[str, dict[str, Any]]) -> None:
    images = [services[name]["image"] for name in SERVERS]
    images += re.findall(r"^ARG PYTHON=(\S+)", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert len(images) == 3
    assert [image for image in images if not re.fullmatch(r"[a-z/]+:\d+(\.\d+)*(-[a-z]+)+", image)] == []
