"""The series that forecasts are measured on: two public ones and three simulated shops."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import chinese_calendar
import holidays
import numpy as np
import pandas as pd

from forecast.demo_shop import simulate_shop

DATA = Path(__file__).parents[2] / "data"
FAR_H = 14 * 24.0  # beyond this a promotion's clock says nothing


@dataclass(frozen=True, kw_only=True)
class BenchSeries:
    """One series and how it is backtested.

    ``table`` has one row an open hour: `start` (aware), `offered` (NaN: lost), `mean` (true mean, NaN where
    nobody knows it), `is_odd` (outage or burst: not scored). ``sizes`` are promotions' true log sizes, by id.
    """

    name: str
    table: pd.DataFrame
    timezone: str
    holidays: str
    days_ahead: int
    step_days: int
    origins: int
    day_h: int
    overdispersion: float = 0.0
    promotions: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    sizes: Mapping[str, float] = field(default_factory=dict)

    @property
    def history(self) -> pd.DataFrame:
        """`stream, start, offered`, lost hours left out."""
        rows = self.table.dropna(subset=["offered"])
        return pd.DataFrame(
            {"stream": "shop", "start": rows["start"], "offered": rows["offered"]}
        ).reset_index(drop=True)

    @property
    def origin_days(self) -> list[dt.date]:
        """Local midnights from which is forecast, the last with the whole horizon behind it."""
        last = self.table["start"].iloc[-1].date() + dt.timedelta(days=1 - self.days_ahead)
        return [last - dt.timedelta(days=self.step_days * k) for k in reversed(range(self.origins))]


def bench_series(*, quick: bool, seed: int) -> Iterator[BenchSeries]:
    """Yield the series; the quick set has fewer origins and two shops."""
    yield nyc_taxi(origins=4 if quick else 8)
    yield ibm_care()
    for per_hour in (7, 100) if quick else (7, 100, 1000):
        yield shop(per_hour=per_hour, origins=2 if quick else 6, seed=seed)


def nyc_taxi(*, origins: int) -> BenchSeries:
    """Return hourly taxi passengers of New York (Numenta Anomaly Benchmark)."""
    raw = pd.read_csv(DATA / "nyc_taxi" / "hourly.csv", parse_dates=["ts"])
    starts = raw["ts"].dt.tz_localize("America/New_York", ambiguous=True, nonexistent="shift_forward")
    table = pd.DataFrame({"start": starts, "offered": raw["passengers"].astype(float)})
    table = table.drop_duplicates("start")
    return BenchSeries(
        name="nyc_taxi",
        table=table.assign(mean=np.nan, is_odd=False).reset_index(drop=True),
        timezone="America/New_York",
        holidays="US",
        days_ahead=14,
        step_days=7,
        origins=origins,
        day_h=24,
    )


def ibm_care() -> BenchSeries:
    """Return customer-care threads opened per hour in the eight busiest weeks, all companies together."""
    raw = pd.read_csv(DATA / "ibm_care" / "conversations.csv", parse_dates=["ts"])
    first, last = pd.Timestamp("2020-02-06"), pd.Timestamp("2020-04-02")  # the log stops on the 2nd
    hours = pd.date_range(first, last, freq="h", inclusive="left")
    counts = raw["ts"].dt.floor("h").value_counts().reindex(hours, fill_value=0)
    table = pd.DataFrame({"start": hours.tz_localize("UTC"), "offered": counts.to_numpy(dtype=float)})
    return BenchSeries(
        name="ibm_care",
        table=table.assign(mean=np.nan, is_odd=False),
        timezone="UTC",
        holidays="none",
        days_ahead=7,
        step_days=7,
        origins=4,
        day_h=24,
    )


def shop(*, per_hour: int, origins: int, seed: int) -> BenchSeries:
    """Return a simulated shop of two years, forecast six weeks ahead."""
    simulated = simulate_shop(per_hour=per_hour, weeks=104, seed=seed)
    table = simulated.truth.merge(simulated.history, on=["stream", "start"], how="left")
    noise = simulated.noise
    return BenchSeries(
        name=f"shop {per_hour}/h",
        table=table[["start", "offered", "mean", "is_odd"]],
        timezone="Asia/Shanghai",
        holidays="CN",
        days_ahead=42,
        step_days=21,
        origins=origins,
        day_h=16,
        overdispersion=noise.overdispersion + noise.day_sd**2,
        promotions=simulated.promotions,
        sizes=simulated.sizes,
    )


def peer_table(series: BenchSeries) -> pd.DataFrame:
    """Return what every peer may know of each hour ahead: calendar and promotion plan, local wall times."""
    local = series.table["start"].dt.tz_localize(None)
    days = sorted(set(local.dt.date))
    kinds = {day: _holiday(day, series.holidays) for day in days}
    table = pd.DataFrame(
        {
            "start": local,
            "offered": series.table["offered"],
            "holiday": [kinds[day][0] for day in local.dt.date],
            "makeup": [int(kinds[day][1]) for day in local.dt.date],
            "since_kickoff_h": FAR_H,
            "to_end_h": FAR_H,
        }
    )
    for event in series.promotions:
        selling = [entry for entry in event["phase"] if entry["kind"] != "aftersale"]
        kick = next(entry["start"] for entry in selling if entry["kind"] == "spot")
        for entry in event["phase"]:
            name = f"flag_{event['kind']}_{entry['kind']}"
            inside = (local >= pd.Timestamp(entry["start"]).floor("h")) & (local < entry["end"])
            table[name] = np.maximum(table.get(name, 0), inside.astype(int))
        if event["kind"] == "live":
            continue
        for column, moment in (
            ("since_kickoff_h", kick),
            ("to_end_h", max(entry["end"] for entry in selling)),
        ):
            clock = ((local - pd.Timestamp(moment)) / pd.Timedelta(hours=1)).clip(-FAR_H, FAR_H)
            table[column] = np.where(np.abs(clock) < np.abs(table[column]), clock, table[column])
    return table


def _holiday(day: dt.date, country: str) -> tuple[str, bool]:
    """Return a day's holiday name, empty where none, and whether it is a make-up workday."""
    if country == "CN":
        off, name = chinese_calendar.get_holiday_detail(day)
        return (str(name), False) if off and name else ("", bool(name) and not off)
    if country == "none":
        return "", False
    return str(holidays.country_holidays(country, years=day.year).get(day) or ""), False
