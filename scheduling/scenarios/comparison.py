"""Scenarios side by side: the base found or planned, every scenario asked, what stands beside them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

from forecast.errors import ConfigError, DataError, PlanError, Problem
from forecast.table_files import write_csv, write_parquet
from scheduling.inputs import Inputs, read_inputs
from scheduling.pipeline import LIBRARIES, Plan, make_plan
from scheduling.plan_folder import PlanFolder, find_plan, read_plan
from scheduling.scenarios.keys import Scenario, ScenarioFile
from scheduling.scenarios.outcome import Question, answer
from scheduling.scenarios.overrides import Change, apply
from scheduling.scenarios.runner import Failure, Task, run_tasks, write_task
from scheduling.scenarios.sensitivity import Lever, agent_worth, frontier, levers
from scheduling.shifts.effort import EffortName

PLAN_FILES = ("run.json", "forecast.csv", "draws.parquet", "requirement.csv", "shift_plan.csv", "roster.csv")
KEPT_DAYS = 30  # answers of older runs are cleared away
BASE = "base"

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One scenario: what it changes, and its outcome or why it has none."""

    name: str
    note: str
    changes: tuple[Change, ...]
    outcome: Mapping[str, Any] | Failure

    @property
    def is_done(self) -> bool:
        """Whether there is an outcome."""
        return not isinstance(self.outcome, Failure)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Scenarios side by side.

    Attributes
    ----------
    base
        The plan that everything is compared with; ``is_own`` where it was made for this comparison.
    rows
        The base first, then the scenarios in the file's order.
    tornado
        `lever, low, high, on_time_low, on_time_high`: the base plan's rate with each input moved down and up.
    worth, frontier
        Rows of `sensitivity.agent_worth` and `sensitivity.frontier`.
    notes
        What else a reader should know.
    """

    shop: str
    inputs: Inputs
    base: PlanFolder
    is_own: bool
    start: dt.date
    days: int
    seed: int
    rows: tuple[Row, ...]
    tornado: tuple[dict[str, Any], ...] = ()
    worth: tuple[dict[str, Any], ...] = ()
    frontier: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def baselines(self) -> Mapping[str, Any]:
        """Paid hours and simulated share of the usual methods."""
        found: Mapping[str, Any] = self.base.summary.get("baselines", {})
        return found


def compare(
    shop: Path,
    inputs: Inputs,
    asked: ScenarioFile,
    *,
    start: dt.date | None,
    days: int,
    cache_folder: Path,
    history: Path | None = None,
    seed: int = 0,
    effort: EffortName = "quick",
    anew: bool = True,
    beside: bool = True,
    processes: int = 2,
    say: Say = lambda _: None,
) -> Comparison:
    """Return scenarios side by side.

    Parameters
    ----------
    shop, inputs, history
        The shop folder, what was read from it, and the file of counts where it is not ``history.csv``.
    asked
        The scenarios.
    start, days
        The span; without `start` that of the base plan: the one that the file names, else the newest.
    cache_folder
        Where tasks and answers are kept: an interrupted comparison goes on from there.
    seed, effort
        Same inputs and seed, same answers.
    anew
        Whether the cheapest shifts are sought under each scenario as well.
    beside
        Whether sensitivity, the worth of one more agent, and the frontier are worked out.
    processes
        Scenarios worked on at once; it does not change the answers.
    say
        Told what is under way.

    Raises
    ------
    ConfigError
        With every problem of every scenario, before anything is planned.
    """
    _clear_old(cache_folder)
    plan, notes = _find_base(shop, inputs, asked.base, start=start, days=days)
    streams = _streams(inputs, plan)
    check_scenarios(inputs, asked.scenarios, streams)
    if start is None and plan is not None:
        start, days = plan.start, plan.days
    if start is None:
        raise ConfigError(
            "which days? give --start 2026-12-07 --days 14, or make a plan first with paiban plan"
        )
    is_own = plan is None
    if plan is None:
        plan = _planned(inputs, cache_folder, start=start, days=days, seed=seed, effort=effort, say=say)
    common = {
        "shop": str(shop.absolute()),
        "history": None if history is None else str(history.absolute()),
        "inputs": inputs.hashes,
        "plan": str(plan.folder.absolute()),
        "plan_hash": _hash_of(plan.folder),
        "code": code_hash(),
        "start": start.isoformat(),
        "days": days,
        "seed": seed,
        "effort": effort,
    }
    moved = levers(inputs, streams, start=start, days=days) if beside else []
    scenarios = _base_first(inputs, plan, asked.scenarios, streams)
    asks = [(s, *_acting(inputs, plan, s, streams)) for s in scenarios]
    tasks: dict[str, Task] = {}
    for scenario, _, acting in asks:
        content = {**common, "kind": "scenario", "changes": acting, "anew": anew}
        tasks[f"scenario {scenario.name}"] = write_task(cache_folder, scenario.name, content)
    for lever in moved:
        for side, changes in (("low", lever.low), ("high", lever.high)):
            content = {**common, "kind": "light", "changes": changes, "anew": False}
            tasks[f"{side} {lever.name}"] = write_task(cache_folder, f"{lever.name} ({side})", content)
    for kind in ("worth", "frontier") if beside else ():
        content = {**common, "kind": kind, "changes": {}, "anew": False}
        tasks[kind] = write_task(cache_folder, kind, content)
    found = run_tasks(
        list(tasks.values()),
        work,
        processes=processes,
        done=lambda task, count, total: say(f"{count}/{total} {task.name}"),
    )
    answers = {key: found[task.path] for key, task in tasks.items()}
    for key, failed in answers.items():
        if isinstance(failed, Failure) and not key.startswith("scenario "):
            notes.append(f"{key}: {failed.reason}")
    return Comparison(
        shop=inputs.settings.demand.shop.name,
        inputs=inputs,
        base=plan,
        is_own=is_own,
        start=start,
        days=days,
        seed=seed,
        rows=tuple(
            Row(name=s.name, note=s.note, changes=changes, outcome=answers[f"scenario {s.name}"])
            for s, changes, _ in asks
        ),
        tornado=_tornado(moved, answers),
        worth=_rows_of(answers.get("worth")),
        frontier=_rows_of(answers.get("frontier")),
        notes=tuple(notes),
    )


def check_scenarios(inputs: Inputs, scenarios: Sequence[Scenario], streams: list[str]) -> None:
    """Raise one error with every problem of every scenario."""
    problems: list[str | Problem] = []
    for scenario in scenarios:
        try:
            apply(inputs, scenario.changes, streams=streams, name=scenario.name)
        except PlanError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)


# --- tasks


def work(path: Path) -> dict[str, Any]:
    """Return the answer to one task's file: what a worker does."""
    task = json.loads(path.read_text(encoding="utf-8"))
    inputs = _read_shop(task["shop"], task["history"])
    base = _read_base(task["plan"], inputs.settings.demand.shop.timezone)
    question = Question(
        name=str(task.get("name", "")),
        changes=task["changes"],
        start=dt.date.fromisoformat(task["start"]),
        days=int(task["days"]),
        seed=int(task["seed"]),
        effort=task["effort"],
        anew=bool(task["anew"]),
        is_light=task["kind"] == "light",
    )
    if task["kind"] == "worth":
        return agent_worth(base, inputs, question)
    if task["kind"] == "frontier":
        return frontier(base, inputs, question)
    return answer(base, inputs, question)


