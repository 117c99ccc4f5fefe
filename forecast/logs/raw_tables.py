"""Tables as they stand in files, every cell still text: where the header is, where the rows are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from forecast.errors import DataError, Problem
from forecast.logs.headers import recognised

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa

HEADER_AMONG = 60  # rows from the top in which a header is looked for
ENOUGH_RECOGNISED = 2

Rows = Iterable[tuple[int, list[str]]]
"""Row number as a spreadsheet shows it, and its cells."""


@dataclass(kw_only=True)
class RawTable:
    """One table of a file.

    Attributes
    ----------
    file
        The file's name, for messages.
    sheet
        The sheet's name, where the file has several; else empty.
    headers
        As they stand.
    header_row
        Its row number.
    relation
        SQL of a relation with the columns ``row`` and ``c0, c1, ...``, readable on the connection that the
        reader was given.
    kinds
        SQL type of each column, where the file names types; else all are text.
    cut_rows
        Rows with fewer or more cells than the header, left out of the relation.
    slower
        Reads the same table more patiently; asked for where reading the relation fails.
    lines_of_buyer
        The sheet's name names the buyer.
    """

    file: str
    headers: tuple[str, ...]
    relation: str
    header_row: int = 1
    sheet: str = ""
    kinds: tuple[str, ...] = ()
    cut_rows: list[int] = field(default_factory=list)
    slower: Callable[[], RawTable] | None = None
    encoding: str = ""

    @property
    def name(self) -> str:
        """File and sheet, for messages."""
        return f"{self.file} [{self.sheet}]" if self.sheet else self.file

    def kind(self, at: int) -> str:
        """Return the SQL type of a column."""
        return self.kinds[at] if self.kinds else "VARCHAR"

    def cell(self, at: int) -> str:
        """Return SQL for a column as text, as it stands."""
        return f"c{at}" if self.kind(at) == "VARCHAR" else f"CAST(c{at} AS VARCHAR)"

    def text(self, at: int) -> str:
        """Return SQL for a column as stripped text, NULL where it is empty."""
        cell = self.cell(at)
        # Few cells need it, and to trim costs more than to see that.
        is_odd = f"{cell} LIKE ' %' OR {cell} LIKE '% ' OR {cell} = ''"
        return f"CASE WHEN {is_odd} THEN NULLIF(trim({cell}), '') ELSE {cell} END"

    def frame(self, connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
        """Return the whole table: ``row`` and columns by position, as stripped text."""
        columns = ", ".join(f"coalesce({self.text(at)}, '') AS c{at}" for at in range(len(self.headers)))
        return connection.execute(f"SELECT row, {columns} FROM ({self.relation}) ORDER BY row").df()


def find_header(rows: Sequence[tuple[int, list[str]]], mapping: Mapping[str, str]) -> int | None:
    """Return the position of the header among the first rows: the row most of whose cells are known headers.

    Titles, notes and half headers above it are passed over; so is a data row that happens to hold a word
    such as 客服. None where no row has two cells that anybody knows.
    """
    counts = [recognised(cells, mapping) for _, cells in rows[:HEADER_AMONG]]
    best = max(counts, default=0)
    return counts.index(best) if best >= ENOUGH_RECOGNISED else None


def named(cells: Sequence[str]) -> tuple[str, ...]:
    """Return headers without trailing empty ones; a second of the same name is told apart."""
    texts = [" ".join(cell.split()) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    seen: dict[str, int] = {}
    headers = []
    for text in texts:
        seen[text] = seen.get(text, 0) + 1
        headers.append(text if seen[text] == 1 or not text else f"{text} ({seen[text]})")
    return tuple(headers)


def loaded(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    rows: Rows,
    headers: Sequence[str],
    *,
    exact: bool,
) -> list[int]:
    """Load rows into a temporary table ``row, c0, c1 ...`` and return the rows of another width.

    Parameters
    ----------
    connection
        Where to.
    table
        Its name.
    rows
        Below the header.
    headers
        Of the columns.
    exact
        Whether a row with fewer cells was cut. Spreadsheets leave empty cells at the end out; text files do
        not.
    """
    import pyarrow as pa

    width = len(headers)
    columns = ", ".join(f"c{at} VARCHAR" for at in range(width))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} (row BIGINT, {columns})")
    schema = pa.schema([("row", pa.int64()), *((f"c{at}", pa.string()) for at in range(width))])
    cut: list[int] = []
    batch: list[list[object]] = []

    def flush() -> None:
        if not batch:
            return
        arrays = [
            pa.array(column, type=kind.type)
            for column, kind in zip(zip(*batch, strict=True), schema, strict=True)
        ]
        part = pa.Table.from_arrays(arrays, schema=schema)
        connection.register("raw_batch", part)
        connection.execute(f"INSERT INTO {table} SELECT * FROM raw_batch")
        connection.unregister("raw_batch")
        batch.clear()

    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        extra = [cell for cell in cells[width:] if cell.strip()]
        if extra or (exact and len(cells) < width):
            cut.append(number)
            continue
        batch.append([number, *(cells + [""] * width)[:width]])
        if len(batch) >= 100_000:
            flush()
    flush()
    return cut


def arrow(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as DuckDB of every version takes it, whatever type pandas has for text."""
    import pyarrow as pa

    return pa.Table.from_pandas(frame, preserve_index=False)


def no_header(name: str, first: Sequence[str]) -> DataError:
    """Return the error of a table whose columns nobody knows."""
    seen = ", ".join(cell for cell in first if cell.strip())[:200]
    return DataError(
        Problem(
            file=name,
            row=1,
            message=f"no row has headers that are known; found {seen or 'nothing'}. Say which column is "
            "which, "
            "for example --map time=HEADER --map sender=HEADER",
        )
    )
