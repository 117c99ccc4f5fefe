"""Numbers that people are shown, traced to the files beside: as they stand there, summed, or compared."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from reports.words import catalogue, sections

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
KEYS = ("stream", "day", "hour", "scenario", "case", "employee", "plan", "template", "week")
DECIMALS = range(4)
HEADS = ("required", "on_duty", "agents_net", "agents_gross")


def untraced(shown: str, *folders: Path, lang: str) -> list[str]:
    """Return the numbers of a text that no file of the folders accounts for, each with its line.

    A number is accounted for if it is a cell; a sum, a count, an extreme, a mean by offered consultations or
    the hours of head counts over rows alike in one or two keys; or what lies between a cell and the first or
    last of its column; as it is or in percent, to the decimals shown. Dates, times, names and words bring
    their own.
    """
    known = set(_of_words(lang))
    for folder in folders:
        for path in sorted(folder.rglob("*.csv")):
            known |= set(_of_table(pd.read_csv(path, encoding="utf-8-sig")))
        for path in sorted(folder.rglob("*.json")):
            known |= set(_of_object(json.loads(path.read_text(encoding="utf-8"))))
    return [
        f"{number} in {line.strip()!r}"
        for line in shown.splitlines()
        for number in NUMBER.findall(line)
        if _plain(number) not in known
    ]


def _plain(number: str) -> str:
    """Return a number without commas and leading zeros."""
    return re.sub(r"^0+(?=\d)", "", number.replace(",", ""))


def _of_words(lang: str) -> Iterator[str]:
    for section in sections():
        for message in catalogue(section).values():
            for number in NUMBER.findall(re.sub(r"\{[^}]*\}", " ", message[lang])):
                yield _plain(number)


def _of_object(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        for name, value in content.items():
            yield from _of_text(str(name))
            yield from _of_object(value)
    elif isinstance(content, list):
        for value in content:
            yield from _of_object(value)
    elif isinstance(content, str):
        yield from _of_text(content)
    elif content is not None:
        yield from _of_number(float(content))


def _of_text(text: str) -> Iterator[str]:
    for number in NUMBER.findall(text):
        yield _plain(number)


def _of_number(value: float) -> Iterator[str]:
    if math.isfinite(value):
        for decimals in DECIMALS:
            yield f"{abs(value):.{decimals}f}"
            yield f"{abs(100 * value):.{decimals}f}"


def _of_table(table: pd.DataFrame) -> Iterator[str]:
    interval_h = 1.0
    if "start" in table:
        at = pd.to_datetime(table["start"])
        steps = at.drop_duplicates().sort_values().diff().dropna()
        interval_h = steps.min() / pd.Timedelta(hours=1) if len(steps) else 1.0
        table = table.assign(day=at.dt.date.astype(str), hour=at.dt.hour)
    figures = [name for name in table.select_dtypes("number") if name != "hour"]
    for name in table:
        for cell in table[name].dropna().unique():
            yield from _of_number(float(cell)) if name in figures else _of_text(str(cell))
    keys = [name for name in KEYS if name in table]
    groups = [list(of) for size in (1, 2) for of in combinations(keys, size)]
    weighted = {
        name: table[name] * table["offered"]
        for name in ("on_time", "simulated")
        if {name, "offered"} <= set(table)
    }
    for parts in [[table], *([rows for _, rows in table.groupby(of)] for of in groups)]:
        for rows in parts:
            yield str(len(rows))
            yield from (str(rows[key].nunique()) for key in keys)
            for name in figures:
                column = rows[name].dropna()
                hours = [column.sum() * interval_h] if name in HEADS else []
                for value in (column.sum(), column.max(), column.min(), *hours) if len(column) else ():
                    yield from _of_number(float(value))
            for products in weighted.values():
                if (offered := rows["offered"].sum()) > 0:
                    yield from _of_number(float(products[rows.index].sum() / offered))
    for name in figures:
        for edge in table[name].iloc[[0, -1]] if len(table) else ():
            for cell in table[name].dropna().unique():
                yield from _of_number(float(cell) - float(edge))
                if edge:
                    yield from _of_number(float(cell) / float(edge) - 1.0)
