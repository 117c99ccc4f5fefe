"""Questions to a finished roster."""

from __future__ import annotations

import pandas as pd
import pytest
from builders_roster import (
    EARLY,
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

from forecast.errors import DataError
from forecast.timegrid import instant
from scheduling.roster.case import RosterCase
from scheduling.roster.explain import Explainer, explainer
from scheduling.roster.objective import SCALE

SETTINGS = build_settings(streams=(PRE,))
ROSTER = build_roster([("A", 0, EARLY), ("B", 0, LATE), ("C", 1, EARLY)])
WISHES = (wish("D", 0, "leave"), wish("A", 0, "off"), wish("C", 0, "off"))


def asked(roster: pd.DataFrame = ROSTER) -> Explainer:
    """Return an explainer of two days with four people."""
    return explainer(
        roster,
        RosterCase(
            employees=build_people(4),
            wishes=WISHES,
            settings=SETTINGS,
            start=MONDAY,
            days=2,
            requirement=build_requirement(1, days=2, hours=(8, 17)),
        ),
    )


def test_why_this_person_names_what_bars_the_others() -> None:
    reasons = asked().duty("A", MONDAY)
    bars = {other.employee: other.bar for other in reasons.alternatives}
    assert bars == {"B": "works already", "C": "none", "D": "on leave"}
    assert (reasons.template, reasons.stream) == ("早班", PRE)
    assert reasons.cost_without > 0


def test_somebody_who_could_has_a_price() -> None:
    first = asked().duty("A", MONDAY).alternatives[0]
    assert first.employee == "C"
    assert first.extra_cost is not None


def test_a_rule_that_bars_somebody_is_named() -> None:
    roster = build_roster([("B", 0, LATE), ("C", 1, EARLY)])
    bars = {other.employee: other.message for other in asked(roster).duty("C", day(1)).alternatives}
    assert bars["B"].startswith("MinRest: 8 h between")


def test_a_gap_counts_where_everybody_is() -> None:
    roster = build_roster([("B", 0, LATE)])
    gap = asked(roster).gap(PRE, instant(MONDAY, 9 * 60, "Asia/Shanghai"))
    assert (gap.required, gap.on_duty) == (1.0, 0.0)
    assert gap.people == {"none": 2, "on leave": 1, "works already": 1}
    assert gap.cheapest is not None
    assert gap.cheapest.employee in ("A", "C")
    assert gap.cheapest.extra_cost is not None
    assert gap.cheapest.extra_cost < 0


def test_a_day_off_is_explained_by_what_bars_every_duty_or_the_cheapest_one() -> None:
    off = asked().day_off("D", MONDAY)
    assert (set(off.bars), off.cheapest) == ({"on leave"}, None)
    free = asked().day_off("C", MONDAY)
    assert free.cheapest is not None
    assert free.cheapest.extra_cost is not None
    assert free.cheapest.start is not None
    with pytest.raises(DataError, match="A works on 2026-11-16"):
        asked().day_off("A", MONDAY)


def test_a_gap_names_the_rule_that_bars_somebody() -> None:
    roster = build_roster([("B", 0, LATE)])
    gap = asked(roster).gap(PRE, instant(day(1), 9 * 60, "Asia/Shanghai"))
    assert gap.people["MinRest"] == 1


def test_granting_a_refused_wish_is_priced_by_a_search_with_it() -> None:
    (reasons,) = asked().wish("A", MONDAY)
    assert not reasons.is_granted
    assert reasons.extra_cost is not None
    assert reasons.extra_cost == pytest.approx(sum(reasons.terms.values()))
    assert reasons.terms.get("wishes", 0) <= 0


def test_what_a_poor_roster_lacks_is_no_gain_of_a_wish() -> None:
    with_gap = build_roster([("A", 0, EARLY), ("B", 0, LATE)])  # nobody on Tuesday, where a duty would pay
    asking = asked(with_gap)
    (reasons,) = asking.wish("A", MONDAY)
    assert reasons.extra_cost is not None
    assert reasons.extra_cost >= 0
    assert "short" not in reasons.terms
    best = asked(build_roster([("A", 0, EARLY), ("C", 1, EARLY)]))
    missed = asking.search.cost(asking.assignment) - best.search.cost(best.assignment)
    assert reasons.slack >= missed / SCALE - 1e-9 > 0


def test_a_granted_wish_costs_nothing() -> None:
    (reasons,) = asked().wish("C", MONDAY)
    assert (reasons.is_granted, reasons.extra_cost) == (True, 0.0)


def test_questions_about_nothing_are_refused() -> None:
    with pytest.raises(DataError, match="nobody is called 'Z'; known: A, B, C, D"):
        asked().duty("Z", MONDAY)
    with pytest.raises(DataError, match="C has no duty on 2026-11-16"):
        asked().duty("C", MONDAY)
    with pytest.raises(DataError, match="no stream is called 'presal'; did you mean presale"):
        asked().gap("presal", instant(MONDAY, 540, "Asia/Shanghai"))
    with pytest.raises(DataError, match="lies outside the span"):
        asked().duty("A", day(30))


def test_a_hand_edited_duty_at_an_odd_start_can_be_asked_about() -> None:
    roster = build_roster([("A", 0, EARLY)], start="07:00")
    assert asked(roster).duty("A", MONDAY).template == "早班"
