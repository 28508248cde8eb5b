"""Who asks to be erased, at the command line: by id and employee number, never by name, and the look is logged."""

from __future__ import annotations

import json

from sqlalchemy import select

from sidecar.core import erasure_requests
from sidecar.core.access_log import Look
from sidecar.core.data_subjects import of_identity
from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.sidecar.cli.shell import Shell
from tests.sidecar.core.folk import Folk


def test_requests_are_listed_till_they_are_answered(
    settings: Settings, sidecar: Sidecar, kongsberg: Municipality
) -> None:
    shell, folk = Shell(settings), Folk(sidecar)
    assert json.loads(shell.run("person", "requests", "--json").stdout) == []
    person_id = folk.person(kongsberg.id, "1001", "Kari Særnavn")
    account = folk.account(person_id, "kari")
    with sidecar.transaction() as db:
        erasure_requests.ask(db, of_identity(db, account), identity_id=account, now=sidecar.now())
    listed = shell.run("person", "requests", "--json")
    (one,) = json.loads(listed.stdout)
    assert (one["person"], one["employee"]) == (person_id, "kongsberg/1001")
    assert "Særnavn" not in listed.output
    with sidecar.reading() as db:
        assert db.scalars(select(Look.what).where(Look.subject_id == person_id)).all() == ["erasure-requests"]
    assert shell.run("person", "erase", person_id, "--yes").exit_code == 0
    assert json.loads(shell.run("person", "requests", "--json").stdout) == []
