"""Hold what one step of a test found, and say it in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, Final

from sidecar.language import N_, name_in_sentence, say_template, translator
from sidecar.tool.checks.message import Outcome
from sidecar.tool.checks.texts import AREAS, MESSAGES
from sidecar.tool.launch_advice import say_advice, say_reason

GONE: Final = N_("This step is no longer made. Test the connection again.")


@dataclass(frozen=True)
class Step:
    """What one step found.

    Attributes:
        code: says what, and with it the outcome; see `sidecar.tool.checks.texts`.
        facts: what goes into the text; stored, so never anybody's name or number unless the step is of a dry launch.
    """

    code: str
    facts: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """How it went."""
        return MESSAGES[self.code].outcome

    def as_json(self) -> dict[str, Any]:
        """Return the step as it is stored."""
        return {"code": self.code, "outcome": self.outcome, "facts": dict(self.facts)}


def step(code: str, **facts: str | int) -> Step:
    """Make a step; the facts are those of its text."""
    return Step(code, facts)


def is_passed(steps: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether no step failed."""
    return all(each["outcome"] != "failed" for each in steps)


def area_of(code: str) -> str:
    """Return the key of `AREAS` that a step belongs to; what is known no more belongs to the first."""
    return MESSAGES[code].area if code in MESSAGES else next(iter(AREAS))


def say_step(stored: Mapping[str, Any], lang: str) -> str:
    """Return what a stored step found and what to do about it, in a language."""
    message, facts = MESSAGES.get(stored["code"]), dict(stored["facts"])
    if message is None:
        return translator(lang)(GONE)
    if "refused_with" in facts:
        code = facts["refused_with"]
        facts["refusal"] = f"{say_reason(code, facts, lang)} {say_advice(code, lang)}"
    if "language" in facts:
        facts["language"] = name_in_sentence(str(facts["language"]), lang)
    unknown = {name: "…" for _, name, _, _ in Formatter().parse(message.text) if name}
    return say_template(message.text, unknown | facts, lang)