@cache
def _read_shop(folder: str, history: str | None) -> Inputs:
    return read_inputs(Path(folder), history=None if history is None else Path(history), needs_history=False)


@cache
def _read_base(folder: str, timezone: str) -> PlanFolder:
    return read_plan(Path(folder), timezone=timezone)


def _acting(
    inputs: Inputs, plan: PlanFolder, scenario: Scenario, streams: list[str]
) -> tuple[tuple[Change, ...], Mapping[str, Any]]:
    """Return what a scenario changes, and its keys; none where nothing differs from the base."""
    applied = apply(inputs, scenario.changes, streams=streams, name=scenario.name)
    changes = list(applied.changes)
    if "bot_share" in plan.forecast and applied.bots:
        told = plan.forecast.dropna(subset=["bot_share"])
        noted = {change.where for change in changes if change.key == "bot_share"}
        for stream in sorted(applied.bots & set(told["stream"]) - noted):
            after = applied.inputs.settings.demand.stream(stream).service.bot_share
            shares = told.loc[told["stream"] == stream, "bot_share"]
            if (shares != after).any():
                changes.append(
                    Change(
                        key="bot_share",
                        where=stream,
                        before=f"{shares.min():g}–{shares.max():g}",
                        after=after,
                    )
                )
    return tuple(changes), scenario.changes if changes else {}


def _base_first(
    inputs: Inputs, plan: PlanFolder, scenarios: Sequence[Scenario], streams: list[str]
) -> list[Scenario]:
    """Return the scenarios with the one that changes nothing first; it is added where the file has none."""
    same = [s for s in scenarios if not _acting(inputs, plan, s, streams)[0]]
    name = BASE if all(s.name != BASE for s in scenarios) else f"{BASE} plan"
    first = same[0] if same else Scenario(name=name)
    return [first, *(s for s in scenarios if s is not first)]


def _tornado(
    moved: Sequence[Lever], answers: Mapping[str, dict[str, Any] | Failure]
) -> tuple[dict[str, Any], ...]:
    """Return the levers that were worked out, widest first."""
    rows = []
    for lever in moved:
        low, high = answers[f"low {lever.name}"], answers[f"high {lever.name}"]
        if isinstance(low, Failure) or isinstance(high, Failure):
            continue
        rows.append(
            {
                "lever": lever.name,
                "low": lever.steps[0],
                "high": lever.steps[1],
                "on_time_low": low["on_time"],
                "on_time_high": high["on_time"],
            }
        )
    return tuple(sorted(rows, key=lambda r: -abs(r["on_time_high"] - r["on_time_low"])))


