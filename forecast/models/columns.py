"""Sparse design columns by name: built alike for the history and for the hours ahead, matched by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Design:
    """Columns over hours.

    Attributes
    ----------
    matrix
        Hours x columns.
    names
        One a column, ``group:what``.
    ridges
        Precision of each coefficient's prior around 0.
    """

    matrix: sparse.csr_array
    names: tuple[str, ...]
    ridges: Floats

    def aligned(self, names: Sequence[str]) -> sparse.csr_array:
        """Return the matrix with the columns called `names`, in that order; one that is not here is zero."""
        position = {name: column for column, name in enumerate(names)}
        target = np.array([position.get(name, -1) for name in self.names], dtype=np.int64)
        kept = np.flatnonzero(target >= 0)
        shape = (len(self.names), len(names))
        move = sparse.csr_array((np.ones(len(kept)), (kept, target[kept])), shape=shape)
        return sparse.csr_array(self.matrix @ move)

    def with_column(self, name: str, ridge: float, values: Floats) -> Design:
        """Return the design with one more column."""
        return Design(
            matrix=sparse.csr_array(sparse.hstack([self.matrix, sparse.csr_array(values[:, None])])),
            names=(*self.names, name),
            ridges=np.append(self.ridges, ridge),
        )


class ColumnBuilder:
    """Gathers columns over a fixed number of hours."""

    def __init__(self, hours: int) -> None:
        self._hours = hours
        self._column: dict[str, int] = {}
        self._ridges: list[float] = []
        self._rows: list[Ints] = []
        self._columns: list[Ints] = []
        self._values: list[Floats] = []

    def add(self, name: str, ridge: float, values: Floats, rows: Ints | None = None) -> None:
        """Add `values` to the column `name`, at `rows` (default: one value an hour)."""
        rows = np.arange(self._hours) if rows is None else rows
        used = np.flatnonzero(values)
        if len(used):
            column = self._place(name, ridge)
            self._rows.append(rows[used])
            self._columns.append(np.full(len(used), column))
            self._values.append(np.asarray(values[used], dtype=float))

    def add_factor(self, group: str, ridge: float, codes: Ints) -> None:
        """Add one indicator column a code; a code below 0 is none."""
        rows = np.flatnonzero(codes >= 0)
        levels, which = np.unique(codes[rows], return_inverse=True)
        columns = np.array([self._place(f"{group}:{level}", ridge) for level in levels], dtype=np.int64)
        self._rows.append(rows)
        self._columns.append(columns[which] if len(rows) else np.empty(0, dtype=np.int64))
        self._values.append(np.ones(len(rows)))

    def design(self) -> Design:
        """Return the columns gathered so far."""
        entries = (
            np.concatenate([*self._values, np.empty(0)]),
            (
                np.concatenate([*self._rows, np.empty(0, dtype=np.int64)]),
                np.concatenate([*self._columns, np.empty(0, dtype=np.int64)]),
            ),
        )
        matrix = sparse.csr_array(entries, shape=(self._hours, len(self._column)))
        return Design(matrix=matrix, names=tuple(self._column), ridges=np.array(self._ridges))

    def _place(self, name: str, ridge: float) -> int:
        if name not in self._column:
            self._column[name] = len(self._ridges)
            self._ridges.append(ridge)
        return self._column[name]
