"""No roster keeps the hard rules: which of them cannot hold together, and what is cheapest to give up.

Only people with fixed duties or training can be in such a conflict, and crowds of them: anybody else may stay
at home.
Three answers, quickest first: sentences from counting, a smallest set of rules that exclude one another, and
the cheapest sets of rules to give up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ortools.sat.python import cp_model

from scheduling.breaks import Pause, pauses_text
from scheduling.config import Limit
from scheduling.roster import rules
from scheduling.roster.availability import available_on
from scheduling.roster.constraints import post_rules
from scheduling.roster.lawful import all_choices, can_serve, forbids
from scheduling.roster.meetings import fixed_on
from scheduling.roster.problem import Cell, RosterProblem
from scheduling.roster.variables import Reason, RosterModel
from scheduling.solver import SolverSettings, solve

Kind = Literal["count", "core", "relaxation"]

# What giving up a rule once is worth, in the shop's currency: an announced duty is easier to move than a
# holiday, a holiday easier than the law, and facts (skills, employment, pools) cannot be given up for money.
RELEASE: dict[type[Any], float] = {
    rules.FixedDuty: 60.0,
    rules.MaxPeople: 80.0,
    rules.OnLeave: 300.0,
    rules.Available: 200.0,
    rules.Attended: 100.0,
    rules.ContractHours: 150.0,
    rules.ContractDayHours: 150.0,
    rules.ContractSpanHours: 150.0,
    rules.MinRest: 400.0,
    rules.MaxConsecutiveDays: 400.0,
    rules.RestDaysPerWeek: 500.0,
    rules.MaxWeekendsPerMonth: 200.0,
    rules.MaxHoursPerDay: 500.0,
    rules.MaxHoursPerWeek: 500.0,
    rules.MaxHoursPerMonth: 500.0,
    rules.MaxHoursPerQuarter: 500.0,
    rules.MaxOvertimePerMonth: 500.0,
    rules.HolidayPay: 200.0,
    rules.RestDayPay: 150.0,
    rules.OvertimePay: 100.0,
    rules.AllowedTemplate: 5000.0,
    rules.Qualified: 20000.0,
    rules.Employed: 50000.0,
    rules.OneDutyADay: 50000.0,
}
SENTENCES: dict[type[Any], str] = {
    rules.FixedDuty: "{who} has a fixed duty on {day}",
    rules.MaxPeople: "only so many of {who} may work on {day}",
    rules.OnLeave: "{who} is on leave on {day}",
    rules.Available: "{who} named other times for {day}",
    rules.Attended: "{who} has a meeting or training on {day}",
    rules.ContractHours: "{who}'s contract limits the hours of the week of {day}",
    rules.ContractDayHours: "{who}'s contract limits the hours of {day}",
    rules.ContractSpanHours: "{who}'s contract limits the hours of the whole span",
    rules.MinRest: "{who} needs {limit:g} h of rest before the duty of {day}",
    rules.MaxConsecutiveDays: "{who} may work at most {limit:g} days in a row (up to {day})",
    rules.RestDaysPerWeek: "{who} needs {limit:g} rest days in the week of {day}",
    rules.MaxWeekendsPerMonth: "{who} may work on at most {limit:g} weekends a month (about {day})",
    rules.MaxHoursPerDay: "{who} may be paid at most {limit:g} h on {day}",
    rules.MaxHoursPerWeek: "{who} may be paid at most {limit:g} h in the week of {day}",
    rules.MaxHoursPerMonth: "{who} may be paid at most {limit:g} h in the month of {day}",
    rules.MaxHoursPerQuarter: "{who} may be paid at most {limit:g} h in the quarter of {day}",
    rules.MaxOvertimePerMonth: "{who} may work at most {limit:g} h of overtime a month (about {day})",
    rules.HolidayPay: "{who} may not work on the statutory holiday of {day}",
    rules.RestDayPay: "{who} may not work rest-day hours in the week of {day}",
    rules.OvertimePay: "{who} may not work overtime from {day} on",
    rules.AllowedTemplate: "a template is closed to {who} on {day}",
    rules.Qualified: "{who} cannot serve the other streams on {day}",
    rules.Employed: "{who} is not employed on {day}",
    rules.OneDutyADay: "{who} works one duty on {day}",
}
LIMIT = 10.0  # deterministic seconds for each question
MOST_RELAXATIONS = 3


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Rules that cannot hold together, or that could be given up.

    Attributes
    ----------
    kind
        ``count``: a plain count shows it; ``core``: these rules exclude one another, and none of them can be
        left out of the set; ``relaxation``: with these given up there is a roster.
    reasons
        The rules, whom and when they concern.
    text
        The same in words.
    price
        Of a relaxation. [money]
    is_proven
        Whether no cheaper relaxation exists, or no smaller core within this one.
    """

    kind: Kind
    text: str
    reasons: tuple[Reason, ...] = ()
    price: float = 0.0
    is_proven: bool = True


