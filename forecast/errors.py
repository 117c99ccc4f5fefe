"""The errors a user can meet, and how problems are gathered before one is raised.

::

    PlanError
    ├── DataError     rows of an input file
    ├── ConfigError   settings
    └── ModelError    a forecast model that cannot be fitted

Every problem says what, where, and what to do next. One error carries all problems found in one reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

MOST_KNOWN = 12  # names told where none is near


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong with an input: where, what, and what to do next."""

    file: str
    message: str
    row: int | None = None  # as a spreadsheet counts: the header is row 1
    column: str | None = None

    def __str__(self) -> str:
        where = self.file
        if self.row is not None:
            where += f" row {self.row}"
        if self.column is not None:
            where += f", column {self.column}"
        return f"{where}: {self.message}"


class PlanError(Exception):
    """An input or a setting that the user can put right."""

    def __init__(self, problems: str | Problem | Iterable[str | Problem]) -> None:
        self.problems: tuple[str | Problem, ...] = (
            (problems,) if isinstance(problems, str | Problem) else tuple(problems)
        )
        super().__init__("\n".join(str(problem) for problem in self.problems))


class DataError(PlanError):
    """Input rows that cannot be used."""


class ConfigError(PlanError):
    """A setting that is unknown or out of range."""


class ModelError(PlanError):
    """A forecast model that cannot be fitted to this history."""


def nearest(name: str, known: Sequence[str]) -> str:
    """Return ``; did you mean X?`` for the known name closest to `name` or holding it, or what is known.

    Examples
    --------
    >>> nearest("receptoin_cap", ["reception_cap", "reply_s"])
    '; did you mean reception_cap?'
    >>> nearest("Ann", []), nearest("Ann", ["Bob"]), nearest("王", ["李俊杰", "王梓涵"])
    ('; none is known yet', '; known: Bob', '; did you mean 王梓涵?')
    """
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    close = close or sorted(one for one in known if name and name in one)
    if close:
        return f"; did you mean {close[0]}?"
    if not known:
        return "; none is known yet"
    rest = len(known) - MOST_KNOWN
    more = f" and {rest} more" if rest > 0 else ""
    return f"; known: {', '.join(sorted(known)[:MOST_KNOWN])}{more}"
