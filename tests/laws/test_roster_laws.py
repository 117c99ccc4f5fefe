"""What holds for every roster problem, on small random ones."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders_roster import (
    EARLY,
    HALF,
    LATE,
    MONDAY,
    PRE,
    build_people,
    build_requirement,
    build_roster,
    build_settings,
    day,
    wish,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecast.randomness import generator
from forecast.timegrid import instant
from scheduling.config import Limit, Pay, PoolLimit, Settings, ShiftTemplate
from scheduling.roster.anneal import annealed
from scheduling.roster.assign import make_roster
from scheduling.roster.audit import audit
from scheduling.roster.audit_book import Violation
from scheduling.roster.audit_pay import premium_due
from scheduling.roster.availability import AvailableTime
from scheduling.roster.board import board_of, moving_of
from scheduling.roster.case import RosterCase
from scheduling.roster.lawful import forbids
from scheduling.roster.objective import SCALE, Prices
from scheduling.roster.people import Employee, Meeting, Wish
from scheduling.roster.problem import build_problem
from scheduling.roster.search import Search, prepare
from scheduling.roster.standing import changed, first_breach, standing
from scheduling.roster.tables import roster_table
from scheduling.roster.variables import Assignment
from scheduling.solver import SolverSettings, solve

SHORT_EARLY = ShiftTemplate(name="早班", form="early", starts=("08:00",), hours=8)
SHORT_LATE = ShiftTemplate(name="晚班", form="late", starts=("16:00",), hours=8, cost_per_hour=27)

ASKED = build_requirement(1, days=14)

laws = settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def random_requirement(seed: int, days: int, most: int = 2) -> pd.DataFrame:
    """Return a requirement that changes every four hours."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        [
            (PRE, instant(day(d), 60 * (hour + i), "Asia/Shanghai"), float(agents))
            for d in range(days)
            for hour in (8, 12, 16, 20)
            for agents in [int(rng.integers(most + 1))]
            for i in range(4)
        ],
        columns=["stream", "start", "agents_net"],
    )


def random_wishes(seed: int, people: tuple[Employee, ...], days: int) -> tuple[Wish, ...]:
    """Return a wish for about every second cell, a fixed duty never on a day of leave."""
    rng = np.random.default_rng(seed)
    found = []
    for person in people:
        for d in range(days):
            kind = rng.choice(["none", "none", "off", "prefer", "avoid", "leave"])
            template = "" if kind in ("off", "leave") else str(rng.choice(["", "早班", "晚班"]))
            if kind != "none":
                found.append(wish(person.employee, d, kind, template, weight=float(rng.integers(1, 5))))
    return tuple(found)


def random_shop(seed: int, *, templates: tuple[ShiftTemplate, ...] = (EARLY, LATE, HALF)) -> Settings:
    """Return settings whose labour rules are hard, soft or off by chance."""
    rng = np.random.default_rng(seed)

    def limit(*values: float) -> Limit:
        mode = str(rng.choice(["hard", "soft", "off"]))
        price = float(rng.integers(1, 40))
        return Limit(value=float(rng.choice(values)), mode=mode, price=price)  # type: ignore[arg-type]

    def pay(rate: float) -> Pay:
        return Pay(rate=rate, mode=str(rng.choice(["hard", "soft", "soft", "off"])))  # type: ignore[arg-type]

    labour = {
        "max_hours_per_quarter": limit(12, 24),
        "max_overtime_per_month": limit(0, 3),
        "holiday_pay": pay(3.0),
        "rest_day_pay": pay(2.0),
        "overtime_pay": pay(1.5),
        "rest_days": str(rng.choice(["rota", "weekend"])),
        "statutory_holidays": (day(1),) if rng.random() < 0.7 else None,
    }
    if rng.random() < 0.5:
        period = str(rng.choice(["month", "quarter"]))
        labour |= {"averaged_over": period, "standard_hours": float(rng.choice([8, 20, 40]))}
    return build_settings(
        templates=templates,
        streams=(PRE,),
        pools=(PoolLimit(name="staff", max_people=2),) if rng.random() < 0.3 else (),
        max_hours_per_day=limit(4, 7, 8),
        max_hours_per_week=limit(16, 20, 44),
        min_rest_hours=limit(9, 11, 16),
        max_consecutive_days=limit(1, 2, 3),
        rest_days_per_week=limit(1, 4, 5),
        **labour,
    )


def random_times(seed: int) -> tuple[tuple[AvailableTime, ...], tuple[Meeting, ...]]:
    """Return when somebody can work (mostly always) and what meetings they have (mostly none)."""
    rng = np.random.default_rng(seed)
    available: tuple[AvailableTime, ...] = ()
    if rng.random() < 0.3:
        whole = [AvailableTime(day=d) for d in range(7) if rng.random() < 0.6]
        evening = AvailableTime(day=day(int(rng.integers(4))), start_min=900, end_min=1500)
        available = (*whole, evening)
    if rng.random() < 0.6:
        return available, ()
    begin, date = int(rng.choice([540, 690, 990, 1140])), day(int(rng.integers(4)))
    length = int(rng.choice([30, 60, 90]))
    return available, (
        Meeting(date=date, until=date, start_min=begin, end_min=begin + length, minutes=length),
    )


