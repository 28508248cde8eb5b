"""Every message of a connection's test, and no other, is explained in docs/moodle.md; every refusal has its advice."""

import re

from lti.errors import LaunchError, LoginError, LtiError
from sidecar.core.platforms import PlatformInactiveError
from sidecar.errors import SidecarError
from sidecar.language import LANGUAGES
from sidecar.tool.checks.texts import MESSAGES
from sidecar.tool.launch_advice import ADVICE, say_advice, say_reason
from tests.house.messages import error_classes
from tests.house.sources import ROOT

CHAPTER = (ROOT / "docs" / "moodle.md").read_text("utf-8").partition("## What the connection test says")[2]
NAMES = {"ok": "in order", "warning": "have a look", "failed": "must be fixed", "skipped": "not tried"}
ONLY_BY_GET = {"not-a-launch"}


def test_every_step_is_explained_with_its_outcome() -> None:
    explained = dict(re.findall(r"^\| `([a-z-]+)` \| ([a-z ]+) \| .{10,} \|$", CHAPTER, re.MULTILINE))
    assert explained == {code: NAMES[message.outcome] for code, message in MESSAGES.items()}


def refusals() -> set[str]:
    """Return the codes a launch may be refused with."""
    launch = {kind.code for kind in error_classes() if issubclass(kind, LaunchError | LoginError)}
    web = {
        kind.code
        for kind in error_classes()
        if issubclass(kind, SidecarError) and kind.__module__ == "sidecar.web.launch.refusals"
    }
    inactive = {kind.code for kind in error_classes() if issubclass(kind, PlatformInactiveError)}
    return (launch | web | inactive) - {LaunchError.code, LoginError.code, LtiError.code} - ONLY_BY_GET


def test_every_refusal_has_its_advice() -> None:
    assert refusals() - set(ADVICE) == set()


def test_no_advice_is_out_of_date() -> None:
    known = {kind.code for kind in error_classes() if issubclass(kind, SidecarError | LtiError)}
    assert set(ADVICE) - known == set()


def test_every_refusal_can_be_said() -> None:
    for code in ADVICE:
        for lang in LANGUAGES:
            assert "{" not in say_reason(code, {}, lang) + say_advice(code, lang)
            assert say_reason(code, {}, lang) != code
