"""Repair a published roster after absences or a new plan, changing as little as is worth it.

Every cell that differs from the published roster has a price, so the search itself decides which changes
pay. A start from the old roster alone would not keep it: the price does. A reserve who is called costs least
(in the order of the list), then a swap inside the day, then a half duty on a day off, then a whole one;
taking an announced duty away costs most, so that days off move last and nobody is sent home to save pay.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from scheduling.breaks import pauses_text
from scheduling.roster.absences import Reserve
from scheduling.roster.assign import RosterResult, result_of, with_meetings_placed
from scheduling.roster.case import RosterCase
from scheduling.roster.changes import change_table, edits_between, newly_placed
from scheduling.roster.improve import Effort, run_search
from scheduling.roster.meetings import with_placed
from scheduling.roster.objective import Prices, Published
from scheduling.roster.people import Employee, Wish
from scheduling.roster.placing import has_floating
from scheduling.roster.problem import Cell, RosterProblem, build_problem
from scheduling.roster.search import Search, prepare
from scheduling.roster.standing import as_own, standing_assignment
from scheduling.roster.tables import interval_start
from scheduling.roster.variables import Assignment, Choices

CHANGE_PRICE = 20.0  # a changed cell, in the shop's currency: above a wish, below half an agent-hour short
FRONTIER = (5.0, 20.0, 100.0, 400.0)
CALLED, CALLED_NEXT = 0.25, 0.02  # of the price: the first reserve of the list, and each one after
HALF_ON_DAY_OFF, DUTY_ON_DAY_OFF = 1.5, 2.0  # of the price: for people who are no reserve
TAKEN_AWAY = 12.0  # times the price: a published duty that is not worked
LEAST_TAKEN_AWAY = (
    240.0  # of such a duty, however cheap a change: above the pay of eight hours, which it saves
)
QUIET_DAY = 4.0  # times the price on days on which nobody is newly absent and no cell was edited


@dataclass(frozen=True, kw_only=True)
class Replanned:
    """A repaired roster.

    Attributes
    ----------
    result
        The roster from the first open day on; its objective contains the price of the changes.
    roster
        The whole roster: the days before as they were, then the repaired ones; None without a result.
    changes
        `employee, date, before, after, because`: one row a cell that differs; ``because`` is ``absent``
        where the person cannot work any more, ``edited`` where the cell was set by hand, ``reserve`` where
        somebody of the reserve list is called, ``meeting`` where a meeting or training alone was put into the
        duty, else ``moved``.
    people
        How many people other than the absent ones have a change.
    price
        Price of a changed cell that was used. [money]
    first
        First day that could change.
    interval_min
        Length of the intervals of `result.short`. [min]
    notes
        What else a manager should know.
    """

    result: RosterResult
    roster: pd.DataFrame | None
    changes: pd.DataFrame
    people: int
    price: float
    first: dt.date
    interval_min: int
    notes: tuple[str, ...] = ()


def replan(
    roster: pd.DataFrame,
    case: RosterCase,
    *,
    absences: Sequence[Wish] = (),
    reserves: Sequence[Reserve] = (),
    edited: pd.DataFrame | None = None,
    open_from: dt.date | None = None,
    now: pd.Timestamp | None = None,
    change_price: float = CHANGE_PRICE,
    is_new_demand: bool = False,
    seed: int = 0,
    effort: Effort = "quick",
    prices: Prices | None = None,
) -> Replanned:
    """Return a published roster repaired.

    Parameters
    ----------
    roster
        The published `ROSTER` table of the span.
    case
        Its span, its people before anybody was absent, and what is needed now: the old plan where only
        people are missing.
    seed, effort, prices
        As in `make_roster`.
    absences
        New leave (`Wish` of kind ``leave``): whoever has it does not work that day.
    reserves
        Who may be called, in order.
    edited
        The roster as somebody changed it by hand: cells that differ from `roster` stand as they are, the
        others are priced against it.
    open_from
        First day that may change; default: the first absence or edited cell, else `start`.
    now
        The time at which reserves are called: they get no duty that begins before their lead time is over.
    change_price
        What a changed cell costs. [money]
    is_new_demand
        Whether plan or requirement differ from those the roster was made for, so that any day may need
        changes; otherwise a change on a day that nothing happened to costs `QUIET_DAY` times as much.

    Raises
    ------
    DataError
        If the roster names people or duties that the shop does not have.
    """
    begun = time.perf_counter()
    edits = edits_between(roster, edited)
    start, end = case.start, case.start + dt.timedelta(days=case.days)
    asked = [absence.date for absence in absences] + [date for _, date in edits]
    first = min(max(open_from or min(asked, default=start), start), end - dt.timedelta(days=1))
    dates = pd.to_datetime(roster["date"]).dt.date
    past = roster[dates < first]
    before = [frame for frame in (case.last_roster, past) if frame is not None and not frame.empty]
    gone = {(absence.employee, absence.date) for absence in absences}
    pins = {key: template for key, template in edits.items() if key not in gone}
    kept = [w for w in case.wishes if not (w.kind == "fixed" and (w.employee, w.date) in {*gone, *pins})]
    kept += [
        Wish(employee=name, date=date, kind="fixed", template=template)
        for (name, date), template in pins.items()
        if template
    ]
    held = roster if edited is None else edited
    timezone = case.settings.demand.shop.timezone
    open_case = replace(
        case,
        employees=with_placed(case.employees, held, timezone=timezone, but={*gone, *pins}),
        wishes=[*kept, *absences],
        start=first,
        days=(end - first).days,
        span_start=case.span_start or start,
        last_roster=pd.concat(before, ignore_index=True) if before else None,
    )
    repair = _Repair(
        roster=roster,
        edited=edited,
        gone=gone,
        pins=pins,
        reserves=reserves,
        now=now,
        busy=set() if is_new_demand else set(asked),
        prices=replace(prices or Prices(), change=change_price),
    )
    search = repair.search(open_case)
    able = {
        cell: duty
        for cell, duty in _as_standing(search.problem, held).items()
        if duty[0] in search.choices.get(cell, ())
    }
    found = run_search(search, seed=seed, effort=effort, start_from=able, heat=(8.0, 0.3))
    if found.assignment is not None and has_floating(search.problem):
        search, found = with_meetings_placed(
            search,
            found,
            lambda people, standing: repair.search(replace(open_case, employees=people), also=standing),
            seed=seed,
        )
    result = result_of(search, found, seconds=time.perf_counter() - begun)
    changes = change_table(
        search.problem,
        _as_standing(search.problem, roster),
        found.assignment or {},
        dict.fromkeys(pins, "edited") | dict.fromkeys(gone, "absent"),
        {r.employee for r in reserves},
        newly_placed(open_case.employees, search.problem),
    )
    others = changes.loc[~changes["because"].isin(["absent", "meeting"]), "employee"]
    if "premium" not in past:  # a roster written before there was one
        past = past.assign(premium=0.0)
    whole = None if result.roster is None else pd.concat([past, result.roster], ignore_index=True)
    return Replanned(
        result=result,
        roster=whole,
        changes=changes if result.roster is not None else changes.iloc[:0],
        people=int(others.nunique()),
        price=change_price,
        first=first,
        interval_min=search.problem.interval_min,
        notes=tuple(_missed_training(case.employees, gone)),
    )


@dataclass(frozen=True, kw_only=True)
class _Repair:
    """A roster that stands, what cannot stay of it, and what changing the rest costs."""

    roster: pd.DataFrame
    edited: pd.DataFrame | None
    gone: set[tuple[str, dt.date]]
    pins: Mapping[tuple[str, dt.date], str]
    reserves: Sequence[Reserve]
    now: pd.Timestamp | None
    busy: set[dt.date]
    prices: Prices

    def search(self, case: RosterCase, *, also: pd.DataFrame | None = None) -> Search:
        """Return the problem of repairing it, in which the duties of a further roster are known as well."""
        frames = [frame for frame in (self.roster, self.edited, also) if frame is not None]
        problem = build_problem(case, published=pd.concat(frames, ignore_index=True))
        old = _as_standing(problem, self.roster if self.edited is None else self.edited)
        every_cell = [(p, d) for p in range(len(problem.employees)) for d in range(problem.days)]
        published = Published(
            option={cell: old[cell][0] if cell in old else None for cell in every_cell},
            factor=_factor(
                problem, old, self.reserves, self.gone, self.busy, taken=_taken(self.prices.change)
            ),
        )
        found = prepare(problem, prices=self.prices, published=published)
        return replace(found, choices=_open_choices(found, old, self.pins, self.reserves, self.now))


def _as_standing(problem: RosterProblem, roster: pd.DataFrame) -> Assignment:
    """Return a roster's duties, with the meetings that their people have by now."""
    found = standing_assignment(problem, roster)
    return {cell: as_own(problem, cell, duty) for cell, duty in found.items()}


