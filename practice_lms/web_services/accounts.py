"""Know the tokens: whose each is, which functions its service has, and what the role may do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

ADMIN_ID = 2
READER_ID = 900
READER = frozenset({"moodle/reportbuilder:view", "moodle/reportbuilder:viewall"})


@dataclass
class Account:
    """A token's user.

    Attributes:
        language, zone: in which reports are written to this user.
        functions: of the service; None for all there are.
        can: capabilities for the whole site; None for all, as a site administrator has.
        filters: what this user has set on reports, as Moodle keeps it.
    """

    token: str
    user_id: int = READER_ID
    language: str = "en"
    zone: str = "UTC"
    functions: frozenset[str] | None = None
    can: frozenset[str] | None = READER
    filters: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def is_admin(self) -> bool:
        """Say whether this is a site administrator."""
        return self.can is None

    def may(self, capability: str) -> bool:
        """Say whether the role has a capability."""
        return self.can is None or capability in self.can

    def set_filter(self, report_id: int, values: str) -> bool:
        """Keep a filter; what is no object is refused with false."""
        try:
            wanted = json.loads(values)
        except ValueError:
            return False
        if not isinstance(wanted, dict):
            return False
        self.filters[report_id] = wanted
        return True
