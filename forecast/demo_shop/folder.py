"""The demo shop as a folder: every input a shop can have, seeded and labelled as synthetic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import tomli_w

from forecast.demo_shop.demand import draw_counts, level_path, open_starts, true_mean
from forecast.demo_shop.events import EventTable, log_effect
from forecast.demo_shop.parameters import DemoParameters, StreamTruth
from forecast.demo_shop.people import demo_agents, demo_wishes
from forecast.demo_shop.promotion_years import demo_promotions
from forecast.randomness import generator
from forecast.table_files import write_csv
from forecast.timegrid import midnight

Flags = npt.NDArray[np.bool_]

TIMEZONE = "Asia/Shanghai"
DEMO_START = dt.date(
    2026, 12, 7
)  # a Monday, days before a promotion; fixed, so that no run depends on the clock
PROMOTIONS_HEAD = (
    "# 合成数据：促销日历。confidence = assumed 的日期按惯例假定，不是官方公布。\n"
    "# Synthetic. Dates with confidence = assumed follow custom and were not published.\n"
    "# multiplier：该阶段平均为平日的几倍（低/中/高）；mix：售前、售后各占多少；kernel：开售冲高后回落。\n\n"
)
MANAGERS_ERROR_SD = 0.15  # the multipliers are a manager's guess, not the truth
MANAGERS_RANGE = {"low": 0.6, "mid": 1.0, "high": 1.7}  # times the guessed uplift


@dataclass(frozen=True, kw_only=True)
class DemoShop:
    """A demo shop that was written.

    Attributes
    ----------
    folder
        The shop folder.
    start, days
        The span to plan; the history ends the day before.
    history
        `stream, start, offered`, as in ``history.csv``.
    true_mean
        `stream, start, mean` over the history and the plan's span: what no real shop ever knows.
    parameters
        What is true of the shop.
    """

    folder: Path
    start: dt.date
    days: int
    history: pd.DataFrame
    true_mean: pd.DataFrame
    parameters: DemoParameters


def write_demo_shop(
    folder: Path,
    *,
    seed: int = 0,
    start: dt.date | None = None,
    parameters: DemoParameters | None = None,
) -> DemoShop:
    """Write a complete shop folder: settings, promotions, people, wishes, scenarios and a history.

    Parameters
    ----------
    folder
        Where to; made if need be. Files of the same names are overwritten.
    seed
        Same seed, same bytes.
    start
        First day of the plan; default `DEMO_START`.
    parameters
        What is true of the shop.

    Returns
    -------
    DemoShop
        With the true mean, for noise floors.
    """
    parameters = DemoParameters() if parameters is None else parameters
    start = DEMO_START if start is None else start
    first = start - dt.timedelta(days=parameters.history_days)
    events = demo_promotions(start, parameters.plan_days, parameters.history_days)
    rng = generator(seed, "events")
    sizes = {event["id"]: float(rng.normal(0, parameters.noise.event_sd)) for event in events}
    streams = [
        _simulate(truth, first, start, parameters, events, sizes, seed) for truth in parameters.streams
    ]
    table = pd.concat(streams, ignore_index=True)
    past = table[(table["start"] < midnight(start, TIMEZONE)) & ~table["lost"]]
    history = past[["stream", "start", "offered"]].reset_index(drop=True)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("shop.toml", "scenarios.toml"):
        text = resources.files("forecast.demo_shop").joinpath(name).read_text(encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8")
    calendar = {
        "schema": 1,
        "timezone": TIMEZONE,
        "event": [
            _with_multipliers(
                event, table, parameters, sizes[event["id"]], generator(seed, "guess", event["id"])
            )
            for event in events
        ],
        "ignore": _ignored(start),
    }
    (folder / "promotions.toml").write_text(PROMOTIONS_HEAD + tomli_w.dumps(calendar), encoding="utf-8")
    write_csv(demo_agents(parameters, start, seed), folder / "agents.csv")
    write_csv(demo_wishes(start, parameters.plan_days), folder / "wishes.csv")
    write_csv(history, folder / "history.csv")
    return DemoShop(
        folder=folder,
        start=start,
        days=parameters.plan_days,
        history=history,
        true_mean=table[["stream", "start", "mean"]],
        parameters=parameters,
    )


def _simulate(
    truth: StreamTruth,
    first: dt.date,
    start: dt.date,
    parameters: DemoParameters,
    events: Sequence[EventTable],
    sizes: Mapping[str, float],
    seed: int,
) -> pd.DataFrame:
    """Return `stream, start, mean, plain, offered, lost`; `plain` is the mean without promotions."""
    starts = open_starts(truth, first, parameters.history_days + parameters.plan_days, TIMEZONE)
    level = level_path(truth, starts, end=midnight(start, TIMEZONE), noise=parameters.noise, seed=seed)
    mean = true_mean(truth, starts, events=events, sizes=sizes, level=level)
    plain = true_mean(truth, starts, events=[], sizes={}, level=level)
    counts = draw_counts(mean, starts, noise=parameters.noise, rng=generator(seed, truth.id, "counts"))
    down, lost = _faults(starts, start)
    return pd.DataFrame(
        {
            "stream": truth.id,
            "start": starts,
            "mean": mean,
            "plain": plain,
            "offered": np.where(down, np.round(counts * 0.1), counts),
            "lost": lost,
        }
    )


def _outage(start: dt.date) -> tuple[pd.Timestamp, pd.Timestamp]:
    day = pd.Timestamp(start - dt.timedelta(days=138))
    return day + pd.Timedelta(hours=14), day + pd.Timedelta(hours=18)


def _faults(starts: pd.DatetimeIndex, start: dt.date) -> tuple[Flags, Flags]:
    """Return which hours the platform was down in, and which hours' logs are lost."""
    local = starts.tz_localize(None)
    begin, end = _outage(start)
    days_before = ((pd.Timestamp(start) - local) / pd.Timedelta(days=1)).to_numpy()
    lost = (days_before > 270) & (days_before <= 272)
    lost |= (days_before > 61.4) & (days_before <= 61.6)
    return np.asarray((local >= begin) & (local < end)), lost


