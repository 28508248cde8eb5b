"""List, make, read, change and delete the columns of a platform's gradebook.

Source: Assignment and Grade Services 2.0 §3.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lti.fetching import Fetch, Response, host_of
from lti.paging import Page, find_link, walk
from lti.service_errors import LineItemGone
from lti.services import read_json, refuse_answer, require_success
from lti.wire import UNPRINTABLE, bearer, dump, is_same_origin, number_of, text_of, with_query

SCOPE_LINE_ITEM: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
SCOPE_LINE_ITEM_READ: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"

LINE_ITEM_TYPE: Final = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS_TYPE: Final = "application/vnd.ims.lis.v2.lineitemcontainer+json"
MOST_ITEMS: Final = 10_000
_OURS: Final = frozenset({"id", "label", "scoreMaximum", "resourceId", "resourceLinkId", "tag"})
GONE: Final = frozenset({404, 410})


@dataclass(frozen=True)
class LineItem:
    """Hold one column of a platform's gradebook; `id` is its address.

    `more` holds what the platform says beyond the standard, or we have no use for; a change sends it back.
    Source: Assignment and Grade Services 2.0 §3.2.
    """

    id: str
    label: str
    score_maximum: float
    resource_id: str | None = None
    resource_link_id: str | None = None
    tag: str | None = None
    more: Mapping[str, object] = field(default_factory=dict, compare=False)


def list_line_items(
    fetch: Fetch,
    token: str,
    lineitems_url: str,
    *,
    resource_link_id: str | None = None,
    resource_id: str | None = None,
    tag: str | None = None,
    limit: int | None = None,
) -> list[LineItem]:
    """Return the columns that the platform lets us see, over all pages, narrowed where a filter is given.

    Args:
        limit: how many to ask for a page, a wish only.

    Raises ServiceError or one of its kinds.
    Source: Assignment and Grade Services 2.0 §3.2.6.
    """
    wanted = {"resource_link_id": resource_link_id, "resource_id": resource_id, "tag": tag}

    def read(url: str) -> Page[LineItem]:
        return _read_page(fetch("GET", url, headers=bearer(token, Accept=LINE_ITEMS_TYPE)), url)

    found: list[LineItem] = []
    for page in walk(with_query(lineitems_url, **wanted, limit=limit), read):
        found += [item for item in page.items if _is_wanted(item, wanted)]
        if len(found) > MOST_ITEMS:
            refuse_answer(lineitems_url)
    return found


def _is_wanted(item: LineItem, wanted: Mapping[str, str | None]) -> bool:
    """Tell whether a column matches, as not every platform heeds the filters."""
    return all(value is None or getattr(item, name) == value for name, value in wanted.items())


def read_line_item(fetch: Fetch, token: str, lineitem_url: str) -> LineItem:
    """Return the line item at this address.

    Raises LineItemGone, ServiceRefused, ServiceUnreachable or ServiceRejected.
    """
    response = fetch("GET", lineitem_url, headers=bearer(token, Accept=LINE_ITEM_TYPE))
    refuse_gone(response, lineitem_url)
    return _read_one(response, lineitem_url)


def create_line_item(fetch: Fetch, token: str, lineitems_url: str, item: LineItem) -> LineItem:
    """Make a line item and return it as the platform stored it; the `id` of the one given is not sent.

    Raises ServiceRefused, ServiceUnreachable or ServiceRejected.
    Source: Assignment and Grade Services 2.0 §3.2.4.
    """
    headers = bearer(token, Content_Type=LINE_ITEM_TYPE, Accept=LINE_ITEM_TYPE)
    return _read_one(fetch("POST", lineitems_url, headers=headers, body=dump(_members(item))), lineitems_url)


def update_line_item(fetch: Fetch, token: str, item: LineItem) -> LineItem:
    """Change a line item to what is given, whole, and return it as the platform stored it.

    Change one that was read, so that what it says beyond our own fields stays. Some platforms answer nothing: then
    what was sent is returned.

    Raises LineItemGone, ServiceRefused, ServiceUnreachable or ServiceRejected.
    Source: Assignment and Grade Services 2.0 §3.2.5.
    """
    headers = bearer(token, Content_Type=LINE_ITEM_TYPE, Accept=LINE_ITEM_TYPE)
    body = dump({**item.more, "id": item.id, **_members(item)})
    response = fetch("PUT", item.id, headers=headers, body=body)
    refuse_gone(response, item.id)
    require_success(response, item.id)
    return _read_one(response, item.id) if response.body.strip() else item


def delete_line_item(fetch: Fetch, token: str, lineitem_url: str) -> None:
    """Delete a line item with its grades; one that is gone already is what was wanted.

    Raises ServiceRefused, ServiceUnreachable or ServiceRejected.
    """
    response = fetch("DELETE", lineitem_url, headers=bearer(token))
    if response.status not in GONE:
        require_success(response, lineitem_url)


def refuse_gone(response: Response, url: str) -> None:
    """Raise LineItemGone where a column's own address says that there is none."""
    if response.status in GONE:
        raise LineItemGone(host=host_of(url), status=response.status)


def _members(item: LineItem) -> dict[str, object]:
    return {
        "label": item.label,
        "scoreMaximum": item.score_maximum,
        "resourceId": item.resource_id,
        "resourceLinkId": item.resource_link_id,
        "tag": item.tag,
    }


def _read_page(response: Response, url: str) -> Page[LineItem]:
    require_success(response, url)
    answer = read_json(response, url)
    if not isinstance(answer, list):
        refuse_answer(url)
    return Page(tuple(_read_item(item, url) for item in answer), find_link(response.headers, "next", url))


def _read_one(response: Response, url: str) -> LineItem:
    require_success(response, url)
    return _read_item(read_json(response, url), url)


def _read_item(answer: object, url: str) -> LineItem:
    """Return a column, whose address must be on the server we asked: it will get our token."""
    if not isinstance(answer, dict):
        refuse_answer(url)
    address, label = text_of(answer, "id"), " ".join(UNPRINTABLE.sub(" ", text_of(answer, "label") or "").split())
    maximum = number_of(answer, "scoreMaximum")
    if address is None or not label or maximum is None or not is_same_origin(address, url):
        refuse_answer(url)
    return LineItem(
        id=address,
        label=label,
        score_maximum=maximum,
        resource_id=text_of(answer, "resourceId"),
        resource_link_id=text_of(answer, "resourceLinkId"),
        tag=text_of(answer, "tag"),
        more={name: value for name, value in answer.items() if name not in _OURS},
    )
