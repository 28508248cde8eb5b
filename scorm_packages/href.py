"""Find the file that an address in a manifest means."""

import posixpath
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urljoin

from scorm_packages.errors import HrefLeavesPackageError, HrefSchemeError, ManifestTooWideError

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# A browser ignores these wherever they stand in an address.
IGNORED = str.maketrans("", "", "\t\r\n")
LONGEST_ADDRESS = 8_192
MOST_CHARACTERS = 16_000_000
SUFFIX = re.compile(r"[?#].*", re.DOTALL)


@dataclass(frozen=True)
class Target:
    """Say what an address means: a path of the package or an http(s) address, and what follows the path."""

    path: str
    suffix: str
    is_found: bool
    is_exact: bool
    is_external: bool = False


class PathIndex:
    """Look up paths of the package as written, and again without regard to capital letters and encoding."""

    def __init__(self, paths: Collection[str]) -> None:
        self._paths = frozenset(paths)
        self._folded = {_fold(path): path for path in sorted(self._paths, reverse=True)}
        self._read_characters = 0

    def resolve(self, bases: Sequence[str], href: str, line: int = 0) -> Target:
        """Return what an address means below its `xml:base` chain.

        Raises HrefSchemeError and HrefLeavesPackageError, also where the file happens to exist; ManifestTooWideError
        once all addresses together, each with its chain, are longer than any package's.
        """
        parts = [part.translate(IGNORED).strip() for part in (*bases, href)]
        length = sum(map(len, parts))
        if length > LONGEST_ADDRESS:
            raise HrefSchemeError(href, line=line)
        self._read_characters += length
        if self._read_characters > MOST_CHARACTERS:
            raise ManifestTooWideError(limit=MOST_CHARACTERS)
        outside = _join_external(parts, href, line)
        if outside:
            return Target(outside, "", is_found=True, is_exact=True, is_external=True)
        whole = ""
        for part in parts:
            whole = whole[: whole.rfind("/") + 1] + part.replace("\\", "/")
        sealed = "/".join(part.strip("/") for part in parts if part.strip("/"))
        targets = [self._look_up(each, href, line) for each in dict.fromkeys((whole, sealed.replace("\\", "/")))]
        return next((target for target in targets if target.is_found), targets[0])

    def _look_up(self, address: str, href: str, line: int) -> Target:
        name = SUFFIX.sub("", address)
        suffix = address[len(name) :]
        decoded = _normalize(unquote(name), href, line)
        raw = _normalize(name, href, line)
        # A file may have ? or # in its name, and a tool forget to encode it.
        literal = posixpath.normpath(address)
        for path, rest in ((literal, ""), (raw, suffix), (decoded, suffix)):
            if path in self._paths:
                return Target(path, rest, is_found=True, is_exact=True)
        for path, rest in ((raw, suffix), (literal, "")):
            if _fold(path) in self._folded:
                return Target(self._folded[_fold(path)], rest, is_found=True, is_exact=False)
        return Target(decoded, suffix, is_found=False, is_exact=False)


def _join_external(parts: Sequence[str], href: str, line: int) -> str:
    """Return the outside address that the parts make, or an empty text; refuse every other scheme."""
    joined = ""
    for part in parts:
        scheme = SCHEME.match(part)
        if scheme and not part.lower().startswith(("http://", "https://")):
            raise HrefSchemeError(href, line=line)
        if scheme:
            joined = scheme[1].lower() + part[scheme.end(1) :]
        elif joined:
            joined = _join_url(joined, part, href, line)
        elif part.replace("\\", "/").startswith("/"):
            raise HrefLeavesPackageError(href, line=line)
    return joined


def _join_url(base: str, part: str, href: str, line: int) -> str:
    try:
        return urljoin(base, part)
    except ValueError:
        raise HrefSchemeError(href, line=line) from None


def _normalize(path: str, href: str, line: int) -> str:
    kept: list[str] = []
    for part in path.replace("\\", "/").split("/"):
        if part == ".." and not kept:
            raise HrefLeavesPackageError(href, line=line)
        if part == "..":
            kept.pop()
        elif part not in {"", "."}:
            kept.append(part)
    return "/".join(kept)


def _fold(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", unquote(path)).casefold())
