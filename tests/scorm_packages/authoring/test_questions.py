"""Questions are read from text; what makes no sense is told with its line."""

from pathlib import Path

import pytest

from scorm_packages.authoring.course_source import Blank, Option, Quiz, Range
from tests.scorm_packages.authoring.sources import read_page, read_question, told_of


def test_one_right_answer_with_feedback_to_each(tmp_path: Path) -> None:
    question = read_question(
        tmp_path,
        "Hva gjør *du*?\n\n- [ ] Henter jakka\n  > Nei. Ut!\n- [x] Går ut\n\n> Slik.\n> right: Bra.\n> wrong: Les",
    )
    assert (question.kind, question.id, question.text, question.is_counted) == ("single", "q1", "Hva gjør du?", False)
    assert question.prompt == "<p>Hva gjør <em>du</em>?</p>"
    assert question.options == (Option("Henter jakka", False, "Nei. Ut!"), Option("Går ut", True))
    assert (question.feedback, question.right, question.wrong) == ("<p>Slik.</p>", "<p>Bra.</p>", "<p>Les</p>")


def test_several_right_answers(tmp_path: Path) -> None:
    question = read_question(tmp_path, "Hva?\n- [x] a\n- [X] b\n- [ ] c")
    assert question.kind == "multiple"
    assert [option.is_right for option in question.options] == [True, True, False]


@pytest.mark.parametrize(("word", "right"), [("true", [True, False]), ("false", [False, True])])
def test_a_statement_is_true_or_false(tmp_path: Path, word: str, right: list[bool]) -> None:
    question = read_question(tmp_path, "Røyk stiger.\n\n> right: Ja.", word)
    assert question.kind == "true-false"
    assert [option.is_right for option in question.options] == right


@pytest.mark.parametrize("word", ["", "fill-in"])
def test_blanks_to_fill_in(tmp_path: Path, word: str) -> None:
    question = read_question(tmp_path, "Ring {{110| hundre  og ti }}, så {{vent}}.", word)
    assert question.kind == "fill-in"
    assert question.blanks == (Blank(("110", "hundre og ti")), Blank(("vent",)))
    assert question.prompt == '<p>Ring <span data-blank="1"></span>, så <span data-blank="2"></span>.</p>'
    assert question.text == "Ring ____, så ____."


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("= 112", Range(112, 112)),
        ("= 20 ± 2 cm", Range(18, 22, "cm")),
        ("= 10..20", Range(10, 20)),
        ("= −3,5 +- 0,5 m per s", Range(-4, -3, "m per s")),
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_numbers(tmp_path: Path, text: str, asked: Range, gap: str) -> None:
    question = read_question(tmp_path, f"Hvor mye?{gap}{text}")
    assert (question.kind, question.range, question.prompt) == ("numeric", asked, "<p>Hvor mye?</p>")


def test_pairs_and_steps(tmp_path: Path) -> None:
    assert read_question(tmp_path, "Hva hører sammen?\n\n- Røyk => Krabb\n- *Ild* => Løp").pairs == (
        ("Røyk", "Krabb"),
        ("<em>Ild</em>", "Løp"),
    )
    ordering = read_question(tmp_path, "Når?\n\n1. Først\n2. Sist")
    assert (ordering.kind, ordering.steps) == ("ordering", ("Først", "Sist"))


def test_the_text_of_a_question_may_hold_lists_and_blocks(tmp_path: Path) -> None:
    text = ":::: question\nLes:\n\n1. a\n2. b\n\n::: note\nc\n:::\n\n- [x] d\n- [ ] e\n::::\n"
    [question] = read_page(tmp_path, text).questions
    assert question.kind == "single"
    assert "<ol><li>a</li>" in question.prompt
    assert 'data-kind="note"' in question.prompt


def test_a_quiz_counts_and_has_rules(tmp_path: Path) -> None:
    ask = "::: question true\na\n:::\n"
    page = read_page(
        tmp_path,
        f"{ask}\n:::: quiz Prøv <deg>\npass: 75\ntries: 3\ndraw: 1\nshuffle: yes\n\nLykke til.\n\n{ask}{ask}::::\n",
    )
    assert page.quizzes == (Quiz("z1", "Prøv <deg>", ("q2", "q3"), 75, 3, 1, True),)
    assert [question.is_counted for question in page.questions] == [False, True, True]
    assert page.html == (
        '<div data-question="q1"></div><div data-quiz="z1"><h2>Prøv &lt;deg&gt;</h2><p>Lykke til.</p>'
        '<div data-question="q2"></div><div data-question="q3"></div></div>'
    )


@pytest.mark.parametrize(
    ("word", "text", "wrong"),
    [
        ("", "Hva?\n\n- [ ] a\n- [ ] b", (1, "no-right-answer")),
        ("", "Hva?\n\n- [x] a", (4, "too-few-answers")),
        ("single", "Hva?\n\n- [x] a\n- [x] b", (1, "several-right")),
        ("", "Hva?\n\n- [x] a\n- b", (5, "option-unmarked")),
        ("", "Hva?\n\n- [] a\n- [x]b", (4, "option-unmarked")),
        ("", "Hva?\n\n- [x] a\n- [ ]\n- [ ] c", (5, "option-empty")),
        ("", "Hva?\n\n- [x] a\n- [ ] b\n\n      kode", (5, "option-content")),
        ("", "Hva?\n\n- [x] a\n- [ ] a", (5, "option-twice")),
        ("", "- [x] a\n- [ ] b", (1, "question-empty")),
        ("", "Hva?", (1, "no-answers")),
        ("numeric", "Hva?", (1, "no-answers")),
        ("fill-in", "Ring 110.", (1, "no-answers")),
        ("essay", "Hva?\n\n- [x] a\n- [ ] b", (1, "question-kind")),
        ("matching", "Hva?\n\n- [x] a\n- [ ] b", (1, "kind-mismatch")),
        ("", "Hva?\n\n- [x] a\n- [ ] b\n\nEller\n\n* [x] c\n* [ ] d", (1, "several-answers")),
        ("", "Hva?\n\n- a => b\n- c", (5, "pair-broken")),
        ("", "Hva?\n\n- a => b\n- c => b", (5, "option-twice")),
        ("", "Hva?\n\nRing {{ | }}", (4, "blank-empty")),
        ("", "Hva?\n\n= mange", (4, "bad-number")),
        ("", "Hva?\n\n= 20..10", (4, "bad-number")),
    ],
)
def test_a_question_that_cannot_be_asked(tmp_path: Path, word: str, text: str, wrong: tuple[int, str]) -> None:
    assert wrong in told_of(tmp_path, f"::: question {word}\n{text}\n:::\n")


@pytest.mark.parametrize(
    ("rules", "wrong"),
    [
        ("draw: 3", (2, "draw-too-many")),
        ("pass: 101", (2, "bad-value")),
        ("tries: mange", (2, "bad-value")),
        ("pass: 80\nshuffle: ja", (3, "bad-value")),
        ("color: red", (2, "unknown-setting")),
        ("pass: 80\npass: 90", (3, "unknown-setting")),
    ],
)
def test_a_rule_that_cannot_be_followed(tmp_path: Path, rules: str, wrong: tuple[int, str]) -> None:
    assert told_of(tmp_path, f":::: quiz\n{rules}\n\n::: question true\na\n:::\n::::\n") == [wrong]


def test_a_quiz_without_questions(tmp_path: Path) -> None:
    assert told_of(tmp_path, "::: quiz\nHei.\n:::\n") == [(1, "quiz-empty")]
