"""How long a report of a month and a hundred agents takes to open in headless Chromium: `make bench-report`.

The plan is synthetic: everybody works five early or late duties a week, and every figure in the report comes
from the chain (forecast, judgement by model and simulator), only shifts and roster are given.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))
from browser import DESKTOP, PHONE, chromium, complaints

from reports.pages import write_report
from scheduling.inputs import read_inputs
from scheduling.pipeline import make_plan

AGENTS, DAYS, WEEKS = 100, 31, 12
START = dt.date(2026, 3, 2)
DUTIES = (("早班", 9, "12:00-13:00"), ("晚班", 13, "17:00-18:00"))
TIMING = """
const at = performance.getEntriesByType('navigation')[0];
const paint = performance.getEntriesByName('first-contentful-paint')[0];
return [at.domContentLoadedEventEnd, at.loadEventEnd, paint ? paint.startTime : null,
        document.querySelectorAll('.live canvas, .live svg').length];
"""


def write_shop(folder: Path) -> None:
    """Write a shop with twelve weeks of history and its agents."""
    rng = np.random.default_rng(0)
    rows = ["time,count"]
    for day in range(7 * WEEKS):
        date = START - dt.timedelta(days=7 * WEEKS - day)
        counts = rng.poisson(700 + 300 * np.sin(np.arange(13) / 2), 13)
        rows += [f"{date} {9 + hour:02d}:00,{count}" for hour, count in enumerate(counts)]
    (folder / "history.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    people = "".join(f"员工{i:03d},staff\n" for i in range(AGENTS))
    (folder / "agents.csv").write_text("employee,pool\n" + people, encoding="utf-8")
    (folder / "shop.toml").write_text('[shop]\nname = "大店"\nlanguage = "zh"\n', encoding="utf-8")


def roster(stream: str) -> pd.DataFrame:
    """Return five duties a week for everybody."""
    rows = []
    for day in range(DAYS):
        date = pd.Timestamp(START) + pd.Timedelta(days=day)
        for i in range(AGENTS):
            if (day + i) % 7 >= 5:
                continue
            name, hour, breaks = DUTIES[(i + day // 7) % 2]
            start = date.tz_localize("Asia/Shanghai") + pd.Timedelta(hours=hour)
            end = start + pd.Timedelta(hours=9)
            rows.append((f"员工{i:03d}", date.date(), name, stream, start, end, breaks, 8.0, 200.0))
    columns = ["employee", "date", "template", "stream", "start", "end", "breaks", "paid_hours", "cost"]
    return pd.DataFrame(rows, columns=columns)


def main() -> None:
    """Make the report, open it several times, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="openings per window, each in a new browser")
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as folder:
        shop, report = Path(folder), Path(folder) / "report.html"
        write_shop(shop)
        inputs = read_inputs(shop)
        stream = str(inputs.history["stream"].iloc[0])
        plan = make_plan(
            inputs,
            start=START,
            days=DAYS,
            seed=0,
            roster=roster(stream),
            with_baselines=False,
            synthetic=True,
        )
        write_report(plan, report, "zh")
        size = report.stat().st_size / 1e6
        print(f"report.html: {DAYS} days, {AGENTS} agents, {size:.1f} MB")
        for name, window in (("desktop", DESKTOP), ("phone", PHONE)):
            found = []
            for _ in range(times):
                with chromium(window) as browser:
                    browser.get(report.as_uri())
                    found.append(browser.execute_script(TIMING))
                    assert complaints(browser) == []
            ready, loaded, paint = (np.median([row[i] for row in found]) / 1000 for i in range(3))
            print(
                f"{name}: loaded with all {found[0][3]} live charts drawn in {loaded:.2f} s "
                f"(worst {max(row[1] for row in found) / 1000:.2f} s), first text {paint:.2f} s, "
                f"ready {ready:.2f} s; median of {times}"
            )


if __name__ == "__main__":
    main()
