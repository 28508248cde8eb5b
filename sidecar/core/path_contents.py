"""Say what a learning path holds: parts, one after the other, with steps that are about courses.

What is read here may come from another region's bundle, so that nothing of it is believed before it was looked at.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

from marshmallow import Schema, ValidationError, fields, post_load, validate
from marshmallow.exceptions import SCHEMA

from sidecar.core.courses import GATHERING, KEY, LINK, SUMMARY_CHARACTERS, TASK
from sidecar.core.short_texts import one_line
from sidecar.core.web_addresses import is_web_address
from sidecar.errors import SidecarError

StepKind = Literal["course", "task", "gathering", "link"]

KINDS: Final[tuple[StepKind, ...]] = get_args(StepKind)
OWN_KINDS: Final = (TASK, GATHERING, LINK)
"""The kinds of steps whose course is the path's own where the step names none."""

MOST_PARTS: Final = 30
MOST_STEPS: Final = 100
TITLE_CHARACTERS: Final = 200
NOTE_CHARACTERS: Final = 1000
URL_CHARACTERS: Final = 2000
STEP_KEY_CHARACTERS: Final = 40
FIELD_CHARACTERS: Final = 80
"""Of a field's name as somebody wrote it."""

LANGUAGES: Final = ("nb", "nn", "en", "se", "")


class PathContentError(SidecarError):
    """The learning path can't be used as it is: {field} – {reason}."""

    code = "path-content"


class PathFileError(SidecarError):
    """The file is no JSON: look at line {line}, column {column}."""

    code = "path-file"


class PathTooLargeError(SidecarError):
    """A learning path has at most {parts} parts and {steps} steps. Make two paths of it."""

    code = "path-too-large"


class NoStepsError(SidecarError):
    """The learning path has no step that anybody has to take. Add one, or let one not be optional."""

    code = "path-no-steps"


class StepTwiceError(SidecarError):
    """The step or part "{key}" stands in the learning path twice. Remove one of the two."""

    code = "path-step-twice"


class PartNeedsError(SidecarError):
    """The part "{part}" asks for {needs} of {steps} steps. Ask for at least one, and for no more than there are."""

    code = "path-part-needs"


class StepCourseError(SidecarError):
    """The step "{step}" names no course. Choose one."""

    code = "path-step-course"


class StepLinkError(SidecarError):
    """The address of the step "{step}" can't be used. Write it whole, like https://www.example.no/side."""

    code = "path-step-link"


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Attributes:
        key: tells the steps of a path apart, the same in every version.
        course: the key of the course whose completion is the step's; "" for the path's own course of the step, which
            only a task, a gathering and a link can have.
        title: "" is the course's.
        url: where a link leads; "" for others.
        is_optional: it may be left out where its part asks for all steps.
    """

    key: str
    kind: StepKind
    course: str = ""
    title: str = ""
    note: str = ""
    url: str = ""
    is_optional: bool = False


@dataclass(frozen=True)
class Part:
    """Steps that belong together; `needs`: how many of them are asked for, None for all that are not optional."""

    key: str
    title: str = ""
    needs: int | None = None
    steps: tuple[Step, ...] = ()

    @property
    def count_needed(self) -> int:
        """How many steps are asked for."""
        return len([one for one in self.steps if not one.is_optional]) if self.needs is None else self.needs


@dataclass(frozen=True)
class Content:
    """A learning path; `in_order`: a step opens once all that is asked for before it is done."""

    title: str
    summary: str = ""
    language: str = "nb"
    in_order: bool = False
    parts: tuple[Part, ...] = ()

    def steps(self) -> Iterator[Step]:
        """Yield every step, in order."""
        for part in self.parts:
            yield from part.steps


def course_key_of(path_key: str, step: Step) -> str:
    """Return the key of the course that a step is about."""
    return step.course or f"{path_key[: 79 - len(step.key)].rstrip('-')}-{step.key}"


def named(content: Content, path_key: str) -> Content:
    """Return a content in which every step names its course."""
    parts = (
        replace(part, steps=tuple(replace(one, course=course_key_of(path_key, one)) for one in part.steps))
        for part in content.parts
    )
    return replace(content, parts=tuple(parts))


def document_of(content: Content) -> dict[str, Any]:
    """Return a path's content as JSON keeps it."""
    document: dict[str, Any] = _ContentSchema().dump(content)
    return document


def content_of(document: Mapping[str, Any]) -> Content:
    """Return what was kept or sent as JSON.

    Raises:
        PathContentError: a field is unknown, is missing, or has a value that it can't have.
        PathTooLargeError: it has too many parts or steps.
        StepTwiceError, PartNeedsError, StepCourseError, StepLinkError: it says what can't be.
    """
    try:
        content: Content = _ContentSchema().load(document)
    except ValidationError as error:
        field, reason = first_fault(error.messages_dict)
        raise PathContentError(field=field, reason=reason[:300].rstrip(".")) from None
    _check(content)
    return content


