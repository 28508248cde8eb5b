"""Read who takes part in a course of a platform.

Source: Names and Role Provisioning Services 2.0.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, cast, get_args

from lti.claims import IDENTIFIER_LIMIT
from lti.fetching import Fetch, Response
from lti.paging import MOST_PAGES, Page, find_link, walk
from lti.services import read_json, refuse_answer, require_success
from lti.wire import UNPRINTABLE, bearer, is_same_origin, text_of, with_query

SCOPE_MEMBERS: Final = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
MEMBERS_TYPE: Final = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"

TEXT_LIMIT: Final = 400
MOST_ROLES: Final = 50
ROLE_LIMIT: Final = 255

_MEMBERSHIP: Final = "http://purl.imsglobal.org/vocab/lis/v2/membership"
_LEARNER_PREFIXES: Final = (f"{_MEMBERSHIP}#Learner", f"{_MEMBERSHIP}/Learner#", "urn:lti:role:ims/lis/Learner")

Status = Literal["Active", "Inactive", "Deleted"]


@dataclass(frozen=True)
class Member:
    """Hold one member of a course; names and addresses that the platform keeps to itself are None.

    `roles` are as they came, short or full. What is over-long or no text is left out.
    Source: Names and Role Provisioning Services 2.0 §2.2.
    """

    user_id: str = field(repr=False)
    status: Status
    roles: tuple[str, ...]
    person_sourcedid: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)

    @property
    def is_learner(self) -> bool:
        """Tell whether one of the roles is that of a learner, under its short name or its full one.

        Source: LTI Core 1.3 §A.2.2 and §A.2.3 (sub-roles), §A.2.3.1 (short names).
        """
        return any(role == "Learner" or role.startswith(_LEARNER_PREFIXES) for role in self.roles)


def first_page_url(
    memberships_url: str, *, role: str | None = None, limit: int | None = None, link_id: str | None = None
) -> str:
    """Return where a look at a course's members begins.

    Args:
        role: only who has this role. Moodle forgets the filter from the second page on.
        limit: how many to ask for a page, a wish only.
        link_id: only who may open this resource link.

    Source: Names and Role Provisioning Services 2.0 §2.4.1 (role), §2.4.2 (limit), §3.3 (rlid).
    """
    return with_query(memberships_url, role=role, limit=limit, rlid=link_id)


def read_members_page(fetch: Fetch, token: str, url: str) -> Page[Member]:
    """Return one page of members, with the ways to the next page and to later differences.

    Raises ServiceRefused, ServiceUnreachable or ServiceRejected.
    Source: Names and Role Provisioning Services 2.0 §2.4.2 and §2.4.3.
    """
    response = fetch("GET", url, headers=bearer(token, Accept=MEMBERS_TYPE))
    require_success(response, url)
    members = tuple(_read_members(response, url))
    following, differences = (find_link(response.headers, rel, url) for rel in ("next", "differences"))
    is_ours = differences is not None and is_same_origin(differences, url)
    return Page(members, following, differences if is_ours else None)


def walk_members(
    first: str, read: Callable[[str], Page[Member]], *, most_pages: int = MOST_PAGES
) -> Iterator[Page[Member]]:
    """Yield the pages of a roster; `read` is `read_members_page` with a token that holds.

    Raises PagesLoop, PageElsewhere or TooManyPages, and whatever `read` raises.
    """
    return walk(first, read, most_pages=most_pages)


def _read_members(response: Response, url: str) -> Iterator[Member]:
    answer = read_json(response, url)
    members = answer.get("members") if isinstance(answer, dict) else None
    if not isinstance(members, list):
        refuse_answer(url)
    for member in members:
        if not isinstance(member, dict):
            refuse_answer(url)
        yield _read_member(member, url)


def _read_member(member: Mapping[str, object], url: str) -> Member:
    """Return a member; one without a usable id makes the page unfit, since nobody could tell who has left."""
    user_id = text_of(member, "user_id", limit=IDENTIFIER_LIMIT)
    if user_id is None or UNPRINTABLE.search(user_id):
        refuse_answer(url)
    sourcedid = _text(member, "lis_person_sourcedid")
    return Member(
        user_id=user_id,
        status=_read_status(member.get("status")),
        roles=_read_roles(member.get("roles")),
        person_sourcedid=None if sourcedid and sourcedid.startswith("$") else sourcedid,
        name=_text(member, "name") or _join(_text(member, "given_name"), _text(member, "family_name")),
        email=_text(member, "email"),
    )


def _read_status(value: object) -> Status:
    """Return the status; the standard's default is Active, and one that is unknown takes nobody in."""
    if value is None:
        return "Active"
    return cast(Status, value) if value in get_args(Status) else "Inactive"


def _read_roles(value: object) -> tuple[str, ...]:
    roles = value if isinstance(value, list) else []
    return tuple(role for role in roles[:MOST_ROLES] if isinstance(role, str) and _is_sound(role))


def _is_sound(role: str) -> bool:
    return 0 < len(role) <= ROLE_LIMIT and not UNPRINTABLE.search(role)


def _text(member: Mapping[str, object], name: str) -> str | None:
    text = " ".join((text_of(member, name, limit=TEXT_LIMIT) or "").split())
    return None if UNPRINTABLE.search(text) else text or None


def _join(*names: str | None) -> str | None:
    return " ".join(filter(None, names)) or None