def _missed_training(employees: Sequence[Employee], gone: set[tuple[str, dt.date]]) -> Iterator[str]:
    """Yield a note on each training at a time of its own that somebody absent misses: it cannot be moved."""
    for person in employees:
        for meeting in person.meetings:
            if (
                meeting.kind == "training"
                and meeting.start_min is not None
                and (person.employee, meeting.date) in gone
            ):
                times = pauses_text(((meeting.start_min, meeting.end_min or 0),))
                yield (
                    f"{person.employee}: the training of {meeting.date} {times} is missed; "
                    "give it another time in meetings.csv"
                )


def _taken(price: float) -> float:
    """Return how many changes a published duty counts for that is not worked."""
    return max(TAKEN_AWAY, LEAST_TAKEN_AWAY / price) if price > 0 else TAKEN_AWAY


def _factor(
    problem: RosterProblem,
    old: Assignment,
    reserves: Sequence[Reserve],
    gone: set[tuple[str, dt.date]],
    busy: set[dt.date],
    *,
    taken: float,
) -> Callable[[Cell, int | None], float]:
    """Return by how much the price of a change is multiplied: the order of remedies, on `busy` days first.

    A published duty that is not worked counts `taken` times.
    """
    place = {reserve.employee: n for n, reserve in enumerate(reserves)}

    def factor(cell: Cell, number: int | None) -> float:
        name, date = problem.employees[cell[0]].employee, problem.date(cell[1])
        if (name, date) in gone:
            return 0.0  # nobody chose it
        quiet = QUIET_DAY if busy and date not in busy else 1.0
        if number is None:
            return quiet * taken
        if cell in old:
            return quiet
        if name in place:
            return quiet * (CALLED + CALLED_NEXT * place[name])
        is_half = problem.options[cell[1]][number].template.form == "half"
        return quiet * (HALF_ON_DAY_OFF if is_half else DUTY_ON_DAY_OFF)

    return factor