def read_content(text: str) -> Content:
    """Return what was written as JSON.

    Raises:
        PathFileError: it is no JSON.
        SidecarError: as `content_of`.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise PathFileError(line=error.lineno, column=error.colno) from None
    except (ValueError, RecursionError):
        raise PathFileError(line=1, column=1) from None
    return content_of(document)


def check_content(content: Content) -> None:
    """Refuse what no path can be, which may have no steps as long as it is a draft.

    Raises:
        SidecarError: as `content_of`.
    """
    content_of(document_of(content))


def _check(content: Content) -> None:
    if len(content.parts) > MOST_PARTS or len(list(content.steps())) > MOST_STEPS:
        raise PathTooLargeError(parts=MOST_PARTS, steps=MOST_STEPS)
    _refuse_twice([one.key for one in content.parts])
    _refuse_twice([one.key for one in content.steps()])
    for part in content.parts:
        if part.needs is not None and not 1 <= part.needs <= len(part.steps):
            raise PartNeedsError(part=part.title or part.key, needs=part.needs, steps=len(part.steps))
        for step in part.steps:
            _check_step(step)


def refuse_empty(content: Content) -> None:
    """Refuse a path that asks nothing of anybody.

    Raises:
        NoStepsError: it does.
    """
    if not any(part.count_needed for part in content.parts):
        raise NoStepsError


def digest_of(content: Content) -> str:
    """Return the SHA-256, in hex, of a path's content, the same wherever it is kept."""
    return hashlib.sha256(canonical(document_of(content))).hexdigest()


def canonical(value: object) -> bytes:
    """Return JSON of which there is one form: keys in order, no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _refuse_twice(keys: Sequence[str]) -> None:
    for key in keys:
        if keys.count(key) > 1:
            raise StepTwiceError(key=key)


def _check_step(step: Step) -> None:
    if step.kind not in OWN_KINDS and not step.course:
        raise StepCourseError(step=step.title or step.key)
    if step.kind == LINK and not is_web_address(step.url):
        raise StepLinkError(step=step.title or step.key)


def first_fault(messages: Mapping[Any, Any], path: str = "") -> tuple[str, str]:
    """Return the first field that is wrong, as a path like parts.2.steps.1.url that counts from 0, and why."""
    key, said = next(iter(messages.items()))
    name = "" if key == SCHEMA else one_line(str(key))[:FIELD_CHARACTERS].strip()
    here = f"{path}.{name}".strip(".")
    return first_fault(said, here) if isinstance(said, dict) else (here or "document", " ".join(map(str, said)))


def _text(most: int, *, required: bool = False) -> fields.String:
    return fields.String(validate=[validate.Length(max=most), _is_tidy], required=required)


def _is_tidy(text: str) -> None:
    if any(not letter.isprintable() and letter != "\n" for letter in text):
        raise ValidationError("It has letters that can't be seen.")


def _is_said(text: str) -> None:
    if not text.strip():
        raise ValidationError("It is empty.")


_KEY = validate.And(
    validate.Length(max=STEP_KEY_CHARACTERS), validate.Regexp(re.compile(rf"\A{KEY.pattern}\Z", re.ASCII))
)


class _StepSchema(Schema):
    key = fields.String(required=True, validate=_KEY)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    course = fields.String(validate=validate.Regexp(re.compile(rf"\A({KEY.pattern})?\Z", re.ASCII)))
    title = _text(TITLE_CHARACTERS)
    note = _text(NOTE_CHARACTERS)
    url = _text(URL_CHARACTERS)
    is_optional = fields.Boolean(truthy={True}, falsy={False})

    @post_load
    def make(self, data: dict[str, Any], **_: object) -> Step:
        return Step(**data)


class _PartSchema(Schema):
    key = fields.String(required=True, validate=_KEY)
    title = _text(TITLE_CHARACTERS)
    needs = fields.Integer(strict=True, allow_none=True)
    steps = fields.List(fields.Nested(_StepSchema))

    @post_load
    def make(self, data: dict[str, Any], **_: object) -> Part:
        return Part(**data | {"steps": tuple(data.get("steps", ()))})


class _ContentSchema(Schema):
    title = fields.String(required=True, validate=[validate.Length(max=TITLE_CHARACTERS), _is_tidy, _is_said])
    summary = _text(SUMMARY_CHARACTERS)
    language = fields.String(validate=validate.OneOf(LANGUAGES))
    in_order = fields.Boolean(truthy={True}, falsy={False})
    parts = fields.List(fields.Nested(_PartSchema))

    @post_load
    def make(self, data: dict[str, Any], **_: object) -> Content:
        return Content(**data | {"parts": tuple(data.get("parts", ()))})