def _rows_of(found: Mapping[str, Any] | Failure | None) -> tuple[dict[str, Any], ...]:
    return () if found is None or isinstance(found, Failure) else tuple(found["rows"])


# --- the base


def _find_base(
    shop: Path, inputs: Inputs, named: str | None, *, start: dt.date | None, days: int
) -> tuple[PlanFolder | None, list[str]]:
    """Return the plan to compare with where there is one: the one named, of the same span, or the newest."""
    timezone, notes = inputs.settings.demand.shop.timezone, []
    if named is not None and (shop / named / "run.json").is_file():
        plan = read_plan(shop / named, timezone=timezone)
        if start is None or _covers(plan, start, days):
            if plan.summary.get("inputs") != inputs.hashes:
                notes.append(f"{named} was planned from other inputs than the shop's present ones")
            return plan, notes
        notes.append(f"{named} does not cover the span; the base is another plan")
    if start is None:
        try:
            newest = find_plan(shop)
        except DataError:
            return None, notes
        notes.append(f"base: the newest finished plan, {newest.relative_to(shop)}")
        return read_plan(newest, timezone=timezone), notes
    finished = sorted((shop / "plans").glob("*/run.json"), key=lambda path: path.parent.name)
    for record in finished:
        about = json.loads(record.read_text(encoding="utf-8"))
        same_span = about.get("start") == start.isoformat() and about.get("days") == days
        if same_span and about.get("inputs") == inputs.hashes and (record.parent / "summary.json").is_file():
            notes.append(f"base: the finished plan {record.parent.relative_to(shop)}")
            return read_plan(record.parent, timezone=timezone), notes
    return None, notes


def _covers(plan: PlanFolder, start: dt.date, days: int) -> bool:
    last = start + dt.timedelta(days=days)
    return plan.start <= start and last <= plan.start + dt.timedelta(days=plan.days)


def _planned(
    inputs: Inputs,
    cache_folder: Path,
    *,
    start: dt.date,
    days: int,
    seed: int,
    effort: EffortName,
    say: Say,
) -> PlanFolder:
    """Return the base, planned now and kept, or as an earlier run kept it."""
    content = [inputs.hashes, start.isoformat(), days, seed, effort, code_hash()]
    key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:24]
    folder = cache_folder / f"base-{key}"
    if not (folder / "run.json").is_file():
        plan = make_plan(inputs, start=start, days=days, seed=seed, effort=effort, say=say)
        write_base(plan, folder)
    return read_plan(folder, timezone=inputs.settings.demand.shop.timezone)


def write_base(plan: Plan, folder: Path) -> None:
    """Write a plan's tables and summary so that `read_plan` reads them; ``run.json`` comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(plan.forecast, folder / "forecast.csv")
    if plan.draws is not None:
        write_parquet(plan.draws, folder / "draws.parquet")
    write_csv(plan.requirement, folder / "requirement.csv")
    write_csv(plan.shift_plan, folder / "shift_plan.csv")
    if plan.roster is not None:
        write_csv(plan.roster, folder / "roster.csv")
    record = {
        "start": plan.start.isoformat(),
        "days": plan.days,
        "seed": plan.seed,
        "inputs": plan.summary["inputs"],
    }
    for name, table in (("summary.json", plan.summary), ("run.json", record)):
        (folder / name).write_text(json.dumps(table, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _streams(inputs: Inputs, plan: PlanFolder | None) -> list[str]:
    if plan is not None:
        return sorted(str(name) for name in plan.forecast["stream"].unique())
    named = [stream.id for stream in inputs.settings.demand.streams]
    return sorted(named or {str(name) for name in inputs.history["stream"].unique()})


def _hash_of(folder: Path) -> str:
    """Return a hash of the tables of a plan that answers depend on."""
    found = hashlib.sha256()
    for name in PLAN_FILES:
        if name != "run.json" and (folder / name).is_file():
            found.update(name.encode() + (folder / name).read_bytes())
    return found.hexdigest()


@cache
def code_hash() -> str:
    """Return a hash of this program's code and its libraries' versions: answers of another are not ours."""
    found = hashlib.sha256(json.dumps({name: version(name) for name in LIBRARIES}).encode())
    for package in ("forecast", "scheduling"):
        root = Path(str(resources.files(package)))
        for path in sorted(root.rglob("*.py")):
            found.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return found.hexdigest()


def _clear_old(folder: Path) -> None:
    """Remove tasks and answers that have not been touched for long."""
    limit = time.time() - KEPT_DAYS * 86400
    for path in folder.glob("*.json") if folder.is_dir() else ():
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
