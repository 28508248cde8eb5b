"""Prepare worlds: what is there before something is killed, and what people do in them."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.test import TestResponse

from sidecar import schedule
from sidecar.catalogue import add_package
from sidecar.connecting import add_connection
from sidecar.core import grades
from sidecar.core.access import operator_at_the_console
from sidecar.core.launches import Launch, Learner, welcome
from sidecar.core.municipalities import Municipality, add_municipality
from sidecar.core.staff import Scope
from sidecar.runtime import Sidecar
from sidecar.web.app import create_app
from tests.conftest import PUBLIC_URL
from tests.durability.worlds import World, work
from tests.fakes.learner import bring_learner
from tests.fakes.lms import Browser, RegisteredLms, add_completion, register_in
from tests.fakes.package import make_package
from tests.sidecar.reports.world import World as Reported
from tests.sidecar.web.signed_in import Staff, sign_in_as

PLAN_DUE = datetime(2026, 10, 1, 4, 0, 5, tzinfo=UTC)
"""Five seconds after six in Oslo on the first of a month."""


def make_municipality(world: World) -> Municipality:
    with world.sidecar.transaction() as db:
        new = Municipality(org_number="942402465", slug="kongsberg", name="Kongsberg kommune", created_at=world.clock())
        return add_municipality(db, new)


def register_lms(world: World) -> None:
    """An LMS, and a course that its links name."""
    make_municipality(world)
    world.facts["platform"] = register_in(world.sidecar, world.platform, ("kongsberg",))
    package = make_package(world.root / "package.zip", pages={"a": "<title>A</title>"})
    world.facts["course"] = add_package(world.sidecar, package, key="brannvern", is_published=True).course_id


def launch_from_lms(world: World, sidecar: Sidecar) -> TestResponse:
    """Come from the LMS with a browser of one's own: login, then launch."""
    return lms_of(world, sidecar).browser().launch()


def lms_of(world: World, sidecar: Sidecar) -> RegisteredLms:
    return RegisteredLms(sidecar, world.platform, create_app(sidecar), world.facts["platform"])


def browser_of(world: World, sidecar: Sidecar) -> Browser:
    return lms_of(world, sidecar).browser()


def complete_course(world: World) -> None:
    """Somebody has completed a course, and the LMS has not been told."""
    register_lms(world)
    with world.sidecar.transaction() as db:
        identity = welcome(db, world.facts["platform"], Learner("7"), world.clock())
        launch = Launch(
            platform_id=world.facts["platform"],
            deployment_id="1",
            identity_id=identity.id,
            resource_link_id="link-1",
            course_id=world.facts["course"],
            lineitem_url=world.platform.lineitem_url,
            ags_scopes=[grades.SCORE_SCOPE],
            launched_at=world.clock(),
        )
        db.add(launch)
    done = add_completion(world.sidecar, identity.id, world.facts["course"], 0.8)
    with world.sidecar.transaction() as db:
        grades.ask(db, done, launch, world.clock())


def open_player(world: World) -> None:
    """Somebody has a course open."""
    package = make_package(world.root / "package.zip", pages={"a": "<title>A</title>"})
    learner = bring_learner(world.sidecar, package)[0]
    world.facts.update(learner.token_claims)


def send_commit(world: World, sidecar: Sidecar, body: dict[str, Any], *, token: str | None = None) -> TestResponse:
    """Send a commit as the player does."""
    claims = {name: world.facts[name] for name in ("attempt", "launch")}
    token = sidecar.secrets.token(claims, sidecar.now()) if token is None else token
    url = f"{PUBLIC_URL}/api/attempts/{claims['attempt']}/commits"
    client = create_app(sidecar).test_client()
    return client.post(url, json=body, headers={"Authorization": f"Bearer {token}"})


def pass_course(**more: object) -> dict[str, Any]:
    """What a package says when the learner has passed and leaves."""
    changes = {"cmi.core.lesson_status": "passed", "cmi.core.score.raw": "80"}
    return {"seq": 1, "sco": "a", "changes": changes, "final": True} | more


def in_pieces(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The same in two pieces, as a closing page sends what is large."""
    text = json.dumps(body)
    half = len(text) // 2
    piece = {"seq": body["seq"], "session": body["session"], "of": 2}
    return [piece | {"piece": number, "text": part} for number, part in enumerate((text[:half], text[half:]))]


def wait_for_plan(world: World) -> None:
    """A month of completions, a channel, and a plan that is just due."""
    municipality = make_municipality(world)
    assert schedule.tick(world.sidecar) == []
    made = Reported(world.sidecar)
    course = made.course("brannvern", "Brannvern")
    for number, name in enumerate(("Kari Nordmann", "Åse Ødegård"), 1):
        employment = made.employ(municipality, str(number), name)
        made.complete(made.identity(name, employment.person_id), course, world.clock())
    folder = {"folder": str(world.root / "reports")}
    (world.root / "reports").mkdir()
    add_connection(world.sidecar, operator_at_the_console(), municipality.id, "folder", folder)
    world.clock.set(PLAN_DUE - timedelta(hours=1))
    work(world.sidecar)  # what the night does is done, and is killed elsewhere
    world.clock.set(PLAN_DUE)


def sign_in(sidecar: Sidecar) -> Staff:
    """An operator at the staff pages."""
    return sign_in_as(create_app(sidecar), sidecar, "operator", Scope())


def upload_package(content: bytes) -> dict[str, object]:
    """The fields of the form that uploads a package."""
    return {"package": (io.BytesIO(content), "kurs.zip"), "key": "kurs"}
