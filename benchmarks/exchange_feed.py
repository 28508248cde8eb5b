"""Time what a region's feed costs at the server: polled without change, and read from its beginning.

SQLite, 10,000 learning paths offered to all unless told otherwise. `python -m benchmarks.exchange_feed [paths]`
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from limits import RateLimitItemPerMinute
from sqlalchemy import insert

from benchmarks.fixtures.machine import peak_kib, watched_load
from sidecar.core import peers
from sidecar.core.courses import PATH, Course
from sidecar.core.db import new_id
from sidecar.core.exchange_feed import MOST_ENTRIES
from sidecar.core.offer_readers import ExchangeState
from sidecar.core.path_offers import TO_ALL, PathOffer
from sidecar.core.paths import LearningPath
from sidecar.core.regions import Region
from sidecar.runtime import Sidecar
from sidecar.schema import upgrade
from sidecar.settings import read_settings
from sidecar.sharing.addresses import address_of, origin_of
from sidecar.sharing.region_signing import active_region_key
from sidecar.sharing.signed_requests import Asked, make_proof
from sidecar.web import limits
from sidecar.web.app import create_app

PATHS = 10_000
POLLS = 100
TARGET_MS = 20.0


def fill(sidecar: Sidecar, paths: int) -> tuple[str, str]:
    """Let a region offer paths to another one of the same installation; return the ids of the two."""
    now = sidecar.now()
    with sidecar.transaction() as db:
        ours, theirs = Region(slug="nord", name="Nord"), Region(slug="sor", name="Sør")
        db.add_all([ours, theirs])
        db.flush()
        address = address_of(sidecar, ours)
        courses, rows, offers = [], [], []
        for seq in range(1, paths + 1):
            key, title = f"lop-{seq}", f"Læringsløp {seq}"
            course = {"id": new_id(), "key": key, "title": title, "kind": PATH, "created_at": now}
            path = {"id": new_id(), "course_id": course["id"], "region_id": ours.id, "draft": {}, "drafted_at": now}
            entry: dict[str, Any] = {"origin": origin_of(address, key), "title": title, "summary": "Om dette. " * 20}
            entry |= {"language": "nb", "licence": "CC BY 4.0", "statutory_basis": {}, "size": 10**7, "parts": 40}
            offer = {"id": new_id(), "region_id": ours.id, "path_id": path["id"], "seq": seq, "audience": TO_ALL}
            bundle = {"version": 1, "entry": entry, "manifest_digest": f"{seq:064x}", "signature": "e" * 500}
            courses.append(course)
            rows.append(path | {"created_at": now})
            offers.append(offer | bundle | {"was_for_all": True, "offered_at": now})
        for table, some in ((Course, courses), (LearningPath, rows), (PathOffer, offers)):
            db.execute(insert(table), some)
        db.add(ExchangeState(region_id=ours.id, last_seq=paths))
        ids = ours.id, theirs.id
    _trust(sidecar, *ids)
    return ids


def _trust(sidecar: Sidecar, ours: str, theirs: str) -> None:
    key = active_region_key(sidecar, theirs)
    with sidecar.transaction() as db:
        region = db.get_one(Region, theirs)
        known = {"region_id": ours, "address": address_of(sidecar, region), "name": region.name}
        keys = {key.kid: key.public}
        peers.add_peer(db, **known, keys=keys, state="trusted", known_by="fingerprint", by=None, now=sidecar.now())


class Reader:
    """Ask for pages as the other region's sidecar does; only the server's part is timed."""

    def __init__(self, sidecar: Sidecar, client: FlaskClient, reader_id: str) -> None:
        """Take who asks, and whom."""
        self._sidecar, self._client, self._reader_id = sidecar, client, reader_id
        self._url = f"{sidecar.settings.public_url}/exchange/nord"

    def ask(self, after: int, etag: str = "") -> tuple[int, str, float]:
        """Ask for a page; return the status, its ETag, and how many milliseconds it took."""
        suffix = f"/feed?after={after}"
        proof = make_proof(self._sidecar, self._reader_id, self._url, Asked("GET", f"{self._url}{suffix}"))
        headers = {"Authorization": proof, **({"If-None-Match": etag} if etag else {})}
        began = time.perf_counter()
        answer = self._client.get(f"/exchange/nord{suffix}", headers=headers)
        return answer.status_code, answer.headers.get("ETag", ""), (time.perf_counter() - began) * 1000


def main() -> int:
    """Poll, read, and print both."""
    paths = int(sys.argv[1]) if len(sys.argv) > 1 else PATHS
    setattr(limits, "EXCHANGE_REQUESTS", RateLimitItemPerMinute(1_000_000, namespace="exchange-benchmark"))  # noqa: B010 (Final)
    with watched_load(), tempfile.TemporaryDirectory() as folder:
        settings = read_settings({"SIDECAR_DATA": str(Path(folder) / "data"), "SIDECAR_LOG_LEVEL": "ERROR"})
        sidecar = Sidecar(replace(settings, redis_url="redis://127.0.0.1:1/0"))
        upgrade(sidecar.engine)
        _, reader_id = fill(sidecar, paths)
        reader = Reader(sidecar, create_app(sidecar).test_client(), reader_id)
        pages = [reader.ask(after) for after in range(0, paths, MOST_ENTRIES)]
        print(f"read from the beginning: {len(pages)} pages, {sum(ms for _, _, ms in pages) / 1000:.2f} s")
        _, etag, _ = reader.ask(paths)
        polls = [reader.ask(paths, etag) for _ in range(POLLS)]
        assert {status for status, _, _ in polls} == {304}
        found = sorted(ms for _, _, ms in polls)
        median_ms = statistics.median(found)
        print(f"polled without change: 1 request, median {median_ms:.1f} ms, 95th of 100 {found[94]:.1f} ms")
        print(f"  target: under {TARGET_MS:.0f} ms; {peak_kib() / 1024:.0f} MiB at most")
        sidecar.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
