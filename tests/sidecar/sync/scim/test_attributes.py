"""No value that JSON can carry makes a fault of ours: it is read, or refused in SCIM's words."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.scim_resources import ENTERPRISE
from sidecar.sync.scim.attributes import SCHEMAS, read_resource
from sidecar.sync.scim.errors import ScimError
from sidecar.sync.scim.patches import patch
from sidecar.sync.scim.records import record_of
from tests.fuzz.odd_requests import json_value

NAMES = [one.name for schemas in SCHEMAS.values() for attributes in schemas.values() for one in attributes]
PATHS = [*NAMES, ENTERPRISE, f"{ENTERPRISE}:manager", 'emails[type eq "work"].value', "name.givenName", "emails.value"]
body = st.dictionaries(st.sampled_from([*NAMES, ENTERPRISE]), json_value, max_size=5)
operation = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "Replace", "remove"])},
    optional={"path": st.one_of(st.sampled_from(PATHS), st.text(max_size=30)), "value": st.one_of(json_value, body)},
)


@given(body)
def test_any_resource_is_read_or_refused(raw: dict[str, object]) -> None:
    with suppress(ScimError):
        kept = read_resource("User", {"userName": "kari", **raw})
        json.dumps(kept).encode()
        record_of(kept, {}, None)


@given(st.lists(operation, min_size=1, max_size=4))
def test_any_operations_are_done_or_refused(operations: list[dict[str, object]]) -> None:
    with suppress(ScimError):
        kept = patch("User", {"userName": "kari", "active": True}, {"Operations": operations})
        assert read_resource("User", kept) == kept