def _ignored(start: dt.date) -> list[dict[str, object]]:
    begin, end = _outage(start)
    return [
        {
            "from": begin.to_pydatetime(),
            "to": end.to_pydatetime(),
            "why": "平台故障，咨询量不正常（合成数据）",
        }
    ]


def _with_multipliers(
    event: EventTable, table: pd.DataFrame, parameters: DemoParameters, size: float, rng: np.random.Generator
) -> EventTable:
    """Return an event with what a manager would write: multipliers near the truth, mix, kernel, bots."""
    local = table["start"].dt.tz_localize(None)
    with_event = table["plain"].copy()
    for truth in parameters.streams:
        own = table["stream"] == truth.id
        hours = pd.DatetimeIndex(local[own])
        effect = log_effect([event], hours, skill=truth.skill, sizes={event["id"]: size})
        with_event[own] *= np.exp(effect)
    presale = table["stream"].isin([truth.id for truth in parameters.streams if truth.skill == "presale"])
    error = float(np.exp(rng.normal(0, MANAGERS_ERROR_SD)))
    phases = []
    for entry in event["phase"]:
        inside = (local >= entry["start"]) & (local < entry["end"])
        if not inside.any():  # before the history or after the plan: nothing to measure
            phases.append(entry)
            continue
        uplift = max(0.0, with_event[inside].sum() / table.loc[inside, "plain"].sum() - 1) * error
        share = round(float(with_event[inside & presale].sum() / with_event[inside].sum()), 2)
        extra: dict[str, object] = {
            "multiplier": {name: round(1 + uplift * k, 2) for name, k in MANAGERS_RANGE.items()},
            "mix": {"presale": share, "aftersale": round(1 - share, 2)},
        }
        if entry["kind"] == "spot":
            extra["kernel"] = {"shape": "kickoff", "peak_hours": 2, "half_life_h": 3}
        if entry["kind"] == "spot" and event["kind"] == "big_promo":
            extra |= {"bot_share": 0.35, "handle_factor": 0.95}
        phases.append(entry | extra)
    return event | {"phase": phases}
