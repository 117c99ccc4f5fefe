"""What the libraries have to say, notes and errors alike, in the reader's language.

The libraries know nothing of languages: they speak English sentences. Each has its line in one of the
catalogues of `SECTIONS`, whose English text is the pattern that recognises it; what stands in its places may
be such a sentence itself. A sentence that no line knows is shown as it is; a test finds those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

from forecast.errors import Problem
from reports.words import Words, catalogue

SECTIONS = ("notes", "problems", "imports", "refusals", "breaches", "usage")
LEAST = 8  # letters of its own that a sentence must have; shorter lines with places are for values alone
TELLING = 12  # letters by which it is known for a sentence in a row of them, not for part of another
NEAR = r"; (?:did you mean .*|known: .*|none is known yet)"  # what `forecast.errors.nearest` adds
HEADLESS = r"(?:(?!: ).)+?"  # what begins a sentence holds no place and colon: those are told apart
PLACE = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")
NAMED = ("kind", "template", "found")  # values that may be a single word with a line of its own
IDS = {"kind": "names.event_", "unit": "names.counted_"}  # values that are ids, and where their names begin
MODELS = ("model", "other", "best")  # values that are forecast models

Label = Callable[[str], str]


@dataclass(frozen=True)
class Line:
    """A line of a catalogue as a pattern: literal text and the names of values in turn."""

    key: str
    parts: tuple[str, ...]

    @property
    def literal(self) -> int:
        """How much of the sentence the line itself says."""
        return sum(map(len, self.parts[::2]))

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The expression that a whole sentence must match."""
        text = ""
        for place, part in enumerate(self.parts):
            if place % 2 == 0:
                text += re.escape(part)
            elif part in self.parts[1:place:2]:
                text += f"(?P={part})"
            else:
                anything = HEADLESS if place == 1 and not self.parts[0] else ".+?"
                text += f"(?P<{part}>{NEAR if part == 'near' else anything})"
        return re.compile(text + r"\Z", re.DOTALL)

    def values(self, sentence: str) -> dict[str, str] | None:
        """Return the values in a sentence, None if it is another one."""
        if not all(part in sentence for part in self.parts[::2]):
            return None
        match = self.pattern.match(sentence)
        return None if match is None else match.groupdict()


@cache
def lines() -> tuple[Line, ...]:
    """Return every line, the most telling first."""
    found = []
    for section in SECTIONS:
        for name, texts in catalogue(section).items():
            parts = [part.replace("{{", "{").replace("}}", "}") for part in re.split(PLACE, texts["en"])]
            found.append(Line(f"{section}.{name}", tuple(parts)))
    return tuple(sorted(found, key=lambda line: (-line.literal, "near" not in line.parts)))


def in_words(note: str, say: Words, *, label: Label = str) -> str:
    """Return a note or an error in the reader's language.

    Parameters
    ----------
    note
        An English sentence, or several parted by "; "; a place and a colon may stand in front, where a
        stream's id is told by its name.
    say
        The reader's messages.
    label
        Returns a stream's name for readers, the id itself where it is no stream.

    Examples
    --------
    >>> from reports.words import words
    >>> in_words("4 hours are left out because the promotion calendar says so", words("zh"))
    '按促销日历略过 4 个小时，不从中学习'
    >>> in_words("shop.toml: no stream is called 'a'; did you mean b?", words("zh"))
    'shop.toml：没有叫 “a” 的渠道；是不是 b？'
    """
    head, colon, rest = note.partition(": ")
    if colon and label(head) != head:
        return f"{label(head)}{say('format.colon')}{in_words(rest, say, label=label)}"
    return _spoken(note, say) or note


def model_words(model: str, say: Words) -> str:
    """Return a forecast model's name for readers, a combination's with each of its parts.

    Examples
    --------
    >>> from reports.words import words
    >>> model_words("regression + seasonal-mean", words("zh"))
    '日历回归 + 近几周平均'
    """
    return " + ".join(say.either(f"names.model_{name}", name) for name in model.split(" + "))


def problem_words(problem: str | Problem, say: Words) -> str:
    """Return what is wrong with an input, and where, in the reader's language."""
    if isinstance(problem, str) or say.lang == "en":
        return in_words(str(problem), say)
    where = problem.file
    if problem.row is not None:
        where += say("format.at_row", row=problem.row)
    if problem.column is not None:
        where += say("format.at_column", column=problem.column)
    return f"{where}{say('format.colon')}{in_words(problem.message, say)}"


@lru_cache(maxsize=1024)  # a table repeats its sources row by row
def _spoken(text: str, say: Words, *, least: int = LEAST) -> str | None:
    """Return a sentence, a sentence behind its place, or several of them; None where nothing is known."""
    clauses = text.split("; ")
    if len(clauses) > 1:  # sentences of their own come before one that would take the rest for a value
        each = [told for clause in clauses if (told := _translated(clause, say, least=TELLING)) is not None]
        if len(each) == len(clauses):
            return say("format.clause_gap").join(each)
    if (whole := _translated(text, say, least=least)) is not None:
        return whole
    for head, rest in _heads(text):
        if (told := _translated(rest, say, least=least)) is not None:
            place = _translated(head, say) or head.replace(": ", say("format.colon"))
            return f"{place}{say('format.colon')}{told}"
    told_apart = [_spoken(clause, say, least=least) for clause in clauses] if len(clauses) > 1 else []
    if not any(told_apart):
        return None
    return say("format.clause_gap").join(
        told or clause for told, clause in zip(told_apart, clauses, strict=True)
    )


def _heads(text: str) -> Iterator[tuple[str, str]]:
    at = text.find(": ")
    while at >= 0:
        yield text[:at], text[at + 2 :]
        at = text.find(": ", at + 1)


def _translated(sentence: str, say: Words, *, least: int = 0) -> str | None:
    """Return a sentence that a line knows, of those with at least so many letters of their own."""
    for line in lines():
        may_be = line.literal >= least or len(line.parts) == 1
        values = line.values(sentence) if may_be else None
        if values is not None:
            return say(line.key, **{key: _value(key, value, say) for key, value in values.items()})
    return None


def _value(key: str, value: str, say: Words) -> str:
    """Return what stands in a place: a name, quoted as the language does, or a sentence of its own."""
    if key in IDS and say.has(IDS[key] + value):
        return say(IDS[key] + value)
    if key in MODELS:
        return model_words(value, say)
    if len(value) > 2 and value[0] == value[-1] == "'" and "'" not in value[1:-1]:
        return say("format.quoted", text=value[1:-1])
    return (_spoken(value, say, least=0) or value) if " " in value or key in NAMED else value
