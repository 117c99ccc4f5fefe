"""What an import did, table by table: read, used, dropped and why, days covered, gaps, overlaps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from forecast.errors import Problem

USES = {
    "message": ("history", "measure", "calibrate"),
    "session": ("history", "measure", "calibrate"),
    "hourly": ("history",),
    "daily": ("history", "calibrate"),
}
"""What each granularity serves: sessions know first replies only, daily tables only throughput."""


@dataclass(kw_only=True)
class TableReport:
    """One table that was read.

    Attributes
    ----------
    file, sheet, sha256, encoding
        Where it came from.
    granularity
        message, session, hourly or daily.
    columns
        Header by role, of the roles that were used.
    rows_read, rows_used
        Below the header; `rows_used` are new in the store.
    dropped
        Rows by reason: unreadable, cut, summary, header, no_owner, no_text, ...
    duplicates
        Rows that the store, or the file itself, had already.
    conflicts
        Sessions or counts that another file has with other figures; counted once.
    known
        Whether the very file was imported before.
    first_day, last_day, days, missing_days
        Days with rows, and days between them without.
    zone
        ``offset`` where times carry their own, else the zone whose wall times they are.
    streams
        Streams named in the file; empty: none is named.
    """

    file: str
    sheet: str = ""
    sha256: str = ""
    encoding: str = ""
    granularity: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    rows_read: int = 0
    rows_used: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    conflicts: int = 0
    known: bool = False
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    days: int = 0
    missing_days: tuple[dt.date, ...] = ()
    zone: str = ""
    streams: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """File and sheet."""
        return f"{self.file} [{self.sheet}]" if self.sheet else self.file

    def to_dict(self) -> dict[str, Any]:
        """Return the table's part of the import report as plain values."""
        return {
            "file": self.file,
            "sheet": self.sheet,
            "sha256": self.sha256,
            "encoding": self.encoding,
            "granularity": self.granularity,
            "columns": dict(self.columns),
            "rows_read": self.rows_read,
            "rows_used": self.rows_used,
            "dropped": dict(sorted(self.dropped.items())),
            "duplicates": self.duplicates,
            "conflicts": self.conflicts,
            "imported_before": self.known,
            "first_day": self.first_day.isoformat() if self.first_day else None,
            "last_day": self.last_day.isoformat() if self.last_day else None,
            "days": self.days,
            "missing_days": [day.isoformat() for day in self.missing_days],
            "timezone": self.zone,
            "streams": list(self.streams),
            "serves": list(USES.get(self.granularity, ())),
        }


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What one import did; ``archive`` is what the store holds now, days by granularity."""

    tables: Sequence[TableReport]
    warnings: Sequence[Problem]
    archive: Mapping[str, Mapping[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Return the import report as plain values."""
        return {
            "tables": [table.to_dict() for table in self.tables],
            "rows_read": sum(table.rows_read for table in self.tables),
            "rows_used": sum(table.rows_used for table in self.tables),
            "rows_dropped": sum(sum(table.dropped.values()) for table in self.tables),
            "duplicates": sum(table.duplicates for table in self.tables),
            "conflicts": sum(table.conflicts for table in self.tables),
            "warnings": [str(warning) for warning in self.warnings],
            "archive": {name: dict(facts) for name, facts in self.archive.items()},
        }
