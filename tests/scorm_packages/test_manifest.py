"""Read what real tools write into the course tree."""

import json

import pytest

from scorm_packages.course import ControlModes, Item, Manifest
from scorm_packages.errors import ManifestDtdError, ManifestTooWideError
from scorm_packages.manifest import read_manifest
from tests.data.scorm import manifests as m


def read(xml: str, *paths: str) -> Manifest:
    return read_manifest(xml.encode(), paths or ("index.html",))


def scos(manifest: Manifest) -> list[Item]:
    return [item for item in manifest.launchable if item.scorm_type != "asset"]


def only(manifest: Manifest) -> Item:
    (item,) = scos(manifest)
    return item


def with_parts(parts: str) -> Item:
    return only(read(m.manifest_12(items=m.ONE_ITEM.replace("</item>", parts + "</item>"))))


def test_storyline() -> None:
    manifest = read(m.STORYLINE_12, "index_lms.html")
    assert manifest.version == "scorm-1.2"
    assert manifest.title == "HMS for ledere"
    assert only(manifest).mastery_score == 80.0
    assert only(manifest).href == "index_lms.html"


def test_rise() -> None:
    manifest = read(m.RISE_2004, "scormdriver/indexAPI.html")
    item = only(manifest)
    assert manifest.version == "scorm-2004-3rd"
    assert manifest.control == ControlModes(choice=True, flow=True)
    assert item.scaled_passing_score == 0.8
    assert item.hide_lms_ui == {"continue", "previous"}


def test_captivate() -> None:
    item = only(read(m.CAPTIVATE_12))
    assert (item.href, item.launch) == ("index.html", "?api=1")
    assert item.data_from_lms == "eyJhIjogMX0="
    assert item.max_time_allowed is None


def test_ispring() -> None:
    manifest = read(m.ISPRING_2004, "res/index.html")
    assert manifest.version == "scorm-2004-2nd"
    assert only(manifest).href == "res/index.html"
    assert only(manifest).title == "1_item"


def test_adapt_parameters() -> None:
    assert only(read(m.ADAPT_12)).launch == "?lang=nn"


def test_exelearning_tree() -> None:
    manifest = read(m.EXELEARNING_12, "index.html", "del_1.html", "del_2.html")
    (top,) = manifest.items
    assert [child.identifier for child in top.children] == ["B", "C"]
    assert top.children[0].prerequisites == "A"
    assert not top.children[1].visible
    assert [item.identifier for item in manifest.launchable] == ["A", "B", "C"]
    assert [item.identifier for item in scos(manifest)] == ["A", "B"]


def test_2004_4th_with_several_items() -> None:
    manifest = read(m.MULTI_2004_4TH, "en/index.html", "to/index.html")
    (module,) = manifest.items
    first, second = module.children
    assert manifest.version == "scorm-2004-4th"
    assert module.href is None
    assert module.control == ControlModes(choice=False, flow=True, forward_only=True, choice_exit=False)
    assert (first.href, first.launch) == ("en/index.html", "#side=1")
    assert first.completion_threshold == 0.75
    assert first.scaled_passing_score == 1.0
    assert first.max_time_allowed == "PT30M"
    assert first.time_limit_action == "exit,no message"
    assert first.data_from_lms == '{"a": 1}'
    assert first.control.flow
    assert second.scorm_type == "asset"


def test_the_tree_as_json() -> None:
    for xml in (m.MULTI_2004_4TH, m.RISE_2004, m.STORYLINE_12, m.CMI5):
        manifest = read(xml, "en/index.html", "to/index.html")
        plain = manifest.to_json()
        assert json.loads(json.dumps(plain)) == plain
        assert [item["identifier"] for item in plain["items"]] == [item.identifier for item in manifest.items]
        assert [item["control"]["flow"] for item in plain["items"]] == [item.control.flow for item in manifest.items]


@pytest.mark.parametrize(
    ("suffix", "parameters", "launch"),
    [
        ("", "a=1", "?a=1"),
        ("", "?a=1", "?a=1"),
        ("", "?&amp;a=1", "?a=1"),
        ("?b=2", "a=1", "?b=2&a=1"),
        ("?b=2", "#x", "?b=2#x"),
        ("#y", "#x", "#y"),
        ("", "", ""),
        ("", "?", ""),
    ],
)
def test_parameters_follow_the_standard(suffix: str, parameters: str, launch: str) -> None:
    items = m.ONE_ITEM.replace("<item", f'<item parameters="{parameters}"')
    assert only(read(m.manifest_12(items=items, href="index.html" + suffix))).launch == launch


@pytest.mark.parametrize(
    ("stated", "version"),
    [
        ("1.2", "scorm-1.2"),
        (" 1.2\n", "scorm-1.2"),
        ("CAM 1.3", "scorm-2004-2nd"),
        ("1.3", "scorm-2004-2nd"),
        ("2004 2nd Edition", "scorm-2004-2nd"),
        ("2004 3rd Edition", "scorm-2004-3rd"),
        ("2004 4TH EDITION", "scorm-2004-4th"),
    ],
)
def test_stated_version(stated: str, version: str) -> None:
    metadata = f"<metadata><schemaversion>{stated}</schemaversion></metadata>"
    assert read(m.manifest_12(metadata=metadata)).version == version


def test_version_without_schemaversion_follows_the_namespaces() -> None:
    assert read(m.manifest_2004(edition="")).version == "scorm-2004-3rd"
    assert read(m.MULTI_2004_4TH.replace("2004 4th Edition", ""), "en/index.html").version == "scorm-2004-4th"
    assert read(m.manifest_12(metadata="")).version == "scorm-1.2"


