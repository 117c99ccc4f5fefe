"""Rows read once and handed out part by part."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from forecast.logs import parting


@pytest.mark.parametrize("block", [1, 5000, 1_000_000])
def test_parts_are_the_rows_that_a_filter_finds(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(parting, "BLOCK", block)
    connection = duckdb.connect()
    query = (
        "SELECT hash(i // 3) AS whose, (i * 7 % 1000)::SMALLINT AS few, "
        "(CASE WHEN i % 5 = 0 THEN -9223372036854775808 ELSE -i END)::BIGINT AS t FROM range(20000) AS r(i)"
    )
    connection.execute("SELECT max(i) FROM range(3) AS r(i)").fetchone()  # as counts before it are read
    found = list(
        parting.in_parts(connection, query, parts=7, part_of=lambda rows: rows["whose"] % np.uint64(7))
    )
    assert len(found) == 7
    for part, rows in enumerate(found):
        wanted = connection.execute(f"SELECT * FROM ({query}) WHERE whose % 7 = {part}").fetchnumpy()
        for name, values in wanted.items():
            np.testing.assert_array_equal(rows[name], values)
            assert rows[name].dtype == values.dtype


def test_a_part_may_be_empty() -> None:
    found = list(
        parting.in_parts(
            duckdb.connect(),
            "SELECT 4::UBIGINT AS whose",
            parts=3,
            part_of=lambda rows: rows["whose"] % np.uint64(3),
        )
    )
    assert [len(rows["whose"]) for rows in found] == [0, 1, 0]
