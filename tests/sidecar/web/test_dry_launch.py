"""A dry launch goes the way of real ones and leaves nothing behind, on both databases."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from limits import RateLimitItemPerMinute
from sqlalchemy import delete, select, update

from lti.grades import SCOPE_SCORE
from lti.keys import ToolKey, generate_key
from lti.line_items import SCOPE_LINE_ITEM
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.deployments import Deployment
from sidecar.core.launches import Launch
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.core.platforms import Platform, PlatformMunicipality
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from sidecar.tool.checks.steps import say_step
from sidecar.web import limits
from sidecar.web.launch.dry import DryLaunch, _stand_in_key, rehearse
from sidecar.web.launch.rehearsal import rehearsing
from tests.fakes.lms import add_course, register_in
from tests.fakes.platform import FakePlatform
from tests.house.test_get_changes_nothing import contents
from tests.sidecar.web.town import Town

OPERATOR = operator_at_the_console()
Rehearse = Callable[..., DryLaunch]


@pytest.fixture
def platform_id(sidecar: Sidecar, town: Town) -> str:
    with sidecar.reading() as db:
        return db.scalars(select(Platform.id)).one()


@pytest.fixture
def dry(sidecar: Sidecar, app: Flask, platform_id: str) -> Rehearse:
    """Rehearse, and hold every table against what it was before."""

    def run(viewer: Viewer = OPERATOR, **asked: str) -> DryLaunch:
        before = contents(sidecar)
        with app.app_context():
            found = rehearse(sidecar, viewer, platform_id, **asked)
        assert contents(sidecar) == before
        assert sum(map(len, before.values())) > 20
        return found

    return run


def codes(found: DryLaunch) -> list[str]:
    return [each.code for each in found.steps]


def launch_once(sidecar: Sidecar, platform_id: str, **facts: object) -> None:
    """Let somebody have come before."""
    with sidecar.transaction() as db:
        identity_id = db.scalars(select(Identity.id).where(Identity.subject == "u1")).one()
        course_id = db.scalars(select(CourseVersion.course_id)).first()
        given = {"ags_scopes": [], "course_id": course_id} | facts
        launch = Launch(
            platform_id=platform_id,
            deployment_id="1",
            identity_id=identity_id,
            resource_link_id="9",
            launched_at=sidecar.now(),
            **given,  # type: ignore[arg-type]
        )
        db.add(launch)


def test_it_says_what_would_open(dry: Rehearse) -> None:
    found = dry()
    assert codes(found) == ["dry-opens", "dry-no-number", "dry-grade-unknown"]
    assert found.steps[0].facts["version"] == 1
    assert found.steps[0].facts["language"] == "nb"
    assert found.steps[0].facts["deployments"] == "1"


def test_it_tells_nothing_of_a_course_of_another_municipality(
    sidecar: Sidecar, dry: Rehearse, platform_id: str, rollag: Municipality
) -> None:
    course_id = add_course(sidecar, "internt", "Rollags interne kurs")
    with sidecar.transaction() as db:
        db.get_one(Course, course_id).municipality_id = rollag.id
        db.execute(delete(PlatformMunicipality).where(PlatformMunicipality.municipality_id == rollag.id))
    for found in (dry(course_key="internt"), dry()):
        assert "Rollags" not in str([each.facts for each in found.steps])
    assert dry(course_key="internt").steps[0].facts["refused_with"] == "course-unknown"
    assert codes(dry())[0] == "dry-opens"


def test_it_uses_nothing_of_what_the_lms_may_send(dry: Rehearse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PLATFORM_LAUNCHES", RateLimitItemPerMinute(1, namespace="platform-launch"))
    assert [codes(dry())[0] for _ in range(3)] == ["dry-opens"] * 3


def test_it_leaves_nothing_though_it_wrote_everything(sidecar: Sidecar, dry: Rehearse, platform_id: str) -> None:
    seen: list[int] = []
    honest = rehearsing

    with sidecar.reading() as db:
        before = db.query(Identity).count()
    with honest(sidecar, b"{}") as stage:
        with stage.transaction() as db:
            db.add(Identity(platform_id=platform_id, subject="x", first_seen_at=stage.now(), last_seen_at=stage.now()))
        with stage.reading() as db:
            seen.append(db.query(Identity).count())
    with sidecar.reading() as db:
        seen.append(db.query(Identity).count())
    assert seen == [before + 1, before]
    launch_once(sidecar, platform_id, lineitem_url="https://lms.example.org/1", ags_scopes=[SCOPE_SCORE])
    assert codes(dry(sourcedid="3303-1001")) == ["dry-opens", "dry-placed", "dry-grade"]


@pytest.mark.parametrize(
    ("sourcedid", "code"),
    [
        ("3303-1001", "dry-placed"),
        ("rollag-1001", "dry-placed"),
        ("3303-7777", "dry-unknown"),
        ("1001", "dry-ambiguous"),
        ("9" * 300, "dry-unreadable"),
        ("$Person.sourcedId", "dry-unreadable"),
        ("a\x00b", "dry-refused"),
        ("'; drop table person; --", "dry-unknown"),
    ],
)
def test_it_says_whom_a_number_finds_or_why_nobody(dry: Rehearse, sourcedid: str, code: str) -> None:
    assert code in codes(dry(sourcedid=sourcedid))


def test_it_names_the_employee_and_the_municipality(dry: Rehearse) -> None:
    found = dry(sourcedid="rollag-1001")
    assert say_step(found.steps[1].as_json(), "en") == "The number is that of Kari Rollag, Rollag kommune."
    assert found.placing
    assert found.placing.person_id


def test_it_names_nobody_whom_the_viewer_does_not_look_after(dry: Rehearse, kongsberg: Municipality) -> None:
    rkk = Viewer(identity_id="0" * 32, roles=frozenset({"rkk"}), municipality_ids=frozenset({kongsberg.id}))
    found = dry(rkk, sourcedid="rollag-1001")
    assert codes(found)[1] == "dry-placed-elsewhere"
    assert "Rollag" not in str([each.facts for each in found.steps])
    assert found.placing
    assert found.placing.person_id == ""
    assert codes(dry(rkk, sourcedid="3303-1001"))[1] == "dry-placed"


def test_a_number_in_use_elsewhere_reads_as_one_that_nobody_has(dry: Rehearse, kongsberg: Municipality) -> None:
    rkk = Viewer(identity_id="0" * 32, roles=frozenset({"rkk"}), municipality_ids=frozenset({kongsberg.id}))
    in_use, unused, several = (dry(rkk, sourcedid=value).steps[1] for value in ("rollag-1001", "rollag-7777", "1001"))
    assert in_use == unused == several


def test_one_key_stands_in_for_all_of_a_process(dry: Rehearse, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ToolKey] = []

    def make() -> ToolKey:
        made.append(generate_key())
        return made[-1]

    monkeypatch.setattr("sidecar.web.launch.dry.generate_key", make)
    _stand_in_key.cache_clear()
    dry()
    dry()
    assert len(made) == 1


def test_patterns_and_missing_municipalities_are_told(sidecar: Sidecar, dry: Rehearse) -> None:
    with sidecar.transaction() as db:
        db.execute(update(PlatformMunicipality).values(pattern="k(?P<employee_number>[0-9]+)"))
    assert codes(dry(sourcedid="x1"))[1] == "dry-unreadable"
    with sidecar.transaction() as db:
        db.query(PlatformMunicipality).delete()
    assert codes(dry(sourcedid="x1"))[1] == "dry-no-municipality"


@pytest.mark.parametrize(
    ("facts", "makes", "code"),
    [
        ({"lineitem_url": "https://lms.example.org/1", "ags_scopes": [SCOPE_SCORE]}, False, "dry-grade"),
        ({"ags_scopes": [SCOPE_SCORE]}, False, "dry-grade-no-column"),
        ({"lineitem_url": "https://lms.example.org/1"}, False, "dry-grade-no-scope"),
        (
            {"lineitems_url": "https://lms.example.org/l", "ags_scopes": [SCOPE_SCORE, SCOPE_LINE_ITEM]},
            True,
            "dry-grade",
        ),
        (
            {"lineitems_url": "https://lms.example.org/l", "ags_scopes": [SCOPE_SCORE, SCOPE_LINE_ITEM]},
            False,
            "dry-grade-no-column",
        ),
    ],
)
def test_it_says_whether_a_grade_would_go_back(
    sidecar: Sidecar, dry: Rehearse, platform_id: str, facts: dict[str, object], makes: bool, code: str
) -> None:
    launch_once(sidecar, platform_id, **facts)
    with sidecar.transaction() as db:
        db.get_one(Platform, platform_id).makes_line_items = makes
    assert codes(dry())[2] == code


def test_a_course_is_tried_by_its_key(sidecar: Sidecar, dry: Rehearse) -> None:
    add_course(sidecar, "hms", "HMS")
    assert dry(course_key="hms").steps[0].facts["course"] == "HMS"
    (refused,) = dry(course_key="nothing").steps
    assert refused.facts == {"course": "nothing", "refused_with": "course-unknown"}
    said = say_step(refused.as_json(), "en")
    assert 'There is no course "nothing" here.' in said
    assert 'Correct "course" under Custom parameters' in said


def test_without_a_course_there_is_nothing_to_try(sidecar: Sidecar, app: Flask, kongsberg: Municipality) -> None:
    platform_id = register_in(sidecar, FakePlatform(), ("kongsberg",))
    with app.app_context():
        assert codes(rehearse(sidecar, OPERATOR, platform_id)) == ["dry-no-course"]


def test_a_version_that_would_not_play_is_told_of(sidecar: Sidecar, dry: Rehearse, settings: Settings) -> None:
    add_course(sidecar, "hms", "HMS")
    assert codes(dry(course_key="hms"))[0] == "dry-not-reviewed"
    sidecar.settings = replace(settings, content_url="https://*.example.net")
    assert codes(dry(course_key="hms"))[0] == "dry-opens"


LAZY = {"redis", "queue", "patient_queue", "browser_queue", "long_fetch"}
"""What a Sidecar opens when it is first asked for."""


def test_a_rehearsal_lacks_nothing_and_shares_neither_network_nor_counts(sidecar: Sidecar) -> None:
    with rehearsing(sidecar, b"{}") as stage:
        assert set(vars(sidecar)) - set(vars(stage)) <= LAZY
        assert stage.fetch("GET", "https://nowhere.example", headers={}).body == b"{}"
        assert (stage.fetch, stage.tally) != (sidecar.fetch, sidecar.tally)


@pytest.mark.parametrize(
    ("what", "code"), [("pending", "platform-pending"), ("disabled", "platform-disabled"), ("deployment", "")]
)
def test_an_lms_that_may_not_launch_is_refused_as_its_learners_are(
    sidecar: Sidecar, dry: Rehearse, platform_id: str, what: str, code: str
) -> None:
    with sidecar.transaction() as db:
        platform = db.get_one(Platform, platform_id)
        if what == "pending":
            platform.is_pending = True
        elif what == "disabled":
            platform.disabled_at = sidecar.now()
        else:
            db.query(Deployment).delete()
    (refused,) = dry().steps
    assert refused.code == "dry-refused"
    assert refused.facts["refused_with"] == (code or "unknown-deployment")
