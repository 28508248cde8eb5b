"""Make the links that an LMS gets for what a teacher picked, as far as it takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from werkzeug.datastructures import MultiDict

from lti.deep_linking import Icon, LineItem, ResourceLink, WebLink
from sidecar import tool
from sidecar.core.deep_links import DeepLinkRequest
from sidecar.core.short_texts import one_line
from sidecar.runtime import Sidecar

TITLE_CHARACTERS: Final = 255
"""As long as Moodle lets the name of an activity be."""

ICON_PATH: Final = "/lti/icon.png"
ICON_PIXELS: Final = 128
TARGETS: Final = ("iframe", "window")


def targets_of(picker: DeepLinkRequest) -> list[str]:
    """Return in which ways of ours the LMS opens links: `iframe`, `window`.

    Source: LTI Deep Linking 2.0 §4.4.1 (`accept_presentation_document_targets`).
    """
    return [target for target in TARGETS if target in picker.settings["targets"]]


def may_grade(picker: DeepLinkRequest) -> bool:
    """Tell whether the LMS may make a column for what it gets."""
    return picker.settings["line_items"] is not False


def takes_links(picker: DeepLinkRequest) -> bool:
    """Tell whether the LMS takes links to other sites."""
    return bool(picker.settings.get("links"))


def title_in(form: MultiDict[str, str], name: str, title: str) -> str:
    """Return what an activity shall be called: what the form says under a name, else its own title."""
    return (one_line(form.get(f"title-{name}", "")) or title)[:TITLE_CHARACTERS]


def own_link(
    sidecar: Sidecar,
    picker: DeepLinkRequest,
    custom: Mapping[str, str],
    *,
    title: str,
    text: str,
    column: str = "",
    wished: str = "",
) -> ResourceLink:
    """Return a link to what the custom parameters name.

    Args:
        column: what the column of its grade belongs to; "" for no column.
        wished: the target that was asked for.
    """
    targets = targets_of(picker)
    return ResourceLink(
        title=title,
        text=text,
        url=tool.launch_url(sidecar.settings),
        icon=Icon(f"{sidecar.settings.public_url}{ICON_PATH}", ICON_PIXELS, ICON_PIXELS),
        custom=custom,
        line_item=LineItem(label=title, resource_id=column, tag=tool.COLUMN_TAG) if column else None,
        target=wished if wished in targets else next(iter(targets), None),
    )


def web_link(picker: DeepLinkRequest, url: str, *, title: str, text: str) -> WebLink:
    """Return a link to another site."""
    return WebLink(title=title, text=text, url=url, is_windowed="window" in targets_of(picker))
