"""Message logs into the store: who wrote, when, to whom; never what."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from forecast.errors import DataError, Problem
from forecast.logs.cells import quoted
from forecast.logs.loading import Task, days_of, note_days, read_moments
from forecast.logs.message_sample import BUYER, UNKNOWN, Sample, sender_codes, sender_sql
from forecast.logs.overlaps import drop_known_messages
from forecast.logs.raw_tables import arrow
from forecast.logs.store import add_message_facts, hashed
from forecast.replies.conversations import SENDERS

HOUR_US = 3_600_000_000


def load_messages(task: Task) -> None:
    """Load a message log; what it holds and what it lacks goes into the task's report.

    Raises
    ------
    DataError
        If messages have no date, their senders are not known, or too many rows cannot be read.
    """
    sample = Sample(task)
    words = sample.sender_words()
    connection, report = task.run.connection, task.report
    facts = _facts(task, sample)
    add_message_facts(connection, facts)
    connection.execute(_insert_sql(task, sample, words, facts))
    _mend_times(task, sample)
    _mend_senders(task, words)
    _drop_unusable(task)
    connection.execute(
        f"""
        UPDATE messages SET buyer = known.buyer FROM (
            SELECT session, min(buyer) AS buyer FROM messages WHERE file = {task.file} AND session IN (
                SELECT session FROM messages WHERE file = {task.file} AND buyer IS NULL
            ) GROUP BY session
        ) AS known
        WHERE messages.file = {task.file} AND messages.session = known.session AND messages.buyer IS NULL
        """
    )
    _note(task, sample, facts)
    drop_known_messages(task)
    report.rows_used = _count(task, "true")


def _facts(task: Task, sample: Sample) -> dict[str, str]:
    """Return SQL for each of `MESSAGE_FACTS` that the log has."""
    table, at = task.table, task.columns.place
    facts = {role: table.text(at[role]) for role in ("stream", "tag") if role in at}
    if task.run.stream:
        facts["stream"] = quoted(task.run.stream)
    facts |= {role: sample.moment(role) for role in ("assigned", "closed") if role in at}
    if task.run.keep_text and "text" in at:
        facts["text"] = table.text(at["text"])
    return facts


def _insert_sql(task: Task, sample: Sample, words: Mapping[str, int], facts: Mapping[str, str]) -> str:
    table, columns = task.table, task.columns
    at = columns.place
    if "buyer" in at:
        buyer = table.text(at["buyer"])
    elif "sender_account" in at:
        buyer = f"CASE WHEN sender = {BUYER} THEN {table.text(at['sender_account'])} END"
        if table.sheet and "session_id" not in at:
            buyer = quoted(table.sheet)
    else:
        buyer = quoted(table.sheet) if table.sheet and "session_id" not in at else "NULL"
    agent = "NULL"
    if "agent" in at:
        agent = table.text(at["agent"])
        if "buyer" in at:  # some exports write the one who speaks there
            same = f"sender = {BUYER} AND {table.cell(at['agent'])} = {table.cell(at['buyer'])}"
            agent = f"CASE WHEN {same} THEN NULL ELSE {agent} END"
    elif "sender_account" in at:
        agent = f"CASE WHEN sender <> {BUYER} THEN {table.text(at['sender_account'])} END"
    session = "NULL"
    if "session_id" in at:
        named = table.text(at["session_id"])
        session = hashed(f"coalesce({facts.get('stream', 'NULL')}, '') || '/' || {named}")
    names, values = "".join(f", {name}" for name in facts), "".join(f", {value}" for value in facts.values())
    return f"""
        INSERT INTO messages (file, row, session, buyer, agent, sender, t{names})
        SELECT {task.file}, row, {session}, {hashed(buyer)}, {agent}, sender, {sample.moment("time")}{values}
        FROM (SELECT *, {sender_sql(task, words)} AS sender FROM ({table.relation}))
    """


def _rows(task: Task, condition: str) -> list[int]:
    found = task.run.connection.execute(
        f"SELECT row FROM messages WHERE file = {task.file} AND {condition} ORDER BY row"
    ).fetchall()
    return [int(row[0]) for row in found]


def _count(task: Task, condition: str) -> int:
    found = task.run.connection.execute(
        f"SELECT count(*) FROM messages WHERE file = {task.file} AND {condition}"
    ).fetchone()
    return int(found[0]) if found else 0


def _mend_times(task: Task, sample: Sample) -> None:
    """Read moments that are not plainly ISO cell by cell."""
    connection = task.run.connection
    if _count(task, "t IS NULL"):
        _set_moments(task, "time", "t", sample.clock_with)
    for role in ("assigned", "closed"):
        if role not in task.columns.place:
            continue
        filled = f"{task.table.text(task.columns.place[role])} IS NOT NULL"
        odd = (
            f"SELECT count(*) FROM ({task.table.relation}) WHERE {filled} AND ({sample.moment(role)}) IS NULL"
        )
        found = connection.execute(odd).fetchone()
        if found and found[0]:
            bad = _set_moments(task, role, role, None)
            if len(bad):
                row, text = int(bad["row"].iloc[0]), bad["text"].iloc[0]
                task.run.warn(
                    task.table,
                    f"{text!r} is not a time; the cell counts as empty, as do {len(bad) - 1} more",
                    row=row,
                    column=task.columns.name(role),
                )


def _set_moments(task: Task, role: str, column: str, clock_with: int | None) -> pd.DataFrame:
    """Write moments that only a patient reading finds into the store; return the cells that are none."""
    frame = read_moments(task, task.columns.place[role], clock_with=clock_with)
    frame = frame[frame["text"] != ""]
    good = frame[frame["t"].notna()].astype({"t": "int64"})
    connection = task.run.connection
    connection.register("mended", arrow(good[["row", "t"]]))
    connection.execute(
        f"UPDATE messages SET {column} = mended.t FROM mended "
        f"WHERE messages.file = {task.file} AND messages.row = mended.row AND messages.{column} IS NULL"
    )
    connection.unregister("mended")
    return frame[frame["t"].isna()]


def _mend_senders(task: Task, words: Mapping[str, int]) -> None:
    """Read words for senders that the sample did not have; raise for those nobody knows."""
    if "sender" not in task.columns.place or not _count(task, f"sender = {UNKNOWN}"):
        return
    connection, table = task.run.connection, task.table
    at = task.columns.place["sender"]
    raw = table.text(at)
    not_yet = f"{raw} NOT IN ({', '.join(quoted(word) for word in words) or quoted('')})"
    found = connection.execute(
        f"SELECT {raw} AS word, min(row) FROM ({table.relation}) WHERE {not_yet} GROUP BY word ORDER BY 2"
    ).fetchall()
    rest = {str(word): int(row) for word, row in found if str(word) != table.headers[at]}
    codes = sender_codes(task, list(rest))
    unknown = [word for word in rest if word not in codes]
    if unknown and task.run.ask is not None:
        for word in unknown:
            kind = task.run.ask(table.name, f"sender {word}", SENDERS)
            if kind is not None:
                codes[word] = SENDERS.index(kind)
        unknown = [word for word in unknown if word not in codes]
    if unknown:
        raise DataError(
            [
                Problem(
                    file=table.name,
                    row=rest[word],
                    column=table.headers[at],
                    message=f"{word!r} is no sender that is known; say what it is, for example "
                    f"--map sender:{word}=human ({' | '.join(SENDERS)})",
                )
                for word in unknown[:10]
            ]
        )
    for word, code in codes.items():
        connection.execute(
            f"UPDATE messages SET sender = {code} WHERE file = {task.file} AND sender = {UNKNOWN} AND row IN "
            f"(SELECT row FROM ({table.relation}) WHERE {raw} = {quoted(word)})"
        )


def _drop_unusable(task: Task) -> None:
    """Drop headers that stand again among the rows, and rows without a time, a sender or an owner."""
    report, table = task.report, task.table
    report.rows_read = _count(task, "true") + len(table.cut_rows)
    task.drop("cut", table.cut_rows, "cut: other than as many cells as the header; left out")
    no_time, no_sender, no_owner = (
        "t IS NULL",
        f"(sender IS NULL OR sender = {UNKNOWN})",
        "(session IS NULL AND buyer IS NULL)",
    )
    if not _count(task, f"({no_time} OR {no_sender} OR {no_owner})"):
        task.check_dropped()
        return
    name = task.columns.name("time")
    bad_times = _rows(task, no_time)
    if bad_times:
        again = task.run.connection.execute(
            f"SELECT row FROM ({table.relation}) WHERE {table.text(task.columns.place['time'])} = "
            f"{quoted(name)}"
        ).fetchall()
        headers = {int(row[0]) for row in again}
        task.drop("header", sorted(headers), "the header stands again")
        task.drop(
            "unreadable",
            [row for row in bad_times if row not in headers],
            "not a time; the row is left out. Write for example 2026-11-11 20:00:00",
            name,
        )
    sender = task.columns.name("sender") if "sender" in task.columns.place else None
    task.drop(
        "no_sender",
        _rows(task, f"t IS NOT NULL AND {no_sender}"),
        "nobody is named as sender; left out",
        sender,
    )
    task.drop(
        "no_owner",
        _rows(task, f"t IS NOT NULL AND NOT {no_sender} AND {no_owner}"),
        "neither session nor buyer is named, so that nobody knows whose message it is; left out",
    )
    task.run.connection.execute(
        f"DELETE FROM messages WHERE file = {task.file} AND ({no_time} OR {no_sender} OR {no_owner})"
    )
    task.check_dropped()


def _note(task: Task, sample: Sample, facts: Collection[str]) -> None:
    """Write what the log covers into the report."""
    connection, report = task.run.connection, task.report
    hours = connection.execute(
        f"SELECT DISTINCT t // {HOUR_US} AS hour FROM messages WHERE file = {task.file} AND sender = {BUYER}"
    ).df()
    note_days(report, days_of(hours["hour"] * HOUR_US, task.run.timezone) if len(hours) else [])
    report.zone = "offset" if sample.has_offset() else task.run.timezone
    if "stream" in facts:
        streams = connection.execute(
            f"SELECT DISTINCT stream FROM messages WHERE file = {task.file} AND stream IS NOT NULL ORDER BY 1"
        ).fetchall()
        report.streams = tuple(row[0] for row in streams)
    if "closed" not in facts or "assigned" not in facts:
        return
    empty = connection.execute(
        f"SELECT min(row), count(*) FROM messages WHERE file = {task.file} AND closed < assigned"
    ).fetchone()
    if empty and empty[1]:
        task.run.warn(
            task.table, f"closed lies before assigned in {empty[1]} rows; check the export", row=int(empty[0])
        )
