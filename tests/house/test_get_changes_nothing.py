"""GET changes nothing in the database but the login record of /lti/login and the access log."""

import pytest

from sidecar.core.municipalities import Municipality
from sidecar.core.tables import METADATA
from sidecar.runtime import Sidecar
from tests.house.installation import KINDS, install


def contents(sidecar: Sidecar) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table."""
    with sidecar.reading() as db:
        return {
            table.name: sorted((tuple(row) for row in db.execute(table.select())), key=repr)
            for table in METADATA.sorted_tables
            if table.name != "access_log"
        }


@pytest.mark.slow
def test_get_changes_nothing(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> None:
    installation = install(sidecar, kongsberg, rollag, sidecar.settings.data / "town")
    before = contents(sidecar)
    assert sum(len(rows) for rows in before.values()) > 30
    shown: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for kind in KINDS:
        for method, rule in installation.routes():
            if method == "GET" and rule.rule != "/lti/login":
                if installation.ask(method, rule, kind) == 200:
                    shown[kind].add(rule.rule)
                assert contents(sidecar) == before, (kind, rule.rule)
    public = shown["nobody"]
    assert len(public) >= 6
    assert shown["learner"] - public == {
        "/play/<launch_id>",
        "/play/<launch_id>/token",
        "/play/<launch_id>/end",
        "/play/<launch_id>/learning",
        "/play/<launch_id>/learning/employers",
        "/play/<launch_id>/learning/erasure",
        "/play/<launch_id>/learning/paths/<key>",
        "/play/<launch_id>/learning/proof",
        "/play/<launch_id>/me",
        "/play/<launch_id>/me/export",
        "/api/attempts/<attempt_id>/state",
    }
    assert shown["picker"] - public == {"/pick/<picker_id>"}
    assert shown["previewer"] - public == {
        "/preview/<preview_id>",
        "/preview/<preview_id>/end",
        "/preview/<preview_id>/token",
    }
    assert len(shown["operator"] - public) >= 13
