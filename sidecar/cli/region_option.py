"""Hold the option that names a region, and what leaving it out means."""

from __future__ import annotations

import click

from sidecar.core.regions import Region, find_region, list_regions
from sidecar.errors import InvalidInputError
from sidecar.runtime import Sidecar

OWN_REGION = click.option("--region", help="Slug of your region; may be left out where there is one.")
"""For what one region does; read by `own_region`."""

ANY_REGION = click.option("--region", help="Slug of one of your regions; any of them, if left out.")
"""For what is looked for; read by `region_id_of`."""


def own_region(sidecar: Sidecar, slug: str | None) -> Region:
    """Return a region of this installation, the one there is where none is named.

    Raises:
        InvalidInputError: none is named, and there are several or none.
        NotFoundError: there is none of that slug.
    """
    with sidecar.reading() as db:
        if slug is not None:
            return find_region(db, slug)
        found = list_regions(db)
        if len(found) != 1:
            raise InvalidInputError(field="--region", reason="name one, as there is not just one.")
        return found[0]


def region_id_of(sidecar: Sidecar, slug: str | None) -> str | None:
    """Return the id of a region that is named; None where none is.

    Raises:
        NotFoundError: there is none of that slug.
    """
    if slug is None:
        return None
    with sidecar.reading() as db:
        return find_region(db, slug).id
