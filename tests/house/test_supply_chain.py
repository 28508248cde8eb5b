"""Everything that reaches production is known by name, hash and licence; an advisory is heard, silence is told."""

import json

import pytest

from tests.house import audit, licences
from tests.house.packages import packages
from tests.house.sbom import bill
from tests.house.sources import ROOT


def test_every_licence_is_known_and_judged() -> None:
    assert licences.unjudged() == []


@pytest.mark.parametrize(
    ("licence", "is_free"),
    [
        ("MIT", True),
        ("Apache-2.0 OR BSD-3-Clause", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("LGPL-3.0-only", False),
        ("GPL-2.0-or-later", False),
        ("", False),
    ],
)
def test_a_licence_is_free_if_one_of_its_options_is(licence: str, is_free: bool) -> None:
    assert licences.is_free(licence) is is_free


def test_no_reason_is_given_for_what_is_not_there() -> None:
    assert set(licences.REASONS) <= {one.name for one in packages()}


def test_the_page_of_licences_is_up_to_date() -> None:
    written = licences.PAGE.read_text("utf-8") if licences.PAGE.exists() else ""
    assert written == licences.page(), "run python -m tests.house.licences"


def test_the_bill_of_materials_names_everything_locked() -> None:
    told = json.loads(bill())
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert {one["purl"] for one in told["components"]} == {one.purl for one in packages()}
    assert [one["name"] for one in told["components"] if not one.get("hashes") or not one.get("licenses")] == []
    assert "://" not in json.dumps(told["components"])


def test_tests_and_audits_see_the_versions_that_production_has() -> None:
    wide = (ROOT / audit.LOCKS[0]).read_text("utf-8")
    assert [one for one in packages() if one.world == "pypi" and f"{one.name}=={one.version}" not in wide] == []


PIP_BAD = {"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "CVE-1"}]}]}
PIP_PARTLY = {"dependencies": [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "not found"}]}
NPM_BAD = {"vulnerabilities": {"a": {"severity": "high", "range": "<2"}}}


@pytest.mark.parametrize(
    ("text", "found", "is_silent"),
    [
        (json.dumps(PIP_BAD), ("a 1: CVE-1",), False),
        (json.dumps(PIP_PARTLY), (), True),
        (json.dumps({"dependencies": [{"name": "a", "version": "1", "vulns": []}]}), (), False),
        ("", (), True),
        ("[]", (), True),
    ],
)
def test_what_pip_audit_says_is_understood(text: str, found: tuple[str, ...], is_silent: bool) -> None:
    answer = audit.read_pip_audit("lock", text)
    assert (answer.found, bool(answer.silence)) == (found, is_silent)


@pytest.mark.parametrize(
    ("text", "found", "is_silent"),
    [
        (json.dumps(NPM_BAD), ("a <2: high",), False),
        (json.dumps({"vulnerabilities": {}}), (), False),
        (json.dumps({"message": "405 Method Not Allowed"}), (), True),
        ("", (), True),
    ],
)
def test_what_npm_audit_says_is_understood(text: str, found: tuple[str, ...], is_silent: bool) -> None:
    answer = audit.read_npm_audit("lock", text)
    assert (answer.found, bool(answer.silence)) == (found, is_silent)


@pytest.mark.parametrize(("found", "code"), [(("a 1: CVE-1",), 1), ((), 0)])
def test_only_what_is_found_fails(
    found: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "ask_python", lambda lock: audit.Answer(lock, found))
    monkeypatch.setattr(audit, "ask_npm", lambda: audit.Answer("package-lock.json", silence="no answer"))
    assert audit.main() == code
    said = capsys.readouterr().out
    assert "NOT AUDITED package-lock.json: no answer" in said
    assert ("VULNERABLE" in said) is bool(found)
