"""`sidecar secrets rotate` finds every sealed column: each is marked, and nothing is sealed into any other."""

import ast

from sqlalchemy import LargeBinary

from sidecar.core.sealed import sealed_columns
from sidecar.core.tables import METADATA
from tests.house.sources import python_files, relative, tree_of

NOT_SEALED: frozenset[str] = frozenset()
"""Binary columns that hold nothing secret, as `table.column`."""

SEALERS = {
    "sidecar/sharing/region_signing.py": "region_key.private",
    "sidecar/tool/signing.py": "signing_key.private",
    "sidecar/connecting.py": "connection.settings",
    "sidecar/sync/scim/employing.py": "connection.settings",
    "sidecar/sync/national_ids.py": "hash_key.key",
    "sidecar/core/contact_codes.py": "hash_key.key",
    "sidecar/core/row_errors.py": "row_error.words",
    "sidecar/reports/changes.py": "change_state.pseudonym_key",
    "sidecar/reports/files.py": "delivery.file_key",
}
"""Who seals → into which column."""

NOT_IN_THE_DATABASE = {"sidecar/tool/tokens.py"}
"""Who seals what the queue's server keeps for an hour at most: after a rotation of keys it is simply asked for anew."""


def test_every_binary_column_is_sealed_or_named() -> None:
    binary = {
        f"{table.name}.{column.name}"
        for table in METADATA.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert {f"{column.table.name}.{column.name}" for column in sealed_columns()} == binary - NOT_SEALED
    assert len(binary) >= 2


def test_everything_that_is_sealed_goes_into_a_sealed_column() -> None:
    sealers = {
        relative(path)
        for path in python_files("sidecar")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "seal"
    }
    assert sealers == {*SEALERS, *NOT_IN_THE_DATABASE}
    assert set(SEALERS.values()) <= {f"{column.table.name}.{column.name}" for column in sealed_columns()}
