"""Is plan B honest? The shares that `promo` states against fresh buyers, with and without each remedy.

The demo shop's promotion is planned as the command does it, and every row of its contingency table is played
again on four seeds that nothing else draws. A share agrees if stated and fresh are within two standard errors
of their difference: of honest ones one in 22 is not. The table fails if more shares disagree, among those
without or those with the remedy, than in one honest table of a hundred, or if the mean difference is beyond
three of its standard errors, which is what selection would shift. Besides: the spread of the fresh seeds
among themselves in standard errors (1: intervals are as wide as they should be), and how often a remedy that
is said to be enough is not.

Run: make bench-contingency, or tests/bench/contingency.py SHOP EVENT for a shop of one's own. With nothing
but the folder that `paiban promo` wrote, what it states is held against its own ``check_`` columns, which are
of other random numbers: a check in seconds.
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from forecast.demo_shop import write_demo_shop
from scheduling.day import DutySpan
from scheduling.inputs import read_inputs
from scheduling.pipeline import make_plan
from scheduling.promotion.contingency import SPAN_DAYS
from scheduling.promotion.event import event_span
from scheduling.promotion.plan import Promotion, plan_promotion
from scheduling.promotion.remedies import JUDGED, Board, Case, meets, play, share_of
from scheduling.promotion.reserves import read_reserves

EVENT = "d12-2026"
SEEDS = tuple(10_000_000 * number for number in (1, 2, 3, 4))
FIRST = 700_000  # first simulated day
Z = 1.96


def planned(shop: Path, event_id: str) -> Promotion:
    """Return the promotion's plan as `paiban promo --effort quick` makes it."""
    inputs = read_inputs(shop)
    timezone = inputs.settings.demand.shop.timezone
    event = inputs.calendar.event(event_id)
    start, days = event_span(event, timezone)
    plan = make_plan(inputs, start=start, days=days, seed=0, effort="quick")
    streams = [stream.id for stream in inputs.settings.demand.streams]
    reserves = read_reserves(shop / "reserves.csv", streams)
    return plan_promotion(plan, inputs, event, reserves=reserves, today=start)


def fresh(
    board: Board, case: Case, duties: Mapping[dt.date, Sequence[DutySpan]], place: int
) -> tuple[float, float, float]:
    """Return a case's share over the fresh seeds, its standard error, and the seeds' rms error in errors."""
    days = JUDGED if len(case.days) == 1 else SPAN_DAYS
    found = [
        share_of(case, play(board, case, duties, first_day=FIRST + place * JUDGED, days=days, seed=seed))
        for seed in SEEDS
    ]
    shares, errors = (
        np.array([one.value for one in found]),
        np.array([one.half_width / Z for one in found]),
    )
    spread = np.var(shares, ddof=1) / max(float(np.mean(errors**2)), 1e-18)
    return float(shares.mean()), float(np.sqrt(np.sum(errors**2))) / len(found), float(np.sqrt(spread))


def held_against(found: Promotion) -> pd.DataFrame:
    """Return one row for each share stated: stated, fresh, and their standard errors."""
    rows = []
    assert found.board is not None
    table: list[Any] = found.contingency.to_dict("records")
    for place, (row, case) in enumerate(zip(table, found.cases, strict=True)):
        for which, duties in (("without", case.plain), ("with", case.helped)):
            share, error, spread = fresh(found.board, case, duties, place)
            low, high = row[f"{which}_low"], row[f"{which}_high"]
            rows.append(
                {
                    "case": case.case,
                    "stream": case.stream,
                    "when": f"{row['start']:%m-%d %H:%M}-{row['end']:%H:%M}",
                    "which": which,
                    "stated": row[which],
                    "low": low,
                    "high": high,
                    "fresh": share,
                    "error": error,
                    "spread": spread,
                    "errors": (row[which] - share) / max(np.hypot(error, (high - low) / 2 / Z), 1e-9),
                    "is_met": bool(row["met"]) and which == "with",
                    "is_met_fresh": meets(case, share),
                }
            )
    return pd.DataFrame(rows)


def held_against_checks(written: pd.DataFrame) -> pd.DataFrame:
    """Return the same of a written ``contingency.csv``, with its own check as the fresh share."""
    rows = []
    is_share = written["target"] <= 1
    for which in ("without", "with"):
        error = (written[f"{which}_high"] - written[f"{which}_low"]) / 2 / Z  # of both: as many days each
        difference = written[which] - written[f"check_{which}"]
        rows.append(
            pd.DataFrame(
                {
                    "case": written["case"],
                    "which": which,
                    "stated": written[which],
                    "fresh": written[f"check_{which}"],
                    "spread": np.nan,
                    "errors": difference / np.maximum(np.sqrt(2) * error, 1e-9),
                    "is_met": written["met"] & (which == "with"),
                    "is_met_fresh": (written[f"check_{which}"] >= written["target"]) == is_share,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def summary(table: pd.DataFrame) -> int:
    """Print what the differences amount to; return 1 if they are more than luck."""
    print("\ncase         which    shares  disagree  mean difference  its error  rms errors  rms of seeds")
    kinds = [
        *table.groupby(["case", "which"]),
        *((("all", which), rows) for which, rows in table.groupby("which")),
    ]
    is_wrong = False
    for (case, which), rows in kinds:
        difference = rows["stated"] - rows["fresh"]
        error = float(difference.std(ddof=1)) / np.sqrt(len(rows))
        disagree = int((rows["errors"].abs() > 2).sum())
        print(
            f"{case:12s} {which:8s} {len(rows):6d}  {disagree:8d}  {difference.mean():+15.5f}  {error:9.5f}  "
            f"{np.sqrt((rows['errors'] ** 2).mean()):10.2f}  {np.sqrt((rows['spread'] ** 2).mean()):12.2f}"
        )
        if case == "all":
            allowed = int(binom.ppf(0.995, len(rows), 0.0455))
            print(f"{'':21s} luck explains up to {allowed} that disagree")
            is_wrong |= disagree > allowed or abs(float(difference.mean())) > 3 * error
    said = table[table["is_met"]]
    print(f"remedies said to be enough: {len(said)}, of which not: {int((~said['is_met_fresh']).sum())}")
    return int(is_wrong)


def main(arguments: Sequence[str]) -> int:
    """Print a row for each share and a summary; return 1 if more disagree than luck explains."""
    began = time.monotonic()
    if len(arguments) == 1:
        return summary(
            held_against_checks(pd.read_csv(Path(arguments[0]) / "contingency.csv", encoding="utf-8-sig"))
        )
    with tempfile.TemporaryDirectory() as folder:
        if not arguments:
            write_demo_shop(Path(folder))
        shop, event = (Path(arguments[0]), arguments[1]) if arguments else (Path(folder), EVENT)
        found = planned(shop, event)
    print(f"planned in {time.monotonic() - began:.0f} s", file=sys.stderr)
    table = held_against(found)
    print(f"{dt.date.today()} {event}, {len(SEEDS)} fresh seeds of {JUDGED} days")  # noqa: DTZ011
    rows: list[Any] = table.to_dict("records")
    for row in rows:
        half = Z * row["error"]
        print(
            f"{row['case']:12s} {row['stream']:16s} {row['when']:17s} {row['which']:8s}"
            f"{row['stated']:.4f} ({row['low']:.4f}-{row['high']:.4f})  "
            f"{row['fresh']:.4f} ({row['fresh'] - half:.4f}-{row['fresh'] + half:.4f})  "
            f"{row['errors']:+5.2f}  {'yes' if abs(row['errors']) <= 2 else 'NO'}"
        )
    code = summary(table)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