def explain_infeasible(problem: RosterProblem, *, seed: int = 0) -> tuple[Conflict, ...]:
    """Return why no roster keeps the hard rules: counts, one core, the cheapest relaxations."""
    return (*count_conflicts(problem), *find_core(problem, seed=seed), *find_relaxations(problem, seed=seed))


def count_conflicts(problem: RosterProblem) -> tuple[Conflict, ...]:
    """Return the conflicts that a look at each fixed duty, each training and each day's crowd shows."""
    found = [text for cell in sorted(problem.fixed) for text in _cell_conflicts(problem, cell)]
    found += [text for cell in sorted(problem.training) for text in _training_conflicts(problem, cell)]
    found += list(_crowd_conflicts(problem))
    return tuple(Conflict(kind="count", text=text) for text in found)


def _cell_conflicts(problem: RosterProblem, cell: Cell) -> Iterator[str]:
    person, date = problem.employees[cell[0]], problem.date(cell[1])
    template = problem.fixed[cell]
    duty = f"{person.employee} has a fixed {template or 'duty'} on {date}"
    if cell in problem.leave:
        yield f"{duty} but is on leave that day"
    if not person.is_employed(date):
        yield f"{duty} but is not employed that day"
    options = [o for o in problem.options[cell[1]] if template in ("", o.template.name)]
    for_pool = [o for o in options if person.pool in o.template.pools]
    mine = [o for o in for_pool if not person.templates or o.template.name in person.templates]
    if not for_pool:
        yield f"{duty}, which is closed to pool {person.pool}"
    elif not mine:
        yield f"{duty}, which is not among the person's templates ({', '.join(person.templates)})"
    elif not any(can_serve(problem, person, option.stream) for option in mine):
        yield f"{duty} but can serve none of {', '.join(problem.streams)}"
    elif all(forbids(rules.ContractDayHours(), problem, cell, option) for option in mine):
        yield f"{duty} but the contract allows {person.max_hours_per_day:g} h a day"
    elif all(forbids(rules.Available(), problem, cell, option) for option in mine):
        yield f"{duty} but named other times for that day ({_times(available_on(person.available, date))})"


def _training_conflicts(problem: RosterProblem, cell: Cell) -> Iterator[str]:
    person, date = problem.employees[cell[0]], problem.date(cell[1])
    training = f"{person.employee} has training on {date}, {_times(fixed_on(person, date, 'training'))},"
    if cell in problem.leave:
        yield f"{training} but is on leave that day"
    if not person.is_employed(date):
        yield f"{training} but is not employed that day"
    around = [o for o in problem.options[cell[1]] if not forbids(rules.Attended(), problem, cell, o)]
    open_to = [o for o in around if not forbids(rules.AllowedTemplate(), problem, cell, o)]
    if not open_to:
        yield f"{training} but no duty open to them lies around it with its break outside"
    elif all(forbids(rules.Available(), problem, cell, option) for option in open_to):
        named = _times(available_on(person.available, date)) or "none"
        yield f"{training} but can work no duty around it (times named: {named})"


def _times(spans: Pause) -> str:
    return pauses_text(spans).replace(";", ", ")


def _crowd_conflicts(problem: RosterProblem) -> Iterator[str]:
    most = {template.name: template.max_people for template in problem.settings.templates}
    for d in range(problem.days):
        here = [(p, template) for (p, day), template in sorted(problem.fixed.items()) if day == d]
        for name, limit in most.items():
            members = [problem.employees[p].employee for p, template in here if template == name]
            if limit is not None and len(members) > limit:
                yield _crowd(name, limit, members, problem, d)
        for pool in problem.settings.pools:
            members = [
                problem.employees[p].employee for p, _ in here if problem.employees[p].pool == pool.name
            ]
            if pool.max_people is not None and len(members) > pool.max_people:
                yield _crowd(f"pool {pool.name}", pool.max_people, members, problem, d)


