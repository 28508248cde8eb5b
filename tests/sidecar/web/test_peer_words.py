"""Whatever a pull, a fetch or telling of completions can end with is said in words, and stands in the documentation."""

from __future__ import annotations

import re
from typing import Final

import pytest

from sidecar.core import offered_paths
from sidecar.errors import ForbiddenAddressError, SidecarError
from sidecar.http import AnswerTooLargeError
from sidecar.room import NoRoomError
from sidecar.sharing import (
    bundle_errors,
    cards,
    crossing_telling,
    feed_entries,
    fetching,
    following,
    json_texts,
    reaching,
    signatures,
)
from sidecar.sharing.signed_requests import REFUSALS
from sidecar.storage import base
from sidecar.web.peer_words import PROBLEMS
from tests.house.sources import ROOT

OF_FILES: Final = {"bundle-unreadable", "bundle-cut-off", "bundle-unsigned", "bundle-not-written"}
OF_MAKERS: Final = {"path-no-region", "path-step-not-published", "region-moved", "stored-part-damaged"}
OF_PEOPLE: Final = {"fingerprint-malformed", "peer-silent"}
ROOMS: Final = (
    base,
    bundle_errors,
    cards,
    feed_entries,
    fetching,
    following,
    json_texts,
    offered_paths,
    reaching,
    signatures,
)
WISHES: Final = (
    reaching.NOT_TRUSTED,
    reaching.REDIRECTS,
    reaching.BUSY,
    reaching.FAULTY,
    reaching.REFUSES,
    fetching.GONE,
    crossing_telling.NOT_HEARD,
    crossing_telling.UNCLEAR,
)


def codes() -> set[str]:
    kinds = {kind for room in ROOMS for kind in vars(room).values() if isinstance(kind, type)}
    rooms = {room.__name__ for room in ROOMS}
    raised = {kind.code for kind in kinds if issubclass(kind, SidecarError) and kind.__module__ in rooms}
    others = {kind.code for kind in (AnswerTooLargeError, ForbiddenAddressError, NoRoomError)}
    return (raised | others | REFUSALS | set(WISHES)) - OF_FILES - OF_MAKERS - OF_PEOPLE


@pytest.mark.parametrize("code", sorted(codes()))
def test_what_an_exchange_can_end_with_has_a_text(code: str) -> None:
    assert code in PROBLEMS


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_what_has_a_text_stands_in_the_documentation(code: str) -> None:
    told = re.findall(r"`([a-z…-]+)`", (ROOT / "docs" / "exchange.md").read_text("utf-8").split("## When something")[1])
    assert any(code == one or (one.endswith("-…") and code.startswith(one[:-2])) for one in told)
