"""List the packages that must be rejected, and why."""

import unicodedata
from collections.abc import Mapping

from tests.data.scorm import manifests as m
from tests.data.scorm.parts import (
    PAGE,
    Case,
    beside,
    course,
    foldered,
    many,
    nest,
    overlap,
    pack,
    raw,
    unicode_path,
    with_head,
    with_href,
)
from tests.data.scorm.zip_writer import Raw, deflate, write_zip

ENTITY = '<!DOCTYPE manifest [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
LAUGHS = '<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>'
XINCLUDE = (
    '<metadata><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" '
    'href="file:///etc/passwd" parse="text"/></metadata>'
)
NFD = unicodedata.normalize("NFD", "kurs/blå.png").encode()
NFC = unicodedata.normalize("NFC", "kurs/blå.png").encode()

REJECT: Mapping[str, Case] = {
    "parent-path": Case(lambda: raw(Raw(b"../evil.html")), "path-leaves-package"),
    "parent-path-within": Case(lambda: raw(Raw(b"a/../evil.html")), "path-leaves-package"),
    "parent-path-with-space": Case(lambda: raw(Raw(b"a/.. /evil.html")), "path-leaves-package"),
    "parent-folder": Case(lambda: raw(Raw(b"../evil/", b"", 0)), "path-leaves-package"),
    "parent-path-in-unicode-extra": Case(
        lambda: raw(Raw(b"a.txt", extra=unicode_path(b"a.txt", b"../a.txt"))), "path-leaves-package"
    ),
    "absolute-path": Case(lambda: raw(Raw(b"/etc/passwd")), "absolute-path"),
    "backslash-path": Case(lambda: raw(Raw(b"a\\b.html")), "backslash-path"),
    "backslash-parent": Case(lambda: raw(Raw(b"..\\evil.html")), "backslash-path"),
    "unc-path": Case(lambda: raw(Raw(b"\\\\server\\share")), "backslash-path"),
    "drive-path": Case(lambda: raw(Raw(b"C:/evil.html")), "drive-path"),
    "drive-backslash-path": Case(lambda: raw(Raw(b"c:\\evil.html")), "drive-path"),
    "symlink": Case(lambda: raw(Raw(b"link", b"/etc/passwd", mode=0o120777)), "non-regular-entry"),
    "fifo": Case(lambda: raw(Raw(b"pipe", mode=0o010644)), "non-regular-entry"),
    "device": Case(lambda: raw(Raw(b"dev", mode=0o020644)), "non-regular-entry"),
    "folder-with-content": Case(lambda: raw(Raw(b"a/", b"data")), "non-regular-entry"),
    "duplicate": Case(lambda: raw(Raw(b"a.txt"), Raw(b"a.txt", b"y")), "duplicate-name"),
    "duplicate-manifest": Case(lambda: raw(Raw(b"imsmanifest.xml")), "duplicate-name"),
    "duplicate-by-case": Case(lambda: raw(Raw(b"A.txt"), Raw(b"a.TXT")), "duplicate-name"),
    "duplicate-by-folder-case": Case(lambda: raw(Raw(b"A/x.txt"), Raw(b"a/x.txt")), "duplicate-name"),
    "two-manifests-by-case": Case(lambda: raw(Raw(b"IMSMANIFEST.XML")), "duplicate-name"),
    "duplicate-by-normal-form": Case(lambda: raw(Raw(NFC, flags=0x800), Raw(NFD, flags=0x800)), "duplicate-name"),
    "duplicate-by-dot": Case(lambda: raw(Raw(b"a.txt"), Raw(b"./a.txt")), "duplicate-name"),
    "file-against-folder": Case(lambda: raw(Raw(b"a"), Raw(b"a/b.txt")), "file-against-folder"),
    "file-against-folder-by-case": Case(lambda: raw(Raw(b"a/b/c.txt"), Raw(b"A/B")), "file-against-folder"),
    "file-against-listed-folder": Case(lambda: raw(Raw(b"a/", b"", 0), Raw(b"a")), "file-against-folder"),
    "encrypted": Case(lambda: raw(Raw(b"a.txt", flags=1)), "encrypted-entry"),
    "strongly-encrypted": Case(lambda: raw(Raw(b"a.txt", flags=0x41)), "encrypted-entry"),
    "aes": Case(lambda: raw(Raw(b"a.txt", flags=1, method=99)), "encrypted-entry"),
    "unknown-compression": Case(lambda: raw(Raw(b"a.txt", method=97)), "unknown-compression"),
    "lzma": Case(lambda: raw(Raw(b"a.txt", method=14)), "unknown-compression"),
    "local-compression-differs": Case(lambda: raw(Raw(b"a.txt", local_method=0)), "header-mismatch"),
    "local-name-differs": Case(lambda: raw(Raw(b"a.txt", local_name=b"b.txt")), "header-mismatch"),
    "bad-crc": Case(lambda: raw(Raw(b"a.txt", crc=1)), "bad-crc"),
    "bad-crc-stored": Case(lambda: raw(Raw(b"a.txt", b"hei", method=0, crc=1)), "bad-crc"),
    "bad-crc-of-manifest": Case(
        lambda: write_zip([Raw(b"imsmanifest.xml", m.manifest_12().encode(), crc=1)]), "bad-crc"
    ),
    "bad-deflate": Case(lambda: raw(Raw(b"a.txt", packed=b"\xff" * 40)), "bad-data"),
    "size-too-small": Case(lambda: raw(Raw(b"a.txt", b"hei" * 99, size_bytes=3)), "size-lie"),
    "size-too-large": Case(lambda: raw(Raw(b"a.txt", b"hei", size_bytes=9)), "size-lie"),
    "size-of-stored": Case(lambda: raw(Raw(b"a.txt", b"hei", method=0, size_bytes=2)), "size-lie"),
    "size-in-local-header": Case(lambda: raw(Raw(b"a.txt", b"hei", local_size_bytes=9)), "size-lie"),
    "packed-size-padded": Case(lambda: raw(Raw(b"a.txt", b"hei", packed=deflate(b"hei") + b"\0" * 99)), "size-lie"),
    "packed-size-cut": Case(lambda: raw(Raw(b"a.txt", b"hei" * 9, packed=deflate(b"hei" * 9)[:-2])), "size-lie"),
    "hidden-bomb": Case(lambda: raw(Raw(b"a.bin", bytes(9_000_000), size_bytes=50_000)), "size-lie"),
    "bomb": Case(lambda: raw(Raw(b"a.bin", bytes(9_000_000))), "ratio-too-high"),
    "small-bomb": Case(lambda: raw(Raw(b"a.bin", bytes(100_000))), "ratio-too-high"),
    "bomb-in-pieces": Case(
        lambda: raw(*(Raw(b"%d.bin" % n, bytes(60_000)) for n in range(300))), "total-ratio-too-high"
    ),
    "overlapping": Case(overlap, "overlapping-entries"),
    "same-data-twice": Case(
        lambda: raw(Raw(b"a.txt", local_name=b"a.txt"), Raw(b"b.txt", offset=0)), "overlapping-entries"
    ),
    "data-in-directory": Case(
        lambda: raw(Raw(b"a.txt", b"x" * 9, method=0, packed_bytes=500, size_bytes=500)), "overlapping-entries"
    ),
    "offset-outside": Case(lambda: raw(Raw(b"a.txt", offset=0xFFFF_FFF0)), "overlapping-entries"),
    "too-many-entries": Case(lambda: beside({f"f/{n}.txt": b"" for n in range(19_999)}), "too-many-entries"),
    "more-entries-than-announced": Case(lambda: raw(announced=1), "damaged-zip"),
    "name-too-long": Case(lambda: raw(Raw(b"n" * 256)), "name-too-long"),
    "name-too-long-in-utf-8": Case(lambda: raw(Raw("æ".encode() * 128, flags=0x800)), "name-too-long"),
    "path-too-long": Case(lambda: raw(Raw(b"mappe/" * 45 + b"f.txt")), "name-too-long"),
    "too-deep": Case(lambda: raw(Raw(b"d/" * 51 + b"f.txt")), "path-too-deep"),
    "nul-in-name": Case(lambda: raw(Raw(b"a.html\0.txt")), "unsafe-characters"),
    "newline-in-name": Case(lambda: raw(Raw(b"a\n.html")), "unsafe-characters"),
    "escape-in-name": Case(lambda: raw(Raw(b"a\x1b[31m.html")), "unsafe-characters"),
    "c1-control-in-name": Case(lambda: raw(Raw("a\x85.html".encode(), flags=0x800)), "unsafe-characters"),
    "bidi-in-name": Case(lambda: raw(Raw("a\u202egpj.exe".encode(), flags=0x800)), "unsafe-characters"),
    "bidi-isolate-in-name": Case(lambda: raw(Raw("a\u2066.html".encode(), flags=0x800)), "unsafe-characters"),
    "name-not-utf-8": Case(lambda: raw(Raw(b"\xff\xfe.html", flags=0x800)), "name-not-text"),
    "empty-name": Case(lambda: raw(Raw(b"")), "name-not-text"),
    "empty-file": Case(lambda: b"", "not-a-zip"),
    "text-file": Case(lambda: b"hei", "not-a-zip"),
    "bare-manifest": Case(lambda: m.manifest_12().encode(), "not-a-zip"),
    "cut-off": Case(lambda: course()[:-30], "not-a-zip"),
    "directory-cut-off": Case(lambda: write_zip([]), "no-manifest"),
    "no-manifest": Case(lambda: pack({"index.html": PAGE}), "no-manifest"),
    "web-pages": Case(lambda: pack({"index.html": PAGE, "metadata.jsonld": "{}"}), "web-pages"),
    "manifest-two-folders-down": Case(
        lambda: pack({"a/b/imsmanifest.xml": m.manifest_12(), "a/b/index.html": PAGE}), "manifest-misplaced"
    ),
    "manifest-beside-files": Case(lambda: foldered({"lesmeg.txt": "hei"}), "manifest-misplaced"),
    "two-folders-with-manifests": Case(lambda: foldered({"to/imsmanifest.xml": m.manifest_12()}), "manifest-misplaced"),
    "aicc": Case(lambda: pack({"kurs.crs": "", "kurs.au": "", "kurs.des": "", "kurs.cst": ""}), "aicc-package"),
    "tin-can": Case(lambda: pack({"tincan.xml": "<tincan/>", "index.html": PAGE}), "xapi-package"),
    "xxe": Case(lambda: course(m.manifest_12(head=ENTITY, title="<title>&x;</title>")), "manifest-dtd"),
    "billion-laughs": Case(lambda: course(m.manifest_12(head=LAUGHS, title="<title>&c;</title>")), "manifest-dtd"),
    "external-dtd": Case(with_head('<!DOCTYPE manifest SYSTEM "http://192.0.2.1/x.dtd">'), "manifest-dtd"),
    "empty-doctype": Case(with_head("<!DOCTYPE manifest>"), "manifest-dtd"),
    "dtd-in-utf-16": Case(lambda: course(m.manifest_12(head=LAUGHS).encode("utf-16")), "manifest-dtd"),
    "dtd-in-cmi5": Case(lambda: pack({"cmi5.xml": ENTITY + m.CMI5.partition("?>")[2]}), "manifest-dtd"),
    "undefined-entity": Case(lambda: course(m.manifest_12(title="<title>&aring;</title>")), "manifest-not-xml"),
    "xinclude": Case(lambda: course(m.manifest_12(metadata=XINCLUDE)), "manifest-includes"),
    "utf-7": Case(with_head('<?xml version="1.0" encoding="utf-7"?>'), "manifest-encoding"),
    "codec-of-python": Case(with_head('<?xml version="1.0" encoding="unicode_escape"?>'), "manifest-encoding"),
    "not-xml": Case(lambda: course("hei"), "manifest-not-xml"),
    "empty-manifest": Case(lambda: course(""), "manifest-not-xml"),
    "html-as-manifest": Case(lambda: course("<html><body/></html>"), "manifest-unrecognised"),
    "unclosed": Case(lambda: course(m.manifest_12()[:-3]), "manifest-not-xml"),
    "manifest-too-large": Case(
        lambda: course(m.manifest_12() + "".join(f"<!--{n}-->" for n in range(800_000))), "manifest-too-large"
    ),
    "javascript-href": Case(with_href("javascript:alert(1)"), "href-scheme"),
    "javascript-href-with-tab": Case(with_href(" java&#9;script:alert(1)"), "href-scheme"),
    "data-href": Case(with_href("data:text/html,x"), "href-scheme"),
    "file-href": Case(with_href("file:///etc/passwd"), "href-scheme"),
    "drive-href": Case(with_href("C:\\kurs\\index.html"), "href-scheme"),
    "scheme-of-xml-base": Case(lambda: course(m.manifest_12(attributes='xml:base="javascript:x/"')), "href-scheme"),
    "scheme-of-file": Case(lambda: course(m.manifest_12(files='<file href="ftp://192.0.2.1/x"/>')), "href-scheme"),
    "parent-href": Case(with_href("../index.html"), "href-leaves-package"),
    "parent-href-within": Case(with_href("a/../../index.html"), "href-leaves-package"),
    "parent-href-encoded": Case(with_href("%2e%2e/index.html"), "href-leaves-package"),
    "parent-href-encoded-slash": Case(with_href("a%2f..%2f..%2findex.html"), "href-leaves-package"),
    "parent-href-backslash": Case(with_href("..\\index.html"), "href-leaves-package"),
    "parent-of-xml-base": Case(lambda: course(m.manifest_12(attributes='xml:base="../"')), "href-leaves-package"),
    "parent-of-file": Case(lambda: course(m.manifest_12(files='<file href="../x.js"/>')), "href-leaves-package"),
    "absolute-href": Case(with_href("/etc/passwd"), "href-leaves-package"),
    "other-host-href": Case(with_href("//192.0.2.1/x"), "href-leaves-package"),
    "nothing-to-launch": Case(lambda: course(m.manifest_12(resources="")), "nothing-to-launch"),
    "launch-file-missing": Case(with_href("borte.html"), "nothing-to-launch"),
    "items-2000-deep": Case(lambda: course(m.manifest_12(items=nest(2_000))), "manifest-too-deep"),
    "items-100000-deep": Case(lambda: course(m.manifest_12(items=nest(100_000))), "manifest-too-deep"),
    "attributes-many": Case(
        lambda: course(m.manifest_12(attributes=" ".join(f'a{n}="1"' for n in range(9_000)))), "manifest-attributes"
    ),
    "attribute-long": Case(
        lambda: course(m.manifest_12(attributes=f'xml:base="{"a" * 20_000}/"')), "manifest-attributes"
    ),
    "elements-many": Case(
        lambda: course(m.manifest_12(metadata="".join(f"<a{n}/>" for n in range(260_000)))), "manifest-too-wide"
    ),
    "items-30000-wide": Case(lambda: course(m.manifest_12(items=many(30_000))), "manifest-too-wide"),
}
