"""Bring a learner to a course without an LMS: the rows that a launch over LTI writes."""

from dataclasses import dataclass
from pathlib import Path

from sidecar.catalogue import AddedVersion, add_package
from sidecar.core import attempts, sign_ins
from sidecar.core.courses import Course
from sidecar.core.launches import Launch
from sidecar.core.people import Identity
from sidecar.core.platforms import Platform
from sidecar.runtime import Sidecar

SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"


@dataclass(frozen=True)
class Learner:
    """Who came, how, and the cookie's secret."""

    identity_id: str
    launch_id: str
    secret: str
    attempt_id: str

    @property
    def token_claims(self) -> dict[str, str]:
        """What the player's token says."""
        return {"attempt": self.attempt_id, "launch": self.launch_id}


def add_platform(sidecar: Sidecar, origin: str = "https://lms.example.org") -> str:
    """Add an LMS and return its id."""
    with sidecar.transaction() as db:
        platform = Platform(
            name=origin,
            issuer=origin,
            client_id="client",
            auth_url=f"{origin}/auth",
            token_url=f"{origin}/token",
            jwks_url=f"{origin}/jwks",
            created_at=sidecar.now(),
        )
        db.add(platform)
        db.flush()
        return platform.id


def add_identity(sidecar: Sidecar, platform_id: str, subject: str = "kari") -> str:
    """Add somebody whom an LMS knows and return their id."""
    now = sidecar.now()
    with sidecar.transaction() as db:
        identity = Identity(
            platform_id=platform_id, subject=subject, name="Kari Ås", first_seen_at=now, last_seen_at=now
        )
        db.add(identity)
        db.flush()
        return identity.id


def launch(
    sidecar: Sidecar,
    identity_id: str,
    course_id: str,
    *,
    lineitem_url: str | None = "https://lms.example.org/lineitem",
    return_url: str | None = "https://lms.example.org/course",
) -> Learner:
    """Do what a launch does in its transaction."""
    with sidecar.transaction() as db:
        identity = db.get_one(Identity, identity_id)
        row = Launch(
            platform_id=identity.platform_id or "",
            deployment_id="1",
            identity_id=identity_id,
            resource_link_id="link",
            course_id=course_id,
            lineitem_url=lineitem_url,
            ags_scopes=[SCORE_SCOPE],
            return_url=return_url,
            language="en",
            launched_at=sidecar.now(),
        )
        db.add(row)
        db.flush()
        course = db.get_one(Course, course_id)
        attempt = attempts.begin(db, identity_id=identity_id, course=course, now=sidecar.now())
        secret = sign_ins.start(db, identity_id, row.id, sidecar.now(), hours=4)
        return Learner(identity_id, row.id, secret, attempt.id)


def bring_learner(sidecar: Sidecar, package: Path, key: str = "kurs") -> tuple[Learner, AddedVersion]:
    """Add a package, an LMS and a learner, and launch."""
    added = add_package(sidecar, package, key=key, is_published=True)
    identity_id = add_identity(sidecar, add_platform(sidecar))
    return launch(sidecar, identity_id, added.course_id), added
