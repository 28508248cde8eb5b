"""`sidecar platform line-items` and `sidecar platform rosters`."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from lti.fetching import Response
from sidecar.core import rosters
from sidecar.core.audit import AuditEntry
from sidecar.core.launches import Launch, Learner, welcome
from sidecar.core.municipalities import Municipality
from sidecar.core.platforms import Platform
from sidecar.http import GuardedFetch
from sidecar.runtime import Sidecar
from tests.fakes.lms import register_in, tool_key_maker
from tests.fakes.services import LINE_ITEMS, ServicePlatform
from tests.sidecar.cli.console import run, run_json


@pytest.fixture
def lms(
    environment: None,
    sidecar: Sidecar,
    kongsberg: Municipality,
    monkeypatch: pytest.MonkeyPatch,
) -> ServicePlatform:
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    platform = ServicePlatform("https://lms.example", lambda: datetime.now(UTC))  # as the command line has it
    monkeypatch.setattr(
        GuardedFetch, "__call__", lambda _self, method, url, **sent: platform.fetch(method, url, **sent)
    )
    platform_id = register_in(sidecar, platform, ("kongsberg",))
    now, url = sidecar.now(), platform.memberships_url
    with sidecar.transaction() as db:
        db.get_one(Platform, platform_id).name = "Moodle"
        rosters.note(db, platform_id, "1", context_id="5", title="HMS", memberships_url=url, now=now)
        db.add(
            Launch(
                platform_id=platform_id,
                deployment_id="1",
                identity_id=welcome(db, platform_id, Learner("7"), now).id,
                resource_link_id="link-1",
                context_id="5",
                lineitems_url=platform.lineitems_url,
                launched_at=now,
            )
        )
    return platform


def test_the_columns_that_the_lms_holds_are_listed(lms: ServicePlatform) -> None:
    address = f"{lms.issuer}{LINE_ITEMS}/4/lineitem"
    lms.items["4"] = {"id": address, "label": "Brannvern", "scoreMaximum": 100, "resourceId": "brannvern"}
    (row,) = run_json("platform", "line-items", "Moodle")
    assert (row["course_in_lms"], row["label"], row["course_key"], row["address"]) == (
        "5",
        "Brannvern",
        "brannvern",
        address,
    )


def test_an_lms_that_does_not_let_us_look_is_told_of(lms: ServicePlatform) -> None:
    lms.answers[LINE_ITEMS] = Response(403, {}, b"")
    result = run("platform", "line-items", "Moodle")
    assert result.exit_code == 1
    assert "lms.example" in result.stderr
    assert "service-refused" in result.stderr


def test_rosters_are_listed_and_asked_for(lms: ServicePlatform, sidecar: Sidecar) -> None:
    (row,) = run_json("platform", "rosters", "Moodle")
    assert (row["title"], row["members"], row["read_at"], row["under_way"]) == ("HMS", 0, None, False)
    (row,) = run_json("platform", "rosters", "Moodle", "--refresh")
    assert row["under_way"] is True
    with sidecar.reading() as db:
        assert "platform.roster_asked" in db.scalars(select(AuditEntry.action)).all()


def test_an_unknown_lms_is_told_of() -> None:
    assert run("platform", "rosters", "Ukjent").exit_code != 0
