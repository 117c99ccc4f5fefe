"""A query's rows in parts, read once: what does not fit into memory waits in a temporary file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import duckdb

BLOCK = 500_000  # rows put into order of part at once: about 15 MB, and as much again while they are

Columns = dict[str, npt.NDArray[Any]]


def in_parts(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    *,
    parts: int,
    part_of: Callable[[Columns], npt.NDArray[np.uint64]],
) -> Iterator[Columns]:
    """Yield a query's rows part by part, each part in the order of the query.

    Parameters
    ----------
    connection
        The database.
    query
        SQL whose columns are numbers, none of them missing.
    parts
        How many there are, at most 65 535.
    part_of
        Returns the part of each of a block's rows.

    Notes
    -----
    The database is scanned once, however many parts there are. Each block of rows is put into order of part
    and written column by column; a part is then read from its stretch of every block.
    """
    with tempfile.TemporaryFile() as file:
        places: list[tuple[dict[str, int], npt.NDArray[np.int64]]] = []  # columns' offsets, parts' bounds
        kinds: dict[str, np.dtype[Any]] = {}
        for block in _blocks(connection, query):
            part = part_of(block).astype(np.uint16)
            order = np.argsort(part, kind="stable")  # by radix
            starts: dict[str, int] = {}
            for name, values in block.items():
                kinds[name], starts[name] = values.dtype, file.tell()
                values[order].tofile(file)
                file.seek(0, 2)
            places.append((starts, np.concatenate(([0], np.cumsum(np.bincount(part, minlength=parts))))))
        for this, following in pairwise(range(parts + 1)):
            yield {
                name: np.concatenate(
                    [
                        _stretch(file, kind, starts[name], int(bounds[this]), int(bounds[following]))
                        for starts, bounds in places
                    ]
                )
                for name, kind in kinds.items()
            }


def _stretch(file: Any, kind: np.dtype[Any], start: int, low: int, high: int) -> npt.NDArray[Any]:
    file.seek(start + low * kind.itemsize)
    return np.fromfile(file, dtype=kind, count=high - low)


def _blocks(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[Columns]:
    """Yield a query's rows in blocks, without holding all of them."""
    connection.execute("SELECT 1").fetchall()  # ends an answer of which only one row was fetched
    relation = connection.sql(query)
    # Releases before 1.4 have the second name alone.
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
    waiting: list[Columns] = []
    count = 0
    for batch in read(BLOCK):
        waiting.append({name: batch.column(at).to_numpy() for at, name in enumerate(batch.schema.names)})
        count += batch.num_rows
        if count >= BLOCK:
            yield _joined(waiting)
            waiting, count = [], 0
    if waiting:
        yield _joined(waiting)


def _joined(pieces: list[Columns]) -> Columns:
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
