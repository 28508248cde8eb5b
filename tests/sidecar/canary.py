"""Plant a person whose every trait is a word found nowhere else, in every table that may hold it."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from sidecar.core import access_log, grades, sign_ins
from sidecar.core.access import Viewer
from sidecar.core.attempts import Attempt, Commit, CommitPiece, ScoState
from sidecar.core.completions import Completion
from sidecar.core.crossing_received import CrossingReceived
from sidecar.core.crossing_sent import CrossingSent
from sidecar.core.deep_links import DeepLinkRequest
from sidecar.core.evidence import MANUAL, Evidence
from sidecar.core.gatherings import Gathering, GatheringAttendance
from sidecar.core.launches import Launch
from sidecar.core.mails import Mail
from sidecar.core.municipalities import Municipality
from sidecar.core.named_employers import NamedEmployer
from sidecar.core.notices import Notice
from sidecar.core.own_wishes import ErasureRequest, SharingConsent
from sidecar.core.peers import Peer
from sidecar.core.people import Employment, Identity, Person, Position
from sidecar.core.periods import read_period
from sidecar.core.person_matches import PersonIdentifier, PersonMatch
from sidecar.core.previews import Preview
from sidecar.core.regions import Region
from sidecar.core.settling import settle
from sidecar.core.sign_off_requests import SignOffRequest
from sidecar.core.staff import Scope, grant
from sidecar.core.tables import METADATA
from sidecar.reports import asking, changes, deliver
from sidecar.runtime import Sidecar
from tests.sidecar.reports.world import World

FIRST, LAST = "Kanarifugla", "Zebralund"
WORDS = (
    FIRST,
    LAST,
    "nr-7731-kanari",
    "nr-8842-kanari",
    "kanari@example.no",
    "lms-kanari-55",
    "kanarisvar",
    "Fuglestillingen",
)
"""What must be found nowhere once the person is erased."""

SEPTEMBER = read_period("2026-09")
DOCUMENT = b"%PDF-1.7 kanarisvar"
DONE_AT = datetime(2026, 9, 3, 10, 11, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Planted:
    """Where the canary sits."""

    person_id: str
    identity_id: str
    employment_id: str
    delivery_ids: tuple[str, ...]


def plant(sidecar: Sidecar, world: World, kongsberg: Municipality, rollag: Municipality, folder: Path) -> Planted:
    """Plant the canary among seven colleagues of its unit and two in another, with a report delivered of September."""
    fire, first_aid = world.course("brann", "Brannvern"), world.course("hjelp", "Førstehjelp")
    for number in range(7):
        colleague = world.employ(kongsberg, f"10{number}", f"Kollega {number}-sen", unit="Helse")
        world.complete(world.identity(f"k{number}", colleague.person_id), fire, DONE_AT, 0.5)
    canary = world.employ(kongsberg, "nr-7731-kanari", f"{FIRST} {LAST}", unit="Helse")
    world.employ(rollag, "nr-8842-kanari", f"{FIRST} {LAST}", unit="Kirke", person_id=canary.person_id)
    identity = world.identity("lms-kanari-55", canary.person_id)
    for course in (fire, first_aid):
        world.complete(identity, course, DONE_AT, 0.9)
    for municipality in (kongsberg, rollag):
        world.folder(municipality, folder / municipality.slug)
    deliveries = [one for m in (kongsberg, rollag) for one in asking.request(sidecar, m.id, SEPTEMBER)]
    for one in deliveries:
        deliver.hand_over(sidecar, one.id)
    _fill(sidecar, world, identity.id, canary.person_id, canary.id, rollag)
    with sidecar.transaction() as db:
        _know(db, canary.person_id, canary.id, sidecar.now())
        _wish(db, identity.id, rollag.id, sidecar.now())
        _take_part(db, identity.id, canary.person_id, sidecar.now())
        _cross(db, canary.person_id, kongsberg.id, sidecar.now())
    changes.write_all(sidecar, kongsberg.id)
    return Planted(canary.person_id, identity.id, canary.id, tuple(one.id for one in deliveries))


def _fill(
    sidecar: Sidecar, world: World, identity_id: str, person_id: str, employment_id: str, rollag: Municipality
) -> None:
    now, course, document = sidecar.now(), world.course("ny", "Nytt kurs"), sidecar.storage.put([DOCUMENT]).digest
    with sidecar.transaction() as db:
        db.execute(update(Employment).where(Employment.id == employment_id).values(position="Fuglestillingen"))
        db.execute(update(Person).where(Person.id == person_id).values(email="kanari@example.no"))
        identity = db.get_one(Identity, identity_id)
        identity.name, identity.email, identity.language = f"{FIRST} {LAST}", "Kanari@example.no", "nn"
        identity.person_sourcedid, identity.employment_id = "nr-7731-kanari", employment_id
        attempt = Attempt(
            identity_id=identity_id, course_id=course.course_id, version_id=course.id, number=9, started_at=now
        )
        launch = Launch(
            platform_id=world.platform_id,
            deployment_id="1",
            identity_id=identity_id,
            resource_link_id="lenke",
            course_id=course.course_id,
            lineitem_url="https://lms.example.no/lineitem/kanarisvar",
            ags_scopes=[grades.SCORE_SCOPE],
            launched_at=now,
        )
        picker = DeepLinkRequest(
            platform_id=world.platform_id,
            deployment_id="1",
            identity_id=identity_id,
            secret_hash="0" * 64,
            return_url="https://lms.example.no/return/kanarisvar",
            asked_at=now,
            expires_at=now,
        )
        db.add_all([attempt, launch, picker, _preview(identity_id, course.id, now)])
        db.flush()
        done = db.scalars(select(Evidence).where(Evidence.identity_id == identity_id).limit(1)).one()
        grades.ask(db, done, launch, now)
        _enter_by_hand(db, person_id, done.course_id, document, now)
        elements = {"cmi.comments": "kanarisvar"}
        db.add(ScoState(attempt_id=attempt.id, sco_id="a", elements=elements, saved_at=now))
        db.add(Commit(attempt_id=attempt.id, seq=1, sco_id="a", changes=elements, digest="0" * 64, received_at=now))
        db.add(CommitPiece(attempt_id=attempt.id, session="s", seq=2, number=0, text="kanarisvar"))
        sign_ins.start(db, identity_id, launch.id, now)
        sign_ins.make_link(db, identity_id, now)
        grant(db, identity_id, "contact", Scope(municipality=rollag.slug), now=now)
        notice = Notice(code="x", template="x", first_seen_at=now, last_seen_at=now)
        db.add(notice)
        db.flush()
        db.add(Mail(notice_id=notice.id, phase="begun", address="kanari@example.no", language="nb", created_at=now))
        access_log.record(db, Viewer(everything=True), "person-page", [person_id], municipality_id="", now=now)
        access_log.record(db, Viewer(identity_id=identity_id), "people-list", ["0" * 32], municipality_id="", now=now)


def _know(db: Session, person_id: str, employment_id: str, now: datetime) -> None:
    """Let a source have told a position and an e-mail, and somebody be compared with the canary."""
    other = Person(first_name="Ola", last_name="Annen")
    db.add_all([other, Position(employment_id=employment_id, key="nr-7731-kanari", title="Fuglestillingen")])
    db.flush()
    email = "kanari@example.no"
    db.add(PersonIdentifier(person_id=person_id, kind="email", value=email, first_seen_at=now, last_seen_at=now))
    db.add(PersonMatch(person_id=person_id, other_id=other.id, rule="email", found_at=now))


def _wish(db: Session, identity_id: str, municipality_id: str, now: datetime) -> None:
    """Let the canary have let an employer see a course, and have been refused to be erased."""
    course_id = db.scalars(select(Evidence.course_id).where(Evidence.identity_id == identity_id).limit(1)).one()
    person_id = db.get_one(Identity, identity_id).person_id or ""
    leave = SharingConsent(person_id=person_id, municipality_id=municipality_id, course_id=course_id, given_at=now)
    asked = ErasureRequest(identity_id=identity_id, asked_at=now)
    asked.outcome, asked.reason, asked.answered_at = "refused", "kanarisvar", now
    db.add_all([leave, asked])


def _cross(db: Session, person_id: str, municipality_id: str, now: datetime) -> None:
    """Let the canary be told of to another region, and by it: what counts, and what waits for the number."""
    region = Region(slug="vesteralen-her", name="Her")
    db.add(region)
    db.flush()
    peer = Peer(
        region_id=region.id, address="https://there.example.no/exchange/there", known_by="fingerprint", added_at=now
    )
    named = NamedEmployer(person_id=person_id, org_number="847737492", employee_ref="nr-8842-kanari", given_at=now)
    db.add_all([peer, named])
    db.flush()
    done = db.scalars(select(Completion).where(Completion.person_id == person_id).limit(1)).one()
    evidence = db.scalars(select(Evidence).where(Evidence.completion_id == done.id).limit(1)).one()
    sent = CrossingSent(
        peer_id=peer.id, org_number="847737492", completion_id=done.id, employee_ref="nr-8842-kanari", written_at=now
    )
    sent.record = {"employee_ref": "nr-8842-kanari"}
    counted, waiting = (
        CrossingReceived(
            peer_id=peer.id,
            record_id=letter * 32,
            revision=1,
            digest="0" * 64,
            municipality_id=municipality_id,
            received_at=now,
            state=state,
        )
        for letter, state in (("a", "counted"), ("b", "waiting"))
    )
    counted.evidence_id = evidence.id
    waiting.employee_ref, waiting.document = "nr-7731-kanari", {"course": {"title": "kanarisvar"}}
    db.add_all([sent, counted, waiting])


def _take_part(db: Session, identity_id: str, person_id: str, now: datetime) -> None:
    """Let the canary lead a gathering that they stand in the list of, and ask for a task to be signed off."""
    course_id = db.scalars(select(Evidence.course_id).where(Evidence.person_id == person_id).limit(1)).one()
    held = Gathering(course_id=course_id, starts_at=now, ends_at=now, made_at=now, changed_at=now)
    held.instructor, held.made_by = f"{FIRST} {LAST}", identity_id
    asked = SignOffRequest(person_id=person_id, course_id=course_id, asked_at=now, identity_id=identity_id)
    db.add_all([held, asked])
    db.flush()
    part = GatheringAttendance(
        gathering_id=held.id, person_id=person_id, state="signed-up", signed_up_at=now, changed_at=now
    )
    part.changed_by = identity_id
    db.add(part)


def _enter_by_hand(db: Session, person_id: str, course_id: str, document: str, now: datetime) -> None:
    by_hand = Evidence(
        person_id=person_id,
        course_id=course_id,
        origin=MANUAL,
        source_key="nr-7731-kanari",
        note="kanarisvar",
        place="kanarisvar",
        reason="kanarisvar",
        file_name="kanarisvar.pdf",
        file_digest=document,
        completed_at=DONE_AT + timedelta(hours=1),
        recorded_at=now,
    )
    db.add(by_hand)
    db.flush()
    settle(db, {(person_id, course_id)}, now)


def _preview(identity_id: str, version_id: str, now: datetime) -> Preview:
    return Preview(
        identity_id=identity_id,
        version_id=version_id,
        origin="picker",
        secret_hash="1" * 64,
        created_at=now,
        expires_at=now,
        parts={"a": {"elements": {"cmi.comments": "kanarisvar"}, "session": "s"}},
        pieces=[{"session": "s", "seq": 2, "number": 0, "of": 2, "text": "kanarisvar"}],
    )


def dump(sidecar: Sidecar) -> str:
    """Return every cell of the database and every stored file, what is packed unpacked, as one text."""
    with sidecar.reading() as db:
        rows = [repr(tuple(row)) for table in METADATA.sorted_tables for row in db.execute(table.select())]
    files = [path for path in (sidecar.settings.data / "files").rglob("*") if path.is_file()]
    return "\n".join([*rows, *(_text(path.read_bytes()) for path in files)])


def _text(content: bytes) -> str:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def found_in(text: str) -> set[str]:
    """Return the words of the canary that a text holds, in small letters or large."""
    return {word for word in WORDS if word.lower() in text.lower()}
