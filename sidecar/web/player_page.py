"""Put together what the player's page needs: the course tree, what was saved, and where everything is."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sidecar.core.commits import with_session_added
from sidecar.core.courses import CourseVersion
from sidecar.core.elements import is_scorm_12, writable
from sidecar.settings import Settings

Item = Mapping[str, Any]
Elements = Mapping[str, str]


@dataclass(frozen=True)
class Played:
    """What a page plays: an attempt, or a preview.

    Attributes:
        states: what was saved: the elements by SCO id.
        last_sco_id: the part that was saved last.
        pages: where the page itself is, below the origin; the others lie below it.
        api: where its commits go, likewise.
        token: lets it save.
        learner_id: what the package calls the learner.
    """

    id: str
    state: str
    seq: int
    states: Mapping[str, Elements] = field(repr=False)
    last_sco_id: str | None
    pages: str
    api: str
    token: str = field(repr=False)
    learner_id: str
    learner_name: str = field(repr=False)


@dataclass(frozen=True)
class _Leaf:
    """A launchable item with the items above it, the topmost (the whole course) first."""

    item: Item
    above: tuple[Item, ...]


def list_parts(manifest: Item) -> list[dict[str, Any]]:
    """Return the launchable items in order, with where a learner may go from each.

    Source: IMS Simple Sequencing 1.0, 3.2.1. SCORM 1.2 has no control modes: there everything is allowed.
    """
    leaves = list(_leaves(manifest))
    free = is_scorm_12(manifest["version"])
    return [
        {
            "id": leaf.item["identifier"],
            "hidden": leaf.item["hide_lms_ui"],
            "within": [above["identifier"] for above in leaf.above],
            "confined": [] if free else [a["identifier"] for a in leaf.above if not a["control"]["choice_exit"]],
            "choosable": free or all(above["control"]["choice"] for above in leaf.above[-1:]),
            "canContinue": index + 1 < len(leaves) and (free or _flows(leaf, leaves[index + 1])),
            "canPrevious": index > 0 and (free or _flows(leaf, leaves[index - 1], back=True)),
        }
        for index, leaf in enumerate(leaves)
    ]


def list_contents(manifest: Item) -> list[dict[str, Any]]:
    """Return the table of contents as a tree; what the manifest hides is left out."""
    return [_entry(item) for item in manifest["items"] if item["visible"]]


def player_data(played: Played, version: CourseVersion, settings: Settings) -> dict[str, Any]:
    """Return the page's data but for its texts and the way back."""
    is_review = played.state == "completed"
    leaves = [leaf.item for leaf in _leaves(version.manifest)]
    known = [leaf["identifier"] for leaf in leaves]
    origin = settings.content_origin(version.id)
    return {
        "attemptId": played.id,
        "mode": "review" if is_review else "normal",
        "isReview": is_review,
        "version": version.standard,
        "base": f"{origin}/" if settings.content_is_per_version else f"{origin}/{version.id}/",
        "contentOrigin": origin,
        "shimUrl": f"{origin}/_player/shim.html",
        "writable": writable(version.standard),
        "parts": list_parts(version.manifest),
        "start": played.last_sco_id if played.last_sco_id in known else known[0],
        "scos": [_sco(leaf, version.standard, played, is_review=is_review) for leaf in leaves],
        "apiBase": played.api,
        "token": played.token,
        "seq": played.seq,
        "transport": {
            "url": f"{settings.public_url}{played.api}/commits",
            "token": played.token,
            "seq": played.seq,
            "session": new_session(),
        },
        "playUrl": played.pages,
        "tokenUrl": f"{played.pages}/token",
        "endUrl": f"{played.pages}/end",
    }


def new_session() -> str:
    """Return the id of one opening of the page."""
    return secrets.token_urlsafe(16)


def _leaves(manifest: Item) -> Iterator[_Leaf]:
    root = {"identifier": "", "control": manifest["control"]}
    yield from _below(manifest["items"], (root,))


def _below(items: Iterable[Item], above: tuple[Item, ...]) -> Iterator[_Leaf]:
    for item in items:
        if item["href"]:
            yield _Leaf(item, above)
        yield from _below(item["children"], (*above, item))


def _flows(leaf: _Leaf, other: _Leaf, *, back: bool = False) -> bool:
    """Tell whether every cluster on the way between two neighbours lets the learner flow."""
    shared = sum(a["identifier"] == b["identifier"] for a, b in zip(leaf.above, other.above, strict=False))
    way = [*leaf.above[shared - 1 :], *other.above[shared:]]
    return all(above["control"]["flow"] and not (back and above["control"]["forward_only"]) for above in way)


def _entry(item: Item) -> dict[str, Any]:
    return {
        "part": item["identifier"] if item["href"] else None,
        "title": item["title"],
        "children": [_entry(child) for child in item["children"] if child["visible"]],
    }


def _sco(item: Item, standard: str, played: Played, *, is_review: bool) -> dict[str, Any]:
    saved = played.states.get(item["identifier"])
    elements = with_session_added(standard, saved or {})
    prefix = "cmi.core" if is_scorm_12(standard) else "cmi"
    total_time, left = elements.pop(f"{prefix}.total_time", None), elements.pop(f"{prefix}.exit", None)
    given = _given_12 if is_scorm_12(standard) else _given_2004
    values = given(item, played) | {
        f"{prefix}.entry": _entry_of(saved, left),
        f"{prefix}.{'lesson_mode' if is_scorm_12(standard) else 'mode'}": "review" if is_review else "normal",
        f"{prefix}.credit": "no-credit" if is_review else "credit",
    }
    if total_time:
        values[f"{prefix}.total_time"] = total_time
    return {
        "id": item["identifier"],
        "title": item["title"],
        "url": _url(item),
        "isAsset": item["scorm_type"] == "asset",
        "elements": elements,
        "given": values,
        "entryElement": f"{prefix}.entry",
    }


def _entry_of(saved: Elements | None, left: str | None) -> str:
    """Return how a part is entered; one that was interrupted without a word counts as suspended."""
    if not saved:
        return "ab-initio"
    return "resume" if left in (None, "suspend") else ""


def _given_12(item: Item, played: Played) -> dict[str, str]:
    values = {
        "cmi.core.student_id": played.learner_id,
        "cmi.core.student_name": played.learner_name,
        "cmi.launch_data": item["data_from_lms"],
        "cmi.student_data.max_time_allowed": item["max_time_allowed"],
        "cmi.student_data.time_limit_action": item["time_limit_action"],
        "cmi.student_data.mastery_score": _plain(item["mastery_score"]),
    }
    return {name: value for name, value in values.items() if value}


def _given_2004(item: Item, played: Played) -> dict[str, str]:
    values = {
        "cmi.learner_id": played.learner_id,
        "cmi.learner_name": played.learner_name,
        "cmi.launch_data": item["data_from_lms"],
        "cmi.max_time_allowed": item["max_time_allowed"],
        "cmi.time_limit_action": item["time_limit_action"],
        "cmi.scaled_passing_score": _plain(item["scaled_passing_score"]),
        "cmi.completion_threshold": _plain(item["completion_threshold"]),
    }
    return {name: value for name, value in values.items() if value}


def _plain(number: float | None) -> str:
    return "" if number is None else f"{number:g}"


def _url(item: Item) -> str:
    href: str = item["href"]
    launch: str = item["launch"]
    return href + launch if href.startswith(("http://", "https://")) else quote(href, safe="/:@!$&'()*+,;=~") + launch
