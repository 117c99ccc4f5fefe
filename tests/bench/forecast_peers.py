"""Our forecasts against other people's: same series, origins and calendar, peers in their own environment.

    make bench-forecast              about 15 minutes on two cores
    python tests/bench/forecast_peers.py --quick     about four minutes, fewer origins and shops

Peers run in ``.venv-peers`` (`make peers` sets it up); one that is not installed there is left out and named.
Prints, for every series: origins and hours that the figures rest on, the noise floor, WAPE and WQL in week 1
and over all leads with their ratio to the best peer's, bands, buckets, and CPU seconds a forecast.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from forecast_series import BenchSeries, bench_series, peer_table
from peer_models import NEEDS, PEERS

from forecast.accuracy import SCORED_LEVELS, hour_scores, noise_floor, randomised_pit
from forecast.backtest import Backtest, BacktestPlan, Forecaster, bucket_table, run_backtest, week_scale
from forecast.config import Shop, ShopSettings
from forecast.hour_kinds import hour_kinds
from forecast.models import known_models
from forecast.models.base import Known
from forecast.promotions import promotion_calendar
from forecast.randomness import generator
from forecast.shop_backtest import known_ahead, model_forecaster

ROOT = Path(__file__).parents[2]
PEER_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
SHOWN = [
    "bucket",
    "model",
    "origins",
    "hours",
    "wape",
    "wql",
    "bias",
    "mase",
    "cover80",
    "cover95",
    "width80",
]
THIN = 10  # consultations an hour, below which bands are judged by the PIT
THIN_HOURS = 100


def main() -> None:
    """Run the bench and print its tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer origins, two shops")
    options.add_argument("--series", help="only series whose name contains this")
    options.add_argument("--no-peers", action="store_true", help="our own models only")
    options.add_argument("--models", nargs="*", help="only these of our models")
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    peers = [] if chosen.no_peers else available_peers()
    ratios: list[dict[str, object]] = []
    for series in bench_series(quick=chosen.quick, seed=chosen.seed):
        if chosen.series is None or chosen.series in series.name:
            ratios += run_series(series, peers, only=chosen.models, seed=chosen.seed)
    if peers and ratios:
        print_ratios(pd.DataFrame(ratios))


def available_peers() -> list[str]:
    """Return the peers that are installed; name the others."""
    if not PEER_PYTHON.exists():
        print("no peers: .venv-peers is missing, `make peers` sets it up", file=sys.stderr)
        return []
    present = []
    for peer in PEERS:
        module = NEEDS.get(peer, "statsmodels")
        missing = subprocess.run(
            [PEER_PYTHON, "-c", f"import {module}"], capture_output=True, check=False
        ).returncode
        if missing:
            print(f"{peer} is left out: {module} is not installed in .venv-peers", file=sys.stderr)
        else:
            present.append(peer)
    return present


def run_series(
    series: BenchSeries, peers: list[str], *, only: list[str] | None, seed: int
) -> list[dict[str, object]]:
    """Run all models over one series, print its tables and return its ratios to the best peer."""
    began = time.perf_counter()
    plan = BacktestPlan(
        origins=tuple(series.origin_days), days_ahead=series.days_ahead, timezone=series.timezone
    )
    ours = own_backtest(series, plan, only=only, seed=seed)
    seconds = {name: spent / len(plan.origins) for name, spent in ours.seconds.items()}
    hours = [ours.hours]
    for peer in peers:
        rows, cpu = peer_backtest(series, peer, plan)
        hours.append(rows)
        seconds[peer] = cpu
    together = Backtest(hours=pd.concat(hours, ignore_index=True), days=ours.days)
    kinds = hour_kinds(pd.DatetimeIndex(series.table["start"]), known_of(series)[0], platform="taobao")
    table = bucket_table(together, kinds)
    print(f"\n== {series.name}: {len(plan.origins)} origins, {series.days_ahead} days ahead ==")
    print(f"noise floor (WAPE with the true mean known): {floor_text(series, together)}")
    with pd.option_context("display.width", 200, "display.max_rows", None):
        print(table[SHOWN].round(3).to_string(index=False))
        print(
            "\nCPU seconds a forecast:", ", ".join(f"{name} {spent:.2f}" for name, spent in seconds.items())
        )
    print(promotion_text(table, list(ours.seconds)))
    print(kind_floors_text(series, ours, kinds))
    print(pit_text(series, ours))
    print(cover_error_text(ours))
    print(f"({time.perf_counter() - began:.0f} s)", flush=True)
    return best_ratios(series, table, list(ours.seconds), peers)


