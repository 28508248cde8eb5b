"""Judge what packages say by the rules of completion."""

import pytest

from sidecar.core.results import Result, Sco, judge, judge_sco, settle

SCO = Sco(id="a", title="A")


def status_12(status: str, **more: str) -> dict[str, str]:
    return {"cmi.core.lesson_status": status} | {f"cmi.core.{k.replace('__', '.')}": v for k, v in more.items()}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("passed", "completed"),
        ("completed", "completed"),
        ("failed", "failed"),
        ("browsed", "open"),
        ("incomplete", "open"),
        ("not attempted", "open"),
    ],
)
def test_scorm_12_is_complete_when_passed_or_completed(status: str, state: str) -> None:
    assert judge_sco("scorm-1.2", status_12(status)).state == state


@pytest.mark.parametrize(
    ("completion", "success", "state"),
    [
        ("completed", "unknown", "completed"),
        ("completed", "passed", "completed"),
        ("completed", "failed", "failed"),
        ("incomplete", "passed", "open"),
        ("incomplete", "failed", "failed"),
        ("unknown", "unknown", "open"),
        ("not attempted", "unknown", "open"),
    ],
)
def test_scorm_2004_is_complete_when_completed_and_not_failed(completion: str, success: str, state: str) -> None:
    elements = {"cmi.completion_status": completion, "cmi.success_status": success}
    assert judge_sco("scorm-2004-4th", elements).state == state


@pytest.mark.parametrize(
    ("status", "raw", "exit_", "finished", "settled"),
    [
        ("failed", "80", "", False, "passed"),
        ("passed", "79.9", "", False, "failed"),
        ("completed", "10", "", False, "failed"),
        ("incomplete", "90", "", False, "incomplete"),
        ("incomplete", "90", "", True, "passed"),
        ("incomplete", "90", "suspend", True, "incomplete"),
        ("browsed", "90", "", True, "browsed"),
        ("passed", "", "", True, "passed"),
    ],
)
def test_the_mastery_score_overrides(status: str, raw: str, exit_: str, finished: bool, settled: str) -> None:
    sco = Sco(id="a", title="A", mastery_score=80)
    elements = status_12(status, score__raw=raw, exit=exit_)
    assert settle("scorm-1.2", sco, elements, finished=finished)["cmi.core.lesson_status"] == settled


@pytest.mark.parametrize(("scaled", "state"), [("0.8", "completed"), ("0.79", "failed"), ("-1", "failed")])
def test_the_scaled_passing_score_overrides(scaled: str, state: str) -> None:
    sco = Sco(id="a", title="A", scaled_passing_score=0.8)
    said = {"cmi.completion_status": "completed", "cmi.success_status": "passed", "cmi.score.scaled": scaled}
    assert judge_sco("scorm-2004-3rd", settle("scorm-2004-3rd", sco, said, finished=False)).state == state


@pytest.mark.parametrize(("measure", "state"), [("0.75", "completed"), ("0.5", "open")])
def test_the_completion_threshold_overrides(measure: str, state: str) -> None:
    sco = Sco(id="a", title="A", completion_threshold=0.7)
    said = {"cmi.completion_status": "incomplete", "cmi.progress_measure": measure}
    assert judge_sco("scorm-2004-4th", settle("scorm-2004-4th", sco, said, finished=False)).state == state


@pytest.mark.parametrize(
    ("score", "scaled"),
    [
        ({}, None),
        ({"raw": "80"}, 0.8),
        ({"raw": ""}, None),
        ({"raw": "8", "max": "10"}, 0.8),
        ({"raw": "15", "min": "10", "max": "20"}, 0.5),
        ({"raw": "5", "min": "10", "max": "20"}, 0.0),
        ({"raw": "5", "max": "0"}, None),
    ],
)
def test_a_score_is_scaled_between_its_limits(score: dict[str, str], scaled: float | None) -> None:
    elements = {f"cmi.core.score.{name}": value for name, value in score.items()}
    assert judge_sco("scorm-1.2", elements).score == scaled


def test_a_scaled_score_below_zero_counts_as_zero() -> None:
    assert judge_sco("scorm-2004-4th", {"cmi.score.scaled": "-0.5", "cmi.score.raw": "70"}).score == 0.0


def test_an_attempt_needs_every_sco_and_its_score_is_their_mean() -> None:
    scos = [SCO, Sco(id="b", title="B"), Sco(id="c", title="C", is_asset=True)]
    first = {"a": status_12("passed", score__raw="60")}
    assert judge("scorm-1.2", scos, first) == Result("open", 0.6)
    both = {**first, "b": status_12("completed", score__raw="100")}
    assert judge("scorm-1.2", scos, both) == Result("completed", 0.8)
    assert judge("scorm-1.2", scos, {**first, "b": status_12("completed")}) == Result("completed", 0.6)
    assert judge("scorm-1.2", scos, {**first, "b": status_12("failed")}).state == "failed"


def test_a_package_of_assets_is_complete_when_each_was_opened() -> None:
    scos = [Sco(id="a", title="A", is_asset=True), Sco(id="b", title="B", is_asset=True)]
    assert judge("scorm-1.2", scos, {"a": {}}).state == "open"
    assert judge("scorm-1.2", scos, {"a": {}, "b": {}}).state == "completed"


def test_a_package_of_nothing_is_never_complete() -> None:
    assert judge("scorm-1.2", [], {}).state == "open"
