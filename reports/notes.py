"""What the libraries have to say, in the reader's language.

Notes come as English sentences. Each has its line in the catalogue `notes`, whose English text is the
pattern that recognises it; a sentence that no line knows is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from reports.words import Words, catalogue

KINDS = ("kind",)  # values that are names themselves


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Return every line's name and pattern, the most telling first."""
    found = []
    for name, texts in catalogue("notes").items():
        parts = re.split(r"\{(\w+)\}", texts["en"])
        pattern = "".join(
            re.escape(part) if place % 2 == 0 else f"(?P<{part}>.+?)" for place, part in enumerate(parts)
        )
        found.append((len(texts["en"]), name, re.compile(pattern + r"\Z")))
    return [(name, pattern) for _, name, pattern in sorted(found, key=lambda line: -line[0])]


def in_words(note: str, say: Words, *, label: Callable[[str], str] = str) -> str:
    """Return a note in the reader's language.

    Parameters
    ----------
    note
        An English sentence, or several parted by "; "; a stream's id and a colon may stand in front.
    say
        The reader's messages.
    label
        Returns a stream's name for readers, the id itself where it is no stream.

    Examples
    --------
    >>> from reports.words import words
    >>> in_words("4 hours are left out because the promotion calendar says so", words("zh"))
    '按促销日历略过 4 个小时，不从中学习'
    """
    head, colon, rest = note.partition(": ")
    if colon and label(head) != head:
        return f"{label(head)}{say('format.colon')}{in_words(rest, say, label=label)}"
    if say.lang == "en":
        return note
    whole = _translated(note, say)
    if whole is not None:
        return whole
    parts = [_translated(part, say) or part for part in note.split("; ")]
    return say("format.clause_gap").join(parts)


def _translated(note: str, say: Words) -> str | None:
    for name, pattern in _patterns():
        match = pattern.match(note)
        if match is not None:
            values = {
                key: say.either(f"names.event_{value}", value) if key in KINDS else value
                for key, value in match.groupdict().items()
            }
            return say(f"notes.{name}", **values)
    return None
