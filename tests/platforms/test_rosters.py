"""Read the roster of a course of Open edX over three pages, and refuse one that leads astray."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lti.errors import ServiceRefused
from lti.results import SCOPE_RESULT_READ
from lti.roster import first_page_url, read_members_page
from sidecar.core import rosters
from sidecar.core.people import Identity
from sidecar.core.rosters import Roster, RosterMember
from sidecar.tool.rosters import PAGE_MEMBERS
from tests.platforms.conftest import NAME, Connected
from tests.platforms.xblock.visitor import LEARNER

pytestmark = pytest.mark.slow

MEMBERS = 1250


@pytest.fixture(scope="package")
def roster(xblock: Connected) -> Roster:
    """The one that a launch told of."""
    xblock.visitor(LEARNER).launch("graded")
    with xblock.sidecar.reading() as db:
        return db.query(Roster).one()


@pytest.fixture
def first(roster: Roster) -> str:
    """Where we begin to read."""
    return first_page_url(roster.memberships_url, limit=PAGE_MEMBERS)


def look(xblock: Connected, roster: Roster) -> tuple[tuple[str, str | None], Sequence[int]]:
    """Look at the roster; return how the job ended, and how the platform answered each page."""
    before = len(xblock.platform.statuses("/memberships"))
    with xblock.sidecar.transaction() as db:
        rosters.ask(db, roster.id, xblock.sidecar.now())
    ended = xblock.run_jobs()[roster.id]
    return ended, xblock.platform.statuses("/memberships")[before:]


def members(xblock: Connected, roster: Roster) -> dict[str, str | None]:
    """The names of those who take part, by the platform's word for them."""
    with xblock.sidecar.reading() as db:
        query = db.query(Identity.subject, Identity.name).join(RosterMember, RosterMember.identity_id == Identity.id)
        taking_part = query.filter(RosterMember.roster_id == roster.id, RosterMember.left_at.is_(None))
        return {one.subject: one.name for one in taking_part}


def error_of(xblock: Connected, roster: Roster) -> str | None:
    with xblock.sidecar.reading() as db:
        return db.get_one(Roster, roster.id).error_code


def test_a_roster_of_three_pages(xblock: Connected, roster: Roster) -> None:
    assert 2 * PAGE_MEMBERS < MEMBERS <= 3 * PAGE_MEMBERS
    assert look(xblock, roster) == (("done", None), [200, 200, 200])
    found = members(xblock, roster)
    assert len(found) == MEMBERS - 1, "all but the teacher"
    assert "Tove Øvre" not in found.values()
    assert "Deltaker1250 Øvre" in found.values()
    assert error_of(xblock, roster) is None


def test_an_operator_asks_for_a_look_by_command(xblock: Connected, roster: Roster) -> None:
    _, (asked,) = xblock.command("platform", "rosters", NAME, "--refresh")
    assert asked["id"] == roster.id
    assert xblock.run_jobs()[roster.id] == ("done", None)
    _, (told,) = xblock.command("platform", "rosters", NAME)
    assert (told["title"], told["members"], told["problem"]) == ("HMS", MEMBERS - 1, None)
    assert told["read_at"] > (asked["read_at"] or "")


def test_a_roster_whose_pages_loop_is_refused(xblock: Connected, roster: Roster, first: str) -> None:
    with xblock.platform.leading_astray(f"{first}&page=2"):
        assert look(xblock, roster) == (("failed", "pages-loop"), [200, 200])
    assert error_of(xblock, roster) == "pages-loop"


def test_a_roster_that_goes_on_elsewhere_is_refused(xblock: Connected, roster: Roster, first: str) -> None:
    """Its other name would take us to the same server; our token still does not go there."""
    with xblock.platform.leading_astray(first.replace("localhost", "127.0.0.1")):
        assert look(xblock, roster) == (("failed", "page-elsewhere"), [200])
    assert error_of(xblock, roster) == "page-elsewhere"


def test_a_roster_that_was_refused_is_read_again(xblock: Connected, roster: Roster, first: str) -> None:
    look(xblock, roster)
    before = members(xblock, roster)
    with xblock.platform.leading_astray(first):
        look(xblock, roster)
    assert members(xblock, roster) == before, "nobody has left, as the look did not come to its end"
    assert look(xblock, roster)[0] == ("done", None)
    assert members(xblock, roster) == before


def test_a_roster_without_its_scope_is_refused(xblock: Connected, first: str) -> None:
    token = xblock.token(SCOPE_RESULT_READ)
    with pytest.raises(ServiceRefused) as caught:
        read_members_page(xblock.fetch, token, first)
    assert caught.value.status == 403