def own_backtest(series: BenchSeries, plan: BacktestPlan, *, only: list[str] | None, seed: int) -> Backtest:
    """Backtest our models on a series."""
    forecasters = own_forecasters(series)
    if only:
        forecasters = {name: forecaster for name, forecaster in forecasters.items() if name in only}
    odd = pd.DatetimeIndex(series.table.loc[series.table["is_odd"], "start"])
    return run_backtest(
        series.history[["start", "offered"]], forecasters, plan, stream="shop", seed=seed, unscored=odd
    )


def known_of(series: BenchSeries) -> tuple[Known, ShopSettings]:
    """Return calendar and promotions of a series, as our models get them, and its settings."""
    settings = ShopSettings(folder=ROOT, shop=Shop(timezone=series.timezone, holidays=series.holidays))
    calendar = promotion_calendar(series.promotions, timezone=series.timezone)
    last = series.table["start"].iloc[-1].date()
    return known_ahead(series.history, settings, calendar, last=last), settings


def own_forecasters(series: BenchSeries) -> dict[str, Forecaster]:
    """Return every model of the registry."""
    known, settings = known_of(series)
    return {
        name: model_forecaster(model, stream="shop", history=series.history, settings=settings, known=known)
        for name, model in known_models().items()
    }


def peer_backtest(series: BenchSeries, peer: str, plan: BacktestPlan) -> tuple[pd.DataFrame, float]:
    """Run one peer in its own environment; return its scored hours and CPU seconds a forecast."""
    with tempfile.TemporaryDirectory() as name:
        job = Path(name)
        peer_table(series).to_csv(job / "series.csv", index=False)
        settings = {
            "origins": [f"{day}T00:00:00" for day in plan.origins],
            "horizon_h": series.days_ahead * series.day_h,
            "levels": list(SCORED_LEVELS),
            "day_h": series.day_h,
        }
        (job / "job.json").write_text(json.dumps(settings), encoding="utf-8")
        out = job / "out.csv"
        script = Path(__file__).with_name("peer_models.py")
        subprocess.run(
            [PEER_PYTHON, script, peer, job, out],
            check=True,
            env=os.environ | ONE_THREAD,
            capture_output=True,
        )
        found = pd.read_csv(out, parse_dates=["origin", "start"])
        cpu = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))["cpu_s"]
    return scored_peer(series, peer, found), float(np.mean(cpu))


def scored_peer(series: BenchSeries, peer: str, found: pd.DataFrame) -> pd.DataFrame:
    """Return a peer's rows scored on the very hours that our models are scored on."""
    table = series.table.assign(local=series.table["start"].dt.tz_localize(None))
    merged = found.merge(
        table.drop(columns="mean"), left_on="start", right_on="local", suffixes=("_local", "")
    )
    merged = merged[merged["offered"].notna() & ~merged["is_odd"]].reset_index(drop=True)
    parts = []
    for origin, rows in merged.groupby("origin"):
        past = series.history[series.history["start"] < pd.Timestamp(origin).tz_localize(series.timezone)]
        quantiles = np.sort(rows[[f"q{row}" for row in range(len(SCORED_LEVELS))]].to_numpy().T, axis=0)
        scores = hour_scores(
            rows["offered"].to_numpy(dtype=float),
            mean=rows["mean"].to_numpy(dtype=float),
            quantiles=quantiles,
            scale=week_scale(past, series.timezone),
        )
        lead = (rows["start_local"] - origin) // pd.Timedelta(days=1) + 1
        labels = {"stream": "shop", "model": peer, "origin": pd.Timestamp(origin).date()}
        parts.append(
            scores.assign(
                **labels,
                start=rows["start"].array,
                lead_day=lead.to_numpy(),
                forecast=rows["mean"].to_numpy(),
            )
        )
    return pd.concat(parts, ignore_index=True)


def floor_text(series: BenchSeries, together: Backtest) -> str:
    """Return the noise floor in week 1 and over all leads, where the true mean is known."""
    truth = series.table.set_index("start")["mean"]
    if truth.isna().all():
        return "not known"
    one = together.hours[together.hours["model"] == together.hours["model"].iloc[0]]
    week = one[one["lead_day"] <= 7]
    values = [
        noise_floor(truth.reindex(rows["start"]).to_numpy(), series.overdispersion) for rows in (week, one)
    ]
    return f"week 1 {values[0]:.3f}, all {values[1]:.3f}"


