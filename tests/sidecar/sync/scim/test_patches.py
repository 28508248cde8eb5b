"""PATCH operations, in the shapes of RFC 7644 and in those that Entra ID sends."""

from typing import Any

import pytest

from sidecar.core.scim_resources import ENTERPRISE
from sidecar.sync.scim import errors
from sidecar.sync.scim.patches import MOST_OPERATIONS, patch

KARI: dict[str, Any] = {
    "userName": "kari@rollag.example",
    "active": True,
    "displayName": "Kari Nordmann",
    "name": {"givenName": "Kari", "familyName": "Nordmann"},
    "emails": [{"value": "kari@rollag.example", "type": "work", "primary": True}],
    ENTERPRISE: {"employeeNumber": "1001", "department": "Sykehjemmet"},
}
GROUP: dict[str, Any] = {"displayName": "Alle", "members": [{"value": "a"}, {"value": "b"}]}


def change(*operations: object, body: dict[str, Any] = KARI, kind: str = "User") -> dict[str, Any]:
    request = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}
    return patch(kind, body, request)


def op(name: str, path: str | None = None, value: object = None) -> dict[str, Any]:
    return {"op": name} | ({"path": path} if path is not None else {}) | ({"value": value} if value is not None else {})


@pytest.mark.parametrize("value", [False, "False", "false", " FALSE "])
@pytest.mark.parametrize("name", ["replace", "Replace", "add", "REPLACE"])
def test_entra_deactivates_with_text_and_capitals(name: str, value: object) -> None:
    """RFC 7644 §3.5.2.3; Entra ID without the flag aadOptscim062020 sends "Replace" and "False"."""
    assert change(op(name, "active", value))["active"] is False
    assert change(op(name, None, {"active": value}))["active"] is False


def test_an_operation_without_a_path_changes_all_it_names() -> None:
    """RFC 7644 §3.5.2.1: without a path the value holds the attributes."""
    changed = change(op("add", None, {"title": "Sykepleier", "name": {"familyName": "Hansen"}, "displayname": "K"}))
    assert (changed["title"], changed["displayName"]) == ("Sykepleier", "K")
    assert changed["name"] == {"givenName": "Kari", "familyName": "Hansen"}


def test_entra_names_paths_as_keys() -> None:
    """Entra ID sends "name.givenName" and extension attributes as keys of an operation without a path."""
    changed = change(op("Replace", None, {"name.givenName": "Kåre", f"{ENTERPRISE}:department": "Skolen"}))
    assert changed["name"]["givenName"] == "Kåre"
    assert changed[ENTERPRISE] == {"employeeNumber": "1001", "department": "Skolen"}


def test_an_extension_is_changed_as_a_whole() -> None:
    """RFC 7644 §3.10: a schema's URN alone stands for all its attributes."""
    told = {"department": "B"}
    for operation in (op("add", None, {ENTERPRISE: told}), op("replace", ENTERPRISE, told)):
        assert change(operation)[ENTERPRISE] == {"employeeNumber": "1001", "department": "B"}
    assert ENTERPRISE not in change(op("remove", ENTERPRISE))


def test_a_part_of_a_value_that_a_filter_finds() -> None:
    """RFC 7644 §3.5.2, figure 1: attrPath[valFilter].subAttr."""
    changed = change(op("replace", 'emails[type eq "work"].value', "ny@rollag.example"))
    assert changed["emails"] == [{"value": "ny@rollag.example", "type": "work", "primary": True}]


def test_adding_to_a_value_that_is_not_there_makes_it() -> None:
    """Entra ID adds emails[type eq "work"].value to a user who has none."""
    bare = {key: value for key, value in KARI.items() if key != "emails"}
    changed = change(op("Add", 'emails[type eq "work"].value', "ny@rollag.example"), body=bare)
    assert changed["emails"] == [{"value": "ny@rollag.example", "type": "work"}]


def test_replacing_a_value_that_is_not_there_is_refused() -> None:
    """RFC 7644 §3.5.2.3: no match of a filter is noTarget."""
    with pytest.raises(errors.ScimNoTargetError):
        change(op("replace", 'emails[type eq "home"].value', "x@rollag.example"))


@pytest.mark.parametrize("value", ["m1", {"value": "m1"}, {"value": "m1", "$ref": "../Users/m1"}])
def test_a_manager_comes_as_an_id_or_an_object(value: object) -> None:
    """RFC 7643 §4.3 has an object; Entra ID sends the bare id."""
    assert change(op("add", f"{ENTERPRISE}:manager", value))[ENTERPRISE]["manager"] == {"value": "m1"}
    assert change(op("add", f"{ENTERPRISE}:manager.value", "m1"))[ENTERPRISE]["manager"] == {"value": "m1"}


def test_removing_takes_away() -> None:
    """RFC 7644 §3.5.2.2."""
    assert "displayName" not in change(op("remove", "displayName"))
    assert change(op("remove", "name.givenName"))["name"] == {"familyName": "Nordmann"}
    assert "emails" not in change(op("remove", 'emails[type eq "work"]'))
    assert change(op("remove", f"{ENTERPRISE}:employeeNumber"))[ENTERPRISE] == {"department": "Sykehjemmet"}


