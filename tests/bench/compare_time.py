"""Twenty what-ifs of a promotion week by `paiban compare`: time, verdicts, and whether levers pull right.

The demo shop's week of 12 December is planned and compared by the command itself, with an empty cache and two
workers, beside a scenario that changes nothing and one that spells out what holds anyway. The aim is fifteen
minutes on two free cores. Checked: both of the latter give exactly the figures of the base plan; under each
lever the rate of the plan in force, and the cost of planning anew, move the right way.

Run: make bench-compare, or tests/bench/compare_time.py START DAYS for other days
"""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from forecast.demo_shop import DEMO_START, write_demo_shop

WORKERS, AIM_S = 2, 900
LUCK = 0.002  # of a share that is judged on more days than the base's, because it lies near its new target
SAME = {"volume": 1.0, "target": 0.9, "reception_cap_add": 0, "reply_factor": 1.0, "absence_rate": 0.01}
PEOPLE = {"pool": "part_time", "count": 4, "reception_cap": 6, "cost_per_hour": 25}
# What changes, where the rate of the plan in force must go, and the cost of planning anew: up, down, nowhere
# or anywhere (None).
LEVERS: tuple[tuple[dict[str, Any], int | None, int | None], ...] = (
    ({"volume": 0.9}, +1, -1),
    ({"volume": 1.1}, -1, +1),
    ({"volume": 1.3}, -1, +1),
    ({"promotion_multiplier": 1.3}, -1, +1),
    ({"bot_share": 0.4}, +1, -1),
    ({"bot_share": 0.5}, +1, -1),
    ({"reception_cap": 3}, -1, +1),
    ({"reply_factor": 0.9}, +1, -1),
    ({"reply_factor": 1.1}, -1, +1),
    ({"rounds": 4.5}, +1, -1),
    ({"target": 0.85}, 0, -1),
    ({"target": 0.95}, 0, +1),
    ({"confidence": 0.5}, 0, -1),
    ({"rule": "kuaishou.human3min.week"}, None, None),
    ({"absence_rate": 0.05}, -1, +1),
    ({"add_agents": PEOPLE}, +1, None),
    ({"remove_agents": {"pool": "staff", "count": 3}}, -1, None),
    ({"pool": {"part_time": {"max_people": 12}}}, None, -1),
    ({"cost_per_hour": {"半班": 35}}, 0, +1),
    ({"volume": 1.2, "bot_share": 0.45}, None, None),
)


def compared(folder: Path, start: str, days: str) -> tuple[pd.DataFrame, dict[str, Any], float, float]:
    """Return ``compare.csv``, the base plan's summary, and what the command took: wall, processor seconds."""
    shop, out = folder / "shop", folder / "out"
    write_demo_shop(shop)
    rows = [{"name": "现状"}, {"name": "same", **SAME}]
    rows += [{"name": name_of(changes), **changes} for changes, _, _ in LEVERS]
    (shop / "scenarios.toml").write_text(tomli_w.dumps({"scenario": rows}), encoding="utf-8")
    span = ("--start", start, "--days", days)
    asked = ("--no-beside", "--jobs", str(WORKERS), "--lang", "en", "--out", str(out))
    began = time.monotonic()
    ended = subprocess.run(
        [str(Path(sys.executable).with_name("paiban")), "compare", str(shop), *span, *asked],
        env=os.environ | {"XDG_CACHE_HOME": str(folder / "cache")},
        check=False,
    )
    wall = time.monotonic() - began
    if ended.returncode != 0:
        sys.exit(ended.returncode)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    summary = json.loads((out / "base" / "summary.json").read_text(encoding="utf-8"))
    table = pd.read_csv(out / "compare.csv", encoding="utf-8-sig").set_index("scenario")
    streams = pd.read_csv(out / "compare_streams.csv", encoding="utf-8-sig")
    summary["compared"] = streams[(streams["scenario"] == "现状") & (streams["plan"] == "held")]
    return table, summary, wall, used.ru_utime + used.ru_stime


def name_of(changes: dict[str, Any]) -> str:
    """Return a scenario's name: what it changes."""
    return ", ".join(f"{key} {value}" for key, value in changes.items())


def faults(table: pd.DataFrame, summary: dict[str, Any]) -> list[str]:
    """Return what is not as it must be."""
    base = table.loc["现状"]
    is_same = len(table.loc[["现状", "same"]].drop_duplicates()) == 1
    found = [] if is_same else ["a scenario equal to the base differs from it"]
    for row in summary["compared"].to_dict("records"):
        own = summary["streams"][row["stream"]]
        found += [
            f"{row['stream']}: {name} {row[name]} where the base plan has {own[name]}"
            for name in ("simulated", "promised", "probability", "cost", "paid_hours")
            if abs(row[name] - own[name]) > 1e-9 * max(1.0, abs(own[name]))
        ]
    for changes, rate, cost in LEVERS:
        seen = table.loc[name_of(changes)]
        for name, way, is_fair in (
            ("on_time", rate, True),
            ("anew_cost", cost, bool(seen["anew_met"]) and bool(base["anew_met"])),
        ):
            moved = seen[name] - base[name]
            if way is None or not is_fair:
                continue
            if (way == 0 and abs(moved) > LUCK) or way * moved < 0:
                found.append(f"{name_of(changes)}: {name} moved by {moved:+.4g}, the wrong way")
    return found


def main(arguments: Sequence[str]) -> int:
    """Print a row for each scenario and one in all; return 1 if something is not as it must be."""
    start, days = arguments or (DEMO_START.isoformat(), "7")
    with tempfile.TemporaryDirectory() as folder:
        table, summary, wall, processor = compared(Path(folder), start, days)
    shown = ["cost", "on_time", "probability", "certified", "met"]
    print(table[[*shown, *(f"anew_{name}" for name in shown)]].to_string(float_format="%.4f"))
    wrong = faults(table, summary)
    done = table["anew_certified"].notna()
    print("\n".join(wrong) or "a scenario equal to the base is the base; every lever moves the right way")
    held, anew, solved = (int(found.sum()) for found in (table["certified"], table["anew_certified"], done))
    print(
        f"{dt.date.today()} {len(LEVERS)} scenarios and the base twice, {days} days, {WORKERS} workers: "  # noqa: DTZ011
        f"wall {wall:.0f} s (aim {AIM_S}), processor {processor:.0f} s, load {os.getloadavg()[0]:.1f}; "
        f"failed {len(table) - solved}; certified with the plan in force {held}, planned anew {anew}"
    )
    return 1 if wrong or wall > AIM_S else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