def kind_floors_text(series: BenchSeries, ours: Backtest, kinds: pd.DataFrame) -> str:
    """Return the noise floor of each kind of hour, where the true mean is known."""
    truth = series.table.set_index("start")["mean"]
    if truth.isna().all():
        return "noise floor by kind of hour: not known"
    one = ours.hours[ours.hours["model"] == ours.hours["model"].iloc[0]]
    starts = pd.DatetimeIndex(one["start"])
    aligned = kinds.reindex(starts).fillna(value=False).astype(bool)
    floors = []
    for name in aligned:
        own = aligned[name].to_numpy()
        if own.any():
            floor = noise_floor(truth.reindex(starts[own]).to_numpy(), series.overdispersion)
            wape = one.loc[own, "miss"].sum() / one.loc[own, "offered"].sum()
            floors.append(f"{name} {floor:.3f} ({wape / floor:.2f} x)")
    return f"noise floor by kind (WAPE of {one['model'].iloc[0]} over it): {', '.join(floors)}"


def pit_text(series: BenchSeries, ours: Backtest) -> str:
    """Return how even the randomised PIT of thin hours is: where counts are few, bands hold more."""
    came = series.history.set_index("start")["offered"]
    found: dict[str, list[np.ndarray]] = {}
    for (model, _), paths in ours.paths.items():
        actual = came.reindex(paths.starts).to_numpy(dtype=float)
        thin = ~np.isnan(actual) & (paths.mean < THIN)
        place = randomised_pit(actual[thin], paths.draws[:, thin], generator(0, "PIT", model))
        found.setdefault(model, []).append(place)
    shown = []
    for model, parts in found.items():
        places = np.concatenate(parts)
        if len(places) >= THIN_HOURS:
            tenths = np.histogram(places, bins=10, range=(0, 1))[0] / len(places)
            middle = np.mean((places > 0.1) & (places <= 0.9))
            shown.append(
                f"{model} {len(places)} hours, tenths {tenths.min():.3f}-{tenths.max():.3f}, "
                f"80 % hold {middle:.3f}, 95 % {np.mean((places > 0.025) & (places <= 0.975)):.3f}"
            )
    return f"randomised PIT below {THIN} an hour: {'; '.join(shown) or 'no such hours'}"


def cover_error_text(ours: Backtest) -> str:
    """Return the sampling error of each own model's band cover: its standard error over origins."""
    shown = []
    for what, rows in (("hours", ours.hours), ("day totals", ours.days)):
        for model, own in rows.groupby("model"):
            of_origin = own.groupby("origin")[["in80", "in95"]].mean()
            error = of_origin.std(ddof=1) / np.sqrt(len(of_origin))
            shown.append(f"{model} {what} 80 % ±{error['in80']:.3f}, 95 % ±{error['in95']:.3f}")
    return f"standard error of cover over origins: {'; '.join(shown)}"


def promotion_text(table: pd.DataFrame, own: list[str]) -> str:
    """Return WAPE in promotion hours over that of Prophet, which was given the same events."""
    wape = table[table["bucket"] == "promotion"].set_index("model")["wape"]
    if "Prophet" not in wape:
        return "promotion hours against Prophet's: none to compare"
    ratios = ", ".join(f"{name} {wape[name] / wape['Prophet']:.3f}" for name in own if name in wape)
    return f"promotion hours, WAPE over Prophet's with the same events: {ratios}"


def best_ratios(
    series: BenchSeries, table: pd.DataFrame, own: list[str], peers: list[str]
) -> list[dict[str, object]]:
    """Return, for each own model, WAPE and WQL as ratios to the best peer's, in week 1 and over all leads."""
    rows: list[dict[str, object]] = []
    if not peers:
        return rows
    for model in own:
        row: dict[str, object] = {"series": series.name, "model": model}
        for bucket in ("week 1", "all"):
            part = table[table["bucket"] == bucket].set_index("model")
            if model not in part.index:
                continue
            for score in ("wape", "wql"):
                row[f"{score} {bucket}"] = (
                    part.loc[model, score] / part.loc[part.index.isin(peers), score].min()
                )
        rows.append(row)
    return rows


def print_ratios(ratios: pd.DataFrame) -> None:
    """Print the ratios to the best peer and their geometric mean over series."""
    print("\n== ratio to the best peer (below 1: better) ==")
    columns = [name for name in ratios if name not in ("series", "model")]
    print(ratios.round(3).to_string(index=False))
    means = np.exp(
        ratios.assign(**{name: np.log(ratios[name].astype(float)) for name in columns})
        .groupby("model")[columns]
        .mean()
    )
    print("\ngeometric mean over series\n" + means.round(3).to_string())


if __name__ == "__main__":
    main()
