"""Name every reason for which a package is refused.

The docstring of a class is its English text; `{facts}` in it are filled from `PackageError.facts`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

ZipFault = Literal[
    "an entry is not where the directory says",
    "it announces another number of entries than it lists",
    "it is one of several volumes",
    "its directory is cut off",
    "its directory lies outside the file",
    "its zip64 end record is missing",
    "the size of an entry is missing",
]
"""How a zip archive can be damaged."""

HeaderField = Literal["compression", "encryption", "name"]
"""What the two headers of an entry can disagree about."""

XmlFault = Literal[
    "XML declaration not well-formed",
    "XML or text declaration not at start of entity",
    "duplicate attribute",
    "encoding specified in XML declaration is incorrect",
    "junk after document element",
    "mismatched tag",
    "no element found",
    "not well-formed (invalid token)",
    "partial character",
    "reference to invalid character number",
    "syntax error",
    "unbound prefix",
    "unclosed CDATA section",
    "unclosed token",
    "undefined entity",
    "unknown encoding",
]
"""What the XML parser says of a document that is not well-formed; anything rarer is called a syntax error."""

SHOWN_CHARACTERS = 1_000


def show(text: str) -> str:
    """Return text that is safe to print: control, bidirectional and other invisible characters escaped."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + "…"


class PackageError(Exception):
    """The package cannot be used."""

    code: ClassVar[str] = "package-refused"

    def __init__(self, where: str = "", **facts: object) -> None:
        self.where = show(where)
        self.facts: Mapping[str, str] = MappingProxyType(
            {"where": self.where, **{name: show(str(value)) for name, value in facts.items()}}
        )
        super().__init__(self.where)

    def __str__(self) -> str:
        return (type(self).__doc__ or "").format_map(self.facts)


class NotAZipError(PackageError):
    """The file is not a zip archive, or its end is missing."""

    code = "not-a-zip"


class DamagedZipError(PackageError):
    """The zip archive is damaged: {reason}."""

    code = "damaged-zip"

    def __init__(self, where: str = "", *, reason: ZipFault) -> None:
        super().__init__(where, reason=reason)


class TooManyEntriesError(PackageError):
    """The package holds more than {limit} entries."""

    code = "too-many-entries"


class PackageTooLargeError(PackageError):
    """The package unpacks to {size_bytes} bytes; {limit} are allowed."""

    code = "package-too-large"


class NameNotTextError(PackageError):
    """The entry name “{where}” is empty or not valid text."""

    code = "name-not-text"


class NameTooLongError(PackageError):
    """The entry name “{where}” is longer than {limit} bytes."""

    code = "name-too-long"


class UnsafeCharactersError(PackageError):
    """The entry name “{where}” holds control or text-direction characters."""

    code = "unsafe-characters"


class PathLeavesPackageError(PackageError):
    """The entry “{where}” leads outside the package."""

    code = "path-leaves-package"


class AbsolutePathError(PackageError):
    """The entry “{where}” has an absolute path."""

    code = "absolute-path"


class DrivePathError(PackageError):
    """The entry “{where}” names a drive."""

    code = "drive-path"


class BackslashPathError(PackageError):
    """The entry “{where}” has a backslash in its path."""

    code = "backslash-path"


class PathTooDeepError(PackageError):
    """The entry “{where}” lies deeper than {limit} levels."""

    code = "path-too-deep"


class NonRegularEntryError(PackageError):
    """The entry “{where}” is a link or another thing that is neither a file nor a folder."""

    code = "non-regular-entry"


class DuplicateNameError(PackageError):
    """The entry “{where}” has the same name as “{other}” (capital letters and accents are not told apart)."""

    code = "duplicate-name"


class FileAgainstFolderError(PackageError):
    """The name “{where}” is used for a file and for a folder."""

    code = "file-against-folder"


class EncryptedEntryError(PackageError):
    """The entry “{where}” is encrypted."""

    code = "encrypted-entry"


class UnknownCompressionError(PackageError):
    """The entry “{where}” is compressed by method {method}; only stored and deflated entries can be read."""

    code = "unknown-compression"


