"""Say why a package could not be built; what is wrong in a source itself, `SourceError` says."""

from __future__ import annotations

from scorm_packages.errors import PackageError


class BuildError(PackageError):
    """The package could not be built."""

    code = "build-failed"


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


class TooManyPartsError(BuildError):
    """The question in {place} has more than {limit} options, pairs or steps. Make several questions of it."""

    code = "build-too-many-parts"
