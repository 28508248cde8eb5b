"""Clients of the SCIM endpoint, each with a token of one municipality."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from sidecar.core import api_tokens
from sidecar.core.access import operator_at_the_console
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Person
from sidecar.core.scim_resources import ScimResource
from sidecar.runtime import Sidecar
from tests.fakes.entra import Entra


def token_of(sidecar: Sidecar, municipality: Municipality, *, days: int = 365) -> str:
    with sidecar.transaction() as db:
        return api_tokens.add_token(
            db, operator_at_the_console(), municipality.id, scope="scim", name="Entra ID", days=days, now=sidecar.now()
        )[1]


@pytest.fixture
def entra(app: Flask, sidecar: Sidecar, rollag: Municipality) -> Entra:
    return Entra(app.test_client(), token_of(sidecar, rollag))


@pytest.fixture
def stranger(app: Flask, sidecar: Sidecar, kongsberg: Municipality) -> Entra:
    """The client of another municipality."""
    return Entra(app.test_client(), token_of(sidecar, kongsberg))


def employments(sidecar: Sidecar) -> dict[str, Employment]:
    with sidecar.reading() as db:
        found = {one.employee_number: one for one in db.scalars(select(Employment))}
        db.expunge_all()
        return found


def count(sidecar: Sidecar, table: type[ScimResource] | type[Person] | type[Employment]) -> int:
    with sidecar.reading() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0