def random_people(seed: int, count: int) -> tuple[Employee, ...]:
    """Return people of different speeds, wages, contracts, times and meetings."""
    rng = np.random.default_rng(seed)
    times = [random_times(seed + 1000 * (p + 1)) for p in range(count)]
    return tuple(
        replace(
            person,
            available=times[p][0],
            meetings=times[p][1],
            speed=float(rng.choice([0.75, 1.0, 1.25])),
            cost_per_hour=float(rng.choice([20, 25, 31])),
            max_hours_per_week=float(rng.choice([16, 24, 44])),
            min_hours_per_week=None if rng.random() < 0.5 else 16.0,
            max_hours_per_day=4.0 if rng.random() < 0.1 else None,
            max_hours_per_span=float(rng.choice([8, 12, 20])) if rng.random() < 0.3 else None,
        )
        for p, person in enumerate(build_people(count))
    )


def random_last_roster(seed: int, people: tuple[Employee, ...]) -> pd.DataFrame:
    """Return late duties of some people on the days before the span."""
    rng = np.random.default_rng(seed)
    rows = [(p.employee, -d, LATE) for p in people for d in (1, 2, 3) if rng.random() < 0.5]
    return build_roster(rows)


def random_search(seed: int, *, days: int = 4, count: int = 3) -> tuple[Search, pd.DataFrame]:
    """Return a problem with nearly every feature, and its last roster."""
    people = random_people(seed, count)
    last = random_last_roster(seed, people)
    problem = build_problem(
        RosterCase(
            employees=people,
            wishes=random_wishes(seed, people, days),
            settings=random_shop(seed),
            start=MONDAY,
            days=days,
            requirement=random_requirement(seed, days),
            last_roster=last,
        )
    )
    return prepare(problem), last


def optimum(search: Search) -> tuple[int, Assignment]:
    """Return the proven least cost and a roster that has it."""
    model = search.whole_model()
    answer = solve(model.solver_model, SolverSettings(deterministic_limit=20))
    assert answer.status == "OPTIMAL"
    assert answer.objective is not None
    return round(answer.objective), model.assignment(answer)


@laws
@given(seed=st.integers(0, 10**6))
def test_the_model_and_the_score_agree_on_every_cost(seed: int) -> None:
    search, _ = random_search(seed)
    least, assignment = optimum(search)
    assert search.cost(assignment) == least


@laws
@given(seed=st.integers(0, 10**6))
def test_the_audit_finds_no_hard_breach_in_an_optimum_and_prices_the_soft_ones_alike(seed: int) -> None:
    search, last = random_search(seed)
    _, assignment = optimum(search)
    problem = search.problem
    violations = audit(
        roster_table(problem, assignment),
        problem.employees,
        problem.wishes,
        problem.settings,
        start=MONDAY,
        days=problem.days,
        last_roster=last,
    )
    assert [v for v in violations if v.is_hard] == []
    paid = sum(v.amount * v.price for v in violations)
    assert paid == pytest.approx(
        search.terms(assignment)["labour"] / SCALE, abs=0.01 * len(violations) + 1e-6
    )


@laws
@given(seed=st.integers(0, 10**6), start=st.integers(0, 6))
def test_the_audit_and_the_roster_agree_on_the_pay_that_is_due(seed: int, start: int) -> None:
    rng = np.random.default_rng(seed)
    people = random_people(seed, 2)
    shop = random_shop(seed)
    worked = build_roster([(p.employee, d, EARLY) for p in people for d in range(14) if rng.random() < 0.8])
    first = day(start)
    last, new = worked[worked["date"] < first], worked[worked["date"] >= first]
    search, assignment = standing(
        new,
        RosterCase(
            employees=people,
            wishes=(),
            settings=shop,
            start=first,
            days=14,
            requirement=ASKED,
            last_roster=last,
        ),
    )
    table = roster_table(search.problem, assignment)
    due = premium_due(table, people, shop, last_roster=last)
    paid = table.groupby("employee")["premium"].sum()
    for person in people:
        assert paid.get(person.employee, 0.0) == pytest.approx(due[person.employee], abs=1e-3)


@laws
@given(seed=st.integers(0, 10**6))
def test_people_looked_at_together_keep_the_duties_that_the_rules_leave_each_of_them(seed: int) -> None:
    search, _ = random_search(seed, count=5)
    problem = search.problem
    for (p, d), numbers in search.choices.items():
        each = [
            number
            for number, option in enumerate(problem.options[d])
            if not any(forbids(rule, problem, (p, d), option) for rule in problem.rules)
        ]
        assert list(numbers) == each


