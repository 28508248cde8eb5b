"""A name is folded wherever a person is written, also past SQLAlchemy's own hand."""

from sqlalchemy import insert, select, update

from sidecar.connecting import add_connection
from sidecar.connectors.records import PersonRecord
from sidecar.core.access import operator_at_the_console
from sidecar.core.db import new_id
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Person, fold_name
from sidecar.runtime import Sidecar
from sidecar.sync import sources
from sidecar.sync.people_intake import apply_records

OPERATOR = operator_at_the_console()


def folded(sidecar: Sidecar) -> list[str]:
    with sidecar.reading() as db:
        return list(db.scalars(select(Person.folded_name).order_by(Person.folded_name)))


def test_who_lacks_a_name_is_like_nobody() -> None:
    assert fold_name("Åse", "ØRN") == fold_name("ÅSE", "ørn") == "åse ørn"
    assert fold_name("Åse", "") == fold_name("", "Ørn") == ""
    assert len(fold_name("ΐ" * 200, "ΐ" * 200)) == 400


def test_the_orm_and_statements_fold(sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        db.add(Person(first_name="Åse", last_name="ØRN"))
        db.execute(insert(Person), [{"id": new_id(), "first_name": "Ola", "last_name": "LI"}])
    assert folded(sidecar) == ["ola li", "åse ørn"]
    with sidecar.transaction() as db:
        db.scalars(select(Person).where(Person.first_name == "Åse")).one().last_name = "Ås"
        db.execute(update(Person).where(Person.first_name == "Ola").values(email="ola@example.no"))
    assert folded(sidecar) == ["ola li", "åse ås"]


def test_sources_fold_what_they_add_and_change(sidecar: Sidecar, kongsberg: Municipality) -> None:
    connection = add_connection(sidecar, OPERATOR, kongsberg.id, "hr_upload", {})
    source = sources.add_source(sidecar, OPERATOR, connection.id)
    for last_name in ("ØRN", "ÅS"):
        record = PersonRecord("1001", "Åse", last_name)
        with sidecar.transaction() as db:
            apply_records(db, kongsberg.id, source.id, [record], units=(), now=sidecar.now())
        assert folded(sidecar) == [f"åse {last_name.casefold()}"]
