"""Parquet and JSON lines: tables whose columns name themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.errors import DataError, Problem
from forecast.logs.cells import identifier, quoted
from forecast.logs.raw_tables import RawTable, loaded
from forecast.logs.text_files import CUT_FILE, find_encoding, open_bytes, read_head

if TYPE_CHECKING:
    import duckdb

KEYS_AMONG = 2000  # records from the top in which keys are looked for


def parquet_table(path: Path, *, connection: duckdb.DuckDBPyConnection) -> RawTable:
    """Return the table of a Parquet file; moments keep the type they have.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    import duckdb as engine

    try:
        columns = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({quoted(str(path))})").fetchall()
    except engine.Error as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            Problem(file=path.name, message=f"not a readable Parquet file ({reason}); export it again")
        ) from None
    chosen = ", ".join(f"{identifier(column[0])} AS c{at}" for at, column in enumerate(columns))
    return RawTable(
        file=path.name,
        headers=tuple(column[0] for column in columns),
        header_row=0,
        kinds=tuple("VARCHAR" if column[1].startswith("ENUM") else column[1] for column in columns),
        relation=f"SELECT file_row_number + 1 AS row, {chosen} "
        f"FROM read_parquet({quoted(str(path))}, file_row_number = true)",
        encoding="parquet",
    )


def json_table(path: Path, *, connection: duckdb.DuckDBPyConnection, number: int) -> RawTable:
    """Return the table of a file of JSON lines, or of one JSON array; a line that is none is a cut row.

    Raises
    ------
    DataError
        If the first lines hold no JSON objects, or the file is damaged.
    """
    import duckdb as engine

    head = read_head(path)
    encoding = find_encoding(path, head)
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"["):
        return _array_table(path, encoding, connection=connection, number=number)
    keys: dict[str, None] = {}
    for record in _records_of(
        head.decode(encoding, errors="ignore").lstrip("\ufeff").splitlines()[:KEYS_AMONG]
    ):
        keys |= dict.fromkeys(record)
    if not keys:
        raise DataError(
            Problem(file=path.name, row=1, message="no line is a JSON object; write one object a line")
        )
    headers = tuple(keys)
    columns = ", ".join(f"{quoted(key)}: 'VARCHAR'" for key in headers)
    chosen = ", ".join(f"{identifier(key)} AS c{at}" for at, key in enumerate(headers))
    relation = (
        f"SELECT row_number() OVER () AS row, {chosen} FROM read_json({quoted(str(path))}, "
        f"format = 'newline_delimited', columns = {{{columns}}})"
    )

    def slower() -> RawTable:
        name = f"raw_{number}"
        bad: list[int] = []

        def rows() -> Iterator[tuple[int, list[str]]]:
            with open_bytes(path) as file:
                for at, line in enumerate(file, start=1):
                    text = line.decode(encoding, errors="replace").lstrip("\ufeff")
                    if not text.strip():
                        continue
                    record = _record(text)
                    if record is None:
                        bad.append(at)
                        continue
                    yield at, [_text(record.get(key)) for key in headers]

        try:
            loaded(connection, name, rows(), headers, exact=False)
        except (OSError, EOFError):
            raise DataError(Problem(file=path.name, message=CUT_FILE)) from None
        return RawTable(
            file=path.name,
            headers=headers,
            header_row=0,
            relation=f"SELECT * FROM {name}",
            cut_rows=bad,
            encoding=encoding,
        )

    if encoding != "utf-8":
        return slower()
    table = RawTable(
        file=path.name, headers=headers, header_row=0, relation=relation, slower=slower, encoding=encoding
    )
    try:
        connection.execute(f"SELECT * FROM ({relation}) LIMIT 1").fetchall()
    except engine.Error:
        return slower()
    return table


def _array_table(
    path: Path, encoding: str, *, connection: duckdb.DuckDBPyConnection, number: int
) -> RawTable:
    """Return the table of one JSON array of objects; rows are numbered from 1."""
    try:
        with open_bytes(path) as file:
            records = json.loads(file.read().decode(encoding).lstrip("\ufeff"))
    except (ValueError, OSError, EOFError) as error:
        raise DataError(
            Problem(file=path.name, message=f"not whole JSON ({error}); the file may be cut; export it again")
        ) from None
    good = [(at, record) for at, record in enumerate(records, start=1) if isinstance(record, dict)]
    headers = tuple(dict.fromkeys(key for _, record in good for key in record))
    if not headers:
        raise DataError(Problem(file=path.name, row=1, message="the array holds no JSON objects"))
    name = f"raw_{number}"
    rows = ((at, [_text(record.get(key)) for key in headers]) for at, record in good)
    loaded(connection, name, rows, headers, exact=False)
    return RawTable(
        file=path.name,
        headers=headers,
        header_row=0,
        relation=f"SELECT * FROM {name}",
        cut_rows=sorted(set(range(1, len(records) + 1)) - {at for at, _ in good}),
        encoding=encoding,
    )


def _record(text: str) -> dict[str, object] | None:
    try:
        record = json.loads(text)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _records_of(lines: list[str]) -> Iterator[dict[str, object]]:
    for line in lines:
        if (record := _record(line)) is not None:
            yield record


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
