"""Keep what a platform said when it registered again, till a person accepts it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sidecar.core.platforms import Platform


@dataclass(frozen=True)
class Proposal:
    """What would change: the new facts of a platform. The issuer is never another.

    Attributes:
        deployment_id: one that would be allowed to launch too; None where the registration told none.
        proposed_at: aware UTC as ISO 8601.
    """

    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    product: str | None
    deployment_id: str | None
    proposed_at: str

    def apply_to(self, platform: Platform) -> None:
        """Give the platform the new facts."""
        platform.client_id, platform.auth_url = self.client_id, self.auth_url
        platform.token_url, platform.jwks_url = self.token_url, self.jwks_url
        platform.product = self.product


@dataclass(frozen=True)
class Change:
    """One fact that would change: `field` is the name of `Platform`'s column, or `deployment_id`."""

    field: str
    before: str
    after: str


def read_proposal(platform: Platform) -> Proposal | None:
    """Return what waits for an answer, or None."""
    return Proposal(**platform.proposal) if platform.proposal else None


def proposed_at(proposal: Proposal) -> datetime:
    """Return when it came, in aware UTC."""
    return datetime.fromisoformat(proposal.proposed_at)


def changes(platform: Platform, proposal: Proposal, deployments: frozenset[str]) -> list[Change]:
    """Return what accepting it would change; an empty list where the registration said what we know.

    Args:
        deployments: the ids of those that may launch now.
    """
    fields = ("client_id", "auth_url", "token_url", "jwks_url", "product")
    pairs = [(field, getattr(platform, field) or "", getattr(proposal, field) or "") for field in fields]
    found = [Change(*pair) for pair in pairs if pair[1] != pair[2]]
    if proposal.deployment_id and proposal.deployment_id not in deployments:
        found.append(Change("deployment_id", "", proposal.deployment_id))
    return found


def cuts_off(platform: Platform, proposal: Proposal) -> bool:
    """Tell whether accepting it stops the activities that exist: the LMS launches them with the client id of before."""
    return proposal.client_id != platform.client_id


def propose(platform: Platform, proposal: Proposal) -> None:
    """Keep a proposal on a platform; an older one that nobody answered is forgotten."""
    platform.proposal = asdict(proposal)
