"""Make a sidecar ready for the practice LMS: `python -m practice_lms.installing --folder FOLDER`.

The commands run in the environment of the caller, so that they reach the sidecar that its SIDECAR_* variables name.
What is there already is left alone.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from practice_lms.config import Config
from practice_lms.errors import PracticeError
from practice_lms.people import KONGSBERGREGIONEN, Municipality, Region, write_people_csv
from practice_lms.sidecar_commands import SidecarCommands

PLATFORM_NAME = "Øvings-LMS"
CATALOGUE = Path(__file__).parents[1] / "starter_courses"
"""The sources of the courses; wheels carry them beside this package."""

COURSES = {
    "informasjonssikkerhet": "scorm-2004",
    "brannvern": "scorm-1.2",
    "personvern": "scorm-2004",
    "taushetsplikt": "scorm-2004",
    "smittevern": "scorm-1.2",
    "hms-nyansatt": "scorm-2004",
    "klarsprak": "scorm-2004",
}
DEFAULT_ADDRESS = "http://lms.localhost:8100"
AT_ONCE = 4
"""A command takes a second or more, nearly all of it to start: several at once make use of all cores."""

Item = TypeVar("Item")


class Place(Protocol):
    """Say where to install: a folder for files, a sidecar's command line, an LMS."""

    @property
    def folder(self) -> Path:
        """Return the folder for people files and packages."""

    @property
    def sidecar(self) -> SidecarCommands:
        """Return the command line of the sidecar."""

    @property
    def config(self) -> Config:
        """Return how the LMS was made."""

    @property
    def region(self) -> Region:
        """Return whose sidecar and LMS they are."""

    def reports_of(self, slug: str) -> Path:
        """Return the folder where a municipality's reports arrive."""


@dataclass(frozen=True)
class Installation:
    """Hold a sidecar that runs somewhere, and an LMS that will."""

    folder: Path
    sidecar: SidecarCommands
    config: Config
    region: Region = KONGSBERGREGIONEN

    def reports_of(self, slug: str) -> Path:
        """Return the folder where a municipality's reports arrive."""
        return self.folder / "reports" / slug


def main() -> None:
    """Add municipalities, people, the LMS, courses and channels; exit code 1 where it didn't work."""
    options = _read_options()
    config = Config(issuer=options.issuer, service_url=options.service_url or options.issuer)
    try:
        install(Installation(options.folder.resolve(), SidecarCommands(os.environ), config))
    except PracticeError as error:
        sys.exit(str(error))


def install(place: Place) -> None:
    """Add everything, once."""
    if any(platform["issuer"] == place.config.issuer for platform in place.sidecar.run("platform", "list")):
        tell(f"The LMS {place.config.issuer} is there already")
        return
    add_municipalities(place)
    add_courses(place)
    add_connections(place)
    add_platform(place)


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("practice_lms.installing", description="Make a sidecar ready to practise on.")
    parser.add_argument("--folder", type=Path, required=True, help="for people files, packages and reports")
    parser.add_argument("--issuer", default=DEFAULT_ADDRESS, help="the LMS as browsers see it")
    parser.add_argument("--service-url", help="the LMS as the sidecar reaches it (default: the same)")
    return parser.parse_args()


def add_municipalities(place: Place) -> None:
    """Add the municipalities of the region and import their people."""
    people = place.folder / "people"
    people.mkdir(parents=True)

    def add(one: Municipality) -> None:
        facts = ("--name", f"{one.name} kommune", "--slug", one.slug, "--language", one.language)
        place.sidecar.run("municipality", "add", one.organisation_number, *facts, "--region", place.region.slug)
        file = people / f"{one.slug}.csv"
        file.write_bytes(write_people_csv(one))
        place.sidecar.run("people", "import", str(file), "--municipality", one.slug)

    _do_each(add, place.region.municipalities)
    tell(f"Added {', '.join(one.name for one in place.region.municipalities)} and their people")


def add_platform(place: Place) -> None:
    """Register the practice LMS, which speaks for all municipalities of the region."""
    config = place.config
    speaks_for = [word for one in place.region.municipalities for word in ("--municipality", one.slug)]
    place.sidecar.run(
        *("platform", "add", "--name", PLATFORM_NAME, "--issuer", config.issuer),
        *("--client-id", config.client_id, "--deployment-id", config.deployment_id),
        *("--auth-url", config.auth_url, "--token-url", config.token_url, "--jwks-url", config.jwks_url),
        *speaks_for,
    )
    tell(f"Registered the LMS {config.issuer}")


def add_courses(place: Place) -> None:
    """Build the starter courses from their sources, and add them."""
    packages = place.folder / "packages"
    packages.mkdir(parents=True)

    def add(key: str) -> None:
        package, standard = str(packages / f"{key}.zip"), COURSES[key]
        place.sidecar.run("package", "build", str(CATALOGUE / key), "--output", package, "--standard", standard)
        place.sidecar.run("package", "add", package, "--key", key)
        tell(f"Built and added the course {key} ({standard})")

    _do_each(add, COURSES)


def add_connections(place: Place) -> None:
    """Give every municipality a folder to receive reports in."""

    def add(one: Municipality) -> None:
        folder = place.reports_of(one.slug)
        folder.mkdir(parents=True)
        place.sidecar.run("connection", "add", "folder", "--municipality", one.slug, "--set", f"folder={folder}")

    _do_each(add, place.region.municipalities)
    tell("Every municipality has a folder for its reports")


def _do_each(step: Callable[[Item], None], items: Iterable[Item]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(step, items))  # raises what a step raised


def tell(text: str) -> None:
    """Say a line about a step that is done."""
    print(f"* {text}", flush=True)


if __name__ == "__main__":
    main()