def test_members_are_added_once_and_removed() -> None:
    """RFC 7644 §3.5.2.1 and .2; Entra ID also removes with a list of values beside the path."""
    added = change(op("Add", "members", [{"value": "b"}, {"value": "c"}]), body=GROUP, kind="Group")
    assert [one["value"] for one in added["members"]] == ["a", "b", "c"]
    for removal in (op("remove", 'members[value eq "a"]'), op("Remove", "members", [{"value": "a"}])):
        assert change(removal, body=GROUP, kind="Group")["members"] == [{"value": "b"}]
    assert change(op("remove", 'members[value eq "nobody"]'), body=GROUP, kind="Group") == GROUP
    assert change(op("replace", "members", [{"value": "z"}]), body=GROUP, kind="Group")["members"] == [{"value": "z"}]


def test_what_is_not_kept_is_read_past() -> None:
    """Entra ID's usual mappings tell of telephones, addresses and extensions of their own."""
    paths = ('phoneNumbers[type eq "work"].value', 'addresses[type eq "work"].streetAddress', "nickName", "locale")
    for path in (*paths, "urn:ietf:params:scim:schemas:extension:custom:2.0:User:badge", f"{ENTERPRISE}:costCenter"):
        assert change(op("add", path, "hemmelig")) == KARI
    assert change(op("add", None, {"phoneNumbers": [{"value": "1"}], "schemas": ["urn:x"]})) == KARI


def test_the_resource_itself_is_not_touched_by_a_change_that_fails() -> None:
    """RFC 7644 §3.5.2: all operations or none."""
    with pytest.raises(errors.ScimError):
        change(op("replace", "displayName", "Ny"), op("replace", "nonsense", "x"))
    assert KARI["displayName"] == "Kari Nordmann"


REFUSED: list[tuple[Any, type[errors.ScimError]]] = [
    (op("remove"), errors.ScimNoTargetError),
    (op("move", "title", "x"), errors.ScimSyntaxError),
    (op("add", None, "x"), errors.ScimSyntaxError),
    (op("add", None, ["x"]), errors.ScimSyntaxError),
    ({"path": "title", "value": "x"}, errors.ScimSyntaxError),
    ({"op": ["add"], "value": {}}, errors.ScimSyntaxError),
    ("add", errors.ScimSyntaxError),
    (op("add", "id", "x"), errors.ScimMutabilityError),
    (op("add", "meta.version", "x"), errors.ScimMutabilityError),
    (op("add", "nonsense", "x"), errors.ScimPathError),
    (op("add", "name.nonsense", "x"), errors.ScimPathError),
    (op("add", "", "x"), errors.ScimPathError),
    (op("add", "name..givenName", "x"), errors.ScimPathError),
    (op("add", "emails[", "x"), errors.ScimPathError),
    (op("add", "emails[]", {"value": "x"}), errors.ScimPathError),
    (op("add", 'emails[type ne "work"].value', "x"), errors.ScimPathError),
    (op("add", 'emails[nonsense eq "work"].value', "x"), errors.ScimPathError),
    (op("add", 'title[type eq "work"]', "x"), errors.ScimPathError),
    (op("add", "emails" + "[" * 400, "x"), errors.ScimPathError),
    (op("add", "x" * 5000, "x"), errors.ScimPathError),
    ({"op": "add", "path": 7, "value": "x"}, errors.ScimPathError),
    (op("replace", "active", "perhaps"), errors.ScimValueError),
    (op("replace", "active", 0.5), errors.ScimValueError),
    (op("replace", "userName", ["x"]), errors.ScimValueError),
    (op("replace", "userName", {"a": 1}), errors.ScimValueError),
    (op("replace", "userName", "kari\u202e"), errors.ScimValueError),
    (op("replace", "userName", "kari\ud800"), errors.ScimValueError),
    (op("replace", "userName", "x" * 321), errors.ScimValueError),
    (op("remove", "userName"), errors.ScimSyntaxError),
    (op("replace", "userName", " "), errors.ScimSyntaxError),
    (op("replace", "name", "Kari"), errors.ScimValueError),
    (op("replace", f"{ENTERPRISE}:employeeNumber", "15108695088"), errors.ScimNationalIdError),
    (op("add", "emails", [{"value": f"{n}@x.example"} for n in range(21)]), errors.ScimTooMuchError),
]


@pytest.mark.parametrize(("operation", "error"), REFUSED, ids=lambda value: str(value)[:50])
def test_what_is_no_operation_is_refused(operation: object, error: type[errors.ScimError]) -> None:
    """RFC 7644 §3.12, table 9."""
    with pytest.raises(error):
        change(operation)


def test_a_request_without_operations_is_refused() -> None:
    requests: list[object] = [{}, [], "x", None, {"Operations": []}, {"Operations": {"op": "add"}}]
    for request in requests:
        with pytest.raises(errors.ScimSyntaxError):
            patch("User", KARI, request)


def test_a_request_of_very_many_operations_is_refused() -> None:
    with pytest.raises(errors.ScimTooMuchError):
        change(*[op("add", "title", "x")] * (MOST_OPERATIONS + 1))


def test_many_large_operations_end_soon() -> None:
    """A bomb: every operation adds as many members as there may be."""
    members = [{"value": f"m{number}"} for number in range(2_000)]
    changed = change(*[op("add", "members", members)] * 20, body=GROUP, kind="Group")
    assert len(changed["members"]) == 2_002


def test_deep_values_are_read_past() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = {"givenName": deep}
    with pytest.raises(errors.ScimValueError):
        change(op("replace", "name", deep))
