"""Read what stands in a platform's gradebook.

Source: Assignment and Grade Services 2.0 §3.3.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lti.fetching import Fetch, Response
from lti.line_items import refuse_gone
from lti.paging import Page, find_link, walk
from lti.services import read_json, refuse_answer, require_success
from lti.wire import bearer, below, number_of, text_of

SCOPE_RESULT_READ: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
RESULTS_TYPE: Final = "application/vnd.ims.lis.v2.resultcontainer+json"


@dataclass(frozen=True)
class Result:
    """Hold what stands in the platform's gradebook for one learner.

    Source: Assignment and Grade Services 2.0 §3.3.
    """

    user_id: str = field(repr=False)
    score: float | None
    maximum: float | None


def read_results(fetch: Fetch, token: str, lineitem_url: str, user_id: str | None = None) -> Iterator[Result]:
    """Yield the results of a line item, or one learner's, over all pages.

    It is asked without `limit`, at which Moodle fails; pages that a platform makes by itself are followed.

    Raises LineItemGone, or another kind of ServiceError, while it is iterated over.
    Source: Assignment and Grade Services 2.0 §3.3.
    """

    def read(url: str) -> Page[Result]:
        return _read_page(fetch("GET", url, headers=bearer(token, Accept=RESULTS_TYPE)), url)

    for page in walk(below(lineitem_url, "results", user_id=user_id), read):
        yield from page.items


def _read_page(response: Response, url: str) -> Page[Result]:
    refuse_gone(response, url)
    require_success(response, url)
    answer = read_json(response, url)
    if not isinstance(answer, list):
        refuse_answer(url)
    return Page(tuple(_read_result(item, url) for item in answer), find_link(response.headers, "next", url))


def _read_result(item: object, url: str) -> Result:
    user_id = text_of(item, "userId") if isinstance(item, dict) else None
    if not isinstance(item, dict) or user_id is None:
        refuse_answer(url)
    return Result(user_id, number_of(item, "resultScore"), number_of(item, "resultMaximum"))
