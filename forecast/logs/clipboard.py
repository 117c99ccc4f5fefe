"""Chats copied as text: ``[nick] 2024-01-01 10:00:00``, then what was said."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.errors import DataError, Problem
from forecast.logs.raw_tables import RawTable, loaded
from forecast.logs.text_files import find_encoding, open_bytes, read_head

if TYPE_CHECKING:
    import duckdb

_HEAD = re.compile(
    r"^\s*(?:\[(?P<quoted>[^\]\n]{1,60})\]|(?P<plain>[^\s,;|\t\[\]][^,;|\t\n]{0,59}?))\s*[(（]?"
    r"(?P<time>\d{4}[-/]\d{1,2}[-/]\d{1,2}\s+\d{1,2}:\d{2}:\d{2})[)）]?\s*[:：]?\s*$"
)
_HEAD_WITHOUT_DATE = re.compile(r"^\s*\[[^\]\n]{1,60}\]\s*\d{1,2}:\d{2}(?::\d{2})?\s*$")
LEAST_HEADS = 2
HEADERS = ("buyer", "agent", "sender", "time", "text")


def is_clipboard(path: Path) -> bool:
    """Whether a text file is a copied chat rather than a table."""
    head = read_head(path)
    text = head.decode(find_encoding(path, head), errors="ignore").lstrip("\ufeff")
    lines = text.splitlines()[:400]
    heads = sum(bool(_HEAD.match(line)) for line in lines)
    dateless = sum(bool(_HEAD_WITHOUT_DATE.match(line)) for line in lines)
    if dateless >= LEAST_HEADS and not heads:
        row = next(at for at, line in enumerate(lines, start=1) if _HEAD_WITHOUT_DATE.match(line))
        raise DataError(
            Problem(
                file=path.name,
                row=row,
                message="messages have a time but no date; copy them with dates, for example "
                "[nick] 2026-11-11 10:00:00",
            )
        )
    return heads >= LEAST_HEADS or (heads == 1 and bool(_HEAD.match(lines[0])))


def clipboard_table(
    path: Path, *, connection: duckdb.DuckDBPyConnection, accounts: Collection[str], number: int
) -> RawTable:
    """Return a copied chat as a table of messages.

    Parameters
    ----------
    path
        Text; one chat, or several of one buyer each.
    connection
        The database to load it into.
    accounts
        Accounts of the shop's agents; whoever else writes is a buyer.
    number
        Number of the table, for its temporary name.

    Notes
    -----
    An agent's message belongs to the buyer who wrote last before it; at the beginning of a file to the
    first who writes.
    """
    if not accounts:
        raise DataError(
            Problem(
                file=path.name,
                row=1,
                message="who of them is an agent? List the shop's accounts in agents.csv, column accounts",
            )
        )
    head = read_head(path)
    encoding = find_encoding(path, head)
    with open_bytes(path) as file:
        lines = file.read().decode(encoding).lstrip("\ufeff").splitlines()
    known = {account.strip() for account in accounts}
    name = f"raw_{number}"
    loaded(connection, name, _messages(lines, known), HEADERS, exact=False)
    return RawTable(
        file=path.name,
        headers=HEADERS,
        header_row=0,
        relation=f"SELECT * FROM {name}",
        encoding=encoding,
    )


def _messages(lines: list[str], accounts: set[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield each message at the row of its head."""
    heads = [(at, found) for at, line in enumerate(lines) if (found := _HEAD.match(line))]
    names = [(found["quoted"] or found["plain"]).strip() for _, found in heads]
    buyer = next((name for name in names if name not in accounts), "")
    for position, (at, found) in enumerate(heads):
        end = heads[position + 1][0] if position + 1 < len(heads) else len(lines)
        text = "\n".join(lines[at + 1 : end]).strip()
        who = names[position]
        if who in accounts:
            yield at + 1, [buyer, who, "human", found["time"], text]
        else:
            buyer = who
            yield at + 1, [buyer, "", "buyer", found["time"], text]
