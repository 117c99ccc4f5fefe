"""A comparison as files: the contract's table and what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.table_files import write_csv
from scheduling.frames import SHIFT_PLAN

if TYPE_CHECKING:
    from scheduling.scenarios.comparison import Comparison, Row

COLUMNS = ("agent_days", "paid_hours", "cost", "on_time", "probability", "gap_hours", "worst_hour")
MORE = ("on_time_low", "on_time_high", "worst_share", "certified", "met", "plan")
ANEW = ("agent_days", "paid_hours", "cost", "on_time", "probability", "certified", "met")
STREAM = ("rule", "unit", "target", "promised", "probability", "simulated", "certified", "unanswered")


def write_tables(found: Comparison, folder: Path) -> None:
    """Write ``compare.csv`` and the tables that its numbers come from."""
    write_csv(compare_table(found), folder / "compare.csv")
    write_csv(stream_table(found), folder / "compare_streams.csv")
    write_csv(hour_table(found), folder / "compare_hours.csv")
    if has_anew(found):
        write_csv(shift_table(found), folder / "compare_shifts.csv")
    write_csv(change_table(found), folder / "changes.csv")
    if found.baselines:
        table = pd.DataFrame.from_dict(dict(found.baselines), orient="index").rename_axis("method")
        write_csv(table.reset_index(), folder / "baselines.csv")
    for rows, name in ((found.frontier, "frontier"), (found.worth, "worth"), (found.tornado, "sensitivity")):
        if rows:
            write_csv(pd.DataFrame(list(rows)), folder / f"{name}.csv")


def compare_table(found: Comparison) -> pd.DataFrame:
    """Return ``compare.csv``: one row a scenario, the base first."""
    rows = []
    for row in found.rows:
        outcome = outcome_of(row)
        anew = outcome.get("anew") or {}
        interval = outcome.get("on_time_ci") or (None, None)
        values = {**outcome, "on_time_low": interval[0], "on_time_high": interval[1]}
        rows.append(
            {
                "scenario": row.name,
                **{name: values.get(name) for name in (*COLUMNS, *MORE)},
                **{f"anew_{name}": anew.get(name) for name in ANEW},
                "error": "" if row.is_done else getattr(row.outcome, "reason", ""),
            }
        )
    return pd.DataFrame(rows)


def stream_table(found: Comparison) -> pd.DataFrame:
    """Return one row per scenario and stream, for the plan in force and planned anew."""
    rows = [
        {
            "scenario": row.name,
            "stream": name,
            "plan": which,
            **{key: figures.get(key) for key in STREAM},
            "simulated_low": figures["simulated_ci"][0],
            "simulated_high": figures["simulated_ci"][1],
            "paid_hours": figures["paid_hours"],
            "cost": figures["cost"],
        }
        for row in found.rows
        if row.is_done
        for which, streams in (
            (outcome_of(row)["plan"], outcome_of(row)["streams"]),
            ("anew, head counts", (outcome_of(row).get("anew") or {}).get("streams", {})),
        )
        for name, figures in streams.items()
    ]
    return pd.DataFrame(rows)


def has_anew(found: Comparison) -> bool:
    """Whether anything was planned anew."""
    return any(outcome_of(row).get("anew") for row in found.rows)


def shift_table(found: Comparison) -> pd.DataFrame:
    """Return the shifts planned anew for each scenario: its name and a row of a shift plan."""
    rows = [
        (row.name, *shifts)
        for row in found.rows
        for shifts in (outcome_of(row).get("anew") or {}).get("shifts", ())
    ]
    return pd.DataFrame(rows, columns=["scenario", *SHIFT_PLAN.required])


def hour_table(found: Comparison) -> pd.DataFrame:
    """Return one row per scenario, stream and interval: need, people, share on time by the simulator."""
    columns = ["stream", "start", "required", "on_duty", "offered", "units_on_time", "units"]
    parts = [
        pd.DataFrame(outcome_of(row)["hours"], columns=columns).assign(scenario=row.name)
        for row in found.rows
        if row.is_done
    ]
    if not parts:
        return pd.DataFrame(columns=["scenario", *columns])
    return pd.concat(parts, ignore_index=True)[["scenario", *columns]]


def change_table(found: Comparison) -> pd.DataFrame:
    """Return one row per scenario and changed input."""
    rows = [
        (row.name, change.key, change.where, _plain(change.before), _plain(change.after))
        for row in found.rows
        for change in row.changes
    ]
    return pd.DataFrame(rows, columns=["scenario", "key", "where", "before", "after"])


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def outcome_of(row: Row) -> Mapping[str, Any]:
    """Return a scenario's outcome; nothing where it failed."""
    return row.outcome if isinstance(row.outcome, Mapping) else {}
