"""Twenty what-ifs of a promotion week: wall time, processor time of all processes, how many are certified.

A synthetic shop is planned for the week of its promotion; twenty scenarios are held against that plan and
planned anew, two at a time, with an empty cache. The aim is fifteen minutes on two free cores.

Run: .venv/bin/python tests/bench/scenarios.py
"""

from __future__ import annotations

import datetime as dt
import os
import resource
import tempfile
import time
from pathlib import Path

from forecast.demo_shop import DEMO_START, write_demo_shop
from scheduling.inputs import read_inputs
from scheduling.scenarios.comparison import compare
from scheduling.scenarios.keys import Scenario, ScenarioFile

CHANGES = (
    {},
    {"volume": 0.9},
    {"volume": 1.1},
    {"volume": 1.3},
    {"promotion_multiplier": 1.3},
    {"bot_share": 0.4},
    {"bot_share": 0.5},
    {"reception_cap": 6},
    {"reception_cap_add": 2},
    {"reply_factor": 0.9},
    {"reply_factor": 1.1},
    {"target": 0.85},
    {"target": 0.95},
    {"rule": "kuaishou.human3min.week"},
    {"absence_rate": 0.05},
    {"add_agents": {"pool": "part_time", "count": 4, "reception_cap": 6, "cost_per_hour": 25}},
    {"remove_agents": {"pool": "staff", "count": 3}},
    {"pool": {"part_time": {"max_people": 12}}},
    {"cost_per_hour": {"半班": 35}},
    {"volume": 1.2, "bot_share": 0.45},
)


def main() -> None:
    """Print one row."""
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        write_demo_shop(shop)
        inputs = read_inputs(shop)
        scenarios = tuple(
            Scenario(name=f"{number}: {changes}", changes=changes) for number, changes in enumerate(CHANGES)
        )
        began = time.monotonic()

        def say(text: str) -> None:
            print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)

        found = compare(
            shop,
            inputs,
            ScenarioFile(base=None, scenarios=scenarios),
            start=DEMO_START,
            days=7,
            cache_folder=Path(folder) / "cache",
            beside=False,
            processes=2,
            say=say,
        )
        wall = time.monotonic() - began
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    done = [row.outcome for row in found.rows if isinstance(row.outcome, dict)]
    held = sum(outcome["certified"] for outcome in done)
    anew = sum(outcome["anew"]["certified"] for outcome in done)
    print(
        f"{dt.date.today()} scenarios {len(done)} of {len(CHANGES)}, wall {wall:.0f} s, "  # noqa: DTZ011
        f"processor {cpu:.0f} s, load {os.getloadavg()[0]:.1f}; certified: held {held}, anew {anew}"
    )


if __name__ == "__main__":
    main()
