"""Values out of a form, checked one by one; what is wrong is gathered by field."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

from reports.serve.toml_files import FieldErrors
from reports.words import Words

LONGEST = 200  # letters of a name
MOST_ROWS = 400


class Fields:
    """Reads values and gathers complaints; nothing found is None."""

    def __init__(self, say: Words) -> None:
        self.say = say
        self._found: dict[str, str] = {}

    def tell(self, field: str, text: str) -> None:
        """Note what is wrong with a field; the first complaint stays."""
        self._found.setdefault(field, text)

    def wrong(self, field: str, key: str, **values: Any) -> None:
        """Note what is wrong by the message's key."""
        self.tell(field, self.say(key, **values))

    def has(self, field: str) -> bool:
        """Return whether something is wrong with a field."""
        return field in self._found

    def check(self) -> None:
        """Raise `FieldErrors` if anything was wrong."""
        if self._found:
            raise FieldErrors(self._found)

    def rows(self, value: Any, place: str) -> list[dict[str, Any]]:
        """Return rows of a form."""
        if (
            isinstance(value, list)
            and len(value) <= MOST_ROWS
            and all(isinstance(row, dict) for row in value)
        ):
            return value
        self.wrong(place, "serve.not_a_form")
        return []

    def index(self, row: dict[str, Any], tables: Any) -> int | None:
        """Return a row's place in the file, or None for a new one."""
        index = row.get("index")
        if index is None:
            return None
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(tables):
            raise FieldErrors({}, [self.say("serve.not_a_form")])
        return index

    def text(self, row: dict[str, Any], key: str, place: str, *, needed: bool = False) -> str | None:
        """Return a line of text."""
        value = " ".join(str(row.get(key) or "").split())
        if len(value) > LONGEST:
            self.wrong(f"{place}.{key}", "serve.too_long", most=LONGEST)
        if needed and not value:
            self.wrong(f"{place}.{key}", "serve.missing")
        return value or None

    def choice(self, row: dict[str, Any], key: str, place: str, known: Sequence[str]) -> str | None:
        """Return one of the known words; a word of the file's own that is unchanged is checked there."""
        value = self.text(row, key, place, needed=True)
        if value is not None and value not in known:
            self.wrong(f"{place}.{key}", "serve.not_known", value=value)
        return value

    def number(self, row: dict[str, Any], key: str, place: str, *, whole: bool = False) -> Any:
        """Return a number, whole ones as integers."""
        value = row.get(key)
        if value is None or str(value).strip() == "":
            return None
        try:
            number = float(str(value).strip())
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or isinstance(value, bool):
            self.wrong(f"{place}.{key}", "serve.not_a_number", value=str(value)[:40])
            return None
        if whole and not number.is_integer():
            self.wrong(f"{place}.{key}", "serve.not_whole", value=str(value)[:40])
            return None
        return int(number) if number.is_integer() and (whole or isinstance(value, int)) else number

    def clock(self, row: dict[str, Any], key: str, place: str) -> dt.datetime | None:
        """Return a wall time."""
        value = str(row.get(key) or "").strip()
        if not value:
            self.wrong(f"{place}.{key}", "serve.missing")
            return None
        try:
            found = dt.datetime.fromisoformat(value)
        except ValueError:
            self.wrong(f"{place}.{key}", "serve.not_a_time", value=value[:40])
            return None
        return found.replace(tzinfo=None, second=0, microsecond=0)
