"""Scenarios side by side: the base found or planned, every scenario asked, what stands beside them."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from forecast.errors import ConfigError, PlanError, Problem
from scheduling.inputs import Inputs, read_inputs
from scheduling.plan_folder import PlanFolder, read_plan
from scheduling.scenarios.base_plan import Say, code_hash, find_base, hash_of, planned_base
from scheduling.scenarios.exchange import exchanged
from scheduling.scenarios.keys import Scenario, ScenarioFile
from scheduling.scenarios.outcome import Question, answer
from scheduling.scenarios.overrides import Change, apply
from scheduling.scenarios.runner import Failure, Task, run_tasks, write_task
from scheduling.scenarios.sensitivity import Lever, agent_worth, frontier, levers
from scheduling.shifts.effort import EffortName

KEPT_DAYS = 30  # answers of older runs are cleared away
BASE = "base"
SCENARIO = "scenario "  # how the keys of their tasks begin


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
    plan, notes = find_base(shop, inputs, asked.base, start=start, days=days)
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
        plan = planned_base(inputs, cache_folder, start=start, days=days, seed=seed, effort=effort, say=say)
    common = {
        "shop": str(shop.absolute()),
        "history": None if history is None else str(history.absolute()),
        "inputs": inputs.hashes,
        "plan": str(plan.folder.absolute()),
        "plan_hash": hash_of(plan.folder),
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
        tasks[f"{SCENARIO}{scenario.name}"] = write_task(cache_folder, scenario.name, content)
    for lever in moved:
        for side, changes in (("low", lever.low), ("high", lever.high)):
            content = {**common, "kind": "light", "changes": changes, "anew": False}
            tasks[f"{side} {lever.name}"] = write_task(cache_folder, f"{lever.name} ({side})", content)
    for kind in ("worth", "frontier") if beside else ():
        content = {**common, "kind": kind, "changes": {}, "anew": False}
        tasks[kind] = write_task(cache_folder, kind, content)
    answers = _answers(tasks, cache_folder, anew=anew, processes=processes, say=say)
    for key, failed in answers.items():
        if isinstance(failed, Failure) and not key.startswith(SCENARIO):
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
            Row(name=s.name, note=s.note, changes=changes, outcome=answers[f"{SCENARIO}{s.name}"])
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


def _answers(
    tasks: Mapping[str, Task], folder: Path, *, anew: bool, processes: int, say: Say
) -> dict[str, dict[str, Any] | Failure]:
    """Return the answer to each task; where scenarios are planned anew, with their shifts exchanged."""
    first = len({task.path for task in tasks.values()})
    more = len({task.path for key, task in tasks.items() if key.startswith(SCENARIO)}) if anew else 0
    found = run_tasks(
        list(tasks.values()),
        work,
        processes=processes,
        done=lambda task, count, _: say(f"{count}/{first + more} {task.name}"),
    )
    answers = {key: found[task.path] for key, task in tasks.items()}
    searched = {
        key: task
        for key, task in tasks.items()
        if key.startswith(SCENARIO) and not isinstance(answers[key], Failure)
    }
    if not anew or not searched:
        return answers
    known = sorted({str(task.answer_path) for task in searched.values()})
    second: dict[str, Task] = {}
    for key, task in searched.items():
        content = json.loads(task.path.read_text(encoding="utf-8"))
        asked = {**content, "kind": "exchange", "own": str(task.answer_path), "others": known}
        second[key] = write_task(folder, task.name, asked)
    then = run_tasks(
        list(second.values()),
        work,
        processes=processes,
        done=lambda task, count, total: say(f"{first + more - total + count}/{first + more} {task.name}"),
    )
    return answers | {key: then[task.path] for key, task in second.items()}


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
    if task["kind"] == "exchange":
        own, others = _read_answer(task["own"]), [_read_answer(path) for path in task["others"]]
        return exchanged(base, inputs, question, own, [other["anew"]["shifts"] for other in others])
    return answer(base, inputs, question)


def _read_answer(path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return found


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


def _streams(inputs: Inputs, plan: PlanFolder | None) -> list[str]:
    if plan is not None:
        return sorted(str(name) for name in plan.forecast["stream"].unique())
    named = [stream.id for stream in inputs.settings.demand.streams]
    return sorted(named or {str(name) for name in inputs.history["stream"].unique()})


def _clear_old(folder: Path) -> None:
    """Remove tasks and answers that have not been touched for long."""
    limit = time.time() - KEPT_DAYS * 86400
    for path in folder.glob("*.json") if folder.is_dir() else ():
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
