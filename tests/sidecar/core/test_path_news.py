"""Who is on a learning path that changes reads what changed and since when; what they did counts as before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.core import path_publishing, paths
from sidecar.core.municipalities import Municipality
from sidecar.core.path_contents import Step
from sidecar.core.path_news import News, find_news
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.walking import CONTENT, KEY, OPERATOR, STEPS, Walk, make_walk


@pytest.fixture
def walk(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Walk:
    return make_walk(sidecar, kongsberg, rollag)


def change(walk: Walk) -> None:
    """Publish a version without the task, and with another link at the end."""
    link, _, gathering = STEPS
    steps = (link, gathering, Step("mer", "link", title="Les mer", url="https://www.example.no/mer"))
    content = replace(CONTENT, parts=(replace(CONTENT.parts[0], steps=steps),))
    with walk.sidecar.transaction() as db:
        line = paths.find_path(db, OPERATOR, KEY)
        paths.save_draft(db, OPERATOR, KEY, content, line.path.draft_number, walk.sidecar.now())
        path_publishing.publish(db, OPERATOR, KEY, "Kortere", walk.sidecar.now())


def news(walk: Walk) -> News | None:
    own = walk.own()
    with walk.sidecar.reading() as db:
        return find_news(db, own, walk.sidecar.now())


def test_who_is_under_way_is_told_for_a_while(walk: Walk, clock: FakeClock) -> None:
    walk.finish("lenke")
    clock.advance(days=2)
    assert news(walk) is None
    change(walk)
    told = news(walk)
    assert told
    assert (told.note, told.since) == ("Kortere", walk.sidecar.now())
    assert walk.states()["lenke"] == "done"
    clock.advance(days=91)
    assert news(walk) is None


def test_who_had_not_begun_needs_no_telling(walk: Walk, clock: FakeClock) -> None:
    change(walk)
    assert news(walk) is None
    clock.advance(days=1)
    walk.finish("lenke")
    assert news(walk) is None
