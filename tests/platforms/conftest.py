"""Fixtures of the independent platforms: each runs as a process, the tool's web server as another."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lti.fetching import Fetch
from lti.login import Registration
from lti.services import AccessTokens
from practice_lms.sidecar_process import SidecarProcess
from scorm_packages.building.standards import Standard
from sidecar import tool
from sidecar.catalogue import add_package
from sidecar.cli import main
from sidecar.core import platforms
from sidecar.core.launches import FailedLaunch, Launch
from sidecar.core.municipalities import Municipality, add_municipality
from sidecar.core.outbox import OutboxItem
from sidecar.runtime import Sidecar
from sidecar.settings import read_settings
from tests.fakes.ports import free_port
from tests.fakes.starter_course import build_course
from tests.fakes.worker import perform_waiting
from tests.lacking import lack
from tests.platforms.xblock.environment import MakingFailedError, ensure
from tests.platforms.xblock.running import Xblock, running
from tests.platforms.xblock.visitor import Visitor
from tests.sidecar.cli.conftest import _put_the_log_back as _put_the_log_back

COURSES: dict[str, Standard] = {"informasjonssikkerhet": "scorm-2004", "brannvern": "scorm-1.2"}
NAME = "xblock"


class Web(SidecarProcess):
    """The web server alone: jobs run in the test when it says so."""

    part = "web"


@dataclass(frozen=True)
class Connected:
    """The platform, and the tool that knows it: its web server, and `sidecar` on the same data.

    Attributes:
        env: what the tool's commands find in their environment.
    """

    platform: Xblock
    sidecar: Sidecar
    env: Mapping[str, str]

    def visitor(self, name: str) -> Visitor:
        """Somebody who has signed in to the platform."""
        one = Visitor(self.platform.url, name)
        one.log_in()
        return one

    def launches(self) -> list[Launch]:
        with self.sidecar.reading() as db:
            return db.query(Launch).order_by(Launch.launched_at).all()

    def refusals(self) -> list[str]:
        """The codes of refused launches, oldest first."""
        with self.sidecar.reading() as db:
            return [one.code for one in db.query(FailedLaunch).order_by(FailedLaunch.failed_at)]

    @property
    def fetch(self) -> Fetch:
        """The tool's one way out."""
        return tool.lti_fetch(self.sidecar)

    def registration(self) -> Registration:
        """What the tool knows of the platform."""
        with self.sidecar.reading() as db:
            return tool.registration_of(db, platforms.find_platform(db, NAME))

    def token(self, *scopes: str) -> str:
        """An access token that the platform gives the tool."""
        tokens = AccessTokens(self.fetch, self.sidecar.now)
        return tokens.token(self.registration(), scopes, tool.active_tool_key(self.sidecar))

    def command(self, *arguments: str) -> tuple[int, Any]:
        """Type a command of the tool; return its exit code and what it told."""
        typed = CliRunner().invoke(main, [*arguments, "--json"], env=self.env)
        assert typed.stdout, typed.stderr
        return typed.exit_code, json.loads(typed.stdout)

    def count(self) -> tuple[int, int]:
        """How many launches came in, and how many were refused."""
        return len(self.launches()), len(self.refusals())

    def run_jobs(self) -> dict[str, tuple[str, str | None]]:
        """Do all that waits, and return the state and the code of each by what it is about."""
        due = perform_waiting(self.sidecar)
        with self.sidecar.reading() as db:
            done = db.query(OutboxItem).filter(OutboxItem.id.in_(due))
            return {one.subject: (one.state, one.error_code) for one in done}


@pytest.fixture(scope="session")
def xblock_python() -> Path:
    """The Python of the platform's environment, made here where `make platforms` was not run."""
    try:
        return ensure()
    except MakingFailedError as problem:
        lack(f"lti-consumer-xblock can't be installed: {problem}")


@pytest.fixture(scope="package")
def xblock(xblock_python: Path, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    """The platform and the tool, connected; once for all tests of this folder."""
    folder, place = tmp_path_factory.mktemp("tool"), tmp_path_factory.mktemp("xblock")
    web = Web(folder, free_port())
    web.env["SIDECAR_ALLOWED_PRIVATE"] = "localhost"
    data = Path(web.env["SIDECAR_DATA"])
    data.mkdir(mode=0o700)
    shutil.copy(migrated_sqlite, data / "sidecar.sqlite3")
    platform = running(xblock_python, place, tool=web.url, course="informasjonssikkerhet")
    with ExitStack() as stack, ThreadPoolExecutor() as side_by_side:
        sidecar = stack.enter_context(closing(Sidecar(read_settings(web.env))))
        has_platform = side_by_side.submit(stack.enter_context, platform)
        has_web = side_by_side.submit(stack.enter_context, web)
        for key, standard in COURSES.items():
            add_package(sidecar, build_course(key, standard, folder), key=key, is_published=True)
        register(sidecar, has_platform.result())
        has_web.result()
        yield Connected(has_platform.result(), sidecar, web.env)


def register(sidecar: Sidecar, platform: Xblock) -> None:
    """Register the platform by hand, as Open edX knows no dynamic registration."""
    with sidecar.transaction() as db:
        new = Municipality(org_number="942402465", slug="kongsberg", name="Kongsberg kommune", created_at=sidecar.now())
        add_municipality(db, new)
    facts = platform.facts
    request = tool.PlatformRequest(
        name=NAME,
        issuer=facts["issuer"],
        client_id=facts["client_id"],
        auth_url=facts["auth_url"],
        token_url=facts["token_url"],
        jwks_url=facts["jwks_url"],
        deployment_ids=(facts["deployment_id"],),
        municipalities=("kongsberg",),
    )
    tool.register_platform(sidecar, request)
