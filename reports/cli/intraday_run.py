"""What `intraday` does: read plan and counts, forecast the rest of the day, try what helps, show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reports.cli.options import Run
from reports.cli.outcomes import ExitCode, whole_files
from reports.cli.speech import language, tell_json

if TYPE_CHECKING:
    import pandas as pd

    from scheduling.inputs import Inputs
    from scheduling.outlook import Outlook
    from scheduling.plan_folder import PlanFolder
    from scheduling.running_day import Advice, Today


def advise(
    what: Path,
    *,
    now: str,
    so_far: Sequence[str],
    reserves: Path | None,
    history: Path | None,
    shop: Path | None,
    run: Run,
) -> ExitCode:
    """Show what to expect at the close and what helps; return how the day looks with all of it."""
    import pandas as pd

    from forecast.table_files import write_csv
    from reports.cli.planning import screen
    from reports.intraday_tables import print_intraday
    from reports.progress import Stages
    from reports.words import words
    from scheduling.inputs import read_inputs
    from scheduling.plan_folder import find_plan, read_plan, shop_of
    from scheduling.running_day import ACTIONS

    folder = find_plan(what)
    home = shop if shop is not None else shop_of(folder)
    inputs = read_inputs(home, history=history)
    demand = inputs.settings.demand
    say = words(language(run.lang, demand.shop.language))
    plan = read_plan(folder, timezone=demand.shop.timezone)
    at = _time(now, demand.shop.timezone)
    stages = Stages(say, quiet=run.quiet)
    stages("forecast")
    outlook = _known_day(plan, inputs, at)
    stages("simulation")
    days = _days(plan, inputs, outlook, at, home, reserves, _periods(so_far, [*_streams(outlook)]), run.seed)
    found = _advice(days)
    table = pd.DataFrame([row for advice in found.values() for row in advice.rows], columns=ACTIONS)
    target = run.out if run.out is not None else home / "plans" / f"intraday-{at:%Y-%m-%dT%H%M}"
    with whole_files(target) as out:
        write_csv(table, out / "intraday.csv")
        write_csv(outlook.table, out / "forecast.csv")
    stages.end()
    if run.as_json:
        tell_json(_summary(found, table))
    else:
        print_intraday(found, outlook, at, screen(), say)
        click.echo(str(target / "intraday.csv"))
    ends_well = all(advice.ends_well for advice in found.values())
    return ExitCode.FINE if ends_well else ExitCode.TARGET_NOT_MET


def _advice(days: Mapping[str, Today]) -> dict[str, Advice]:
    """Return each stream's close and actions; that in most trouble calls first, nobody is called twice."""
    from dataclasses import replace

    from scheduling.running_day import actions_for, close_of

    closes = {name: close_of(today, [one.span for one in today.on_duty]) for name, today in days.items()}
    found: dict[str, Advice] = {}
    called: set[str] = set()
    for name in sorted(days, key=lambda one: (closes[one].chance, one)):
        free = [person for person in days[name].on_call if str(person["employee"]) not in called]
        found[name] = actions_for(replace(days[name], on_call=free), close=closes[name])
        called |= {row["names"] for row in found[name].rows if row["action"] == "call"}
    return {name: found[name] for name in days}


def _time(text: str, timezone: str) -> pd.Timestamp:
    import pandas as pd

    try:
        at = pd.Timestamp(text)
    except ValueError:
        raise click.UsageError(f"--now {text!r} is not a time; write it as 2026-12-09T18:00") from None
    return at.tz_localize(timezone) if at.tzinfo is None else at.tz_convert(timezone)


def _streams(outlook: Outlook) -> list[str]:
    return sorted(str(name) for name in outlook.table["stream"].unique())


def _known_day(plan: PlanFolder, inputs: Inputs, now: pd.Timestamp) -> Outlook:
    """Return the day's forecast as it is known now, with what was seen."""
    import pandas as pd

    from forecast.errors import DataError, Problem
    from forecast.intraday import reforecast_day
    from scheduling.outlook import Outlook

    if plan.draws is None:
        raise DataError(
            Problem(
                file=str(plan.folder),
                message="has no draws.parquet: without futures nothing can be learnt from the hours seen; "
                "make the plan again with a forecast of its own",
            )
        )
    midnight = now.normalize()
    today = plan.forecast[plan.forecast["start"] < midnight + pd.DateOffset(days=1)]
    if (today["start"] >= midnight).sum() == 0:
        raise DataError(
            Problem(file=str(plan.folder), message=f"does not plan {now.date()}; name the plan of that day")
        )
    kick_offs = [pd.Timestamp(event.kick_off).floor("h") for event in inputs.calendar.events]
    rest = reforecast_day(plan.forecast, plan.draws, inputs.history, now=now, kick_offs=kick_offs)
    from scheduling.running_day import as_known

    table, draws = as_known(plan.forecast, plan.draws, inputs.history, rest, now=now)
    return Outlook(table=table, draws=draws, notes=list(rest.notes))


