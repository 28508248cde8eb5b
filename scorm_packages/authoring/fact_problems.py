"""Name what can be wrong in `course.toml` and in the front matter of pages."""

from __future__ import annotations

from scorm_packages.authoring.problems import SourceProblem


class BrokenTomlError(SourceProblem):
    """This is not valid TOML ({reason}). Look for a missing quotation mark, bracket or comma."""

    code = "source-broken-toml"


class FrontMatterOpenError(SourceProblem):
    """The front matter begins with “+++”, but no second “+++” ends it. Add a line with “+++” below it."""

    code = "source-front-matter-open"


class UnknownKeyError(SourceProblem):
    """Nothing is called “{key}” here. What can be said: {known}."""

    code = "source-unknown-key"


class KeyMissingError(SourceProblem):
    """“{key}” is missing. Add a line such as: {example}"""

    code = "source-key-missing"


class BadValueError(SourceProblem):
    """The value of “{key}” cannot be used. Write it like this: {example}"""

    code = "source-bad-value"


class TextNotTranslatedError(SourceProblem):
    """“{key}” has no text in “{language}”. Every text is needed in every language of the course."""

    code = "source-text-not-translated"


class LanguageNotListedError(SourceProblem):
    """“{key}” has a text in “{language}”, which is not one of the course's languages. List it, or take the text out."""

    code = "source-language-not-listed"


class TextTooLongError(SourceProblem):
    """“{key}” is longer than {limit} characters. Shorten it."""

    code = "source-text-too-long"


class NothingDecidesError(SourceProblem):
    """The pass mark is {percent} per cent, but no page has a quiz. Add a quiz, or take “pass_mark” out."""

    code = "source-nothing-decides"
