"""Session lists into the store: one row a consultation, with the seconds to its first reply."""

from __future__ import annotations

import pandas as pd

from forecast.logs.cells import is_empty, read_duration, read_number
from forecast.logs.headers import MOMENTS
from forecast.logs.loading import Task, date_column, days_of, note_days, read_moments
from forecast.logs.overlaps import warn_of_conflicts
from forecast.logs.raw_tables import arrow
from forecast.logs.store import hashed
from forecast.logs.summary import drop_summaries

SECOND_US = 1e6
FIGURES: dict[str, float | None] = {
    "agent": None,
    "buyer": None,
    "start": SECOND_US,
    "first_reply_s": 1.0,
    "assigned": SECOND_US,
    "closed": SECOND_US,
    "rounds": 0.0,
    "mean_reply_s": 1.0,
}
"""What may not differ between two exports of one session, and by how much it may."""


def load_sessions(task: Task) -> None:
    """Load a session list; what it holds and what it lacks goes into the task's report.

    Notes
    -----
    ``start`` is the buyer's first message, else the session's start. The wait for the first reply is the
    column in seconds where there is one in the contract's sense, else the moment of the reply less `start`;
    a wait counted from the session's start has the time before it added. Where a list has both the first
    message and the session's start, an agent had the session from its start.

    Raises
    ------
    DataError
        If sessions have no date, or too many rows cannot be read.
    """
    frame = task.table.frame(task.run.connection)
    task.report.rows_read = len(frame) + len(task.table.cut_rows)
    task.drop("cut", task.table.cut_rows, "cut: other than as many cells as the header; left out")
    frame = drop_summaries(task, frame)
    table = _moments(task, frame)
    table = _waits(task, frame, table)
    for role in ("rounds",):
        table[role] = _numbers(task, frame, role)
    table["agent"] = _words(task, frame, "agent")
    table["stream"] = task.run.stream if task.run.stream else _words(task, frame, "stream")
    table["buyer"] = _words(task, frame, "buyer")
    table["session_id"] = _words(task, frame, "session_id")
    unreadable = table["start"].isna()
    task.drop(
        "unreadable",
        table.loc[unreadable, "row"].tolist(),
        "not a time; the row is left out. Write for example 2026-11-11 20:00:00",
        task.columns.name(_began(task)),
    )
    task.check_dropped()
    table = table[~unreadable].reset_index(drop=True)
    if task.report.zone != "offset":
        task.report.zone = task.run.timezone
    note_days(task.report, days_of(table["start"], task.run.timezone) if len(table) else [])
    task.report.streams = tuple(sorted({str(name) for name in table["stream"].dropna()}))
    _store(task, table)


def _began(task: Task) -> str:
    return next(role for role in MOMENTS if role in task.columns.place)