def _days(
    plan: PlanFolder,
    inputs: Inputs,
    outlook: Outlook,
    now: pd.Timestamp,
    home: Path,
    reserves: Path | None,
    periods: Mapping[str, tuple[float, float]],
    seed: int,
) -> dict[str, Today]:
    """Return every stream's running day with who works it and who can be called."""
    from scheduling.duties import duties_of_plan, duties_of_roster
    from scheduling.pipeline import demands_of, with_templates
    from scheduling.promotion.reserves import read_reserves, reserve_table
    from scheduling.reserve_people import with_called_reserves
    from scheduling.running_day import OnDuty, Today

    date = now.date()
    demands = demands_of(outlook, inputs, start=date, days=1)
    settings = with_templates(inputs.settings, demands)
    timezone = settings.demand.shop.timezone
    if plan.roster is None:
        rows = plan.shift_plan[plan.shift_plan["date"] == date]
        duties = duties_of_plan(rows, timezone).get(date, {})
        names = {
            str(stream): [
                f"{template} #{number + 1}"
                for template, agents in zip(own["template"], own["agents"], strict=True)
                for number in range(int(agents))
            ]
            for stream, own in rows.groupby("stream")
        }
    else:
        inputs = with_called_reserves(inputs, home, set(plan.roster["employee"]))
        rows = plan.roster[plan.roster["date"] == date]
        duties = duties_of_roster(rows, inputs.employees, timezone).get(date, {})
        names = {str(stream): own["employee"].astype(str).tolist() for stream, own in rows.groupby("stream")}
    on_call: list[dict[Any, Any]] = reserve_table(
        read_reserves(reserves or home / "reserves.csv", list(demands)),
        inputs.employees,
        inputs.wishes,
        plan.roster,
        settings,
        dates=[date],
        heads={date: sum(len(spans) for spans in duties.values())},
        streams=list(demands),
    ).to_dict("records")
    return {
        name: Today(
            demand=demand,
            on_duty=[
                OnDuty(name=who, span=span)
                for who, span in zip(names.get(name, []), duties.get(name, ()), strict=True)
            ],
            now_min=now.hour * 60 + now.minute,
            settings=settings,
            seed=seed,
            so_far=periods.get(name),
            on_call=[row for row in on_call if name in str(row["streams"]).split(";")],
        )
        for name, demand in demands.items()
    }


def _periods(texts: Sequence[str], streams: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return by stream the units on time (their seconds under a rule in seconds) and all units so far."""
    found: dict[str, tuple[float, float]] = {}
    for text in texts:
        name, _, rate = text.rpartition("=")
        share, _, units = rate.partition(":")
        try:
            value, count = float(share.rstrip("%")) / (100.0 if share.endswith("%") else 1.0), float(units)
        except ValueError:
            value, count = -1.0, -1.0
        if value < 0 or count <= 0:
            raise click.UsageError(f"--so-far {text!r}: write it as 0.912:52340, share and units")
        if name and name not in streams:
            raise click.UsageError(f"--so-far {text!r}: no stream {name!r}; there are {', '.join(streams)}")
        for stream in [name] if name else streams:
            found[stream] = (value * count, count)
    return found


def _summary(found: Mapping[str, Advice], table: pd.DataFrame) -> dict[str, Any]:
    from dataclasses import asdict

    from scheduling.running_day import is_safe

    return {
        "streams": {
            name: {
                **asdict(advice.close),
                "safe": is_safe(advice.today, advice.close),
                "after": {**asdict(advice.after), "safe": advice.ends_well},
            }
            for name, advice in found.items()
        },
        "actions": [
            {key: value.isoformat() if key in ("start", "end") else value for key, value in row.items()}
            for row in table.to_dict("records")
        ],
    }
