"""Hold the JSON API against its own OpenAPI document, with requests that fit it and requests that don't."""

from collections import defaultdict
from typing import Any

import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sidecar.core.attempts import Attempt
from sidecar.core.courses import CourseVersion
from sidecar.core.results import scos_of
from sidecar.runtime import Sidecar
from sidecar.web.hosts import make_wsgi
from tests.conftest import PUBLIC_URL
from tests.house.installation import Installation

pytestmark = pytest.mark.slow

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
Case = schemathesis.Case[Any]
COMMITS = "POST /api/attempts/{attempt_id}/commits"
CHANGES = "GET /api/v1/changes"
STATE = "GET /api/attempts/{attempt_id}/state"
DOCUMENTED_FAULTS = {"/readyz": (503,)}
SEEN = {
    COMMITS: {200, 202, 400, 401, 403, 409},
    STATE: {200, 401, 403},
    CHANGES: {200, 400, 401},
    "GET /lti/jwks": {200},
    "GET /healthz": {200},
    "GET /readyz": {503},
}
"""Which statuses the requests must have led to, or they tried nothing."""

HOW = st.sampled_from(["path", "token", "both", "both", "both", "commit", "piece"])


RIGHT_PIECE: dict[str, Any] = {"seq": 9, "session": "other", "piece": 0, "of": 2, "text": "{"}


def right_commit(sidecar: Sidecar, attempt_id: str) -> dict[str, Any]:
    with sidecar.reading() as db:
        attempt = db.get_one(Attempt, attempt_id)
        sco = scos_of(db.get_one(CourseVersion, attempt.version_id).manifest)[0]
        changes = {"cmi.core.lesson_location": "2"}
        return {"seq": attempt.seq + 1, "after": attempt.seq, "sco": sco.id, "changes": changes}


def put_right(case: Case, sidecar: Sidecar, installation: Installation, how: str) -> None:
    """Let most requests past the door, and some of them all the way."""
    attempt_id = installation.values["attempt_id"]
    if case.operation.label == CHANGES and how != "path":
        case.headers["Authorization"] = f"Bearer {installation.secrets['reader']}"
    if "attempt_id" not in case.path_parameters:
        return
    if how != "token":
        case.path_parameters["attempt_id"] = attempt_id
    if how != "path":
        case.headers["Authorization"] = f"Bearer {installation.token}"
    if how == "commit":
        case.body = right_commit(sidecar, attempt_id)
    elif how == "piece":
        case.body = RIGHT_PIECE


def test_every_answer_is_one_that_the_document_names(installation: Installation, sidecar: Sidecar) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", make_wsgi(sidecar), base_url=PUBLIC_URL)
    seen: dict[str, set[int]] = defaultdict(set)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        modes = [operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode]

        @given(st.one_of(modes), HOW)
        def hold(case: Case, how: str) -> None:
            put_right(case, sidecar, installation, how)
            response = case.call(base_url=PUBLIC_URL)
            seen[case.operation.label].add(response.status_code)
            checks = CHECKS if response.status_code not in DOCUMENTED_FAULTS.get(case.path, ()) else CHECKS[1:]
            case.validate_response(response, checks=checks)

        hold()
    assert {name: statuses - seen[name] for name, statuses in SEEN.items() if statuses - seen[name]} == {}
