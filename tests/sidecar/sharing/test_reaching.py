"""Another region's sidecar is asked with a proof for each try."""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.http import Response
from tests.fakes.two_regions import TwoRegions
from tests.sidecar.sharing.exchanged import pull


def test_what_is_asked_once_more_where_an_answer_broke_off_is_signed_anew(two_regions: TwoRegions) -> None:
    two_regions.trust_each_other()
    broken = ["/feed"]

    def fetch(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        if broken and broken[0] in url:
            broken.clear()
            two_regions.wire(method, url, headers=headers, body=body)  # its answer is lost
        return two_regions.wire(method, url, headers=headers, body=body)

    two_regions.here.sidecar.fetch = fetch  # type: ignore[assignment]
    assert pull(two_regions.here, two_regions.there) == ""
    asked = [sent.headers["Authorization"] for sent in two_regions.wire.sent if "/feed" in sent.url]
    assert (len(asked), len(set(asked)), asked[0]) == (3, 2, asked[1])
