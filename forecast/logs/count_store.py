"""Counts into the store, each once."""

from __future__ import annotations

import pandas as pd

from forecast.logs.loading import Task
from forecast.logs.overlaps import warn_of_conflicts
from forecast.logs.raw_tables import arrow


def counted_once(task: Task, table: pd.DataFrame, key: list[str], figures: list[str]) -> pd.DataFrame:
    """Return rows whose key stands once; a second row is a duplicate, or a conflict if it says otherwise."""
    again = table.duplicated(key, keep="first")
    if not again.any():
        return table
    first = table[~again].set_index(key)[figures]
    first = first[~first.index.duplicated()]
    joined = table[again].join(first, on=key, rsuffix="_first")
    differs = pd.Series(data=False, index=joined.index)
    for name in figures:
        differs |= joined[name] != joined[f"{name}_first"]
    task.report.duplicates += int((~differs).sum())
    task.report.conflicts += int(differs.sum())
    if differs.any():
        warn_of_conflicts(task, joined[differs].assign(file=task.file)[["file", "row"]], "count")
    return table[~again].reset_index(drop=True)


def store_counts(
    task: Task, table: pd.DataFrame, name: str, key: list[str], figures: list[str], what: str
) -> None:
    """Write counts into the store; those it has already are counted once."""
    connection, file = task.run.connection, task.file
    for text in ("stream", "agent"):
        if text in table:
            table[text] = table[text].astype("object").where(table[text].notna(), None)
    connection.register("read_counts", arrow(table))
    types = {
        "stream": "VARCHAR",
        "agent": "VARCHAR",
        "date": "DATE",
        "row": "BIGINT",
        "start": "BIGINT",
        "estimated": "UTINYINT",
    }
    wanted = [row[0] for row in connection.execute(f"DESCRIBE {name}").fetchall() if row[0] != "file"]
    cast = ", ".join(f"CAST({column} AS {types.get(column, 'DOUBLE')}) AS {column}" for column in wanted)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE new_counts AS SELECT {file}::INTEGER AS file, {cast}, parts FROM "
        "read_counts"
    )
    connection.unregister("read_counts")
    on = " AND ".join(f"new.{column} IS NOT DISTINCT FROM old.{column}" for column in key)
    differ = " OR ".join(f"new.{column} <> old.{column}" for column in figures)
    again = connection.execute(
        "SELECT new.row, any_value(new.parts) AS parts, min(old.file) AS file, "
        f"bool_or(coalesce({differ}, false)) AS differs "
        f"FROM new_counts AS new JOIN {name} AS old ON {on} WHERE old.file < {file} "
        f"GROUP BY new.row, {', '.join(f'new.{column}' for column in key)}"
    ).df()
    connection.execute(
        f"DELETE FROM new_counts AS new WHERE EXISTS (SELECT 1 FROM {name} AS old WHERE {on} AND old.file "
        f"< {file})"
    )
    connection.execute(f"INSERT INTO {name} SELECT * EXCLUDE (parts) FROM new_counts ORDER BY row")
    used = connection.execute("SELECT coalesce(sum(parts), 0) FROM new_counts").fetchone()
    task.report.rows_used = int(used[0]) if used else 0
    differs = again["differs"].astype(bool)
    task.report.duplicates += int(again.loc[~differs, "parts"].sum())
    task.report.conflicts += int(again.loc[differs, "parts"].sum())
    if differs.any():
        warn_of_conflicts(task, again[differs], what)
    connection.execute("DROP TABLE new_counts")