class HeaderMismatchError(PackageError):
    """The two headers of the entry “{where}” disagree about its {field}."""

    code = "header-mismatch"

    def __init__(self, where: str, *, field: HeaderField) -> None:
        super().__init__(where, field=field)


class SizeLieError(PackageError):
    """The entry “{where}” does not have the size that its header states."""

    code = "size-lie"


class BadCrcError(PackageError):
    """The entry “{where}” is damaged: its checksum is wrong."""

    code = "bad-crc"


class BadDataError(PackageError):
    """The compressed data of the entry “{where}” are damaged."""

    code = "bad-data"


class RatioTooHighError(PackageError):
    """The entry “{where}” unpacks to more than {limit} times its packed size."""

    code = "ratio-too-high"


class TotalRatioTooHighError(PackageError):
    """The package unpacks to more than {limit} times its packed size."""

    code = "total-ratio-too-high"


class OverlappingEntriesError(PackageError):
    """The data of the entry “{where}” overlap those of another entry."""

    code = "overlapping-entries"


class EntryMissingError(PackageError):
    """The package holds no file “{where}”."""

    code = "entry-missing"


class EntryTooLargeError(PackageError):
    """The file “{where}” is larger than {limit} bytes."""

    code = "entry-too-large"


class NoManifestError(PackageError):
    """There is no imsmanifest.xml at the top of the package. Zip the contents of the course folder."""

    code = "no-manifest"


class ManifestMisplacedError(PackageError):
    """The manifest lies at “{where}”, not at the top of the package. Zip the contents of the course folder."""

    code = "manifest-misplaced"


class AiccPackageError(PackageError):
    """This is an AICC package (“{where}”). Export the course again as SCORM 1.2 or SCORM 2004."""

    code = "aicc-package"


class XapiPackageError(PackageError):
    """This is a Tin Can (xAPI) package (“{where}”). Export the course again as SCORM 1.2 or SCORM 2004."""

    code = "xapi-package"


class WebPagesError(PackageError):
    """This was built as web pages, which report no results. Build it as scorm-2004."""

    code = "web-pages"


class ManifestNotXmlError(PackageError):
    """The manifest is not well-formed XML (line {line}: {reason})."""

    code = "manifest-not-xml"

    def __init__(self, where: str = "", *, line: int, reason: XmlFault) -> None:
        super().__init__(where, line=line, reason=reason)


class ManifestEncodingError(PackageError):
    """The manifest is written in a character encoding that cannot be read ({encoding})."""

    code = "manifest-encoding"


class ManifestDtdError(PackageError):
    """The manifest declares a document type or entities (line {line}), which is not allowed."""

    code = "manifest-dtd"


class ManifestIncludesError(PackageError):
    """The manifest includes other documents (XInclude, line {line}), which is not allowed."""

    code = "manifest-includes"


class ManifestTooDeepError(PackageError):
    """The manifest is nested deeper than {limit} levels."""

    code = "manifest-too-deep"


class ManifestTooWideError(PackageError):
    """The manifest holds more than {limit} items or elements."""

    code = "manifest-too-wide"


class ManifestAttributesError(PackageError):
    """The manifest has an element with too many or too long attributes (line {line})."""

    code = "manifest-attributes"


class ManifestUnrecognisedError(PackageError):
    """The manifest is not one of SCORM or cmi5: its root element is “{element}”."""

    code = "manifest-unrecognised"


class HrefSchemeError(PackageError):
    """The address “{where}” (line {line}) is neither a file of the package nor http or https."""

    code = "href-scheme"


class HrefLeavesPackageError(PackageError):
    """The address “{where}” (line {line}) leads outside the package."""

    code = "href-leaves-package"


class NothingToLaunchError(PackageError):
    """The manifest names nothing in the package that can be opened."""

    code = "nothing-to-launch"


class ManifestTooLargeError(PackageError):
    """The manifest “{where}” is larger than {limit} bytes."""

    code = "manifest-too-large"
