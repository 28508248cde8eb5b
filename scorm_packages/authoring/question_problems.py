"""Name what can be wrong with questions and quizzes, and between the languages of a course."""

from __future__ import annotations

from typing import Literal

from scorm_packages.authoring.problems import SourceProblem

Trait = Literal[
    "accepted numbers",
    "kinds of questions",
    "menu",
    "number of blanks",
    "number of options",
    "number of pairs",
    "number of questions",
    "number of quizzes",
    "number of steps",
    "number of text boxes",
    "right answers",
    "settings of a quiz",
]
"""In what the languages of a course can differ though they must not; each is translated."""


class QuestionEmptyError(SourceProblem):
    """The question asks nothing. Write the question above the answers."""

    code = "source-question-empty"


class QuestionKindError(SourceProblem):
    """There is no kind of question “{kind}”. Kinds: {known}."""

    code = "source-question-kind"


class NoAnswersError(SourceProblem):
    """The question has no answers to choose or give. Add them below it, for example: {example}"""

    code = "source-no-answers"


class KindMismatchError(SourceProblem):
    """The question is called “{kind}”, but its answers are those of “{found}”. Change one of them."""

    code = "source-kind-mismatch"


class SeveralAnswersError(SourceProblem):
    """The question has two sets of answers. Divide it into two questions."""

    code = "source-several-answers"


class NoRightAnswerError(SourceProblem):
    """No answer is marked as right. Put an x between the brackets of the right one: - [x] Answer"""

    code = "source-no-right-answer"


class SeveralRightError(SourceProblem):
    """A question of the kind “single” has one right answer. Mark one only, or leave the kind out."""

    code = "source-several-right"


class TooFewAnswersError(SourceProblem):
    """The question has only one answer to choose from. Write two at least."""

    code = "source-too-few-answers"


class OptionUnmarkedError(SourceProblem):
    """This answer has no “[ ]” or “[x]” in front. Mark each answer as wrong or right."""

    code = "source-option-unmarked"


class OptionContentError(SourceProblem):
    """An answer holds a line of text, and below it “> feedback”; nothing else. Move the rest into the question."""

    code = "source-option-content"


class OptionEmptyError(SourceProblem):
    """The answer has no text. Write what it says."""

    code = "source-option-empty"


class OptionTwiceError(SourceProblem):
    """“{text}” stands here twice. Write each answer once."""

    code = "source-option-twice"


class PairBrokenError(SourceProblem):
    """This is no pair. Write both sides with an arrow between: - Smoke => Crawl low"""

    code = "source-pair-broken"


class BlankEmptyError(SourceProblem):
    """The blank accepts no answer. Write the right ones between its braces, with “|” between them."""

    code = "source-blank-empty"


class BadNumberError(SourceProblem):
    """“{found}” is no number that can be asked for. Write: = 112, or = 20 ± 2, or = 10..20; a unit may follow."""

    code = "source-bad-number"


class QuizEmptyError(SourceProblem):
    """The quiz has no questions. Put blocks “question” into it."""

    code = "source-quiz-empty"


class DrawTooManyError(SourceProblem):
    """The quiz shall draw {draw} questions, but has {count}. Write more questions, or draw fewer."""

    code = "source-draw-too-many"


class LanguagesDifferError(SourceProblem):
    """The page is not the same in “{language}” as in “{main}”: {reason}. All languages ask the same."""

    code = "source-languages-differ"
