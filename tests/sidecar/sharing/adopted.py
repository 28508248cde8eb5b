"""A path that one region offers and the other has received; and what a test wants to know of what is made of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from sidecar.core import adoptions, path_publishing, paths
from sidecar.core.adoptions import AdoptedLine
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.path_contents import Content, Step
from sidecar.core.paths import PathLine
from sidecar.sharing import following, offering
from sidecar.sharing.adopting import adopt
from tests.fakes.two_regions import Office, TwoRegions
from tests.sidecar.sharing.bundles import KEY
from tests.sidecar.sharing.exchanged import offer_there, offered, publish_there, pull

OWN = Step("egen", "task", title="Vår egen oppgave")


def receive_path(two: TwoRegions, folder: Path, licence: str = "CC BY 4.0") -> None:
    """Let a path of there be received here."""
    two.trust_each_other()
    publish_there(two, folder / "made")
    with two.there.sidecar.transaction() as db:
        paths.find_path(db, two.there.viewer, KEY).course.licence = licence
    offer_there(two)
    pull(two.here, two.there)
    [row] = offered(two.here)
    following.fetch(two.here.sidecar, two.here.viewer, row.id)
    two.here.work("path-fetch")


def origin(two: TwoRegions) -> str:
    return f"{two.there.address}/paths/{KEY}"


def take(two: TwoRegions, **how: Any) -> str:  # noqa: ANN401 (handed on)
    """Adopt it; return the key of ours."""
    return adopt(two.here.sidecar, two.here.viewer, origin(two), **how)


def line(two: TwoRegions) -> AdoptedLine:
    """Return how it stands here."""
    with two.here.sidecar.reading() as db:
        found = adoptions.find_adopted(db, two.here.viewer, origin(two))
        db.expunge_all()
        return found


def path(office: Office, key: str = KEY) -> PathLine:
    """Return a path of a region."""
    with office.sidecar.reading() as db:
        found = paths.find_path(db, office.viewer, key)
        db.expunge_all()
        return found


def course(office: Office, key: str) -> Course:
    """Return a course of a region."""
    with office.sidecar.reading() as db:
        found = db.scalars(select(Course).where(Course.key == key)).one()
        db.expunge_all()
        return found


def count_versions(office: Office, key: str) -> int:
    """Return how many versions a course has."""
    with office.sidecar.reading() as db:
        query = select(CourseVersion.id).join(Course, Course.id == CourseVersion.course_id).where(Course.key == key)
        return len(db.scalars(query).all())


def change(office: Office, content: Content, key: str = KEY, *, note: str | None = None) -> None:
    """Save another draft of a path, and publish it where a note is given."""
    with office.sidecar.transaction() as db:
        draft_number = paths.find_path(db, office.viewer, key).path.draft_number
        paths.save_draft(db, office.viewer, key, content, draft_number, office.sidecar.now())
        if note is not None:
            path_publishing.publish(db, office.viewer, key, note, office.sidecar.now())


def with_steps(content: Content, *steps: Step) -> Content:
    """Return a content whose first part has other steps."""
    first, *others = content.parts
    return replace(content, parts=(replace(first, steps=steps), *others))


def steps_of(content: Content) -> tuple[Step, ...]:
    """Return the steps of a content."""
    return tuple(content.steps())


def send_next(two: TwoRegions, content: Content | None = None, note: str = "Nytt") -> None:
    """Let there publish a next version, and here receive it."""
    said = content or replace(path(two.there).draft, title="HMS for alle")
    if said != path(two.there).draft:
        change(two.there, said, note=note)
    offering.keep_true(two.there.sidecar)
    two.there.work("path-offer")
    pull(two.here, two.there)
    two.here.work("path-fetch")
