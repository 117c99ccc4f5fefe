"""Exports as platforms and tools write them, small, and a shop to import them into."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.config import ShopSettings, read_shop
from forecast.logs.building import history_of
from forecast.logs.importing import ImportOptions, import_files
from forecast.logs.loading import Ask
from forecast.logs.report import ImportReport
from forecast.logs.shop_logs import accounts_of, shop_log

ZONE = "Asia/Shanghai"

CONTRACT_LOG = """session_id,buyer,agent,sender,time
s1,b1,,buyer,2026-11-11 10:00:00
s1,b1,a1,human,2026-11-11 10:01:00
s1,b1,,buyer,2026-11-11 10:02:00
s1,b1,a1,human,2026-11-11 10:06:00
s2,b2,,buyer,2026-11-11 11:00:00
s3,b3,,buyer,2026-11-11 11:30:00
s3,b3,a2,human,2026-11-11 11:30:20
"""


def build_shop(folder: Path, settings: str = "", agents: str = "") -> Path:
    """Return a shop folder in Shanghai, with more settings and people if given."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shop.toml").write_text(settings or f'[shop]\ntimezone = "{ZONE}"\n', encoding="utf-8")
    if agents:
        (folder / "agents.csv").write_text(agents, encoding="utf-8")
    return folder


def write_text(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write a text file and return where it is."""
    path.write_bytes(text.encode(encoding))
    return path


def write_sheets(path: Path, **sheets: Sequence[Sequence[Any]]) -> Path:
    """Write a workbook of rows by sheet and return where it is."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def imported(
    shop: Path,
    *files: Path,
    mapping: dict[str, str] | None = None,
    stream: str | None = None,
    keep_text: bool = False,
    ask: Ask | None = None,
    timezone: str = ZONE,
) -> ImportReport:
    """Import files into a shop."""
    options = ImportOptions(timezone=timezone, mapping=mapping or {}, stream=stream, keep_text=keep_text)
    return import_files(shop, files, options, accounts=accounts_of(shop), ask=ask)


def settings_of(shop: Path) -> ShopSettings:
    """Return a shop's settings."""
    return read_shop(shop)


def daily_history(shop: Path) -> dict[str, float]:
    """Return the consultations of each day that the shop's logs tell."""
    with shop_log(read_shop(shop)) as log:
        history = history_of(log)
    days = history["start"].dt.strftime("%Y-%m-%d")
    return {str(day): round(float(value), 6) for day, value in history.groupby(days)["offered"].sum().items()}


def hourly_history(shop: Path) -> pd.DataFrame:
    """Return the hourly history that the shop's logs tell."""
    with shop_log(read_shop(shop)) as log:
        return history_of(log)
