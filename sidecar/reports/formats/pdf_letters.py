"""Leave out of a PDF the signs that its fonts don't have: PDF/UA-1 forbids them, and typst refuses the whole."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any, Final

import typst

from sidecar.reports.formats.legal_text import legal

REPLACEMENT: Final = "?"
"""What stands for a sign that can't be shown."""

_PLAIN: Final = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xC0, 0x180)))) | set("\n\r\t–…·")
"""What the fonts are known to have: Latin letters of all Europe."""

_UNSEEN: Final = ("Cf", "Zl", "Zp")
"""Categories of signs that nobody sees, and that are left out."""

_TRIAL: Final = b'#set document(title: "x")\n#set text(font: "Libertinus Serif")\n#sys.inputs.text'


def shown(value: Any, *, plain_only: bool = False) -> Any:  # noqa: ANN401 (what JSON holds)
    """Return a value of JSON with texts that can be shown.

    Args:
        plain_only: leave out all that is not known without a trial.
    """
    if isinstance(value, str):
        return _shown(value, plain_only=plain_only)
    if isinstance(value, dict):
        return {name: shown(one, plain_only=plain_only) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [shown(one, plain_only=plain_only) for one in value]
    return value


def _shown(text: str, *, plain_only: bool) -> str:
    if text.isascii() and text.isprintable():
        return text
    signs = (sign for sign in unicodedata.normalize("NFC", legal(text)) if unicodedata.category(sign) not in _UNSEEN)
    has = _PLAIN.__contains__ if plain_only else _has
    return "".join(sign if has(sign) else REPLACEMENT for sign in signs).strip() or REPLACEMENT


def _has(sign: str) -> bool:
    return sign in _PLAIN or _try(sign)


@lru_cache(maxsize=4096)
def _try(sign: str) -> bool:
    """Tell whether typst sets a sign."""
    try:
        typst.compile(
            _TRIAL, format="pdf", ignore_system_fonts=True, sys_inputs={"text": f"a{sign}a"}, pdf_standards=["ua-1"]
        )
    except typst.TypstError:
        return False
    return True
