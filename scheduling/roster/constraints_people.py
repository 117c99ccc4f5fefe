"""Rules of who may work what and when, in the solver's words: one ``post_<rule>`` each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scheduling.roster.lawful import forbids
from scheduling.roster.rules import (
    AllowedTemplate,
    Attended,
    Available,
    Employed,
    FixedDuty,
    MaxPeople,
    OneDutyADay,
    OnLeave,
    Qualified,
    Rule,
)
from scheduling.roster.variables import Reason, RosterModel


def reason_of(model: RosterModel, rule: Rule, person: int, day: int | None = None) -> Reason:
    return Reason(
        rule=rule,
        employee=model.problem.employees[person].employee,
        date=None if day is None else model.problem.date(day),
    )


def post_forbidden(rule: Rule, model: RosterModel) -> None:
    """Rule out single duties where they have a variable."""
    for p, d in model.free:
        for number, literal in model.works[p, d]:
            if forbids(rule, model.problem, (p, d), model.problem.options[d][number]):
                model.keep(literal == 0, reason_of(model, rule, p, d))


def post_qualified(rule: Qualified, model: RosterModel) -> None:
    """Rule out duties for streams that a person cannot serve."""
    post_forbidden(rule, model)


def post_allowed_template(rule: AllowedTemplate, model: RosterModel) -> None:
    """Rule out templates closed to a person or their pool."""
    post_forbidden(rule, model)


def post_employed(rule: Employed, model: RosterModel) -> None:
    """Rule out duties before the first and after the last day of employment."""
    post_forbidden(rule, model)


def post_on_leave(rule: OnLeave, model: RosterModel) -> None:
    """Rule out duties on days of leave."""
    post_forbidden(rule, model)


def post_available(rule: Available, model: RosterModel) -> None:
    """Rule out duties outside the times that a person named."""
    post_forbidden(rule, model)


def post_attended(rule: Attended, model: RosterModel) -> None:
    """Rule out duties that ignore a meeting of the person's, and ask for one on a day of training."""
    post_forbidden(rule, model)
    for cell in model.free:
        if cell in model.problem.training:
            model.keep(model.works_on(*cell) >= 1, reason_of(model, rule, *cell))


def post_fixed_duty(rule: FixedDuty, model: RosterModel) -> None:
    """Ask for one of the duties that a fixed wish means."""
    post_forbidden(rule, model)
    for cell in model.free:
        if cell in model.problem.fixed:
            model.keep(model.works_on(*cell) >= 1, reason_of(model, rule, *cell))


def post_one_duty_a_day(rule: OneDutyADay, model: RosterModel) -> None:
    """Allow one duty a day."""
    for cell in model.free:
        if len(model.works[cell]) > 1:
            model.keep(model.works_on(*cell) <= 1, reason_of(model, rule, *cell))


def post_max_people(rule: MaxPeople, model: RosterModel) -> None:
    """Limit the people of a template, and of a pool, on each day."""
    problem = model.problem
    for d in sorted({d for _, d in model.free}):
        for name, most, literals, others in _crowds(model, d):
            if literals and others + len(literals) > most:
                reason = Reason(rule=rule, employee=name, date=problem.date(d))
                model.keep(sum(literals) <= max(0, most - others), reason)


def _crowds(model: RosterModel, day: int) -> Iterator[tuple[str, int, list[Any], int]]:
    """Yield each limited template and pool: name, limit, literals, and the people frozen in it."""
    problem = model.problem
    free = [(p, number, x) for p, d in model.free if d == day for number, x in model.works[p, d]]
    frozen = [(p, duty[0]) for (p, d), duty in model.frozen.items() if d == day]
    options = problem.options[day]
    for template in problem.settings.templates:
        if template.max_people is not None:
            yield (
                template.name,
                template.max_people,
                [x for _, number, x in free if options[number].template is template],
                sum(options[number].template is template for _, number in frozen),
            )
    for pool in problem.settings.pools:
        if pool.max_people is not None:
            yield (
                pool.name,
                pool.max_people,
                [x for p, _, x in free if problem.employees[p].pool == pool.name],
                sum(problem.employees[p].pool == pool.name for p, _ in frozen),
            )
