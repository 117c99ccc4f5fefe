"""What the present plan is worth under an edited promotion calendar: seconds, no search, no simulation.

The forecast is made anew; the plan in force is held against it by the service model at the mean forecast; the
requirement is worked out anew for the days whose forecast changed, the others keep the plan's.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.draws import forecast_shop
from forecast.models import find_model
from forecast.overrides import apply_overrides
from forecast.promotions import read_promotions
from forecast.selection import ORIGINS, choose_model
from forecast.shop_backtest import known_ahead
from forecast.timegrid import midnight
from forecast.traffic import compare_traffic, last_day
from scheduling.demand import StreamDemand, served_day
from scheduling.duties import Duties, duties_of_plan, duties_of_roster
from scheduling.inputs import Inputs, read_inputs
from scheduling.outlook import Outlook
from scheduling.pace import team_model
from scheduling.pipeline import demands_of
from scheduling.plan_folder import PlanFolder, read_plan
from scheduling.promise import cover_table
from scheduling.requirement import Requirement, required_agents, requirement_table
from scheduling.scenarios.keys import read_scenarios
from scheduling.scenarios.overrides import apply
from scheduling.service.evaluation import Evaluation
from scheduling.shifts.periods import periods_of, planning_level

DRAWS = 60  # enough for the band and the level that the wanted chance asks for
SAME = 0.005  # of an interval's sessions: a smaller change keeps the plan's requirement
NO_PLAN_DAYS = 7


def preview(shop: str, promotions: str | None, seed: int = 0) -> dict[str, Any]:
    """Return the figures of the charts under a promotion calendar.

    Parameters
    ----------
    shop
        The shop folder.
    promotions
        Text of a ``promotions.toml``; None: the shop's own.
    seed
        Of the sample paths.

    Returns
    -------
    dict
        ``plan`` (the folder's name or None), ``start``, ``days``, ``interval_min`` and by stream the forecast
        and the cover as plain lists; ``before`` is what the plan itself was made for.
    """
    return _desk(shop).look(promotions, seed=seed)


def check_scenarios(shop: str, scenarios: str) -> None:
    """Raise for a ``scenarios.toml`` that cannot be read or cannot be applied to the shop.

    Raises
    ------
    PlanError
        With every problem of the file, or of the first scenario that cannot be.
    """
    inputs = read_inputs(Path(shop), needs_history=False)
    streams = [stream.id for stream in inputs.settings.demand.streams]
    if not streams and not inputs.history.empty:
        streams = sorted(str(name) for name in inputs.history["stream"].unique())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenarios.toml"
        path.write_text(scenarios, encoding="utf-8")
        for scenario in read_scenarios(path).scenarios:
            apply(inputs, scenario.changes, streams=streams, name=scenario.name)


def newest_plan(shop: Path) -> Path | None:
    """Return the newest finished plan with shifts, or None."""
    records = [
        path for path in (shop / "plans").glob("[!.]*/run.json") if (path.parent / "shift_plan.csv").is_file()
    ]
    return max(
        (path.parent for path in records), key=lambda f: (f / "run.json").stat().st_mtime_ns, default=None
    )


@lru_cache(maxsize=2)
def _desk(shop: str) -> _Desk:
    return _Desk(Path(shop))


class _Desk:
    """One shop; what does not depend on the promotions ahead is kept between looks."""

    def __init__(self, shop: Path) -> None:
        self.shop = shop
        self._models: dict[tuple[str, ...], dict[str, str]] = {}
        self._required: dict[tuple[str, ...], Requirement] = {}

    def look(self, promotions: str | None, *, seed: int) -> dict[str, Any]:
        inputs = read_inputs(self.shop)
        zone = inputs.settings.demand.shop.timezone
        if promotions is not None:
            inputs = replace(inputs, calendar=_calendar(promotions, zone))
        folder = newest_plan(self.shop)
        plan = None if folder is None else read_plan(folder, timezone=zone)
        if plan is None:
            last = inputs.history["start"].max().tz_convert(zone).date()
            start, days = last + dt.timedelta(days=1), NO_PLAN_DAYS
        else:
            start, days = plan.start, plan.days
        now = self._forecast(inputs, start=start, days=days, seed=seed)
        demands = demands_of(now, inputs, start=start, days=days)
        before: dict[str, StreamDemand] = {}
        duties: Duties = {}
        if plan is not None:
            told = Outlook(table=plan.forecast, draws=plan.draws)
            before = demands_of(told, inputs, start=start, days=days)
            duties = _duties(plan, inputs, zone)
        required = self._requirement(inputs, demands, before, plan)
        cover = cover_table(demands, duties, _seen(demands, duties, inputs), required)
        old = None
        if plan is not None:
            old = cover_table(before, duties, _seen(before, duties, inputs), plan.requirement)
        return {
            "plan": None if folder is None else folder.name,
            "start": start.isoformat(),
            "days": days,
            "interval_min": inputs.settings.demand.shop.interval_min,
            "streams": {
                name: _stream(name, inputs, now.table, cover, old, None if plan is None else plan.forecast)
                for name in sorted(demands)
            },
        }

    def _forecast(self, inputs: Inputs, *, start: dt.date, days: int, seed: int) -> Outlook:
        """Return the forecast by the models that the past speaks for, chosen once for a history."""
        settings = inputs.settings.demand
        past = inputs.history[inputs.history["start"] < midnight(start, settings.shop.timezone)]
        last = last_day(inputs.traffic, start + dt.timedelta(days=days))
        known = known_ahead(past, settings, inputs.calendar, last=last)
        key = (start.isoformat(), str(days), *_hashes(inputs))
        if key not in self._models:
            self._models[key] = {
                name: choose_model(
                    past, settings, known, stream=name, days=days, origins=ORIGINS, seed=seed
                ).model
                for name in sorted(str(stream) for stream in past["stream"].unique())
            }
        models = {name: find_model(model) for name, model in self._models[key].items()}
        found = forecast_shop(
            past, settings, known, start=start, days=days, models=models, seed=seed, draws=DRAWS
        )
        _, moves = compare_traffic(found.table, inputs.traffic, past, found.models)
        told = apply_overrides(
            found.table, found.draws, [*moves, *inputs.overrides], timezone=settings.shop.timezone, seed=seed
        )
        return Outlook(table=told.table, draws=told.draws)

    def _requirement(
        self,
        inputs: Inputs,
        demands: Mapping[str, StreamDemand],
        before: Mapping[str, StreamDemand],
        plan: PlanFolder | None,
    ) -> pd.DataFrame:
        """Return what is required: the plan's on days that did not change, else worked out."""
        tables = []
        for name, demand in demands.items():
            stream = inputs.settings.demand.stream(name)
            for dates, _ in periods_of(demand):
                level = planning_level(demand, dates, stream.confidence)
                for date in dates:
                    starts = demand.starts[date]
                    if plan is not None and _is_same(demand, before.get(name), date):
                        kept = plan.requirement
                        tables.append(kept[(kept["stream"] == name) & kept["start"].isin(starts)])
                        continue
                    day = demand.days[date]
                    asked = replace(day, sessions=day.sessions * level, settled=day.settled * level)
                    digest = hashlib.sha256(np.round(asked.sessions, 3).tobytes()).hexdigest()
                    key = (name, date.isoformat(), digest, *_hashes(inputs))
                    if key not in self._required:
                        self._required[key] = required_agents(
                            asked, floor=stream.floor, max_unanswered=stream.max_unanswered
                        )
                    tables.append(
                        requirement_table(
                            name,
                            starts,
                            self._required[key],
                            offered=demand.offered[date],
                            shrinkage=stream.shrinkage,
                        )
                    )
        return pd.concat(tables, ignore_index=True)


def _hashes(inputs: Inputs) -> tuple[str, ...]:
    return tuple(f"{name} {digest}" for name, digest in inputs.hashes.items() if name != "promotions.toml")


def _calendar(text: str, timezone: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "promotions.toml"
        path.write_text(text, encoding="utf-8")
        return read_promotions(path, timezone)


def _duties(plan: PlanFolder, inputs: Inputs, timezone: str) -> Duties:
    if plan.roster is None:
        return duties_of_plan(plan.shift_plan, timezone)
    return duties_of_roster(plan.roster, inputs.employees, timezone)


def _seen(
    demands: Mapping[str, StreamDemand], duties: Duties, inputs: Inputs
) -> dict[str, dict[dt.date, Evaluation]]:
    """Return the model's view of the duties at the mean forecast, with everybody there."""
    found: dict[str, dict[dt.date, Evaluation]] = {}
    for name, demand in demands.items():
        shrinkage = inputs.settings.demand.stream(name).shrinkage
        found[name] = {}
        for date, asked in demand.days.items():
            day, spans = served_day(asked, shrinkage), duties.get(date, {}).get(name, ())
            model, on, stops = team_model(day, spans)
            found[name][date] = model.evaluate(on, stops)
    return found


def _is_same(demand: StreamDemand, before: StreamDemand | None, date: dt.date) -> bool:
    if before is None or date not in before.days:
        return False
    now, then = demand.days[date].sessions, before.days[date].sessions
    return len(now) == len(then) and bool(np.allclose(now, then, rtol=SAME, atol=0.02))


def _stream(
    name: str,
    inputs: Inputs,
    forecast: pd.DataFrame,
    cover: pd.DataFrame,
    old: pd.DataFrame | None,
    planned: pd.DataFrame | None,
) -> dict[str, Any]:
    demand = inputs.settings.demand
    rule, zone = demand.rule(name), demand.shop.timezone
    window = rule.window_minutes
    rows, hours = cover[cover["stream"] == name], forecast[forecast["stream"] == name]
    then = None if old is None else old[old["stream"] == name].set_index("start").reindex(rows["start"])
    was = None if planned is None else planned[planned["stream"] == name].set_index("start")["mean"]
    return {
        "metric": rule.metric,
        "target": demand.target(name),
        "window": list(window),
        "forecast": {
            "start": _stamps(hours["start"], zone),
            **{column: _numbers(hours[column], 1) for column in ("mean", "p10", "p90") if column in hours},
            "before": None if was is None else _numbers(was.reindex(hours["start"]), 1),
        },
        "cover": {
            "start": _stamps(rows["start"], zone),
            "required": _numbers(rows["required"], 2),
            "on_duty": _numbers(rows["on_duty"], 2),
            "on_time": _numbers(rows["on_time"], 4),
            "before": None if then is None else _numbers(then["on_time"], 4),
        },
        "now": _answer(rows, window, zone, demand.shop.interval_min),
        "before": None
        if then is None
        else _answer(then.reset_index(), window, zone, demand.shop.interval_min),
    }


def _answer(rows: pd.DataFrame, window: tuple[int, int], zone: str, interval_min: int) -> dict[str, Any]:
    """Return offered, expected share (weighted by what is offered) and agent-hours short, in the window."""
    local = rows["start"].dt.tz_convert(zone)
    minute = local.dt.hour * 60 + local.dt.minute
    inside = rows[(minute >= window[0]) & (minute < window[1])]
    counted = inside[inside["on_time"].notna()]
    total = float(counted["offered"].sum())
    short = (inside["required"] - inside["on_duty"]).clip(lower=0).sum() * interval_min / 60
    return {
        "offered": round(float(rows["offered"].sum()), 1),
        "share": round(float((counted["on_time"] * counted["offered"]).sum() / total), 4) if total else None,
        "gap_hours": round(float(short), 1),
    }


def _stamps(starts: pd.Series, zone: str) -> list[str]:
    return [f"{at:%Y-%m-%dT%H:%M}" for at in starts.dt.tz_convert(zone)]


def _numbers(values: pd.Series, decimals: int) -> list[float | None]:
    return [None if pd.isna(value) else round(float(value), decimals) for value in values]
