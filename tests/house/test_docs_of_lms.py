"""What an LMS is asked for, and what is typed where, stands in docs/moodle.md as it is in the code."""

import re

import pytest

from sidecar.settings import Settings
from sidecar.tool import addresses
from sidecar.tool.introducing import WANTED_CLAIMS, WANTED_SCOPES, describe_tool
from tests.house.sources import ROOT
from tests.house.test_docs import every_command

MOODLE = (ROOT / "docs" / "moodle.md").read_text("utf-8")
PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text("utf-8") for name in ("moodle", "open-edx", "canvas")}
SETTINGS = Settings(data=ROOT, public_url="https://<sidecar>", content_url="", database_url="")


def asked_for() -> dict[str, str]:
    """Return the first column of the table of personal data by each name in it, with the rest of its row."""
    chapter = MOODLE.partition("## Personal data: what is asked for, and why")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \| (.+ \| .+) \|$", chapter, re.MULTILINE)
    return {name: rest for first, rest in rows for name in re.findall(r"`([^`]+)`", first)}


def test_every_claim_and_scope_that_is_asked_for_is_explained_and_no_other() -> None:
    assert set(asked_for()) == {*WANTED_CLAIMS, *WANTED_SCOPES}


@pytest.mark.parametrize("name", [*WANTED_CLAIMS, *WANTED_SCOPES])
def test_each_says_what_it_is_for_and_what_is_lost_without(name: str) -> None:
    reason, _, loss = asked_for()[name].partition(" | ")
    assert len(reason.split()) > 2
    assert len(loss.split()) > 1


def test_an_lms_is_asked_for_what_the_table_explains() -> None:
    tool = describe_tool(SETTINGS)
    assert {*tool.scopes, *tool.claims} == set(asked_for())


@pytest.mark.parametrize("page", PAGES)
def test_the_addresses_to_paste_are_ours(page: str) -> None:
    pasted = set(re.findall(r"`(https://<sidecar>/[^`]+)`", PAGES[page]))
    assert pasted == {value for value in addresses(SETTINGS).values() if value.startswith("https:")}


@pytest.mark.parametrize("page", PAGES)
def test_every_option_of_registering_by_hand_is_named(page: str) -> None:
    add = dict(every_command())["sidecar platform add"]
    needed = {one.opts[0] for one in add.params if one.required}
    assert {option for option in needed if f"{option} " not in PAGES[page]} == set()
