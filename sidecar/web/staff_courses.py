"""Let staff upload courses, see what the check says, and say what they are about."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path

from babel import Locale
from flask import Blueprint, render_template, request
from werkzeug.datastructures import FileStorage
from werkzeug.utils import redirect, secure_filename
from werkzeug.wrappers import Response

from sidecar import tool
from sidecar.catalogue import AddedVersion, PackageNotPlayableError, PackageRejectedError, add_package, key_in
from sidecar.core.allowances import AllowanceUsedError, allowance_of
from sidecar.core.course_facts import facts_of, list_subjects
from sidecar.core.course_life import is_own
from sidecar.core.courses import OWN, PATH, list_versions, playing_version_id
from sidecar.core.dead_links import list_dead
from sidecar.core.staff_courses import (
    BadCourseKeyError,
    CourseKeyTakenError,
    CourseLanguageError,
    SummaryTooLongError,
    describe,
    find_course_of,
    key_for_upload,
    list_courses_of,
    list_owners,
    may_publish,
    remove_version,
    status_of,
)
from sidecar.errors import ConflictError, SidecarError
from sidecar.web.access import audience, current, sidecar
from sidecar.web.findings import barrier_lines, finding_lines, standard_name
from sidecar.web.forms import FileMissingError
from sidecar.web.rendering import locale
from sidecar.web.staff_browser_checks import browser_lines
from sidecar.web.staff_menu import SEES_COURSES
from sidecar.web.uploads import folder_for_upload, keep

STEM_CHARACTERS = 80
SEARCH_LIMIT = 200
COURSE_LANGUAGES = ("nb", "nn", "en", "se", "sv", "da", "pl", "uk")

blueprint = Blueprint("staff_courses", __name__)


@blueprint.get("/staff/courses")
@audience(*SEES_COURSES)
def show_all() -> str:
    """List the courses, all or those that are looked for."""
    words, subject, status = (request.args.get(name, "")[:SEARCH_LIMIT].strip() for name in ("q", "subject", "status"))
    today = sidecar().today()
    with sidecar().reading() as db:
        every = list_courses_of(db, current().viewer)
        subjects = list_subjects(db, current().viewer)
    lines = [line for line in every if line.fits(words, subject, status, today)]
    return render_template(
        "staff/courses.html",
        lines=lines,
        has_any=bool(every),
        today=today,
        subjects=subjects,
        words=words,
        subject=subject,
        status=status,
    )


@blueprint.get("/staff/courses/new")
@audience(*SEES_COURSES)
def ask_for_package() -> str:
    """Show the form that uploads a new course."""
    return _form()


@blueprint.post("/staff/courses")
@audience(*SEES_COURSES, body_bytes=None)
def add() -> Response | tuple[str, int]:
    """Check an uploaded package and add it as a draft of a new course."""
    form = request.form
    key, title, owner = (form.get(name, "").strip() for name in ("key", "title", "owner"))
    try:
        return _upload(key=key, title=title, owner=owner)
    except (BadCourseKeyError, ConflictError, CourseKeyTakenError, FileMissingError) as error:
        return _form(problem=error, key=key, title=title, owner=owner), 400


@blueprint.get("/staff/courses/<key>")
@audience(*SEES_COURSES)
def show(key: str) -> str | Response:
    """Show a course: what to paste in the LMS, its versions, what the check said; others than ours have none."""
    with sidecar().reading() as db:
        kind = find_course_of(db, current().viewer, key).kind
    if kind != OWN:
        return redirect(f"/staff/paths/{key}" if kind == PATH else f"/staff/courses/{key}/validity", 303)
    return _page(key)


def _page(key: str, *, problem: SidecarError | None = None, summary: str | None = None) -> str:
    viewer, today = current().viewer, sidecar().today()
    with sidecar().reading() as db:
        course = find_course_of(db, viewer, key)
        versions, playing_id = list_versions(db, course.id), playing_version_id(db, course.id)
        playing = next((each for each in versions if each.id == playing_id), None)
        return render_template(
            "staff/course.html",
            course=course,
            problem=problem,
            summary=course.summary or "" if summary is None else summary,
            package_bytes=sidecar().settings.package_bytes,
            facts=facts_of(course),
            versions=versions,
            playing=playing,
            dead_links=list_dead(db, playing.id) if playing else [],
            status=status_of(course, versions[0] if versions else None, playing, today),
            launch_url=tool.launch_url(sidecar().settings),
            is_shared_host=not sidecar().settings.content_is_per_version,
            may_publish=may_publish(viewer, course),
            languages=_languages(course.language or ""),
            finding_lines=finding_lines,
            barrier_lines=barrier_lines,
            browser_line=browser_lines(db, course),
            standard_name=standard_name,
            is_own=partial(is_own, viewer),
            allowance=allowance_of(db, course.municipality_id),
        )


def _languages(spoken: str) -> list[tuple[str, str]]:
    """Return the languages to choose from, (code, name); one that a package brought along is among them."""
    names = Locale.parse(locale()).languages
    codes = [*COURSE_LANGUAGES, *([spoken] if spoken and spoken not in COURSE_LANGUAGES else [])]
    return [(code, str(names.get(code.split("-")[0], code))) for code in codes]


@blueprint.post("/staff/courses/<key>/summary")
@audience(*SEES_COURSES)
def change_summary(key: str) -> Response | tuple[str, int]:
    """Change what teachers read who choose among courses, and by which language they find it."""
    typed = request.form.get("summary", "")
    try:
        with sidecar().transaction() as db:
            spoken = request.form.get("language")
            describe(db, current().viewer, key, sidecar().now(), summary=typed, language=spoken)
    except (CourseLanguageError, SummaryTooLongError) as problem:
        return _page(key, problem=problem, summary=typed), 400
    return redirect(f"/staff/courses/{key}", 303)


@blueprint.post("/staff/courses/<key>/versions")
@audience(*SEES_COURSES, body_bytes=None)
def add_version(key: str) -> Response | tuple[str, int]:
    """Check an uploaded package and make it a draft of a course."""
    with sidecar().reading() as db:
        course = find_course_of(db, current().viewer, key)
    return _upload(key=course.key, title="", owner=course.municipality_id or "")


@blueprint.post("/staff/courses/<key>/versions/<int:number>/remove")
@audience(*SEES_COURSES)
def remove(key: str, number: int) -> Response:
    """Forget a version that nobody has begun."""
    with sidecar().transaction() as db:
        remove_version(db, current().viewer, key, number, sidecar().now())
    return redirect(f"/staff/courses/{key}", 303)


def _form(*, problem: SidecarError | None = None, key: str = "", title: str = "", owner: str = "") -> str:
    with sidecar().reading() as db:
        owners = list_owners(db, current().viewer)
    typed = {"problem": problem, "key": key, "title": title, "owner": owner}
    package_bytes = sidecar().settings.package_bytes
    return render_template("staff/course_new.html", owners=owners, package_bytes=package_bytes, **typed)


def _upload(*, key: str, title: str, owner: str) -> Response | tuple[str, int]:
    try:
        added = _add(_uploaded_file(), key=key, title=title, owner=owner)
    except PackageRejectedError as error:
        lines = finding_lines(asdict(each) for each in error.report.findings)
        return render_template("staff/course_rejected.html", error=error, lines=lines, key=key), 400
    except (AllowanceUsedError, PackageNotPlayableError) as error:
        return render_template("staff/course_rejected.html", error=error, lines=[], key=key), 400
    done = "uploaded" if added.is_new else "known"
    return redirect(f"/staff/courses/{added.key}?done={done}&version={added.number}#version-{added.number}", 303)


def _uploaded_file() -> FileStorage:
    file = request.files.get("package")
    if file is None or not file.filename:
        raise FileMissingError
    return file


def _add(file: FileStorage, *, key: str, title: str, owner: str) -> AddedVersion:
    """Keep the upload under its own name for as long as it is checked and stored."""
    viewer = current().viewer
    with folder_for_upload(sidecar().settings.data) as folder:
        name = Path(secure_filename(file.filename or ""))
        path = folder / f"{name.stem[:STEM_CHARACTERS] or 'package'}.zip"
        keep(file, path)
        key = key or key_in(sidecar(), path)
        with sidecar().reading() as db:
            allowed = key_for_upload(db, viewer, key=key, title=title or path.stem, municipality_id=owner or None)
        return add_package(
            sidecar(),
            path,
            key=allowed,
            title=title or None,
            municipality_id=owner or None,
            uploaded_by=viewer.identity_id,
            viewer=viewer,
            is_published=False,
        )
