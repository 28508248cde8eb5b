"""List the packages that must be accepted, odd as they are."""

import random
from collections.abc import Mapping

from tests.data.scorm import manifests as m
from tests.data.scorm.parts import (
    PAGE,
    Case,
    beside,
    course,
    foldered,
    latin,
    many,
    nest,
    pack,
    raw,
    with_head,
    with_href,
)
from tests.data.scorm.zip_writer import Raw

XSI = (
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:schemaLocation="urn:x file:///etc/passwd urn:y http://192.0.2.1/x.xsd"'
)
LOM = (
    "<metadata><schemaversion>1.2</schemaversion></metadata>"
    "<lom><general><title><langstring>X</langstring></title></general></lom>"
)
PLAIN_NS = 'xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"'
RESOURCE = '<resource identifier="res_1" type="webcontent" adlcp:scormtype="sco" {0} href="{1}">{2}</resource>'
BASED = m.manifest_12(attributes='xml:base="a/"', resources=RESOURCE.format('xml:base="b/"', "index.html", ""))
SLASHLESS = m.manifest_12(resources=RESOURCE.format('xml:base="a/b"', "index.html", ""))

ACCEPT: Mapping[str, Case] = {
    "plain-12": Case(course, None),
    "storyline": Case(
        lambda: pack({"imsmanifest.xml": m.STORYLINE_12, "index_lms.html": PAGE, "story_content/user.js": ""}),
        "identifier-invalid",
    ),
    "rise": Case(
        lambda: pack({"imsmanifest.xml": m.RISE_2004, "scormdriver/indexAPI.html": PAGE, "scormcontent/lib.js": ""}),
        "undeclared-files",
        "scorm-2004-3rd",
    ),
    "captivate": Case(lambda: course(m.CAPTIVATE_12), "identifier-invalid"),
    "ispring": Case(
        lambda: pack({"imsmanifest.xml": m.ISPRING_2004, "res/index.html": PAGE}), "byte-order-mark", "scorm-2004-2nd"
    ),
    "adapt": Case(lambda: beside({"adapt/js/adapt.min.js": ""}, m.ADAPT_12), "declared-file-missing"),
    "h5p-lumi": Case(lambda: beside({"h5p/mitt bilde.png": b"\x89PNG"}, m.H5P_12), "identifier-invalid"),
    "exelearning": Case(
        lambda: beside({"del_1.html": PAGE, "del_2.html": PAGE, "base.css": ""}, m.EXELEARNING_12), None
    ),
    "multi-2004-4th": Case(
        lambda: pack({"imsmanifest.xml": m.MULTI_2004_4TH, "en/index.html": PAGE, "to/index.html": PAGE}),
        None,
        "scorm-2004-4th",
    ),
    "multi-2004-3rd": Case(
        lambda: pack(
            {"imsmanifest.xml": m.MULTI_2004_4TH.replace("4th", "3rd"), "en/index.html": PAGE, "to/index.html": PAGE}
        ),
        None,
        "scorm-2004-3rd",
    ),
    "cmi5": Case(lambda: pack({"cmi5.xml": m.CMI5, "index.html": PAGE}), "cmi5-not-played", "cmi5"),
    "cmi5-beside-scorm": Case(lambda: beside({"cmi5.xml": m.CMI5}), "two-standards"),
    "byte-order-mark": Case(lambda: course(b"\xef\xbb\xbf" + m.manifest_12().encode()), "byte-order-mark"),
    "bom-against-declaration": Case(
        lambda: course(b"\xef\xbb\xbf" + m.manifest_12(head='<?xml version="1.0" encoding="WINDOWS-1252"?>').encode()),
        "byte-order-mark",
    ),
    "windows-1252": Case(lambda: latin("cp1252", "WINDOWS-1252"), "encoding-not-utf-8"),
    "iso-8859-1": Case(lambda: latin("latin-1", "ISO-8859-1"), "encoding-not-utf-8"),
    "iso-8859-15": Case(lambda: latin("iso-8859-15", "iso-8859-15"), "encoding-not-utf-8"),
    "utf-16": Case(lambda: latin("utf-16", "UTF-16"), "byte-order-mark"),
    "utf-16-without-mark": Case(lambda: latin("utf-16-be", "UTF-16"), "encoding-not-utf-8"),
    "utf-8-called-utf-16": Case(lambda: latin("utf-8", "utf-16"), None),
    "latin-1-called-utf-8": Case(lambda: latin("cp1252", "UTF-8"), "encoding-guessed"),
    "blank-line-before-declaration": Case(with_head('\n<?xml version="1.0"?>'), None),
    "stylesheet-instruction": Case(with_head('<?xml-stylesheet href="file:///etc/passwd"?>'), None),
    "identifier-with-apostrophe": Case(
        lambda: course(m.manifest_12().replace("res_1", "kurs’ (1)[1]")), "identifier-invalid"
    ),
    "identifier-leading-digit": Case(lambda: course(m.manifest_12().replace("item_1", "1item")), "identifier-invalid"),
    "identifier-twice": Case(lambda: course(m.manifest_12(items=m.ONE_ITEM * 2)), "identifier-duplicate"),
    "no-schemaversion": Case(lambda: course(m.manifest_12(metadata="")), "schemaversion-missing"),
    "odd-schemaversion": Case(
        lambda: course(m.manifest_12(metadata="<metadata><schemaversion>7</schemaversion></metadata>")),
        "schemaversion-unknown",
    ),
    "no-adlcp-namespace": Case(lambda: course(m.manifest_12(namespaces=PLAIN_NS)), "namespace-missing"),
    "no-namespaces-at-all": Case(
        lambda: course(m.manifest_12(namespaces="", metadata="", scormtype="")), "namespace-missing", "unknown"
    ),
    "no-scormtype": Case(lambda: course(m.manifest_12(scormtype="")), "scormtype-missing"),
    "scormtype-in-2004-case": Case(lambda: course(m.manifest_12(scormtype='adlcp:scormType="SCO"')), None),
    "xml-base-on-manifest-and-resource": Case(lambda: pack({"imsmanifest.xml": BASED, "a/b/index.html": PAGE}), None),
    "xml-base-without-slash": Case(lambda: pack({"imsmanifest.xml": SLASHLESS, "a/b/index.html": PAGE}), None),
    "query-in-href": Case(with_href("index.html?a=1&amp;b=../../../x#side"), None),
    "parameters": Case(
        lambda: course(m.manifest_12(items=m.ONE_ITEM.replace("<item", '<item parameters="?a=1"'))), None
    ),
    "percent-encoded": Case(
        lambda: beside({"min side/å.html": PAGE}, m.manifest_12(href="min%20side/%C3%A5.html")), None
    ),
    "raw-spaces": Case(lambda: beside({"min side.html": PAGE}, m.manifest_12(href="min side.html")), None),
    "percent-in-zip-name": Case(
        lambda: beside({"min%20side.html": PAGE}, m.manifest_12(href="min side.html")), "href-inexact"
    ),
    "other-case": Case(lambda: beside({"Kurs.HTML": PAGE}, m.manifest_12(href="kurs.html")), "href-inexact"),
    "hash-in-file-name": Case(lambda: beside({"c#.html": PAGE}, m.manifest_12(href="c#.html")), None),
    "backslash-in-href": Case(lambda: beside({"a/b.html": PAGE}, m.manifest_12(href="a\\b.html")), "href-backslash"),
    "parent-folder-within": Case(with_href("a/../index.html"), None),
    "external-launch": Case(with_href("https://example.no/kurs?id=1"), "launch-external"),
    "undeclared": Case(lambda: beside({f"media/{n}.png": b"x" for n in range(30)}), "undeclared-files"),
    "declared-missing": Case(lambda: course(m.manifest_12(files='<file href="borte.js"/>')), "declared-file-missing"),
    "manifests-in-sub-folders": Case(
        lambda: beside({"del/imsmanifest.xml": m.manifest_12(title="")}), "several-manifests"
    ),
    "sole-top-folder": Case(lambda: foldered({}), "manifest-in-folder"),
    "sole-top-folder-on-a-mac": Case(
        lambda: foldered({"__MACOSX/kurs/._index.html": b"x", ".DS_Store": b"x"}), "manifest-in-folder"
    ),
    "default-organization-dangling": Case(
        lambda: course(m.manifest_12(default="gone")), "default-organization-dangling"
    ),
    "identifierref-dangling": Case(
        lambda: course(
            m.manifest_12(items=m.ONE_ITEM + '<item identifier="b" identifierref="gone"><title>B</title></item>')
        ),
        "identifierref-dangling",
    ),
    "identifierref-dangling-only": Case(
        lambda: course(m.manifest_12(items=m.ONE_ITEM.replace("res_1", "gone"))), "organization-missing"
    ),
    "no-items": Case(lambda: course(m.manifest_12(items="")), "organization-missing"),
    "empty-title": Case(
        lambda: course(m.manifest_12(items='<item identifier="a" identifierref="res_1"><title> </title></item>')),
        "title-empty",
    ),
    "multi-line-title": Case(lambda: course(m.manifest_12(title="<title>\n Brannvern\n på jobb\n</title>")), None),
    "mastery-score-odd": Case(
        lambda: course(
            m.manifest_12(items=m.ONE_ITEM.replace("</item>", "<adlcp:masteryscore>høy</adlcp:masteryscore></item>"))
        ),
        "mastery-score-invalid",
    ),
    "lom-in-the-wrong-place": Case(lambda: course(m.manifest_12(metadata=LOM)), None),
    "schema-location-to-file": Case(lambda: course(m.manifest_12(attributes=XSI)), None),
    "nested-zip": Case(lambda: beside({"vedlegg.zip": pack({"a": "b"})}), "nested-archive"),
    "many-entries": Case(lambda: beside({f"f/{n}.txt": b"x" for n in range(9_500)}), "undeclared-files"),
    "most-entries": Case(lambda: beside({f"f/{n}.txt": b"" for n in range(19_998)}), "undeclared-files"),
    "data-descriptors": Case(lambda: raw(Raw(b"a.txt", b"hei", streamed=True)), None),
    "zip64": Case(lambda: raw(Raw(b"a.txt", b"hei", zip64=True)), None),
    "prefix": Case(lambda: raw(prefix=b"#!/bin/sh\n"), None),
    "trailing-bytes": Case(lambda: course() + b"\r\n", None),
    "folders-listed": Case(lambda: raw(Raw(b"a/", b"", 0, mode=0o40755), Raw(b"a/", b"", 0), Raw(b"a/b.txt")), None),
    "folders-in-two-cases": Case(lambda: beside({"Bilder/a.png": b"x", "bilder/b.png": b"y"}), None),
    "dot-slash-names": Case(lambda: pack({"./imsmanifest.xml": m.manifest_12(), "./index.html": PAGE}), None),
    "empty-file-called-deflated": Case(lambda: raw(Raw(b"a.txt", b"", packed=b"")), None),
    "utf-8-name-not-flagged": Case(lambda: raw(Raw("ø.txt".encode())), None),
    "dos-name": Case(lambda: raw(Raw("ø.txt".encode("cp865"))), None),
    "mac-and-windows-junk": Case(
        lambda: beside({"__MACOSX/._x": b"x", "Thumbs.db": b"x", "a/.DS_Store": b"x"}), "system-junk"
    ),
    "flash": Case(lambda: beside({"gammel.swf": b"FWS"}), "flash-file"),
    "server-code": Case(lambda: beside({"tools/build.py": "", "tools/a.sh": ""}), "server-code"),
    "cdn": Case(
        lambda: beside({"b.html": '<script src="https://cdn.example.com/a.js"></script>'}), "external-resource"
    ),
    "tracker": Case(
        lambda: beside({"b.html": "<script async src='https://www.googletagmanager.com/gtag/js'></script>"}), "tracker"
    ),
    "small-and-blank": Case(lambda: raw(Raw(b"blank.svg", b" " * 60_000)), None),
    "ratio-just-allowed": Case(lambda: raw(Raw(b"a.bin", random.Random(1).randbytes(1_000) + bytes(90_000))), None),
    "deep-enough": Case(lambda: raw(Raw(b"d/" * 49 + b"f.txt")), None),
    "name-long-enough": Case(lambda: raw(Raw(b"n" * 255)), None),
    "items-100-deep": Case(lambda: course(m.manifest_12(items=nest(100))), None),
    "items-3000-wide": Case(lambda: course(m.manifest_12(items=many(3_000))), None),
    "mac-organization-several": Case(
        lambda: course(m.manifest_12().replace("</organizations>", '<organization identifier="o2"/></organizations>')),
        "organizations-several",
    ),
    "identifier-missing": Case(
        lambda: course(m.manifest_12(items=m.ONE_ITEM.replace('identifier="item_1"', ""))), "identifier-missing"
    ),
    "sub-manifest": Case(
        lambda: course(m.manifest_12().replace("</resources>", '</resources><manifest identifier="m2"/>')),
        "sub-manifest",
    ),
    "external-file": Case(
        lambda: course(m.manifest_12(files='<file href="https://example.no/a.js"/>')), "declared-file-external"
    ),
    "measure-odd": Case(
        lambda: course(
            m.manifest_2004(
                items=m.ONE_ITEM.replace("</item>", "<adlcp:completionThreshold>2</adlcp:completionThreshold></item>")
            )
        ),
        "measure-invalid",
        "scorm-2004-4th",
    ),
}
