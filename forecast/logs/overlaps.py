"""What was imported before is not counted again: overlaps within a file and between files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.errors import Problem
from forecast.logs.cells import shown
from forecast.logs.loading import Task
from forecast.logs.raw_tables import arrow
from forecast.logs.store import add_message_facts

if TYPE_CHECKING:
    import duckdb

MOST_KEYS = 20_000_000  # sorted at once, 8 bytes each
SECOND_US = 1_000_000  # exports of one log differ in what they keep below a second
NO_ORDER = (0.25, 0.75)  # share of a session's steps that go back in time, in a file without order
KEY = f"hash(session, buyer, agent, sender, t // {SECOND_US})"  # only compared within one run, never stored


def drop_known_messages(task: Task) -> None:
    """Remove a file's messages that are in the store already; conflicts are counted once, with a warning.

    Notes
    -----
    A message is the same if session, buyer, agent, sender and second are; the n-th of equal messages in one
    file is the n-th in the other. A session that both files have in the time both cover, each with messages
    of one sender that the other lacks, is a conflict: the file imported first has it. If only one file has
    more, the other was cut or filtered, and both are taken together.
    """
    _drop_repeats(task)
    connection, file = task.run.connection, task.file
    span = connection.execute(f"SELECT min(t), max(t) FROM messages WHERE file = {file}").fetchone()
    if span is None or span[0] is None:
        return
    between = f"t BETWEEN {_whole_seconds(span)}"
    old = connection.execute(
        f"SELECT min(t), max(t) FROM messages WHERE file < {file} AND {between}"
    ).fetchone()
    if old is None or old[0] is None:
        return
    between = f"t BETWEEN {_whole_seconds(old)}"
    add_message_facts(connection, ("assigned", "closed"))
    for name, which in (("old", f"file < {file}"), ("new", f"file = {file}")):
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE {name}_messages AS
            SELECT *, row_number() OVER (PARTITION BY key ORDER BY file, row) AS n FROM (
                SELECT file, row, session, buyer, agent, sender, t, {KEY} AS key
                FROM messages WHERE {which} AND {between}
            )
            """
        )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE same_messages AS
        SELECT new.row, old.file, old.row AS old_row FROM new_messages AS new JOIN old_messages AS old
        ON new.key = old.key AND new.n = old.n AND new.sender = old.sender
            AND new.session IS NOT DISTINCT FROM old.session AND new.buyer IS NOT DISTINCT FROM old.buyer
        """
    )
    conflicts = pd.concat([_other_facts(task), _other_messages(task)]).drop_duplicates("session")
    _note_fills(task)
    task.report.duplicates += _delete(task, "SELECT row FROM same_messages")
    _settle(task, conflicts.sort_values("row"))
    for name in ("old_messages", "new_messages", "same_messages"):
        connection.execute(f"DROP TABLE IF EXISTS {name}")


def _note_fills(task: Task) -> None:
    """Note what a later export adds to messages of an earlier one: assignments, closes of then open chats."""
    connection = task.run.connection
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS fills (file INTEGER, row BIGINT, assigned BIGINT, closed BIGINT)"
    )
    connection.execute(
        f"""
        INSERT INTO fills SELECT old.file, old.row, new.assigned, new.closed FROM same_messages AS same
        JOIN messages AS new ON new.file = {task.file} AND new.row = same.row
        JOIN messages AS old ON old.file = same.file AND old.row = same.old_row
        WHERE (old.assigned IS NULL AND new.assigned IS NOT NULL)
            OR (old.closed IS NULL AND new.closed IS NOT NULL)
        """
    )


def apply_fills(connection: duckdb.DuckDBPyConnection) -> None:
    """Write what later exports know of messages that the store has; their own figures stay."""
    known = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'fills'").fetchone()
    if known is None or not known[0]:
        return
    connection.execute(
        """
        UPDATE messages SET assigned = coalesce(messages.assigned, fills.assigned),
            closed = coalesce(messages.closed, fills.closed)
        FROM fills WHERE messages.file = fills.file AND messages.row = fills.row
        """
    )


def _delete(task: Task, rows: str) -> int:
    """Delete rows of the task's file; return how many."""
    done = task.run.connection.execute(
        f"DELETE FROM messages WHERE file = {task.file} AND row IN ({rows})"
    ).fetchone()
    return int(done[0]) if done else 0


def _whole_seconds(span: tuple[int, ...]) -> str:
    """Return SQL for a span of microseconds widened to whole seconds."""
    low, high = span[0] // SECOND_US * SECOND_US, (span[1] // SECOND_US + 1) * SECOND_US - 1
    return f"{low} AND {high}"


