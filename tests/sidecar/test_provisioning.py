"""Set up a learning path in a Moodle: the course once and hidden, its audience enrolled, and nobody thrown out."""

import pytest

from practice_lms.web_services.accounts import Account
from sidecar.connecting import Owner, add_connection
from sidecar.connectors.base import ConnectorError, UnreachableError
from sidecar.core import course_life, paths
from sidecar.core.access import operator_at_the_console
from sidecar.core.audit import AuditEntry
from sidecar.core.course_audiences import CourseAudience
from sidecar.core.municipalities import Municipality
from sidecar.core.path_contents import Content
from sidecar.core.paths import PathRetiredError
from sidecar.core.people import Identity
from sidecar.errors import NotFoundError
from sidecar.provisioning import NotATargetError, PathNotPublishedError, Provisioned, Wished, provision
from sidecar.runtime import Sidecar
from tests.fakes.moodle import URL, Form, PracticeMoodle
from tests.sidecar.core.folk import Folk
from tests.sidecar.walking import KEY, Walk, make_walk

CONSOLE = operator_at_the_console()
CATEGORY = 2


@pytest.fixture
def moodle(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> PracticeMoodle:
    made = PracticeMoodle()
    monkeypatch.setattr(sidecar, "fetch", made)
    monkeypatch.setattr(sidecar, "long_fetch", made)
    return made


@pytest.fixture
def walk(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Walk:
    return make_walk(sidecar, kongsberg, rollag)


@pytest.fixture
def connection(sidecar: Sidecar, moodle: PracticeMoodle, walk: Walk) -> str:
    owner = Owner(platform_id=walk.folk.platform_id)
    return add_connection(sidecar, CONSOLE, owner, "moodle", {"url": URL, "token": moodle.token}).id


def give_accounts(walk: Walk, moodle: PracticeMoodle) -> list[str]:
    """Let the accounts of the two who walk be users of the Moodle; return who these are."""
    users = sorted((one for one in moodle.lms.people if one.isdigit()), key=int)[-2:]
    with walk.sidecar.transaction() as db:
        for key, user in zip((walk.account, walk.account_of_rolf), users, strict=True):
            db.get_one(Identity, key).subject = user
    return users


def run(walk: Walk, connection: str, *, is_trial: bool = False, category: int = CATEGORY) -> Provisioned:
    return provision(walk.sidecar, CONSOLE, KEY, connection, Wished(category), is_trial=is_trial)


def test_a_course_is_made_once_and_the_audience_enrolled(walk: Walk, moodle: PracticeMoodle, connection: str) -> None:
    users = give_accounts(walk, moodle)
    Folk(walk.sidecar).person(walk.kongsberg.id, "2", "Uten Konto")
    tried = run(walk, connection, is_trial=True)
    assert (tried.url, tried.is_new, tried.enrolled, tried.without_account) == ("", True, 2, 1)
    assert not [one for one in moodle.lms.training.courses.values() if one.short_name == KEY]
    found = run(walk, connection)
    (course,) = [one for one in moodle.lms.training.courses.values() if one.short_name == KEY]
    assert found == Provisioned(f"{URL}/course/view.php?id={course.id}", True, 3, 0, 2, 1)
    assert (course.id_number, course.full_name, course.category) == (f"laeringslop/{KEY}", "Ny i omsorg", CATEGORY)
    assert (course.is_visible, course.has_completion) == (False, True)
    assert sorted(moodle.lms.training.enrolments[course.id]) == sorted(users)
    again = run(walk, connection)
    assert again == Provisioned(found.url, False, 3, 2, 0, 1)
    with walk.sidecar.reading() as db:
        first, _ = db.query(AuditEntry).filter_by(action="learning_path.provisioned").order_by(AuditEntry.at)
        assert first.facts == {"course": KEY, "enrolled": 2}


def test_who_is_expected_since_is_enrolled_and_who_is_not_any_more_stays(
    walk: Walk, moodle: PracticeMoodle, connection: str
) -> None:
    give_accounts(walk, moodle)
    run(walk, connection)
    with walk.sidecar.transaction() as db:
        db.query(CourseAudience).one().municipality_id = walk.rollag.id
        db.query(CourseAudience).one().region_id = None
    found = run(walk, connection)
    assert (found.expected, found.already, found.enrolled) == (1, 1, 0)
    assert [(one.municipality, one.employee_number) for one in found.unexpected] == [("Kongsberg kommune", "1")]
    assert "Nordmann" not in repr(found)


def test_an_account_that_moodle_does_not_know_keeps_nobody_else_out(
    walk: Walk, moodle: PracticeMoodle, connection: str
) -> None:
    give_accounts(walk, moodle)
    with walk.sidecar.transaction() as db:
        db.get_one(Identity, walk.account).subject = "99999"
    found = run(walk, connection)
    assert (found.enrolled, found.refused) == (1, 1)


def test_it_goes_on_where_it_was_cut_off(walk: Walk, moodle: PracticeMoodle, connection: str) -> None:
    give_accounts(walk, moodle)

    def cut(form: Form) -> None:
        if form["wsfunction"] == "enrol_manual_enrol_users":
            raise UnreachableError

    moodle.before = cut
    with pytest.raises(UnreachableError):
        run(walk, connection)
    moodle.before = lambda _: None
    found = run(walk, connection)
    assert (found.is_new, found.enrolled) == (False, 2)


def test_a_token_that_may_not_is_told_so(walk: Walk, moodle: PracticeMoodle) -> None:
    moodle.lms.add_account(Account("reader"))
    owner = Owner(platform_id=walk.folk.platform_id)
    reader = add_connection(walk.sidecar, CONSOLE, owner, "moodle", {"url": URL, "token": "reader"})
    with pytest.raises(ConnectorError):
        run(walk, reader.id)


def test_only_a_published_path_goes_to_an_lms(walk: Walk, connection: str) -> None:
    sidecar = walk.sidecar
    with sidecar.transaction() as db:
        paths.add_path(db, CONSOLE, Content("Utkast"), sidecar.now(), region_id=walk.region_id, key="utkast")
    with pytest.raises(PathNotPublishedError):
        provision(sidecar, CONSOLE, "utkast", connection, Wished())
    folder = add_connection(sidecar, CONSOLE, walk.kongsberg.id, "folder", {"folder": str(sidecar.settings.data)})
    with pytest.raises(NotATargetError):
        run(walk, folder.id)
    for key, name in (("finnes-ikke", connection), (KEY, "finnes-ikke")):
        with pytest.raises(NotFoundError):
            provision(sidecar, CONSOLE, key, name, Wished())
    with sidecar.transaction() as db:
        course_life.retire(db, CONSOLE, KEY, sidecar.now())
    with pytest.raises(PathRetiredError):
        run(walk, connection)