@laws
@given(seed=st.integers(0, 10**6))
def test_a_change_breaks_the_rules_that_the_audit_of_the_whole_roster_finds(seed: int) -> None:
    search, last = random_search(seed)
    problem = search.problem
    roster = annealed(search, {}, rng=generator(seed, "law"), moves=500)
    rng = np.random.default_rng(seed)
    cell = int(rng.integers(len(problem.employees))), int(rng.integers(problem.days))
    change = {cell: (int(rng.integers(len(problem.options[cell[1]]))), 0)}
    name = problem.employees[cell[0]].employee

    def hard(duties: Assignment) -> set[Violation]:
        found = audit(
            roster_table(problem, duties),
            problem.employees,
            problem.wishes,
            problem.settings,
            start=MONDAY,
            days=problem.days,
            last_roster=last,
        )
        return {v for v in found if v.is_hard and (v.employee == name or v.rule == "MaxPeople")}

    breach = first_breach(search, roster, change)
    broken = hard(changed(roster, change)) - hard(roster)
    assert breach == min(broken, key=lambda v: (v.date, v.rule), default=None)


@laws
@given(seed=st.integers(0, 10**6))
def test_annealing_keeps_its_books_and_never_beats_the_optimum(seed: int) -> None:
    search, last = random_search(seed)
    problem = search.problem
    if random_shop(seed).labour.max_hours_per_day.mode == "off":
        return
    found = annealed(search, {}, rng=generator(seed, "law"), moves=4000)
    least, _ = optimum(search)
    assert search.cost(found) >= least
    board = board_of(search)
    assert (moving_of(search, board, found).labour >= 0).all()
    violations = audit(
        roster_table(problem, found),
        problem.employees,
        problem.wishes,
        problem.settings,
        start=MONDAY,
        days=problem.days,
        last_roster=last,
    )
    assert [v for v in violations if v.is_hard] == []


@settings(laws, max_examples=6)
@given(seed=st.integers(0, 10**6))
def test_brute_force_agrees_on_tiny_problems(seed: int) -> None:
    people = random_people(seed, 2)
    shop = random_shop(seed, templates=(SHORT_EARLY, SHORT_LATE))
    problem = build_problem(
        RosterCase(
            employees=people,
            wishes=random_wishes(seed, people, 2),
            settings=shop,
            start=MONDAY,
            days=2,
            requirement=random_requirement(seed, 2),
        )
    )
    search = prepare(problem)
    cells = [(p, d) for p in range(2) for d in range(2)]
    best = None
    for duties in itertools.product(*[(None, *range(len(problem.options[d]))) for _, d in cells]):
        assignment = {cell: (n, 0) for cell, n in zip(cells, duties, strict=True) if n is not None}
        violations = audit(
            roster_table(problem, assignment), people, problem.wishes, shop, start=MONDAY, days=2
        )
        if not any(v.is_hard for v in violations):
            cost = search.cost(assignment)
            best = cost if best is None else min(best, cost)
    assert optimum(search)[0] == best


@laws
@given(seed=st.integers(0, 10**6))
def test_renaming_people_changes_no_optimum(seed: int) -> None:
    search, _ = random_search(seed)
    problem = search.problem
    new_name = {"A": "Q", "B": "A", "C": "M"}
    renamed = replace(
        problem,
        employees=tuple(replace(p, employee=new_name[p.employee]) for p in reversed(problem.employees)),
        carried=tuple(reversed(problem.carried)),
        wishes=tuple(replace(w, employee=new_name[w.employee]) for w in problem.wishes),
    )
    assert optimum(prepare(renamed))[0] == optimum(search)[0]


@laws
@given(seed=st.integers(0, 10**6))
def test_one_more_person_without_least_hours_never_costs_more(seed: int) -> None:
    search, _ = random_search(seed, count=2)
    problem, prices = search.problem, Prices(fairness=0)
    more = replace(
        problem,
        employees=(*problem.employees, Employee(employee="Z")),
        carried=(*problem.carried, type(problem.carried[0])()),
    )
    assert optimum(prepare(more, prices=prices))[0] <= optimum(prepare(problem, prices=prices))[0]


@laws
@given(seed=st.integers(0, 10**6), name=st.sampled_from(["max_hours_per_week", "min_rest_hours"]))
def test_lifting_a_rule_never_costs_more(seed: int, name: str) -> None:
    search, _ = random_search(seed)
    problem = search.problem
    kind = {"max_hours_per_week": "MaxHoursPerWeek", "min_rest_hours": "MinRest"}[name]
    lifted = replace(problem, rules=tuple(rule for rule in problem.rules if type(rule).__name__ != kind))
    assert optimum(prepare(lifted))[0] <= optimum(search)[0]


@settings(laws, max_examples=5)
@given(seed=st.integers(0, 10**6))
def test_the_same_seed_gives_the_same_roster_near_the_bound(seed: int) -> None:
    people = random_people(seed, 4)
    case = RosterCase(
        employees=people,
        wishes=random_wishes(seed, people, 5),
        settings=random_shop(seed),
        start=MONDAY,
        days=5,
        requirement=random_requirement(seed, 5),
        last_roster=random_last_roster(seed, people),
    )
    first, second = (make_roster(case, effort="quick", seed=seed) for _ in range(2))
    assert first.roster is not None
    assert second.roster is not None
    pd.testing.assert_frame_equal(first.roster, second.roster)
    assert first.bound is not None
    assert first.objective is not None
    assert first.bound <= first.objective + 1e-9
    assert first.objective == pytest.approx(sum(first.terms.values()))
