"""Exports as they are into a shop's store: what `paiban import` does."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.errors import DataError, PlanError, Problem
from forecast.logs.answers import Answers
from forecast.logs.archive import archive_facts
from forecast.logs.count_loading import load_daily, load_hourly
from forecast.logs.headers import COUNTS, Columns, find_columns, plain
from forecast.logs.loading import Ask, Import, Task
from forecast.logs.message_loading import load_messages
from forecast.logs.overlaps import apply_fills
from forecast.logs.raw_tables import RawTable
from forecast.logs.readers import read_file
from forecast.logs.recognising import settle
from forecast.logs.report import ImportReport, TableReport
from forecast.logs.session_loading import load_sessions
from forecast.logs.store import (
    TABLES,
    last_file,
    open_store,
    register_hash,
    salt_of,
    show_whole_messages,
)

if TYPE_CHECKING:
    import duckdb

LOADERS = {
    "message": load_messages,
    "session": load_sessions,
    "hourly": load_hourly,
    "daily": load_daily,
}
USED = {
    "message": (
        "session_id", "buyer", "agent", "sender_account", "sender", "time", "date", "stream", "assigned",
        "closed", "tag",
    ),
    "session": (
        "session_id", "buyer", "agent", "stream", "first_message", "start", "time", "assigned", "closed",
        "first_reply_at", "first_reply_s", "queue_s", "session_s", "rounds", "mean_reply_s",
    ),
    "hourly": ("date", "hour", "time", "start", "stream", "agent", "platform", "queue", "estimated"),
    "daily": (
        "date", "agent", "stream", "platform", "queue", "served", "online_h", "most_open", "first_reply_s",
        "mean_reply_s",
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """What an import may be told.

    Attributes
    ----------
    mapping
        Header by role (``time``, ``offered`` ...), kind by sender's word (``sender:店长``), unit by duration
        (``unit:first_reply_s``), order of short dates (``date_order:short``).
    timezone
        Zone of times without offset.
    stream
        Stream of every row.
    keep_text
        Whether messages' text is stored too.
    """

    timezone: str
    mapping: Mapping[str, str]
    stream: str | None = None
    keep_text: bool = False

    def signature(self) -> str:
        """Return the options as one text: a file imported before with others is read anew."""
        return json.dumps(
            {
                "timezone": self.timezone,
                "mapping": dict(sorted(self.mapping.items())),
                "stream": self.stream,
                "keep_text": self.keep_text,
            },
            ensure_ascii=False,
            sort_keys=True,
        )


def import_files(
    shop: Path,
    files: Sequence[Path],
    options: ImportOptions,
    *,
    accounts: Collection[str] = (),
    ask: Ask | None = None,
) -> ImportReport:
    """Read exports into a shop's store.

    Parameters
    ----------
    shop
        The shop folder.
    files
        Exports; a folder stands for the files in it.
    options
        What the user said.
    accounts
        Accounts of the shop's agents, which tell agents from buyers where nothing else does.
    ask
        Asks the user what cannot be told; None where nobody can be asked.

    Returns
    -------
    ImportReport
        Table by table.

    Raises
    ------
    DataError
        With what is wrong in every file. Nothing of this import is stored then.
    """
    paths = _files(files)
    reports: list[TableReport] = []
    problems: list[str | Problem] = []
    answers = Answers.of(shop)
    with open_store(shop, writing=True) as connection, tempfile.TemporaryDirectory() as scratch:
        register_hash(connection, salt_of(shop))
        run = Import(
            connection=connection,
            timezone=options.timezone,
            stream=options.stream,
            accounts=frozenset(accounts),
            keep_text=options.keep_text,
            ask=ask,
        )
        entries: list[tuple[Any, ...]] = []
        for path in paths:
            try:
                reports += _import_file(path, run, options, answers, entries, Path(scratch))
            except PlanError as error:
                problems += error.problems
        if problems:
            raise DataError(problems)
        if entries:
            _check_mapping(options, run)
        _commit(connection, entries)
        answers.write()
        show_whole_messages(connection)
        archive = archive_facts(connection, options.timezone)
    return ImportReport(tables=reports, warnings=run.warnings, archive=archive)


def _check_mapping(options: ImportOptions, run: Import) -> None:
    """Raise for a header that the user named and no table has."""
    lost = [role for role in options.mapping if ":" not in role and role not in run.matched]
    if lost:
        raise DataError(
            [
                Problem(
                    file=", ".join(run.names.values()),
                    message=f"--map {role}={options.mapping[role]}: no table has such a column; write the "
                    "header as it "
                    "stands in the file",
                )
                for role in lost
            ]
        )


def _files(given: Sequence[Path]) -> list[Path]:
    """Return the files named, and those of the folders named, in order of name."""
    files: list[Path] = []
    for path in given:
        if path.is_dir():
            files += sorted(
                one for one in path.iterdir() if one.is_file() and not one.name.startswith((".", "~$"))
            )
        else:
            files.append(path)
    if not files:
        raise DataError(
            "import: no files; name the exports to read, or put them into the shop's folder logs/"
        )
    return files


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _import_file(
    path: Path,
    run: Import,
    options: ImportOptions,
    answers: Answers,
    entries: list[tuple[Any, ...]],
    scratch: Path,
) -> list[TableReport]:
    """Load the tables of one file, unless the store has the very file."""
    if not path.is_file():
        raise DataError(
            Problem(file=path.name, message=f"no such file: {path}; check the name and the folder")
        )
    digest = _sha256(path)
    known = run.connection.execute(
        "SELECT name, granularity, rows_read, options FROM files WHERE sha256 = ? ORDER BY id", [digest]
    ).fetchall()
    signature = options.signature()
    if any(entry[1] == digest for entry in entries) or (known and all(row[3] == signature for row in known)):
        rows = known or [(path.name, "", 0, "")]
        return [
            TableReport(
                file=path.name,
                sha256=digest,
                granularity=row[1],
                rows_read=row[2],
                duplicates=row[2],
                known=True,
            )
            for row in rows
        ]
    if known:
        run.warnings.append(
            Problem(
                file=path.name,
                message="imported before with other options; read anew, its former rows replaced",
            )
        )
        _forget(run.connection, digest)
    first = last_file(run.connection) + len(entries) + 1
    tables, notes = read_file(
        path,
        connection=run.connection,
        mapping=options.mapping,
        accounts=run.accounts,
        number=first,
        scratch=scratch,
    )
    run.warnings += notes
    reports = []
    for table in tables:
        number = last_file(run.connection) + len(entries) + 1
        report = _import_table(table, number, run, options, answers)
        report.sha256 = digest
        reports.append(report)
        entries.append(
            (
                number,
                digest,
                table.name,
                report.granularity,
                report.rows_read,
                report.rows_used,
                run.timezone,
                signature,
            )
        )
        run.names[number] = table.name
    return reports


def _import_table(
    table: RawTable, number: int, run: Import, options: ImportOptions, answers: Answers
) -> TableReport:
    """Load one table; where the quick reading fails the patient one is tried."""
    import duckdb as engine

    warned = len(run.warnings)
    try:
        return _load(table, number, run, options, answers)
    except engine.Error as error:
        if table.slower is None:
            reason = str(error).splitlines()[0]
            raise DataError(
                Problem(file=table.name, message=f"cannot be read ({reason}); export it again")
            ) from None
    del run.warnings[warned:]
    for name in TABLES.values():
        run.connection.execute(f"DELETE FROM {name} WHERE file = {number}")
    return _load(table.slower(), number, run, options, answers)


def _load(table: RawTable, number: int, run: Import, options: ImportOptions, answers: Answers) -> TableReport:
    there = {plain(header) for header in table.headers}
    run.matched |= {role for role, header in options.mapping.items() if plain(header) in there}
    mapping = {**answers.for_headers(table.headers), **options.mapping}
    found = find_columns(table.headers, mapping, file=table.name, row=max(1, table.header_row))
    granularity, columns = settle(table, found, run.connection)
    if (
        not table.cut_rows
        and not run.connection.execute(f"SELECT * FROM ({table.relation}) LIMIT 1").fetchall()
    ):
        raise DataError(
            Problem(
                file=table.name,
                row=max(1, table.header_row),
                message="no rows below the header; export it again",
            )
        )
    columns, said = _asked(table, granularity, columns, run)
    report = TableReport(file=table.file, sheet=table.sheet, encoding=table.encoding, granularity=granularity)
    task = Task(
        run=run, table=table, columns=columns, mapping=mapping, file=number, report=report, answers=dict(said)
    )
    LOADERS[granularity](task)
    counts = next((role for role in COUNTS if role in columns.place), None)
    used = {role: columns.name(role) for role in USED[granularity] if role in columns.place}
    if granularity in ("hourly", "daily") and counts is not None:
        used["offered"] = task.answers.get("offered", columns.name(counts))
    report.columns = used
    confirmed = {
        key: value for key, value in options.mapping.items() if ":" in key or value in table.headers
    } | task.answers
    answers.keep(table.headers, confirmed)
    return report


def _asked(
    table: RawTable, granularity: str, columns: Columns, run: Import
) -> tuple[Columns, dict[str, str]]:
    """Ask which of several columns is meant; where nobody can be asked the first is taken and said."""
    said: dict[str, str] = {}
    at = dict(columns.place)
    counts = [role for role in COUNTS if role in at][:1] if granularity in ("hourly", "daily") else []
    for choice in columns.choices:
        if choice.role not in at or choice.role not in (*USED[granularity], *counts):
            continue
        names = [choice.taken, *choice.others]
        answer = run.ask(table.name, choice.role, names) if run.ask is not None else None
        if answer is not None:
            said[choice.role] = answer
            at[choice.role] = columns.headers.index(answer)
            continue
        run.warn(
            table,
            f"several columns may be {choice.role}: {', '.join(names)}; {choice.taken} is taken. "
            f"Otherwise give --map {choice.role}={choice.others[0]}",
            row=max(1, table.header_row),
            column=choice.taken,
        )
    return Columns(headers=columns.headers, place=at, choices=columns.choices, wide=columns.wide), said


def _forget(connection: duckdb.DuckDBPyConnection, digest: str) -> None:
    """Remove a file that is read anew."""
    of_file = "SELECT id FROM files WHERE sha256 = ?"
    for name in TABLES.values():
        connection.execute(f"DELETE FROM {name} WHERE file IN ({of_file})", [digest])
    connection.execute("DELETE FROM files WHERE sha256 = ?", [digest])


def _commit(connection: duckdb.DuckDBPyConnection, entries: Sequence[tuple[Any, ...]]) -> None:
    """Write the files into the store's list, all or none: from then on their rows belong to it."""
    connection.execute("BEGIN")
    for number, digest, name, granularity, read, used, zone, signature in entries:
        connection.execute(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [number, name, digest, granularity, read, used, zone, signature],
        )
    apply_fills(connection)
    connection.execute("COMMIT")
    connection.execute("CHECKPOINT")
