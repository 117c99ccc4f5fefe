"""Text that a spreadsheet would take for a formula: refused in names, made harmless in the CSV files written.

A cell that begins with one of `SIGNS` is worked out by Excel, WPS or LibreOffice as soon as it is opened.
"""

from __future__ import annotations

import re

SIGNS = "=+-@＝＋－＠"
_FORMULA = re.compile(rf"\s*[{re.escape(SIGNS)}]|[\t\r\n]")
_QUOTED = re.compile(rf"'+(?:{_FORMULA.pattern})")
_NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?%?")


def begins_like_formula(text: str) -> bool:
    """Return whether a spreadsheet may take the text for a formula.

    Examples
    --------
    >>> [begins_like_formula(text) for text in ("=1+1", " @A1", "王芳", "taobao-presale")]
    [True, True, False, False]
    """
    return _FORMULA.match(text) is not None


def check_names(**names: str) -> None:
    """Raise `ValueError` for the first name that begins like a formula; the keyword says what it names."""
    for what, name in names.items():
        if begins_like_formula(name):
            raise ValueError(name_fault(what, name))


def name_fault(what: str, name: str) -> str:
    """Return the sentence that says why a name is refused."""
    return f"{what} {name!r} begins like a spreadsheet formula; begin it with a letter or a digit"


def quoted(text: str) -> str:
    """Return the text as a spreadsheet leaves it alone: with ``'`` before what begins like a formula.

    Numbers stay as they are. `unquoted` gives back every text as it was, those with a ``'`` of their own too.

    Examples
    --------
    >>> [quoted(text) for text in ("=1+1", "-2.5", "+8%", "- 牙医", "'=1")]
    ["'=1+1", '-2.5', '+8%', "'- 牙医", "''=1"]
    """
    if _NUMBER.fullmatch(text):
        return text
    return f"'{text}" if begins_like_formula(text) or _QUOTED.match(text) else text


def unquoted(text: str) -> str:
    """Return the text that was written by `quoted`.

    Examples
    --------
    >>> [unquoted(text) for text in ("'=1+1", "-2.5", "''=1", "'tis")]
    ['=1+1', '-2.5', "'=1", "'tis"]
    """
    return text[1:] if _QUOTED.match(text) else text
