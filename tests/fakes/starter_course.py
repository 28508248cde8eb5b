"""Build a course of the starter catalogue in a test, as `sidecar package build` does: a twentieth of a second."""

from functools import cache
from pathlib import Path

from scorm_packages.authoring.course_source import CourseSource
from scorm_packages.authoring.source import read_source
from scorm_packages.building.package import build_package
from scorm_packages.building.standards import Standard

FOLDER = Path(__file__).parents[2] / "starter_courses"
KEYS = (
    *("brannvern", "hms-nyansatt", "informasjonssikkerhet", "klarsprak", "personvern", "smittevern", "taushetsplikt"),
)


@cache
def read_course(key: str) -> CourseSource:
    """Read the source of a course."""
    return read_source(FOLDER / key)


def build_course(key: str, standard: Standard, folder: Path) -> Path:
    """Write the package of a course and return its path, `<key>-<standard>.zip`."""
    folder.mkdir(parents=True, exist_ok=True)
    return build_package(read_course(key), folder / f"{key}-{standard}.zip", standard=standard).path
