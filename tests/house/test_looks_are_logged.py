"""Whoever of the staff sees a person's name leaves a row in the access log: every route is asked and its answer read.

The installation's people have names found nowhere else; a page with such a name in it, and no row about that person
by who asked, is an unlogged look.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import delete, select
from werkzeug.routing import Rule

from sidecar.core.access_log import Look
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity, Person
from sidecar.core.staff import ROLES
from sidecar.runtime import Sidecar
from sidecar.web import looks
from sidecar.web.access import csrf_token
from tests.conftest import PUBLIC_URL
from tests.house.installation import SCOPES, Installation, install

pytestmark = pytest.mark.slow

SEARCHES = {
    "/staff/gatherings/<gathering_id>/search",
    "/staff/municipalities/<slug>/people",
    "/staff/paths/<key>/people",
    "/staff/sign-ins",
}
"""The routes that show people in answer to a POST that changes nothing."""

PLACES = {"Rollag"}
"""The names that are a municipality's too, and so give nobody away."""

OF_STAFF = {"sign-ins", "roles", "audit", "why"}
"""Looks at staff, who are none of the installation's people."""

ONE_S_OWN = ("/staff/me", "/staff/my-learning")
"""How the addresses begin of pages that show nobody but who asks."""


@pytest.fixture
def installation(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Installation:
    return install(sidecar, kongsberg, rollag, sidecar.settings.data / "town")


def _names(sidecar: Sidecar) -> dict[str, str]:
    """Return the name that gives each person or identity away, by id."""
    with sidecar.reading() as db:
        people = {one.id: one.last_name for one in db.scalars(select(Person)) if one.last_name not in PLACES}
        alone = select(Identity).where(Identity.person_id.is_(None), Identity.subject.in_(["u2", "u3"]))
        return people | {one.id: one.name or "" for one in db.scalars(alone)}


def _routes(installation: Installation) -> Iterator[tuple[str, Rule]]:
    for method, rule in installation.routes():
        audience: frozenset[str] = getattr(installation.app.view_functions[rule.endpoint], "audience", frozenset())
        of_staff = not audience.isdisjoint({"staff", *ROLES}) and not rule.rule.startswith(ONE_S_OWN)
        if of_staff and (method == "GET" or rule.rule in SEARCHES):
            yield method, rule


def _ask(installation: Installation, method: str, rule: Rule, kind: str) -> tuple[int, str]:
    data = {"csrf_token": csrf_token(installation.secrets[kind])} if method == "POST" else None
    answer = installation.browser(kind).open(
        installation.path(rule),
        method=method,
        data=data,
        headers={"Origin": PUBLIC_URL, "Sec-Fetch-Site": "same-origin"},
    )
    text = answer.get_data(as_text=True)
    answer.close()
    return answer.status_code, text


def _looks(sidecar: Sidecar) -> list[Look]:
    with sidecar.transaction() as db:
        found = list(db.scalars(select(Look)))
        db.execute(delete(Look))
        return found


def test_no_look_is_left_out(sidecar: Sidecar, installation: Installation) -> None:
    names, seen = _names(sidecar), set()
    for kind in SCOPES:
        for method, rule in _routes(installation):
            _, text = _ask(installation, method, rule, kind)
            logged = {look.subject_id: look for look in _looks(sidecar) if look.what not in OF_STAFF}
            shown = {subject_id for subject_id, name in names.items() if name and name in text}
            assert shown == set(logged) & names.keys(), (kind, method, rule.rule)
            assert {look.role for look in logged.values()} <= {kind}
            seen |= {(look.what, kind) for look in logged.values()}
    whole = {
        "people-list",
        "person-page",
        "not-placed",
        "report-preview",
        "report-file",
        "export",
        "completions-entered",
        "source-changes",
        "sign-offs",
        "gathering",
    }
    assert seen == {
        *((what, kind) for what in whole for kind in ("contact", "rkk", "operator")),
        *((what, "manager") for what in ("people-list", "person-page", "sign-offs", "gathering")),
        *((what, kind) for what in ("erasure", "erasure-requests", "roster") for kind in ("rkk", "operator")),
    }


def test_a_look_that_can_t_be_written_is_not_shown(
    sidecar: Sidecar, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise OSError

    monkeypatch.setattr(looks.access_log, "record", broken)  # type: ignore[attr-defined]  # where everybody asks it
    installation.app.config["PROPAGATE_EXCEPTIONS"] = False
    tried = 0
    for method, rule in _routes(installation):
        status, text = _ask(installation, method, rule, "operator")
        assert not any(name and name in text for name in _names(sidecar).values()), rule.rule
        tried += status == 500
    assert tried >= 17
