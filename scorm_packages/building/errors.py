"""Say why a package could not be built; what is wrong in a source itself, `SourceError` says."""

from __future__ import annotations

from typing import ClassVar


class BuildError(Exception):
    """The package could not be built."""

    code: ClassVar[str] = "build-failed"

    def __init__(self, **facts: object) -> None:
        self.facts = {name: str(value) for name, value in facts.items()}
        super().__init__()

    def __str__(self) -> str:
        return (type(self).__doc__ or "").format_map(self.facts)


class LanguageMissingError(BuildError):
    """The course is not written in “{language}”, but in: {languages}."""

    code = "build-language-missing"


class MediaChangedError(BuildError):
    """The file “{path}” changed, or went away, while the package was being built. Build again."""

    code = "build-media-changed"


class SchemasMissingError(BuildError):
    """The schemas that go into a SCORM package are not there. Run: python build_assets.py"""

    code = "build-schemas-missing"


class TargetNotWritableError(BuildError):
    """The package can't be written to “{path}”: {reason}"""

    code = "build-target-not-writable"
