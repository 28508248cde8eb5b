"""Say which courses an LMS may open and a teacher may pick for it, and find among them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Final

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from sidecar.core.course_facts import split_subjects
from sidecar.core.courses import KEY_CHARACTERS, OWN, PUBLISHED, Course, CourseVersion, playing_versions
from sidecar.core.municipalities import Municipality
from sidecar.core.paging import count_pages
from sidecar.core.platforms import PlatformMunicipality
from sidecar.core.statements import run
from sidecar.errors import NotFoundError

OF_A_PAGE: Final = 20
SHARED: Final = "-"
"""Stands for courses that belong to no single municipality, where a municipality is asked for."""

_AFTER_Z: Final = str.maketrans("æøå", "{|}")


@dataclass(frozen=True)
class Offer:
    """A course that can be picked, as the version that is published last and can be played is.

    `language`: without its country, e.g. `nb`; "" where it is not known. `municipality`: its name and slug, "" for
    shared courses; of a learning path the name of its region. `step_count`: of a learning path, 0 of what is none.
    """

    key: str
    title: str
    summary: str
    language: str
    municipality: str
    municipality_slug: str
    standard: str
    size_bytes: int
    version_id: str
    subjects: tuple[str, ...] = ()
    duration_minutes: int | None = None
    review_by: date | None = None
    step_count: int = 0

    def is_due(self, today: date) -> bool:
        """Tell whether somebody should look at the course before it is relied on."""
        return self.review_by is not None and self.review_by <= today


@dataclass(frozen=True)
class Search:
    """What somebody looks for; "" leaves it open."""

    words: str = ""
    language: str = ""
    municipality: str = ""
    page: int = 1
    subject: str = ""

    @property
    def is_narrow(self) -> bool:
        """Tell whether it leaves any course out."""
        return bool(self.words or self.language or self.municipality or self.subject)

    def fits(self, offer: Offer) -> bool:
        """Tell whether a course is what somebody looks for: every word is found in its title, key or summary."""
        text = f"{offer.title} {offer.key} {offer.summary}".casefold()
        return (
            self.language in ("", offer.language)
            and self.municipality in ("", offer.municipality_slug or SHARED)
            and (not self.subject or self.subject in offer.subjects)
            and all(word in text for word in self.words.casefold().split())
        )


@dataclass(frozen=True)
class Found:
    """A page of what was found, and what can be chosen to find less.

    `picked`: those chosen so far that stand on another page. `languages`, `municipalities` (slug → name), `subjects`:
    of all courses on offer.
    """

    offers: Sequence[Offer]
    picked: Sequence[Offer]
    count: int
    number: int
    pages: int
    languages: Collection[str] = field(default=())
    municipalities: Mapping[str, str] = field(default_factory=dict)
    has_shared: bool = False
    subjects: Collection[str] = field(default=())


def search(
    db: Session,
    platform_id: str,
    wanted: Search,
    picked: Collection[str],
    *,
    reviewed_only: bool,
    others: Sequence[Offer] = (),
) -> Found:
    """Find courses that an LMS may offer, by title; one query, however many there are.

    Args:
        picked: keys of those chosen so far.
        reviewed_only: count only versions that may play on a shared content host.
        others: what is found among the courses, such as learning paths.
    """
    every = _by_title([*_offers(db, _on_offer(platform_id, reviewed_only=reviewed_only)), *others])
    fitting = [offer for offer in every if wanted.fits(offer)]
    pages = count_pages(len(fitting), OF_A_PAGE)
    number = min(max(1, wanted.page), pages)
    shown = fitting[(number - 1) * OF_A_PAGE : number * OF_A_PAGE]
    places = sorted({(offer.municipality, offer.municipality_slug) for offer in every if offer.municipality_slug})
    return Found(
        offers=shown,
        picked=[offer for offer in every if offer.key in picked and offer not in shown],
        count=len(fitting),
        number=number,
        pages=pages,
        languages=sorted({offer.language for offer in every if offer.language}),
        municipalities={slug: name for name, slug in places},
        subjects=sorted({subject for offer in every for subject in offer.subjects}, key=str.casefold),
        has_shared=any(not offer.municipality_slug for offer in every),
    )


def find_course(db: Session, platform_id: str, key: str) -> Course:
    """Return a course that an LMS may open, by its key, as a copy; costs a launch one statement.

    Raises:
        NotFoundError: there is none, or it is not for this LMS.
    """
    row = run(db, _course_of_key(), platform_id=platform_id, key=key).one_or_none()
    if row is None:
        raise NotFoundError(what="course", key=key[:KEY_CHARACTERS])
    return Course(**row._mapping)


@cache
def _course_of_key() -> Select[Course]:
    return select(Course).where(Course.key == bindparam("key"), _is_for(bindparam("platform_id")))


def find_course_by_id(db: Session, platform_id: str, course_id: str) -> Course | None:
    """Return a course, as a copy, or None where an LMS may not open it (any more)."""
    row = run(db, _course_of_id(), platform_id=platform_id, course_id=course_id).one_or_none()
    return Course(**row._mapping) if row else None


@cache
def _course_of_id() -> Select[Course]:
    return select(Course).where(Course.id == bindparam("course_id"), _is_for(bindparam("platform_id")))


def list_courses(db: Session, platform_id: str) -> Sequence[Course]:
    """Return the courses that an LMS may open and that can be begun, by title."""
    published = select(CourseVersion.course_id).where(CourseVersion.state == PUBLISHED)
    can_begin = _is_for(platform_id), Course.retired_at.is_(None), Course.id.in_(published)
    return db.scalars(select(Course).where(*can_begin).order_by(Course.title, Course.key)).all()


def find_newest_course(db: Session, platform_id: str) -> Course | None:
    """Return the course for an LMS that was uploaded, or got a new version, last, and can be begun; or None."""
    can_begin = _is_for(platform_id), Course.retired_at.is_(None), CourseVersion.state == PUBLISHED
    uploaded = select(Course).join(CourseVersion, CourseVersion.course_id == Course.id).where(*can_begin)
    return db.scalar(uploaded.order_by(CourseVersion.uploaded_at.desc()).limit(1))


def _is_for(platform_id: str | BindParameter[str]) -> ColumnElement[bool]:
    """Return the condition that a course is one to play, and shared or of a municipality that the LMS speaks for."""
    spoken_for = select(PlatformMunicipality.municipality_id).where(PlatformMunicipality.platform_id == platform_id)
    return and_(Course.kind == OWN, or_(Course.municipality_id.is_(None), Course.municipality_id.in_(spoken_for)))


def find_offers(db: Session, platform_id: str, keys: Sequence[str], *, reviewed_only: bool) -> list[Offer]:
    """Return courses that an LMS may offer, in the order of the keys.

    Raises:
        NotFoundError: there is no such course, it can't be played, or it is not for this LMS.
    """
    found = list_offers(db, platform_id, keys, reviewed_only=reviewed_only)
    for key in keys:
        if key not in found:
            raise NotFoundError(what="course", key=key[:80])
    return [found[key] for key in keys]


def list_offers(db: Session, platform_id: str, keys: Collection[str], *, reviewed_only: bool) -> Mapping[str, Offer]:
    """Return those of some courses that an LMS may offer, by key."""
    query = _on_offer(platform_id, reviewed_only=reviewed_only).where(Course.key.in_(keys))
    return {offer.key: offer for offer in _offers(db, query)}


def manifest_of(db: Session, offer: Offer) -> Mapping[str, Any]:
    """Return the course tree of the version on offer."""
    manifest: Mapping[str, Any] = db.scalars(
        select(CourseVersion.manifest).where(CourseVersion.id == offer.version_id)
    ).one()
    return manifest


def pass_mark(manifest: Mapping[str, Any]) -> float | None:
    """Return the highest score that a part of a course demands, scaled 0..1; None where none says so.

    Source: SCORM 1.2 CAM 2.3.2.5 (`masteryscore`, 0 to 100); IMS Simple Sequencing 1.0, 3.2.7 (`minNormalizedMeasure`).
    """
    marks = [_mark(item) for item in _walk(manifest["items"])]
    return max((mark for mark in marks if mark is not None), default=None)


def _walk(items: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for item in items:
        yield item
        yield from _walk(item["children"])


def _mark(item: Mapping[str, Any]) -> float | None:
    if item["scaled_passing_score"] is not None:
        return float(item["scaled_passing_score"])
    return None if item["mastery_score"] is None else item["mastery_score"] / 100


def _on_offer(platform_id: str, *, reviewed_only: bool) -> Select[*tuple[Any, ...]]:
    """Return the query of the courses that can be played and are shared, or of a municipality the LMS speaks for."""
    playing = playing_versions(*([CourseVersion.reviewed_at.is_not(None)] if reviewed_only else []))
    columns = (
        *(Course.key, Course.title, Course.summary, Course.language),
        *(Municipality.name.label("municipality"), Municipality.slug),
        *(CourseVersion.standard, CourseVersion.size_bytes, CourseVersion.id),
        *(Course.subject, Course.duration_minutes, Course.review_by),
    )
    return (
        select(*columns)
        .join(playing, playing.c.course_id == Course.id)
        .join(CourseVersion, CourseVersion.id == playing.c.version_id)
        .outerjoin(Municipality, Municipality.id == Course.municipality_id)
        .where(_is_for(platform_id), Course.retired_at.is_(None))
    )


def _offers(db: Session, query: Select[*tuple[Any, ...]]) -> list[Offer]:
    return [_offer(*row) for row in db.execute(query)]


def _by_title(offers: Sequence[Offer]) -> list[Offer]:
    return sorted(offers, key=lambda offer: (offer.title.casefold().translate(_AFTER_Z), offer.key))


def _offer(
    key: str,
    title: str,
    summary: str | None,
    language: str | None,
    municipality: str | None,
    slug: str | None,
    standard: str,
    size_bytes: int,
    version_id: str,
    subject: str | None,
    duration_minutes: int | None,
    review_by: date | None,
) -> Offer:
    return Offer(
        key=key,
        title=title,
        summary=summary or "",
        language=bare(language),
        municipality=municipality or "",
        municipality_slug=slug or "",
        standard=standard,
        size_bytes=size_bytes,
        version_id=version_id,
        subjects=split_subjects(subject),
        duration_minutes=duration_minutes,
        review_by=review_by,
    )


def bare(language: str | None) -> str:
    """Return a language without its country, "" where it is not known."""
    return (language or "").partition("-")[0].lower()
