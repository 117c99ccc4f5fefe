"""The computation of `logs.py` as plain scripts would do it: ``python logs_peers.py ENGINE LOG``.

Each reads the log, puts sessions together, and prints as JSON: sessions, rounds judged (by question, 09:00 to
23:00) and answered by a person within 180 s, mean time from a session's first to last message, and the most
sessions an agent had open at once.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

THRESHOLD_S = 180
FIRST_HOUR, LAST_HOUR = 9, 23
COLUMNS = ["session_id", "agent", "sender", "time"]


def with_pandas(path: Path) -> dict[str, float]:
    """Compute with pandas, category dtypes."""
    import numpy as np
    import pandas as pd

    if path.suffix == ".parquet":
        log = pd.read_parquet(path, columns=COLUMNS)
        for name in COLUMNS[:3]:
            log[name] = log[name].astype("category")
    else:
        kinds = {"session_id": "category", "agent": "category", "sender": "category"}
        log = pd.read_csv(path, usecols=COLUMNS, dtype=kinds, parse_dates=["time"])
    log["session"] = log["session_id"].cat.codes
    log = log.sort_values(["session", "time"], kind="stable", ignore_index=True)
    talk = log[log["sender"].isin(["buyer", "human"])]
    session, buyer = talk["session"].to_numpy(), (talk["sender"] == "buyer").to_numpy()
    new = np.r_[True, session[1:] != session[:-1]]
    asks = buyer & (new | np.r_[True, ~buyer[:-1]])
    times = talk["time"].to_numpy()
    answered = pd.Series(np.where(~buyer, np.arange(len(talk)), np.nan)).bfill().to_numpy()
    at = np.where(np.isnan(answered), 0, answered).astype(int)
    known = ~np.isnan(answered) & (session[at] == session)
    wait = (times[at] - times) / np.timedelta64(1, "s")
    judged = asks & talk["time"].dt.hour.between(FIRST_HOUR, LAST_HOUR - 1).to_numpy()
    spans = log.groupby("session", sort=False).agg(
        start=("time", "first"), end=("time", "last"), agent=("agent", "last")
    )
    lasted = (spans["end"] - spans["start"]).dt.total_seconds()
    edges = pd.concat(
        [
            pd.DataFrame({"agent": spans["agent"], "at": spans["start"], "step": 1}),
            pd.DataFrame({"agent": spans["agent"], "at": spans["end"], "step": -1}),
        ]
    ).sort_values(["agent", "at", "step"])
    return {
        "sessions": len(spans),
        "rounds": int(judged.sum()),
        "on_time": int((judged & known & (wait <= THRESHOLD_S)).sum()),
        "session_s": float(lasted.mean()),
        "most_open": int(edges.groupby("agent", observed=True)["step"].cumsum().max()),
    }


def with_polars(path: Path) -> dict[str, float]:
    """Compute with Polars, lazily."""
    import polars as pl

    if path.suffix == ".parquet":
        log = pl.scan_parquet(path).select(COLUMNS)
    else:
        log = pl.scan_csv(path, schema_overrides={"time": pl.String}).select(COLUMNS)
        log = log.with_columns(pl.col("time").str.to_datetime("%Y-%m-%d %H:%M:%S"))
    log = log.with_row_index("row").sort("session_id", "time", "row")
    same = pl.col("session_id") == pl.col("session_id").shift(1)
    buyer = pl.col("sender") == "buyer"
    talk = log.filter(pl.col("sender").is_in(["buyer", "human"]))
    rounds = (
        talk.with_columns(
            asks=buyer & ~(same & (pl.col("sender").shift(1) == "buyer")).fill_null(value=False),
            reply=pl.when(~buyer).then("time"),
            whose=pl.when(~buyer).then("session_id"),
        )
        .with_columns(pl.col("reply", "whose").backward_fill())
        .filter(pl.col("asks") & pl.col("time").dt.hour().is_between(FIRST_HOUR, LAST_HOUR - 1))
        .select(
            rounds=pl.len(),
            on_time=(
                (pl.col("whose") == pl.col("session_id"))
                & ((pl.col("reply") - pl.col("time")).dt.total_seconds() <= THRESHOLD_S)
            ).sum(),
        )
    )
    spans = log.group_by("session_id").agg(
        start=pl.col("time").min(), end=pl.col("time").max(), agent=pl.col("agent").last()
    )
    counts, table = pl.collect_all([rounds, spans])
    edges = pl.concat(
        [
            table.select("agent", at="start", step=pl.lit(1)),
            table.select("agent", at="end", step=pl.lit(-1)),
        ]
    ).sort("agent", "at", "step")
    return {
        "sessions": table.height,
        "rounds": counts["rounds"][0],
        "on_time": counts["on_time"][0],
        "session_s": table.select((pl.col("end") - pl.col("start")).dt.total_seconds().mean()).item(),
        "most_open": edges.select(pl.col("step").cum_sum().over("agent").max()).item(),
    }


def with_duckdb(path: Path) -> dict[str, float]:
    """Compute with DuckDB."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET memory_limit = '3GB'; SET preserve_insertion_order = false")
    reader = "read_parquet" if path.suffix == ".parquet" else "read_csv"
    connection.execute(
        "CREATE TEMP TABLE log AS SELECT session_id, agent, sender, time::TIMESTAMP AS time FROM "
        f"{reader}('{path}')"
    )
    counts = connection.execute(
        f"""
        SELECT count(*), count(*) FILTER (epoch(reply - time) <= {THRESHOLD_S}) FROM (
            SELECT *, sender = 'buyer' AND coalesce(lag(sender) OVER talk, '') <> 'buyer' AS asks,
                min(CASE WHEN sender = 'human' THEN time END) OVER (
                    talk ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS reply
            FROM log WHERE sender IN ('buyer', 'human')
            WINDOW talk AS (PARTITION BY session_id ORDER BY time)
        ) WHERE asks AND hour(time) BETWEEN {FIRST_HOUR} AND {LAST_HOUR - 1}
        """
    ).fetchone()
    spans = "SELECT min(time) AS b, max(time) AS e, any_value(agent) AS agent FROM log GROUP BY session_id"
    sessions = connection.execute(f"SELECT count(*), avg(epoch(e - b)) FROM ({spans})").fetchone()
    most = connection.execute(
        f"""
        WITH spans AS ({spans}), edges AS (
            SELECT agent, b AS moment, 1 AS step FROM spans UNION ALL SELECT agent, e, -1 FROM spans
        )
        SELECT max(level) FROM (
            SELECT sum(step) OVER (PARTITION BY agent ORDER BY moment, step ROWS UNBOUNDED PRECEDING) AS level
            FROM edges
        )
        """
    ).fetchone()
    return {
        "sessions": sessions[0],
        "rounds": counts[0],
        "on_time": counts[1],
        "session_s": sessions[1],
        "most_open": int(most[0]),
    }


ENGINES = {"pandas": with_pandas, "polars": with_polars, "duckdb": with_duckdb}

if __name__ == "__main__":
    print(json.dumps(ENGINES[sys.argv[1]](Path(sys.argv[2]))))
