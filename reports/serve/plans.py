"""The results in a shop's folder: what there is to fetch, and nothing else."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

FIRST = (
    "promo.html", "promo.xlsx", "report.html", "compare.html", "hire.html", "排班表.xlsx", "changes.csv",
    "contingency.csv", "roster.csv", "cover.csv",
)  # fmt: skip
MOST_PLANS = 30


def plans_of(shop: Path) -> list[dict[str, Any]]:
    """Return the finished plans, newest first: name, first day, days, files, whether there are shifts."""
    records = sorted(
        (shop / "plans").glob("*/run.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True
    )
    found = (
        _plan(record.parent) for record in records[:MOST_PLANS] if not record.parent.name.startswith(".")
    )
    return [plan for plan in found if plan is not None]


def _plan(folder: Path) -> dict[str, Any] | None:
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    except (OSError, ValueError):
        return None  # being replaced just now
    order = {name: i for i, name in enumerate(FIRST)}
    return {
        "name": folder.name,
        "start": record.get("start"),
        "days": record.get("days"),
        "has_shifts": "shift_plan.csv" in files,
        "files": sorted(files, key=lambda name: (order.get(name, len(FIRST)), "/" in name, name)),
    }


def people_of(shop: Path) -> list[str]:
    """Return whom the newest roster names, as a repair may need them; nobody where there is none."""
    for plan in plans_of(shop):
        roster = shop / "plans" / plan["name"] / "roster.csv"
        try:
            with roster.open(encoding="utf-8-sig", newline="") as file:
                return sorted({row["employee"].removeprefix("'") for row in csv.DictReader(file)})
        except (OSError, ValueError, KeyError):
            continue  # none, being replaced just now, or not one of ours
    return []


def file_of(shop: Path, plan: str, name: str) -> Path | None:
    """Return a file of a finished plan, or None where the path leads out of it or to nothing.

    Links are followed before the path is judged.
    """
    parts = [plan, *name.split("/")]
    if any(part in ("", ".", "..") or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        return None
    folder = (shop / "plans").resolve() / plan
    try:
        path = (folder / name).resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    inside = path.is_relative_to(folder.resolve()) and folder.resolve().parent == (shop / "plans").resolve()
    return path if inside and path.is_file() and (folder / "run.json").is_file() else None
