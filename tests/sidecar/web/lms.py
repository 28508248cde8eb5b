"""Two regions with an LMS each, for the tests of the staff pages about LMSs."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core.audit import AuditEntry
from sidecar.core.deployments import Deployment, note_deployment
from sidecar.core.municipalities import Municipality
from sidecar.core.platform_lists import list_spoken_for
from sidecar.core.platforms import Platform, add_platform
from sidecar.core.proposals import Proposal, propose
from sidecar.core.regions import join
from sidecar.runtime import Sidecar

HERE, THERE = "kongsbergregionen", "hallingdal"


@dataclass(frozen=True)
class Lms:
    """The ids of what stands in two regions.

    Attributes:
        pending: registered itself in our region, and waits.
        theirs: the other region's, which speaks for its own municipality only.
    """

    ours: str
    pending: str
    theirs: str
    region: str
    other_region: str


def two_regions(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Lms:
    """Let Kongsberg's region have an LMS and one that waits, and Rollag's region have another."""
    with sidecar.transaction() as db:
        here = join(db, HERE, kongsberg.id, sidecar.today()).id
        there = join(db, THERE, rollag.id, sidecar.today()).id
        ours = add(db, sidecar, "Moodle Kongsberg", here, [kongsberg.id])
        pending = add(db, sidecar, "Nye Moodle", here, [])
        pending.is_pending, pending.product = True, "moodle"
        theirs = add(db, sidecar, "Moodle Rollag", there, [rollag.id])
        return Lms(ours.id, pending.id, theirs.id, here, there)


def add(db: Session, sidecar: Sidecar, name: str, region_id: str | None, municipality_ids: list[str]) -> Platform:
    """Add an LMS of a region."""
    host = f"https://{name.lower().replace(' ', '-')}.example.org"
    platform = Platform(
        name=name,
        issuer=host,
        client_id="sidecar" if name == "Moodle Kongsberg" else f"sidecar-{name[-6:].lower()}",
        auth_url=f"{host}/auth",
        token_url=f"{host}/token",
        jwks_url=f"{host}/jwks",
        created_at=sidecar.now(),
        region_id=region_id,
    )
    return add_platform(db, platform, deployment_ids=["1"], patterns=dict.fromkeys(municipality_ids))


def propose_update(sidecar: Sidecar, platform_id: str) -> None:
    """Let an LMS have registered again, with another client id and token address."""
    with sidecar.transaction() as db:
        platform = db.get_one(Platform, platform_id)
        again = Proposal(
            client_id="sidecar-2",
            auth_url=platform.auth_url,
            token_url=f"{platform.issuer}/new-token",
            jwks_url=platform.jwks_url,
            product="moodle",
            deployment_id="2",
            proposed_at=sidecar.now().isoformat(),
        )
        propose(platform, again)


def try_deployment(sidecar: Sidecar, platform_id: str, deployment_id: str) -> str:
    """Let a launch have shown a deployment that nobody has approved; return the id of its row."""
    with sidecar.transaction() as db:
        note_deployment(db, platform_id, deployment_id, sidecar.now())
    return deployment_row(sidecar, platform_id, deployment_id)


def deployment_row(sidecar: Sidecar, platform_id: str, deployment_id: str) -> str:
    """Return the id of a deployment's row."""
    same = Deployment.platform_id == platform_id, Deployment.deployment_id == deployment_id
    with sidecar.reading() as db:
        return db.scalars(select(Deployment.id).where(*same)).one()


def platform(sidecar: Sidecar, platform_id: str) -> Platform:
    """Return an LMS as it stands now."""
    with sidecar.reading() as db:
        found = db.get_one(Platform, platform_id)
        db.expunge(found)
        return found


def patterns(sidecar: Sidecar, platform_id: str) -> dict[str, str | None]:
    """Return the pattern, or None, by slug of each municipality that an LMS speaks for."""
    with sidecar.reading() as db:
        return {each.municipality.slug: each.pattern for each in list_spoken_for(db, platform_id)}


def acts(sidecar: Sidecar) -> set[str]:
    """Return what the audit trail says was done."""
    with sidecar.reading() as db:
        return set(db.scalars(select(AuditEntry.action)))


def shown(page: str) -> str:
    """Return what a page wants back with the yes to what it shows."""
    return page.partition('name="shown" value="')[2].partition('"')[0]
