"""Remember what happens in the practice LMS: launches under way, tokens, grade columns and grades."""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from practice_lms.config import Config
from practice_lms.keys import PlatformKeys, ToolKeys
from practice_lms.people import KONGSBERGREGIONEN, Person, Region, invent_people
from practice_lms.tool_types import ToolTypes
from practice_lms.web_services.accounts import ADMIN_ID, Account
from practice_lms.web_services.reporting import Reports
from practice_lms.web_services.training import Training

COURSE_ID = "5"
COURSE_LABEL = "OBLIG"
COURSE_TITLE = "Obligatorisk opplæring"
TOKEN_LIFETIME_S = 3600


@dataclass(frozen=True)
class Launch:
    """Tie one started launch to a user and a link; used once.

    `pick`: the session key of a request for content, which has no link.
    """

    user_id: str
    link_id: str
    window: str
    pick: str = ""


@dataclass
class Pick:
    """Remember one request for content: who made it, and whether it was answered."""

    user_id: str
    data: str
    is_answered: bool = False


@dataclass
class LineItem:
    """Hold one column of the gradebook."""

    item_id: str
    label: str
    score_maximum: float = 100.0
    resource_id: str = ""
    tag: str = ""
    resource_link_id: str = ""


@dataclass(frozen=True)
class Grade:
    """Hold what the gradebook shows for one user and column; ``score`` is scaled to the column's maximum."""

    score: float | None
    at: datetime
    comment: str = ""


@dataclass(frozen=True)
class AccessToken:
    """Say what a bearer token may do, and until when (monotonic seconds)."""

    scopes: frozenset[str]
    expires_at: float


@dataclass(frozen=True)
class ScoreCall:
    """Record one score a tool posted, accepted or not, for the tests to read."""

    item_id: str
    status: int
    body: object


@dataclass
class Lms:
    """Hold everything of one practice LMS; take `lock` around a change."""

    config: Config
    region: Region = KONGSBERGREGIONEN
    keys: PlatformKeys = field(default_factory=PlatformKeys)
    people: dict[str, Person] = field(default_factory=dict)
    launches: dict[str, Launch] = field(default_factory=dict)
    line_items: dict[str, LineItem] = field(default_factory=dict)
    grades: dict[tuple[str, str], Grade] = field(default_factory=dict)
    tokens: dict[str, AccessToken] = field(default_factory=dict)
    used_assertions: dict[str, float] = field(default_factory=dict)
    score_calls: list[ScoreCall] = field(default_factory=list)
    tools: ToolTypes = field(default_factory=ToolTypes)
    picks: dict[str, Pick] = field(default_factory=dict)
    used_nonces: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    enrolment_changes: int = 0
    enrolment_changed: dict[str, int] = field(default_factory=dict)
    suspended: set[str] = field(default_factory=set)
    accounts: dict[str, Account] = field(default_factory=dict)
    ws_calls: list[str] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.tool_keys = ToolKeys(self.config.tool_keys)
        self.people = {person.user_id: person for person in invent_people(self.config.idnumber_style, self.region)}
        for link in self.config.links:
            if link.graded:
                item_id = self.next_item_id()
                self.line_items[item_id] = LineItem(item_id, link.title, resource_link_id=link.link_id)
        self.training = Training(self)
        self.reports = Reports(self.training)
        self.add_account(Account(self.config.ws_token or secrets.token_hex(16), ADMIN_ID, can=None))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other requests out for the length of one change."""
        with self._lock:
            yield

    def learner_of(self, slug: str, seat: int = 0) -> Person:
        """Return a learner of a municipality."""
        found = [one for one in self.people.values() if one.municipality and one.municipality.slug == slug]
        return found[seat]

    def add_account(self, account: Account) -> Account:
        """Let a token call web services."""
        self.accounts[account.token] = account
        return account

    def next_item_id(self) -> str:
        """Return an id that no grade column has yet."""
        return str(max((int(item) for item in self.line_items), default=10) + 1)

    def start_launch(self, user_id: str, link_id: str, window: str) -> str:
        """Remember that this user opened this link and return the launch's id."""
        launch_id = f"ltilaunch{link_id}_{secrets.randbelow(10**10)}"
        with self.lock():
            self.launches[launch_id] = Launch(user_id, link_id, window)
        return launch_id

    def start_pick(self, user_id: str) -> str:
        """Remember that this user wants to choose content and return the launch's id."""
        launch_id, sesskey = f"ltilaunch_ContentItemSelectionRequest{secrets.randbelow(10**10)}", secrets.token_hex(5)
        with self.lock():
            self.picks[sesskey] = Pick(user_id, self.config.content_data)
            self.launches[launch_id] = Launch(user_id, "", "iframe", sesskey)
        return launch_id

    def take_launch(self, launch_id: str, user_id: str) -> Launch | None:
        """Use a launch up: the second call gets nothing, nor does another user."""
        with self.lock():
            launch = self.launches.get(launch_id)
            if launch is None or launch.user_id != user_id:
                return None
            return self.launches.pop(launch_id)

    def issue_token(self, scopes: frozenset[str]) -> str:
        """Return a fresh bearer token for these scopes."""
        token = secrets.token_hex(16)
        with self.lock():
            self.tokens[token] = AccessToken(scopes, time.monotonic() + TOKEN_LIFETIME_S)
        return token

    def use_assertion(self, jti: str, expires_at: float) -> bool:
        """Mark a client assertion as used; say no if it was used before."""
        with self.lock():
            now = time.time()
            self.used_assertions = {key: end for key, end in self.used_assertions.items() if end > now}
            if jti in self.used_assertions:
                return False
            self.used_assertions[jti] = expires_at
            return True

    def takes_part(self, user_id: str) -> bool:
        """Say whether this user is in the course now; an administrator never is."""
        person = self.people.get(user_id)
        return person is not None and person.role != "administrator" and user_id not in self.absent

    def enrol(self, user_id: str, *, is_in: bool) -> None:
        """Take a user into the course, or out of it; both are told as a difference of the roster."""
        with self.lock():
            self.enrolment_changes += 1
            self.enrolment_changed[user_id] = self.enrolment_changes
            if is_in:
                self.absent.discard(user_id)
            else:
                self.absent.add(user_id)

    def is_enrolled(self, user_id: str) -> bool:
        """Say whether this user is a learner of the course, the only ones who get grades."""
        person = self.people.get(user_id)
        return person is not None and person.role == "learner"

    def item_of_link(self, link_id: str) -> LineItem | None:
        """Return the grade column that belongs to a link."""
        found = (item for item in self.line_items.values() if item.resource_link_id == link_id)
        return next(found, None)

    def grade_of(self, user_id: str, link_id: str) -> Grade | None:
        """Return a user's grade for a link, for tests and the demo."""
        item = self.item_of_link(link_id)
        return self.grades.get((item.item_id, user_id)) if item else None
