"""Add and list municipalities."""

from __future__ import annotations

from datetime import date, datetime

import click

from sidecar.cli.output import json_option, show, show_line, show_one, with_sidecar
from sidecar.core import audit
from sidecar.core.access import operator_at_the_console
from sidecar.core.allowances import allowance_of, set_allowance
from sidecar.core.municipalities import Municipality, add_municipality, find_municipality, list_municipalities
from sidecar.core.org_numbers import check_org_number, slug_of
from sidecar.core.regions import join, leave, list_memberships
from sidecar.errors import InvalidInputError
from sidecar.language import LANGUAGES
from sidecar.reports import changes
from sidecar.runtime import Sidecar

MEMBERSHIPS = ("region", "name", "joined_on", "left_on", "is_member_now")
DAY = click.DateTime(formats=["%Y-%m-%d"])
COLUMNS = ("id", "org_number", "slug", "name", "number", "language")


@click.group()
def municipality() -> None:
    """Keep the employers that completions are reported to."""


@municipality.command("add")
@click.argument("key", required=False)
@click.option("--org-number", help="Organisation number, nine digits; may also stand as the argument KEY.")
@click.option("--name", required=True, help="For example Kongsberg kommune.")
@click.option("--slug", help="Short name in commands and files; made from the name when left out.")
@click.option("--number", help="Municipality number, for example 3303.")
@click.option("--language", type=click.Choice(LANGUAGES), default="nb", show_default=True, help="Of its reports.")
@click.option("--region", help="Slug of the region it joins today; made when first mentioned.")
@json_option
@with_sidecar
def add(
    sidecar: Sidecar,
    key: str | None,
    org_number: str | None,
    name: str,
    slug: str | None,
    number: str | None,
    language: str,
    region: str | None,
    as_json: bool,
) -> None:
    """Add a municipality."""
    if not (key or org_number):
        raise click.UsageError("Give the organisation number: municipality add 942402465 --name Kongsberg")
    if number and not (number.isdigit() and len(number) == 4):
        raise InvalidInputError(field="municipality number", reason="it must be four digits.")
    new = Municipality(
        org_number=check_org_number(org_number or key or ""),
        slug=slug_of(slug or name),
        name=name.strip(),
        number=number,
        language=language,
        created_at=sidecar.now(),
    )
    if not new.slug:
        raise InvalidInputError(field="name", reason="it has no letters.")
    with sidecar.transaction() as db:
        add_municipality(db, new)
        if region:
            join(db, slug_of(region), new.id, sidecar.today())
        audit.record(db, "municipality.added", new.id, at=sidecar.now(), org_number=new.org_number)
    show_one(as_json, {column: getattr(new, column) for column in COLUMNS})


@municipality.command("list")
@json_option
@with_sidecar
def list_all(sidecar: Sidecar, as_json: bool) -> None:
    """List the municipalities."""
    with sidecar.reading() as db:
        rows = [[getattr(each, column) for column in COLUMNS] for each in list_municipalities(db)]
    show(as_json, COLUMNS, rows)


@municipality.command("allow")
@click.argument("key")
@click.option("--gigabytes", type=click.IntRange(0, 100_000), help="How much its packages may take, unpacked.")
@click.option("--packages", type=click.IntRange(0, 1_000_000), help="How many packages (course versions) it may have.")
@json_option
@with_sidecar
def allow(sidecar: Sidecar, key: str, gigabytes: int | None, packages: int | None, as_json: bool) -> None:
    """Say how much the courses of KEY (organisation number or slug) may take; without options, show it.

    Courses that belong to nobody share the installation's own measure.
    """
    with sidecar.transaction() as db:
        found = find_municipality(db, key)
        if gigabytes is not None or packages is not None:
            set_allowance(found, gigabytes=gigabytes, packages=packages)
            db.flush()
            most_bytes, most_packages = found.most_bytes or 0, found.most_packages or 0
            audit.record(
                db,
                "municipality.allowed",
                found.id,
                at=sidecar.now(),
                most_bytes=most_bytes,
                most_packages=most_packages,
            )
        allowance = allowance_of(db, found.id)
    show_one(as_json, {"municipality": found.slug, **vars(allowance)})


@municipality.command("join")
@click.argument("key")
@click.option("--region", required=True, help="Slug of the region; made when first mentioned.")
@click.option("--from", "since", type=DAY, help="First day, such as 2027-01-01; today when left out.")
@json_option
@with_sidecar
def join_region(sidecar: Sidecar, key: str, region: str, since: datetime | None, as_json: bool) -> None:
    """Make KEY (organisation number or slug) a member of a region from a day on."""
    day = since.date() if since else sidecar.today()
    with sidecar.transaction() as db:
        found = find_municipality(db, key)
        joined = join(db, slug_of(region), found.id, day)
        told = {"region": joined.slug, "since": str(day)}
        audit.record(db, "municipality.joined_region", found.id, at=sidecar.now(), **told)
    _show_memberships(sidecar, found.id, as_json)


@municipality.command("leave")
@click.argument("key")
@click.option("--region", required=True, help="Slug of the region.")
@click.option("--from", "since", type=DAY, help="First day on which it is no member; today when left out.")
@json_option
@with_sidecar
def leave_region(sidecar: Sidecar, key: str, region: str, since: datetime | None, as_json: bool) -> None:
    """Let KEY (organisation number or slug) leave a region on a day; what was before stays as it was."""
    day = since.date() if since else sidecar.today()
    with sidecar.transaction() as db:
        found = find_municipality(db, key)
        left = leave(db, slug_of(region), found.id, day)
        audit.record(db, "municipality.left_region", found.id, at=sidecar.now(), region=left.slug, since=str(day))
    _show_memberships(sidecar, found.id, as_json)


@municipality.command("new-pseudonyms")
@click.argument("key")
@json_option
@with_sidecar
def give_new_pseudonyms(sidecar: Sidecar, key: str, as_json: bool) -> None:
    """Give the people of KEY (organisation number or slug) other pseudonyms in what its systems fetch.

    For when the old ones have got into wrong hands. Every record changes by that, and the systems are told so.
    """
    with sidecar.reading() as db:
        municipality_id = find_municipality(db, key).id
    changed = changes.give_new_pseudonyms(sidecar, operator_at_the_console(), municipality_id)
    show_line(as_json, {"changes": changed}, f"{changed} changes are told.")


@municipality.command("regions")
@click.argument("key")
@json_option
@with_sidecar
def show_regions(sidecar: Sidecar, key: str, as_json: bool) -> None:
    """List the regions that KEY (organisation number or slug) is, was or will be a member of."""
    with sidecar.reading() as db:
        municipality_id = find_municipality(db, key).id
    _show_memberships(sidecar, municipality_id, as_json)


def _show_memberships(sidecar: Sidecar, municipality_id: str, as_json: bool) -> None:
    today: date = sidecar.today()
    with sidecar.reading() as db:
        found = list_memberships(db, municipality_id)
    rows = [(one.slug, one.region, one.joined_on, one.left_on, one.holds_on(today)) for one in found]
    show(as_json, MEMBERSHIPS, rows)
