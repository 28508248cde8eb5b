"""Say of a SCIM user what an employee's record says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidecar.connectors.records import PersonRecord
from sidecar.core.scim_resources import ENTERPRISE, number_of

Body = Mapping[str, Any]


def manager_of(body: Body) -> str:
    """Return the id of the user who leads a user, or ""."""
    return str(body.get(ENTERPRISE, {}).get("manager", {}).get("value", ""))


def is_employed(body: Body) -> bool:
    """Tell whether a user is one of the employees: active, and with an employee number."""
    return bool(body.get("active")) and number_of(body) != ""


def record_of(body: Body, before: Body, manager_number: str | None) -> PersonRecord:
    """Return the record of an employee.

    Args:
        before: what the client told before. What it told then and does not tell now is taken away; what it never
            told it does not know, and what others know stays.
    """
    first_name, last_name = _names(body)
    enterprise, old = body.get(ENTERPRISE, {}), before.get(ENTERPRISE, {})
    return PersonRecord(
        employee_number=number_of(body),
        first_name=first_name,
        last_name=last_name,
        email=_email(body) or ("" if _email(before) else None),
        unit=enterprise.get("department") or ("" if "department" in old else None),
        position=body.get("title") or ("" if "title" in before else None),
        manager_number=manager_number or ("" if "manager" in old else None),
        external_id=body.get("externalId"),
    )


def _names(body: Body) -> tuple[str, str]:
    """Return first and last name; where they are not told apart, the last word is the last name."""
    name = body.get("name", {})
    first, last = name.get("givenName", ""), name.get("familyName", "")
    if first or last:
        return first, last
    whole = name.get("formatted") or body.get("displayName") or body["userName"]
    first, _, last = whole.rpartition(" ")
    return first[:200], last[:200]


def _email(body: Body) -> str:
    """Return the address to use: the primary one, else one for work, else the first."""
    emails = body.get("emails", [])
    ordered = sorted(emails, key=lambda one: (not one.get("primary"), one.get("type", "").casefold() != "work"))
    return str(ordered[0].get("value", "")) if ordered else ""
