"""A platform in memory that keeps columns and rosters too, a page at a time, as Moodle and the standard do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from lti.errors import ServiceUnreachable
from lti.fetching import Response, host_of
from lti.line_items import LINE_ITEM_TYPE, LINE_ITEMS_TYPE
from lti.roster import MEMBERS_TYPE
from tests.fakes.platform import FakePlatform, Request

LINE_ITEMS = "/5/lineitems"
MEMBERS = "/5/memberships"


def make_member(number: int, **changes: object) -> dict[str, Any]:
    """Return one member as an LMS sends it."""
    return {
        "status": "Active",
        "roles": ["Learner"],
        "user_id": str(number),
        "lis_person_sourcedid": f"EMP{number:05}",
        "name": f"Kari Nordmann {number}",
        "email": f"kari{number}@kongsberg.example.invalid",
    } | changes


@dataclass
class ServicePlatform(FakePlatform):
    """Behave like one LMS with a course 5: its columns, and who takes part.

    `has_differences`: the last page says where later changes are; `changes` is what stands there. `page_size` is what
    the LMS gives where it is not asked for less.
    """

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    has_differences: bool = False
    page_size: int = 1000
    interfere: Callable[[str], Response | None] = lambda _url: None
    """What a test does before a request is answered; an answer of its own takes the place of ours."""

    @property
    def lineitems_url(self) -> str:
        """Return the container that launches carry."""
        return f"{self.issuer}{LINE_ITEMS}?type_id=1"

    @property
    def memberships_url(self) -> str:
        """Return the roster that launches carry."""
        return f"{self.issuer}{MEMBERS}"

    def fetch(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        """Answer as the LMS would."""
        path = urlsplit(url).path
        if path in self.answers or not path.startswith((LINE_ITEMS, MEMBERS)):
            return FakePlatform.fetch(self, method, url, headers=headers, body=body)
        self.requests.append(Request(method, url, headers, body or b""))
        if answer := self.interfere(url):
            return answer
        if self.down:
            raise ServiceUnreachable(host=host_of(url), reason="timeout")
        if headers.get("Authorization") not in [f"Bearer {token}" for token in self.tokens]:
            return Response(401, {}, b"")
        if path == MEMBERS:
            return self._members(url, headers)
        if path.endswith("/scores"):
            there = path.removesuffix("/scores") in map(_path_of, self.items.values())
            return self._take_score(self.requests[-1]) if there else Response(404, {}, b"")
        return self._make_item(body or b"") if method == "POST" else self._list_items(url, headers)

    def _list_items(self, url: str, headers: Mapping[str, str]) -> Response:
        if headers.get("Accept") != LINE_ITEMS_TYPE:
            return Response(400, {}, b"No handler found")
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        names = {"resource_id": "resourceId", "resource_link_id": "resourceLinkId", "tag": "tag"}
        wanted = {names[name]: value for name, value in query.items() if name in names}
        found = [item for item in self.items.values() if wanted.items() <= item.items()]
        return Response(200, {}, json.dumps(found).encode())

    def _make_item(self, body: bytes) -> Response:
        number = str(len(self.items) + 11)
        item = json.loads(body) | {"id": f"{self.issuer}{LINE_ITEMS}/{number}/lineitem?type_id=1"}
        self.items[number] = item
        return Response(201, {"content-type": LINE_ITEM_TYPE}, json.dumps(item).encode())

    def _members(self, url: str, headers: Mapping[str, str]) -> Response:
        if headers.get("Accept") != MEMBERS_TYPE:
            return Response(400, {}, b"No handler found")
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        told = self.changes if "since" in query else self.members
        begin, size = int(query.get("from", 0)), min(int(query.get("limit", self.page_size)), self.page_size)
        body = {"id": url, "context": {"id": "5"}, "members": told[begin : begin + size]}
        following = query | {"from": str(begin + size), "limit": str(size)}
        links = list(self._links(following, is_last=begin + size >= len(told)))
        return Response(200, {"link": ", ".join(links)} if links else {}, json.dumps(body).encode())

    def _links(self, following: Mapping[str, str], *, is_last: bool) -> Iterator[str]:
        if not is_last:
            yield f'<{self.memberships_url}?{urlencode(following)}>; rel="next"'
        elif self.has_differences:
            yield f'<{self.memberships_url}?since={len(self.requests)}>; rel="differences"'


def _path_of(item: Mapping[str, Any]) -> str:
    return urlsplit(str(item["id"])).path
