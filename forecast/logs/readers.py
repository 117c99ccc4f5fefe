"""Files of any kind as tables of cells."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.errors import DataError, Problem
from forecast.logs.clipboard import clipboard_table, is_clipboard
from forecast.logs.raw_tables import RawTable
from forecast.logs.records import json_table, parquet_table
from forecast.logs.text_files import text_table
from forecast.logs.workbooks import workbook_tables
from forecast.tabular import EXCEL_SUFFIXES

if TYPE_CHECKING:
    import duckdb

JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")


def read_file(
    path: Path,
    *,
    connection: duckdb.DuckDBPyConnection,
    mapping: Mapping[str, str],
    accounts: Collection[str],
    number: int,
    scratch: Path,
) -> tuple[list[RawTable], list[Problem]]:
    """Return a file's tables, and notes on parts that hold none.

    Parameters
    ----------
    path
        CSV, TSV, JSON lines, copied chat (each also as gzip), Parquet, or a workbook.
    connection
        The database that reads them.
    mapping
        Header by role, where somebody said so.
    accounts
        Accounts of the shop's agents.
    number
        Number of the file's first table.
    scratch
        Folder for temporary copies.

    Raises
    ------
    DataError
        If there is no such file, or it cannot be read as one of these.
    """
    if not path.is_file():
        raise DataError(
            Problem(file=path.name, message=f"no such file: {path}; check the name and the folder")
        )
    kind = _kind(path)
    if kind == "parquet":
        return [parquet_table(path, connection=connection)], []
    if kind == "workbook":
        return workbook_tables(path, connection=connection, mapping=mapping, number=number)
    if kind == "json":
        return [json_table(path, connection=connection, number=number)], []
    if is_clipboard(path):
        return [clipboard_table(path, connection=connection, accounts=accounts, number=number)], []
    return [text_table(path, connection=connection, mapping=mapping, number=number, scratch=scratch)], []


def _kind(path: Path) -> str:
    """Return what a file is, by its first bytes, else its name."""
    with path.open("rb") as file:
        first = file.read(512)
    if first.startswith(b"PAR1"):
        return "parquet"
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if first.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "workbook"
    if first.lstrip().lower().startswith((b"<html", b"<!doctype", b"<table", b"<?xml")):
        raise DataError(
            Problem(
                file=path.name, message="a web page, whatever its name; open it and save it as xlsx or CSV"
            )
        )
    if suffixes and suffixes[-1] in EXCEL_SUFFIXES and b"\x00" in first.replace(b"\xff\xfe", b"", 1)[::2]:
        raise DataError(Problem(file=path.name, message="not a readable workbook; save it again as xlsx"))
    if suffixes and suffixes[-1] == ".parquet":
        raise DataError(Problem(file=path.name, message="not a readable Parquet file; export it again"))
    if any(suffix in JSON_SUFFIXES for suffix in suffixes):
        return "json"
    return "text"
