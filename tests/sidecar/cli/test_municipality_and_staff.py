"""Add municipalities, grant roles and make sign-in links from the command line."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

from sidecar.cli import main
from sidecar.core.access import viewer_of
from sidecar.core.api_tokens import add_token
from sidecar.core.periods import day_of
from sidecar.core.sign_ins import LinkSpentError, use_link
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.fakes.clock import FakeClock

ADD = ("municipality", "add", "942402465", "--name", "Kongsberg kommune")


@pytest.fixture(autouse=True)
def _environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDECAR_DATA", str(settings.data))
    monkeypatch.setenv("SIDECAR_DATABASE_URL", settings.database_url)


def run(*arguments: str, status: int = 0) -> Any:  # noqa: ANN401 (JSON)
    result = CliRunner().invoke(main, [*arguments, "--json"])
    assert result.exit_code == status, result.output
    return json.loads(result.stdout or result.stderr)


def refuse(*arguments: str) -> str:
    code: str = run(*arguments, status=1)["error"]["code"]
    return code


def test_a_municipality_is_added_and_listed() -> None:
    run(*ADD, "--number", "3303", "--language", "nn", "--region", "Kongsbergregionen")
    (listed,) = run("municipality", "list")
    wanted = {"org_number": "942402465", "slug": "kongsberg", "number": "3303", "language": "nn"}
    assert wanted.items() <= listed.items()


def test_the_organisation_number_may_be_an_option() -> None:
    assert run("municipality", "add", "--org-number", "942 402 465", "--name", "Bø")["slug"] == "bo"


@pytest.mark.parametrize("number", ["942402466", "94240246", "abc", "9424024651"])
def test_a_wrong_organisation_number_is_refused(number: str) -> None:
    assert refuse("municipality", "add", number, "--name", "X") == "invalid-input"
    assert run("municipality", "list") == []


def test_a_municipality_is_added_once() -> None:
    run(*ADD)
    assert refuse(*ADD) == "conflict"
    assert refuse("municipality", "add", "964963282", "--name", "Kongsberg") == "conflict"


def test_the_first_link_makes_the_first_operator_and_later_ones_are_theirs(sidecar: Sidecar) -> None:
    first, second = run("sign-in-link"), run("sign-in-link")
    assert first["identity"] == second["identity"]
    assert first["url"] != second["url"]
    address, secret = first["url"].split("#")
    assert address.endswith("/sign-in")
    with sidecar.transaction() as db:
        assert use_link(db, secret, sidecar.now()) == first["identity"]
        assert viewer_of(db, first["identity"], now=sidecar.now(), today=sidecar.today()).everything


def test_a_link_prints_itself_alone() -> None:
    result = CliRunner().invoke(main, ["sign-in-link"])
    assert result.stdout.startswith("http")
    assert result.stdout.count("\n") == 1


def test_the_first_operator_does_not_come_back_once_revoked() -> None:
    run("sign-in-link")
    (line,) = run("staff", "list")
    other = run("staff", "grant", "--role", "operator", "--name", "Olav")
    run("staff", "revoke", line["id"])
    assert refuse("sign-in-link") == "not-found"
    assert [one["id"] for one in run("staff", "list")] == [other["id"]]


def test_the_last_operator_stays_till_another_is_there() -> None:
    run("sign-in-link")
    (line,) = run("staff", "list")
    assert refuse("staff", "revoke", line["id"]) == "last-operator"
    other = run("staff", "grant", "--role", "operator", "--name", "Olav")
    run("staff", "revoke", line["id"])
    run("staff", "revoke", line["id"])
    assert refuse("staff", "revoke", other["id"]) == "last-operator"


def test_who_takes_a_role_is_told_what_its_holder_made(sidecar: Sidecar) -> None:
    where = run(*ADD, "--region", "Kongsbergregionen")
    given = run("staff", "grant", "--role", "rkk", "--region", "kongsbergregionen", "--name", "Ragna")
    now = datetime.now(UTC)  # as commands have it
    with sidecar.transaction() as db:
        ragna = viewer_of(db, given["identity"], now=now, today=day_of(now))
        token, _ = add_token(db, ragna, where["id"], scope="scim", name="Entra ID", days=30, now=now)
    assert [one["maker_may"] for one in run("token", "list")] == [True]
    revoked = run("staff", "revoke", given["id"])
    assert (revoked["tokens"], revoked["contacts"]) == ([token.id], [])
    assert [one["maker_may"] for one in run("token", "list")] == [False]


def test_a_link_for_nobody_is_refused() -> None:
    assert refuse("sign-in-link", "--identity", "0" * 32) == "not-found"


@pytest.mark.parametrize(
    "scope",
    [
        ("--role", "manager", "--municipality", "kongsberg"),
        ("--role", "manager", "--unit", "Skolen"),
        ("--role", "contact"),
        ("--role", "rkk"),
        ("--role", "rkk", "--municipality", "kongsberg"),
        ("--role", "operator", "--municipality", "kongsberg"),
        ("--role", "content-developer", "--unit", "Skolen"),
    ],
)
def test_a_role_needs_its_own_scope(scope: tuple[str, ...]) -> None:
    run(*ADD)
    assert refuse("staff", "grant", "--name", "Kari", *scope) == "invalid-input"
    assert run("staff", "list") == []


def test_a_role_for_an_unknown_place_is_refused() -> None:
    assert refuse("staff", "grant", "--name", "K", "--role", "contact", "--municipality", "nowhere") == "not-found"
    assert refuse("staff", "grant", "--name", "K", "--role", "rkk", "--region", "nowhere") == "not-found"
    assert refuse("staff", "grant", "--platform", "P", "--subject", "1", "--role", "operator") == "not-found"


def test_a_role_says_for_whom() -> None:
    result = CliRunner().invoke(main, ["staff", "grant", "--role", "operator"])
    assert result.exit_code == 2


def test_a_role_ends_after_its_last_day_in_norway(sidecar: Sidecar, clock: FakeClock) -> None:
    run(*ADD)
    arguments = ("--role", "contact", "--municipality", "942402465", "--until", "2099-09-30")
    identity = run("staff", "grant", "--name", "Kari", *arguments)["identity"]

    def sees() -> int:
        with sidecar.reading() as db:
            viewer = viewer_of(db, identity, now=sidecar.now(), today=sidecar.today())
            return len(viewer.municipality_ids)

    clock.set(clock.time.replace(year=2099, month=9, day=30, hour=21, minute=59))
    assert sees() == 1
    clock.advance(minutes=1)
    assert sees() == 0


def test_a_role_that_has_ended_is_not_granted(sidecar: Sidecar) -> None:
    result = CliRunner().invoke(
        main, ["staff", "grant", "--name", "Kari", "--role", "operator", "--until", "2026-09-14", "--json"]
    )
    assert (result.exit_code, json.loads(result.stderr)["error"]["facts"]["field"]) == (1, "until")
    assert run("staff", "list") == []


@pytest.mark.parametrize("day", ["2099-06-30", "2099-12-31"], ids=["summer time", "winter time"])
def test_the_last_day_of_a_role_is_shown_as_it_was_given(sidecar: Sidecar, day: str) -> None:
    granted = run("staff", "grant", "--name", "Kari", "--role", "operator", "--until", day)
    [listed] = run("staff", "list")
    assert (granted["until"], listed["until"]) == (day, day)


def test_a_spent_link_stays_spent(sidecar: Sidecar) -> None:
    secret = run("sign-in-link")["url"].split("#")[1]
    with sidecar.transaction() as db:
        use_link(db, secret, sidecar.now())
    with sidecar.transaction() as db, pytest.raises(LinkSpentError):
        use_link(db, secret, sidecar.now())


def test_a_municipality_may_be_given_another_allowance() -> None:
    run(*ADD)
    shown = run("municipality", "allow", "kongsberg")
    assert (shown["size_bytes"], shown["packages"]) == (0, 0)
    changed = run("municipality", "allow", "942402465", "--gigabytes", "3", "--packages", "7")
    assert (changed["most_bytes"], changed["most_packages"]) == (3_000_000_000, 7)
    assert run("municipality", "allow", "kongsberg") == changed
