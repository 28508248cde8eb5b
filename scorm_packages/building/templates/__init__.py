"""Fill in the templates of pages and manifests; whatever is no HTML yet is escaped."""

from __future__ import annotations

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

ENVIRONMENT: Final = Environment(
    loader=PackageLoader("scorm_packages.building", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