def _moments(task: Task, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the sessions' moments in microseconds since 1970 UTC."""
    began = _began(task)
    at = task.columns.place
    texts = frame[f"c{at[began]}"]
    clock_with = date_column(task, texts, frame["row"], began)
    table = frame[["row"]].copy()
    kept = set(frame["row"])
    for role in ("first_message", "start", "time", "assigned", "closed", "first_reply_at"):
        if role not in at:
            continue
        read = read_moments(task, at[role], clock_with=clock_with)
        read = read[read["row"].isin(kept)].reset_index(drop=True)
        table[role] = read["t"].array
        if (
            role == began
            and read["text"].str.contains(r"\d(?:Z|[+-]\d\d(?::?\d\d)?)$", regex=True).mean() > 0.5
        ):
            task.report.zone = "offset"
    session_start = next((table[role] for role in ("start", "time", "assigned") if role in table), None)
    first = table[began].copy()
    for role in MOMENTS:
        if role in table:
            first = first.fillna(table[role])
    table["session_start"] = session_start if session_start is not None else first
    table["start"] = first
    missing = pd.array([pd.NA] * len(table), dtype="Int64")
    for role in ("assigned", "closed", "first_reply_at"):
        if role not in table:
            table[role] = missing
    return table


def _waits(task: Task, frame: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with waits [s], and assignment and close where durations tell them."""
    queue, first = _durations(task, frame, "queue_s"), _durations(task, frame, "first_reply_s")
    table["mean_reply_s"] = _durations(task, frame, "mean_reply_s")
    lasted = _durations(task, frame, "session_s")
    begun = table["session_start"]
    if task.columns.has("first_message") and task.columns.has("start", "time"):
        table["assigned"] = table["assigned"].fillna(begun)  # the session begins when an agent has it
    if "queue_s" in task.columns.place:
        queued = (table["start"] + (queue * SECOND_US).round().astype("Int64")).where(queue.notna())
        table["assigned"] = table["assigned"].fillna(queued)
    if "session_s" in task.columns.place:
        end = (begun + (lasted * SECOND_US).round().astype("Int64")).where(lasted.notna())
        table["closed"] = table["closed"].fillna(end)
    by_moment = (table["first_reply_at"] - table["start"]).astype("Float64") / SECOND_US
    if "first_reply_s" in task.columns.place:
        before = ((begun - table["start"]).astype("Float64") / SECOND_US).clip(lower=0)
        from_start = "first_message" in task.columns.place and task.columns.has("start", "time")
        own = first + before.fillna(0) if from_start else first
        # Seconds of the contract's own column are finer than moments to the second.
        exact = task.columns.name("first_reply_s") == "first_reply_s" or not from_start
        table["first_reply_s"] = own.fillna(by_moment) if exact else by_moment.fillna(own)
    else:
        table["first_reply_s"] = by_moment
    negative = (table["first_reply_s"] < 0).fillna(value=False)
    rows = table.loc[negative, "row"].tolist()
    column = next(
        (
            task.columns.name(role)
            for role in ("first_reply_s", "first_reply_at")
            if role in task.columns.place
        ),
        None,
    )
    task.drop("unreadable", rows, "the first reply lies before the question; left out", column)
    return table.assign(start=table["start"].where(~negative | ~table["row"].isin(rows)))[
        ~negative.to_numpy()
    ]


def _durations(task: Task, frame: pd.DataFrame, role: str) -> pd.Series:
    """Return a column of durations in seconds; cells that are none are missing."""
    empty = pd.Series(pd.array([pd.NA] * len(frame), dtype="Float64"), index=frame.index)
    if role not in task.columns.place:
        return empty
    texts = frame[f"c{task.columns.place[role]}"]
    name = task.columns.name(role)
    distinct = [text for text in texts.unique() if not is_empty(text)]
    unit_s = task.unit_of(role, distinct)
    known = {text: read_duration(text, unit_s) for text in distinct}
    bad = texts[texts.isin([text for text, value in known.items() if value is None])]
    if len(bad):
        task.run.warn(
            task.table,
            f"{bad.iloc[0]!r} is not a duration; the cell counts as empty, as do {len(bad) - 1} more",
            row=int(frame["row"][bad.index[0]]),
            column=name,
        )
    return texts.map(known).astype("Float64")


def _numbers(task: Task, frame: pd.DataFrame, role: str) -> pd.Series:
    if role not in task.columns.place:
        return pd.Series(pd.array([pd.NA] * len(frame), dtype="Float64"), index=frame.index)
    texts = frame[f"c{task.columns.place[role]}"]
    return texts.map({text: read_number(text) for text in texts.unique()}).astype("Float64")


def _words(task: Task, frame: pd.DataFrame, role: str) -> pd.Series:
    """Return a column of words, missing where empty."""
    if role not in task.columns.place:
        return pd.Series(pd.array([pd.NA] * len(frame), dtype="str"), index=frame.index)
    texts = frame[f"c{task.columns.place[role]}"]
    return texts.mask(texts.map(is_empty)) if role == "agent" else texts.mask(texts == "")


def _store(task: Task, table: pd.DataFrame) -> None:
    """Write sessions into the store; those it has already are counted once."""
    connection, file = task.run.connection, task.file
    columns = [
        "row",
        "session_id",
        "buyer",
        "agent",
        "stream",
        "start",
        "first_reply_s",
        "assigned",
        "closed",
    ]
    table = table[[*columns, "rounds", "mean_reply_s"]]
    for name in ("start", "assigned", "closed"):
        table = table.assign(**{name: table[name].astype("Int64")})
    connection.register("read_sessions", arrow(table))
    # Without an id the same buyer, agent and start are the same session; without a buyer the n-th of them.
    nameless = (
        "'t/' || coalesce(stream, '') || '/' || coalesce(buyer, '#' || row_number() OVER "
        "(PARTITION BY stream, agent, start // 1000000, buyer ORDER BY row)) || '/' || coalesce(agent, '') "
        "|| '/' || start // 1000000"
    )
    named = "coalesce(stream, '') || '/' || session_id"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE new_sessions AS
        SELECT {file}::INTEGER AS file, row, {hashed(f"coalesce({named}, {nameless})")} AS session,
            {hashed("buyer")} AS buyer, agent, stream, start, first_reply_s, assigned, closed, rounds,
            mean_reply_s
        FROM (SELECT * REPLACE (CAST(session_id AS VARCHAR) AS session_id, CAST(buyer AS VARCHAR) AS buyer,
            CAST(agent AS VARCHAR) AS agent, CAST(stream AS VARCHAR) AS stream) FROM read_sessions)
        """
    )
    connection.unregister("read_sessions")
    differ = " OR ".join(
        f"new.{name} <> old.{name}" if tolerance is None else f"abs(new.{name} - old.{name}) > {tolerance}"
        for name, tolerance in FIGURES.items()
    )
    same_file = connection.execute(
        f"""
        SELECT new.row, new.file, coalesce({differ}, false) AS differs FROM new_sessions AS new JOIN (
            SELECT DISTINCT ON (session) * FROM new_sessions ORDER BY session, row
        ) AS old ON new.session = old.session WHERE new.row > old.row
        """
    ).df()
    connection.register("repeated", arrow(same_file))
    connection.execute("DELETE FROM new_sessions WHERE row IN (SELECT row FROM repeated)")
    connection.unregister("repeated")
    other_file = connection.execute(
        f"""
        SELECT new.row, old.file, coalesce({differ}, false) AS differs
        FROM new_sessions AS new JOIN sessions AS old ON new.session = old.session WHERE old.file < {file}
        """
    ).df()
    connection.register("repeated", arrow(other_file))
    connection.execute("DELETE FROM new_sessions WHERE row IN (SELECT row FROM repeated)")
    connection.unregister("repeated")
    connection.execute("INSERT INTO sessions SELECT * FROM new_sessions ORDER BY row")
    used = connection.execute("SELECT count(*) FROM new_sessions").fetchone()
    task.report.rows_used = int(used[0]) if used else 0
    again = pd.concat([same_file, other_file], ignore_index=True)
    differs = again["differs"].astype(bool)
    task.report.duplicates += int((~differs).sum())
    task.report.conflicts += int(differs.sum())
    if differs.any():
        warn_of_conflicts(task, again[differs], "session")
    connection.execute("DROP TABLE new_sessions")
