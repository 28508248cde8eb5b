"""Two regions of which one offers a path to the other, and what a test wants to know of that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select

from sidecar.core import path_offers
from sidecar.core.offered_paths import OfferedPath
from sidecar.core.path_contents import canonical
from sidecar.core.received_paths import ReceivedPath, ReceivedPathVersion
from sidecar.core.regions import Region
from sidecar.http import Response
from sidecar.sharing import following, offering
from sidecar.sharing.json_texts import read_unproven
from sidecar.sharing.region_signing import sign
from sidecar.sharing.signatures import Typ
from tests.fakes.two_regions import Office, Sent, TwoRegions
from tests.sidecar.sharing.bundles import KEY, share_path

ALL = ["all"]


def publish_there(two: TwoRegions, folder: Path) -> None:
    """Let the other region have a published path."""
    folder.mkdir(exist_ok=True)
    with two.there.sidecar.reading() as db:
        region = db.get_one(Region, two.there.region_id)
        db.expunge(region)
    share_path(two.there.sidecar, region, folder)


def offer_there(two: TwoRegions, to: list[str] | None = None, **more: Any) -> None:  # noqa: ANN401 (handed on)
    """Let the other region offer its path, to all unless told otherwise, and make it ready."""
    offering.offer(two.there.sidecar, two.there.viewer, KEY, to or ALL, **more)
    two.there.work(path_offers.KIND)


def pull(office: Office, other: Office) -> str:
    """Read the other's feed now; return the code of what went wrong, "" for nothing."""
    following.pull(office.sidecar, office.peer(other).id)
    return office.peer(other).error_code


def offered(office: Office) -> list[OfferedPath]:
    """Return what stands as offered to a region."""
    with office.sidecar.reading() as db:
        found = list(db.scalars(select(OfferedPath).order_by(OfferedPath.origin)))
        db.expunge_all()
        return found


def received(office: Office) -> list[tuple[str, int]]:
    """Return the origin and number of each version that a region received."""
    query = select(ReceivedPath.origin, ReceivedPathVersion.number)
    joined = query.join(ReceivedPathVersion, ReceivedPathVersion.path_id == ReceivedPath.id)
    with office.sidecar.reading() as db:
        return [(origin, number) for origin, number in db.execute(joined.order_by(ReceivedPathVersion.number))]


def feed_of(answer: Response) -> dict[str, Any]:
    """Return what the page of a feed says."""
    return read_unproven(answer_of(answer)["feed"])


def answer_of(answer: Response) -> dict[str, Any]:
    """Return the JSON of an answer."""
    found: dict[str, Any] = json.loads(answer.body)
    return found


def lie(office: Office, change: Any, typ: Typ = "laeringslop-feed", name: str = "feed") -> Any:  # noqa: ANN401
    """Return what lets a region sign another feed than its sidecar would; `change` changes what it says, in place."""

    def on_answer(sent: Sent, answer: Response) -> Response:
        if not sent.url.startswith(f"{office.address}/feed") or answer.status != 200:
            return answer
        said = feed_of(answer)
        change(said)
        token = sign(office.sidecar, office.region_id, canonical(said), typ)
        return Response(200, {**answer.headers, "etag": ""}, canonical({name: token}))

    return on_answer