def _open_choices(
    search: Search,
    old: Assignment,
    pins: Mapping[tuple[str, dt.date], str],
    reserves: Sequence[Reserve],
    now: pd.Timestamp | None,
) -> Choices:
    """Return the lawful duties without those that pins and lead times rule out."""
    problem = search.problem
    choices = dict(search.choices)
    for (name, date), template in pins.items():
        if name not in problem.position or not 0 <= (day := (date - problem.start).days) < problem.days:
            continue
        cell = problem.position[name], day
        stands = old.get(cell)
        choices[cell] = tuple(n for n in choices.get(cell, ()) if template and stands and n == stands[0])
    for reserve in reserves:
        if now is None:
            break
        earliest = now + pd.Timedelta(hours=reserve.lead_hours)
        since = (earliest - interval_start(problem, 0)) / pd.Timedelta(minutes=1)
        p = problem.position.get(reserve.employee)
        for d in range(problem.days):
            if p is not None and (p, d) not in old and (p, d) in choices:
                choices[p, d] = tuple(n for n in choices[p, d] if problem.options[d][n].start >= since)
    return choices


def frontier(
    roster: pd.DataFrame,
    case: RosterCase,
    *,
    change_prices: Sequence[float] = FRONTIER,
    **details: Any,
) -> tuple[Replanned, ...]:
    """Return one repair for each price of a change, from many changes to few; gaps cost what they did.

    The manager chooses; `details` are those of `replan`.
    """
    return tuple(replan(roster, case, change_price=price, **details) for price in change_prices)
