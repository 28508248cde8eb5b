"""Hold every rule of how packages come against the packages that show it; the texts are the rules' own words."""

from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from scorm_packages.check import check_package
from tests.data.scorm.make import LARGE, find_case

ACCEPTED = {
    "byte order mark": ["byte-order-mark", "bom-against-declaration", "ispring"],
    "WINDOWS-1252 and other declared encodings": ["windows-1252", "iso-8859-1", "iso-8859-15", "utf-16"],
    "identifiers that are no NCName": [
        "identifier-leading-digit",
        "identifier-with-apostrophe",
        "storyline",
        "captivate",
    ],
    "no schemaversion": ["no-schemaversion"],
    "no adlcp namespace": ["no-adlcp-namespace", "no-namespaces-at-all"],
    "no scormtype, or another case of it": ["no-scormtype", "scormtype-in-2004-case", "other-case"],
    "xml:base on any level": ["xml-base-on-manifest-and-resource", "xml-base-without-slash"],
    "query string in an href": ["query-in-href"],
    "item parameters": ["parameters"],
    "percent-encoded against raw spaces": ["percent-encoded", "raw-spaces", "percent-in-zip-name"],
    "most files undeclared": ["undeclared", "rise"],
    "declared files missing": ["declared-missing", "adapt"],
    "several manifests in sub-folders: the root one counts": ["manifests-in-sub-folders", "sub-manifest"],
    "manifest in the sole top folder": ["sole-top-folder", "sole-top-folder-on-a-mac"],
    "default organization dangling": ["default-organization-dangling"],
    "dangling identifierref": ["identifierref-dangling"],
    "empty or multi-line titles": ["empty-title", "multi-line-title"],
    "masteryscore": ["mastery-score-odd", "storyline"],
    "datafromlms (base64)": ["captivate"],
    "prerequisites": ["exelearning"],
    "inline or external LOM, sometimes in the wrong place": ["lom-in-the-wrong-place"],
    "nested zips": ["nested-zip"],
    "9,500 entries": ["many-entries"],
    "data descriptors": ["data-descriptors"],
    "mac and Windows junk": ["mac-and-windows-junk"],
    ".swf": ["flash"],
    ".py and .sh inside": ["server-code"],
    "external CDNs and trackers": ["cdn", "tracker"],
    "schemaLocation is never followed": ["schema-location-to-file"],
}
"""Seen and to be accepted."""

REJECTED = {
    "parent paths": ["parent-path", "parent-path-within", "parent-folder", "parent-path-in-unicode-extra"],
    "absolute paths": ["absolute-path", "unc-path"],
    "backslash paths": ["backslash-path", "backslash-parent"],
    "drive paths": ["drive-path", "drive-backslash-path"],
    "symlinks and other non-regular entries": ["symlink", "fifo", "device", "folder-with-content"],
    "duplicate names": ["duplicate", "duplicate-manifest"],
    "duplicate names by case": ["duplicate-by-case", "duplicate-by-folder-case"],
    "duplicate names by Unicode NFC": ["duplicate-by-normal-form"],
    "file against folder": ["file-against-folder", "file-against-listed-folder"],
    "encrypted": ["encrypted", "strongly-encrypted", "aes"],
    "unknown compression": ["unknown-compression", "lzma"],
    "bad CRC": ["bad-crc", "bad-crc-stored", "bad-crc-of-manifest"],
    "size lies": ["size-too-small", "size-too-large", "size-of-stored", "hidden-bomb"],
    "ratio over 100 per entry": ["bomb", "small-bomb"],
    "ratio over 100 in all": ["bomb-in-pieces"],
    "overlapping entries": ["overlapping", "same-data-twice"],
    "over 20,000 entries": ["too-many-entries"],
    "names over 255 bytes": ["name-too-long", "name-too-long-in-utf-8"],
    "depth over 50": ["too-deep"],
    "control characters in names": ["newline-in-name", "nul-in-name", "escape-in-name", "c1-control-in-name"],
    "bidirectional characters in names": ["bidi-in-name", "bidi-isolate-in-name"],
    "no root manifest": ["no-manifest", "web-pages", "manifest-two-folders-down", "manifest-beside-files"],
    "two root manifests": ["two-manifests-by-case", "two-folders-with-manifests"],
    "XXE": ["xxe", "external-dtd"],
    "billion laughs": ["billion-laughs"],
    "any DTD": ["empty-doctype", "dtd-in-utf-16", "dtd-in-cmi5"],
    "XInclude": ["xinclude"],
    "href with a scheme other than http(s)": ["javascript-href", "data-href", "file-href", "scheme-of-file"],
    "href leaving the package": ["parent-href", "parent-href-encoded", "parent-href-backslash", "absolute-href"],
    "2,000-deep items": ["items-2000-deep"],
    "30,000-wide items": ["items-30000-wide"],
}
"""To be rejected with the reason and the entry's name, leaving nothing behind."""

OF_THE_WHOLE = {"no-manifest", "web-pages", "nothing-to-launch", "too-many-entries", "total-ratio-too-high"}
"""What no single entry is to blame for."""


def marked(rules: dict[str, list[str]]) -> list[ParameterSet]:
    return [pytest.param(rule, marks=[pytest.mark.slow] if LARGE & set(names) else []) for rule, names in rules.items()]


@pytest.mark.parametrize("rule", marked(ACCEPTED))
def test_is_accepted(rule: str, tmp_path: Path) -> None:
    for name in ACCEPTED[rule]:
        assert check_package(find_case("accept", name, tmp_path)).verdict == "accept", name


@pytest.mark.parametrize("rule", marked(REJECTED))
def test_is_rejected_with_the_reason_and_the_place(rule: str, tmp_path: Path) -> None:
    for name in REJECTED[rule]:
        report = check_package(find_case("reject", name, tmp_path))
        errors = [finding for finding in report.findings if finding.level == "error"]
        assert report.verdict == "reject", name
        assert errors, name
        assert all(error.message for error in errors), name
        assert all(error.where for error in errors if error.code not in OF_THE_WHOLE), name
