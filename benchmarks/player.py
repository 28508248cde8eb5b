"""Measure the player's page and a file of 30 kB of a package, through the WSGI application, in this process."""

from __future__ import annotations

from benchmarks.fixtures.machine import measure, watched_load
from benchmarks.fixtures.town import ASSET_BYTES, CONTENT_URL, open_town
from benchmarks.fixtures.wsgi import get

TIMES = 300
PAGE_TARGET_MS, ASSET_TARGET_MS = 5.0, 1.0


def main() -> None:
    """Print the measurements."""
    with watched_load(), open_town() as town:
        visit = town.visit()
        asset_url = f"{CONTENT_URL}/{town.version_id}/media/photo.jpg"

        def show_page() -> None:
            if get(town.app, visit.page_url, cookies=visit.cookies).status != 200:
                raise RuntimeError("no player")

        def send_asset() -> None:
            if len(get(town.app, asset_url).body) != ASSET_BYTES:
                raise RuntimeError("no file")

        page, asset = measure(show_page, send_asset, times=TIMES)
        database = town.sidecar.engine.dialect.name
    print(f"player page    {page} (target {PAGE_TARGET_MS} ms CPU)   ({database})")
    print(f"30 kB of media {asset} (target {ASSET_TARGET_MS} ms CPU)")
    print(f"ratio          {page.cpu_ms / asset.cpu_ms:.1f} files cost as much as the page")


if __name__ == "__main__":
    main()
