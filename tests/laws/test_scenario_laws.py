"""What holds for every what-if: levers move the rate the right way, and no change changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from builders_scenarios import STREAM, ask, build_base, build_inputs
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.scenarios.keys import combined
from scheduling.scenarios.outcome import answer

BASE, INPUTS = build_base(agents=2), build_inputs()


def _rate(changes: dict[str, Any]) -> float:
    found = answer(BASE, INPUTS, ask(changes, is_light=True))["on_time"]
    assert isinstance(found, float)
    return found


def test_a_scenario_equal_to_the_base_gives_exactly_the_base() -> None:
    plain = answer(BASE, INPUTS, ask())
    same = answer(
        BASE,
        INPUTS,
        ask({"volume": 1.0, "bot_share": 0.2, "rule": "taobao.human3min.30d", "reply_factor": 1.0}),
    )
    assert same == plain


BETTER = [
    {"volume": 0.9},
    {"bot_share": 0.35},
    {"reply_factor": 0.9},
    {"reply_s": 22.0},
    {"rounds": 4.0},
    {"promotion_multiplier": 0.7},
    {"add_agents": {"pool": "part_time", "count": 1}},
    {"add_agents": {"pool": "staff", "count": 1}},
]
WORSE = [
    {"volume": 1.15},
    {"bot_share": 0.05},
    {"reply_factor": 1.1},
    {"rounds": 6.0},
    {"absence_rate": 0.15},
    {"promotion_multiplier": {"sale": 1.5}},
    {"remove_agents": {"pool": "staff", "count": 1}},
    {"reception_cap": 1},
]


@pytest.mark.parametrize("changes", BETTER, ids=lambda changes: next(iter(changes)))
def test_what_helps_raises_the_rate(changes: dict[str, Any]) -> None:
    assert _rate(changes) > _rate({})


@pytest.mark.parametrize("changes", WORSE, ids=lambda changes: next(iter(changes)))
def test_what_hurts_lowers_the_rate(changes: dict[str, Any]) -> None:
    assert _rate(changes) < _rate({})


@settings(max_examples=6, deadline=None)
@given(st.lists(st.sampled_from([0.8, 0.9, 1.0, 1.1, 1.2]), min_size=2, max_size=2, unique=True))
def test_more_volume_never_raises_the_rate_of_a_plan_that_is_held(factors: list[float]) -> None:
    low, high = sorted(factors)
    assert _rate({"volume": low}) >= _rate({"volume": high})


def test_people_held_cost_the_same_whatever_the_demand() -> None:
    plain, more = (answer(BASE, INPUTS, ask(c, is_light=True)) for c in ({}, {"volume": 1.3}))
    assert plain["cost"] == more["cost"]


def test_a_higher_wage_changes_the_cost_alone() -> None:
    plain, dear = (answer(BASE, INPUTS, ask(c)) for c in ({}, {"cost_factor": 1.5}))
    assert dear["cost"] == pytest.approx(1.5 * plain["cost"])
    assert dear["on_time"] == plain["on_time"]


def test_a_lower_target_leaves_the_rate_and_raises_the_chance() -> None:
    plain, easy = (answer(BASE, INPUTS, ask(c)) for c in ({"target": 0.97}, {"target": 0.3}))
    assert easy["on_time"] == plain["on_time"]
    assert easy["probability"] > plain["probability"]
    assert easy["gap_hours"] <= plain["gap_hours"]


@given(st.floats(0.5, 2.0), st.floats(0.5, 2.0))
def test_factors_of_several_scenarios_multiply(one: float, other: float) -> None:
    assert combined({"volume": one}, {"volume": other})["volume"] == pytest.approx(one * other)


def test_a_change_of_one_stream_alone_is_the_change_of_all_where_there_is_one() -> None:
    assert _rate({"bot_share": {STREAM: 0.4}}) == _rate({"bot_share": 0.4})