def _crowd(name: str, limit: int, members: Sequence[str], problem: RosterProblem, day: int) -> str:
    return (
        f"{problem.date(day)}: {len(members)} fixed duties of {name} ({', '.join(members)}), "
        f"at most {limit} allowed"
    )


def _guarded(problem: RosterProblem) -> tuple[RosterModel, dict[Reason, cp_model.IntVar]]:
    """Return the model of people with fixed duties or training, each hard rule behind a literal."""
    people = {p for p, _ in problem.bound}
    everything = all_choices(problem)
    model = RosterModel(
        problem,
        {cell: numbers for cell, numbers in everything.items() if cell[0] in people},
        guarded=True,
    )
    post_rules(model)
    return model, model.guards or {}


def find_core(problem: RosterProblem, *, seed: int = 0) -> tuple[Conflict, ...]:
    """Return a set of rules that exclude one another, each of them needed for that; none if there is none.

    The solver's core is checked by a second solve before it is believed, then thinned out rule by rule.
    """
    model, guards = _guarded(problem)
    excludes = _asker(model, guards, seed)
    core = excludes(list(guards))
    if core is None or excludes(core) is None:
        return ()
    for reason in list(core):
        if reason not in core:
            continue
        rest = [other for other in core if other is not reason]
        smaller = excludes(rest)
        if smaller is not None:
            core = [other for other in rest if other in smaller] if excludes(smaller) is not None else rest
    return (
        Conflict(
            kind="core",
            text="these cannot all hold: " + "; ".join(sentence(reason) for reason in core),
            reasons=tuple(core),
        ),
    )


def _asker(
    model: RosterModel, guards: dict[Reason, cp_model.IntVar], seed: int
) -> Callable[[list[Reason]], list[Reason] | None]:
    """Return a function that says which of the rules asked for exclude one another; None if none do."""
    settings = SolverSettings(deterministic_limit=LIMIT, seed=seed)  # cores need one worker

    def excludes(reasons: list[Reason]) -> list[Reason] | None:
        model.solver_model.clear_assumptions()
        model.solver_model.add_assumptions([guards[reason] for reason in reasons])
        answer = solve(model.solver_model, settings)
        if answer.status != "INFEASIBLE":
            return None
        named = set(answer.core)
        core = [reason for reason in reasons if guards[reason].index in named]
        return core or reasons

    return excludes


def find_relaxations(
    problem: RosterProblem, *, seed: int = 0, most: int = MOST_RELAXATIONS
) -> tuple[Conflict, ...]:
    """Return the cheapest sets of rules to give up, each different from the ones before."""
    model, guards = _guarded(problem)
    model.solver_model.minimize(
        sum(round(RELEASE[type(reason.rule)]) * (1 - guard) for reason, guard in guards.items())
    )
    settings = SolverSettings(deterministic_limit=LIMIT, seed=seed)
    found: list[Conflict] = []
    for _ in range(most):
        answer = solve(model.solver_model, settings)
        if answer.objective is None or (answer.objective == 0 and not found):
            break
        given_up = [reason for reason, guard in guards.items() if not answer.is_true(guard)]
        if not given_up:
            break
        found.append(
            Conflict(
                kind="relaxation",
                text=f"give up at a price of {answer.objective:g}: "
                + "; ".join(sentence(reason) for reason in given_up),
                reasons=tuple(given_up),
                price=answer.objective,
                is_proven=answer.status == "OPTIMAL",
            )
        )
        model.solver_model.add_bool_or([guards[reason] for reason in given_up])
    return tuple(found)


def sentence(reason: Reason) -> str:
    """Return a rule and whom it concerns in words."""
    limit = getattr(reason.rule, "limit", None)
    return SENTENCES[type(reason.rule)].format(
        who=reason.employee,
        day=reason.date,
        limit=limit.value if isinstance(limit, Limit) else 0.0,
    )
