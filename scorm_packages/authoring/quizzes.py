"""Read quizzes: the questions that count, and by which rules."""

from __future__ import annotations

from html import escape

from markdown_it.tree import SyntaxTreeNode

from scorm_packages.authoring.course_source import Quiz
from scorm_packages.authoring.fact_problems import BadValueError
from scorm_packages.authoring.question_problems import DrawTooManyError, QuizEmptyError
from scorm_packages.authoring.settings import Settings, read_settings
from scorm_packages.authoring.words import word
from scorm_packages.authoring.writer import Writer, block_words

MOST_TRIES = 100
MOST_DRAWN = 1_000
SHUFFLE = {"yes": True, "no": False}


def write_quiz(writer: Writer, node: SyntaxTreeNode) -> str:
    """Note a quiz and its questions, and return its HTML."""
    context = writer.context
    context.numbering.quizzes += 1
    quiz_id, line = f"z{context.numbering.quizzes}", writer.line(node)
    settings = read_settings(writer, node, ("pass", "tries", "draw", "shuffle"))
    context.quiz = []
    html = writer.write(settings.rest)
    question_ids, context.quiz = tuple(context.quiz), None
    title = block_words(node) or word(context.language, "quiz")
    draw = settings.number(writer, "draw", "draw: 5", MOST_DRAWN) or None
    if not question_ids:
        writer.tell(QuizEmptyError, line)
    elif draw and draw > len(question_ids):
        writer.tell(DrawTooManyError, settings.given["draw"].line, draw=draw, count=len(question_ids))
    context.quizzes.append(
        Quiz(
            quiz_id,
            title,
            question_ids,
            settings.number(writer, "pass", "pass: 80", 100),
            settings.number(writer, "tries", "tries: 3", MOST_TRIES) or 0,
            draw,
            _shuffle(writer, settings),
        )
    )
    return f'<div data-quiz="{quiz_id}"><h2>{escape(title)}</h2>{html}</div>'


def _shuffle(writer: Writer, settings: Settings) -> bool:
    setting = settings.given.get("shuffle")
    if setting is None:
        return False
    if setting.value not in SHUFFLE:
        writer.tell(BadValueError, setting.line, key="shuffle", example="shuffle: yes")
    return SHUFFLE.get(setting.value, False)