@pytest.mark.parametrize(
    ("stated", "score"),
    [("80", 80.0), ("80.5", 80.5), ("80,5", 80.5), ("70%", 70.0), ("0", 0.0), ("101", None), ("nan", None), ("", None)],
)
def test_mastery_score(stated: str, score: float | None) -> None:
    assert with_parts(f"<adlcp:masteryscore>{stated}</adlcp:masteryscore>").mastery_score == score


def test_undeclared_prefix_is_forgiven() -> None:
    xml = m.manifest_12(
        namespaces='xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"',
        items=m.ONE_ITEM.replace("</item>", "<adlcp:masteryscore>60</adlcp:masteryscore></item>"),
    )
    assert only(read(xml)).mastery_score == 60.0
    assert only(read(xml)).scorm_type == "sco"


def test_passing_score_only_when_satisfied_by_measure() -> None:
    assert (
        only(
            read(m.RISE_2004.replace('"true">\n<imsss:min', '"false">\n<imsss:min'), "scormdriver/indexAPI.html")
        ).scaled_passing_score
        is None
    )


@pytest.mark.parametrize(
    ("href", "files", "path"),
    [
        ("a%20b.html", ["a b.html"], "a b.html"),
        ("a b.html", ["a b.html"], "a b.html"),
        ("a b.html", ["a%20b.html"], "a%20b.html"),
        ("a%20b.html", ["a b.html", "a%20b.html"], "a%20b.html"),
        ("bl\u00e5.html", ["bla\u030a.html"], "bla\u030a.html"),
        ("./x/../index.html", ["index.html"], "index.html"),
        ("INDEX.html", ["index.html", "Index.html"], "Index.html"),
    ],
)
def test_href_finds_the_file(href: str, files: list[str], path: str) -> None:
    assert only(read(m.manifest_12(href=href, files=""), *files)).href == path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252", "iso-8859-15", "koi8-r"])
def test_title_survives_every_encoding(encoding: str) -> None:
    title = "Тест" if encoding == "koi8-r" else "Brannvern på jobb"
    xml = m.manifest_12(head=f'<?xml version="1.0" encoding="{encoding}"?>', title=f"<title>{title}</title>")
    assert read_manifest(xml.encode(encoding), ["index.html"]).title == title


def test_title_falls_back() -> None:
    general = "<title><langstring>Fra LOM</langstring></title><language>nb</language>"
    lom = f"<metadata><lom><general>{general}</general></lom></metadata>"
    assert read(m.manifest_12(title="", metadata=lom)).title == "Fra LOM"
    assert read(m.manifest_12(title="", metadata=lom)).language == "nb"
    assert read(m.manifest_12(title="")).title == "Kapittel 1"
    assert read(m.manifest_12(title="<title>\n To \n linjer\n</title>")).title == "To linjer"


def test_cmi5_is_named() -> None:
    manifest = read(m.CMI5)
    assert (manifest.version, manifest.title, manifest.language) == ("cmi5", "Sikker e-post", "nb")


def test_line_of_an_address_is_the_line_of_the_file() -> None:
    xml = m.manifest_12(href="javascript:x")
    (finding,) = [each for each in read(xml).findings if each.code == "href-scheme"]
    line = next(n for n, text in enumerate(xml.splitlines(), 1) if "javascript:x" in text)
    assert finding.facts["line"] == str(line)


def test_dtd_in_any_manifest_raises() -> None:
    with pytest.raises(ManifestDtdError) as caught:
        read("<!DOCTYPE x><courseStructure/>")
    assert caught.value.code == "manifest-dtd"


@pytest.mark.parametrize("stated", ["", 'identifier=""', 'identifier="a"', f'identifier="{"a" * 400}"'])
def test_every_item_has_an_identifier_of_its_own_that_results_can_be_kept_under(stated: str) -> None:
    names = [item.identifier for item in scos(read(m.manifest_12(items=f'<item {stated} identifierref="res_1"/>' * 3)))]
    assert len(set(names)) == 3
    assert all(0 < len(name) <= 255 for name in names)


def test_items_keep_the_identifiers_that_tell_them_apart() -> None:
    items = "".join(f'<item identifier="{name}" identifierref="res_1"/>' for name in ("a", "a-2", "a", "b"))
    assert [item.identifier for item in scos(read(m.manifest_12(items=items)))] == ["a", "a-2", "a-3", "b"]


def test_a_resource_that_stands_in_for_items_has_an_identifier() -> None:
    manifest = read(m.manifest_12(items="", resources='<resource identifier="" href="index.html"/>'))
    assert only(manifest).identifier == "item"


def test_endless_bases_are_not_followed() -> None:
    resource = f'<resource identifier="r" xml:base="{"b/" * 4_000}">{m.ONE_FILE * 3_000}</resource>'
    with pytest.raises(ManifestTooWideError):
        read(m.manifest_12(resources=resource))


@pytest.mark.slow
def test_large_manifests_take_no_more_than_linear_time() -> None:
    files = "".join(f'<file href="f/{n}.html"/>' for n in range(20_000))
    shared = "".join(f'<s:sequencing ID="s{n}"/>' for n in range(9_000))
    items = "".join(
        f'<item identifier="i{n}" identifierref="res_1"><s:sequencing IDRef="s{n}"/></item>' for n in range(9_000)
    )
    xml = m.manifest_12(items=items, files=files).replace(
        "</manifest>", f"<sequencingCollection>{shared}</sequencingCollection></manifest>"
    )
    manifest = read(xml.replace("<manifest ", '<manifest xmlns:s="http://www.imsglobal.org/xsd/imsss" '))
    assert len(scos(manifest)) == 9_000