def _drop_repeats(task: Task) -> None:
    """Remove rows that stand a second time in the file, as where several exports were put together.

    Equal rows with no other moment between them may be two messages of one second and stay; where the file
    has left the moment and comes back to it, it is the same message again. In a file without any order that
    cannot be told: nothing is removed there.
    """
    connection, file = task.run.connection, task.file
    backwards = connection.execute(
        f"SELECT count(*) FROM (SELECT t < lag(t) OVER () AS back FROM messages WHERE file = {file}) "
        "WHERE back"
    ).fetchone()
    if not (backwards and backwards[0]):
        return  # in order of time equal moments stand together
    keyed = (
        f"SELECT row, t, coalesce(session, buyer) AS whose, {KEY} AS key FROM messages WHERE file = {file}"
    )
    if not _has_equal_keys(task):
        return
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE twice AS SELECT key FROM ({keyed}) GROUP BY key HAVING count(*) > 1"
    )
    found = connection.execute("SELECT count(*) FROM twice").fetchone()
    assert found is not None
    of_them = f"({keyed}) WHERE whose IN (SELECT whose FROM ({keyed}) WHERE key IN (SELECT key FROM twice))"
    order = connection.execute(
        f"""
        SELECT count(*) FILTER (WHERE step < 0), count(*) FILTER (WHERE step <> 0) FROM (
            SELECT t - lag(t) OVER (PARTITION BY whose ORDER BY row) AS step
            FROM (SELECT min(row) AS row, any_value(t) AS t, whose FROM {of_them} GROUP BY key, whose)
        )
        """
    ).fetchone()
    if order is not None and order[1] and NO_ORDER[0] < order[0] / order[1] < NO_ORDER[1]:
        task.run.warn(
            task.table,
            f"{found[0]} messages equal others and the file is in no order of time; all of them count",
        )
        return
    # The file stands in its own order in the table, so that windows need no sorting.
    repeated = f"""
        SELECT row FROM (
            SELECT row, run, min(run) OVER (PARTITION BY key) AS first FROM (
                SELECT row, key, sum(moves) OVER (ROWS UNBOUNDED PRECEDING) AS run FROM (
                    SELECT row, key, (t IS DISTINCT FROM lag(t) OVER ())::INTEGER AS moves FROM ({keyed})
                )
            ) WHERE key IN (SELECT key FROM twice)
        ) WHERE run > first
    """
    task.report.duplicates += _delete(task, repeated)


def _has_equal_keys(task: Task) -> bool:
    """Whether two of the file's messages are equal: numbers sort faster than groups of them are counted."""
    connection, file = task.run.connection, task.file
    count = connection.execute(f"SELECT count(*) FROM messages WHERE file = {file}").fetchone()
    parts = -(-count[0] // MOST_KEYS) if count else 0
    for part in range(parts):
        chosen = f"SELECT {KEY} AS key FROM messages WHERE file = {file} AND {KEY} % {parts} = {part}"
        keys = np.sort(np.ma.getdata(connection.execute(chosen).fetchnumpy()["key"]))
        if (keys[1:] == keys[:-1]).any():
            return True
    return False


def _other_messages(task: Task) -> pd.DataFrame:
    """Return sessions of which both files have messages of a sender that the other lacks."""
    return task.run.connection.execute(
        """
        WITH extra_new AS (
            SELECT * FROM new_messages
            WHERE session IS NOT NULL AND row NOT IN (SELECT row FROM same_messages)
        ), extra_old AS (
            SELECT * FROM old_messages AS old WHERE session IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM same_messages WHERE same_messages.file = old.file AND old_row = old.row
            )
        )
        SELECT new.session, min(old.file) AS file, min(new.row) AS row
        FROM extra_new AS new JOIN extra_old AS old
        ON new.session = old.session AND new.sender = old.sender AND new.agent IS NOT DISTINCT FROM old.agent
        GROUP BY new.session
        """
    ).df()


def _other_facts(task: Task) -> pd.DataFrame:
    """Return sessions to which the files give other times of assignment or close."""
    facts = "min(assigned) AS assigned, max(closed) AS closed"
    return task.run.connection.execute(
        f"""
        WITH new AS (
            SELECT session, min(row) AS row, {facts} FROM messages
            WHERE file = {task.file} AND session IN (SELECT session FROM old_messages) GROUP BY session
        ), old AS (
            SELECT session, min(file) AS file, {facts} FROM messages
            WHERE file < {task.file} AND session IN (SELECT session FROM new) GROUP BY session
        )
        SELECT new.session, old.file, new.row FROM new JOIN old ON new.session = old.session
        WHERE abs(new.assigned - old.assigned) > {SECOND_US} OR abs(new.closed - old.closed) > {SECOND_US}
        """
    ).df()


def _settle(task: Task, conflicts: pd.DataFrame) -> None:
    """Leave out what a file says otherwise than one imported before, and say so."""
    if conflicts.empty:
        return
    connection = task.run.connection
    connection.register("conflicts", arrow(conflicts))
    known = f"SELECT session, max(t) AS last FROM messages WHERE file < {task.file} GROUP BY session"
    _delete(
        task,
        f"SELECT new.row FROM messages AS new JOIN ({known}) AS known ON new.session = known.session "
        f"WHERE new.file = {task.file} AND new.t <= known.last "
        "AND new.session IN (SELECT session FROM conflicts)",
    )
    connection.execute(
        f"UPDATE messages SET assigned = NULL, closed = NULL WHERE file = {task.file} "
        "AND session IN (SELECT session FROM conflicts)"
    )
    connection.unregister("conflicts")
    task.report.conflicts += len(conflicts)
    warn_of_conflicts(task, conflicts, "session")


def warn_of_conflicts(task: Task, conflicts: pd.DataFrame, what: str) -> None:
    """Warn of rows (``row``) that another file (``file``) has with other figures, once a file."""
    names = dict(task.run.connection.execute("SELECT id, name FROM files").fetchall())
    names |= task.run.names
    for file, own in conflicts.groupby("file", sort=True):
        rows = sorted(int(row) for row in own["row"])
        other = "another row" if file == task.file else names.get(int(str(file)), "another file")
        task.run.warnings.append(
            Problem(
                file=task.table.name,
                row=rows[0],
                message=f"rows {shown(rows)}: {len(rows)} {what}(s) that {other} has with other figures; "
                f"counted once, as first read. If {task.table.name} is right, move .paiban/store.duckdb "
                "away and "
                "import it first",
            )
        )
