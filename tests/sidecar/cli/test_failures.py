"""A refused launch is found by the reference on the learner's page: why, what the LMS said, what to do."""

import pytest

from sidecar.core.launches import record_failure
from sidecar.runtime import Sidecar
from tests.sidecar.cli.console import run, run_json

pytestmark = pytest.mark.usefixtures("environment")

CLAIMS = [{"name": "iss", "value": "https://lms.example"}, {"name": "sub", "kind": "text", "size": "4"}]


@pytest.fixture(autouse=True)
def _two_refused(sidecar: Sidecar) -> None:
    facts = {"claim": "sub"}
    with sidecar.transaction() as db:
        for reference in ("7K3M9QXA", "AAAAAAA0"):
            record_failure(
                db,
                "claim-missing",
                facts,
                reference=reference,
                platform_id=None,
                now=sidecar.now(),
                claims=CLAIMS,
            )


def test_the_newest_are_listed() -> None:
    assert {row["reference"] for row in run_json("platform", "failures")} == {"7K3M9QXA", "AAAAAAA0"}


@pytest.mark.parametrize("typed", ["7k3m 9qxa", "7K3M9QXA", " 7k3m-9qxa "])
def test_one_is_found_however_it_is_typed(typed: str) -> None:
    found = run_json("platform", "failures", typed)
    assert (found["reference"], found["code"], found["facts"]) == ("7K3M9QXA", "claim-missing", {"claim": "sub"})
    assert found["reason"].startswith("The LMS left out something every launch must have.")
    assert found["what_to_do"].startswith("The LMS breaks the standard here.")
    assert found["claims"] == CLAIMS


def test_letters_that_look_like_digits_are_read_as_those() -> None:
    assert run_json("platform", "failures", "aaaaaaao")["reference"] == "AAAAAAA0"


def test_a_person_reads_the_claims() -> None:
    told = run("platform", "failures", "7k3m9qxa").stdout
    assert "iss: https://lms.example" in told
    assert "sub: ••• (text, ≤ 4)" in told


def test_an_unknown_reference_says_where_else_to_look() -> None:
    result = run("platform", "failures", "ZZZZZZZZ")
    assert result.exit_code == 1
    assert "in the log only" in result.stderr
