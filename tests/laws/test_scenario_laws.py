"""What holds for every what-if: levers move the rate the right way, and no change changes nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from builders_scenarios import STREAM, ask, build_base, build_inputs, with_roster
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.replies.rules import preset_rules
from scheduling.config import Labour, Limit
from scheduling.inputs import Inputs
from scheduling.scenarios.keys import CHANGES, SERVICE_KEYS, STREAM_KEYS, combined, read_scenarios
from scheduling.scenarios.outcome import answer
from scheduling.scenarios.overrides import apply

BASE = build_base(agents=2)
STRICT = replace(preset_rules()["taobao.human3min.30d"], id="strict", threshold_s=60.0)


def _inputs(**more: Any) -> Inputs:
    """Return the small shop with a stricter rule of its own beside the platform's."""
    plain = build_inputs(**more)
    demand = replace(plain.settings.demand, rules=(STRICT,))
    return replace(plain, settings=replace(plain.settings, demand=demand))


INPUTS = _inputs()


def _rate(changes: dict[str, Any]) -> float:
    found = answer(BASE, INPUTS, ask(changes, is_light=True))["on_time"]
    assert isinstance(found, float)
    return found


def _in_force() -> dict[str, Any]:
    """Return every key of a scenario with what holds in the small shop anyway."""
    stream = INPUTS.settings.demand.stream(STREAM)
    return {
        **{key: getattr(stream, key) for key in STREAM_KEYS if getattr(stream, key) is not None},
        **{k: getattr(stream.service, k) for k in SERVICE_KEYS if getattr(stream.service, k) is not None},
        **dict.fromkeys(("volume", "promotion_multiplier", "reply_factor", "cost_factor"), 1.0),
        **dict.fromkeys(("reception_cap_add", "bot_share_add"), 0),
        "cost_per_hour": {"白班": 20.0, "半班": 25.0},
        "pool": {"part_time": {"max_people": 1}},
        "template": {"name": "白班", "cost_per_hour": 20.0},
        "labour": {"max_hours_per_week": 44, "holiday_pay": 3.0},
    }


def test_a_scenario_equal_to_the_base_gives_exactly_the_base() -> None:
    plain, same = (answer(BASE, INPUTS, ask(changes, anew=True)) for changes in ({}, _in_force()))
    assert same == plain


@pytest.mark.parametrize("key", _in_force())
def test_a_key_that_says_what_holds_anyway_is_no_change(key: str) -> None:
    assert apply(INPUTS, {key: _in_force()[key]}, streams=[STREAM], name="same").changes == ()


BETTER = [
    {"volume": 0.9},
    {"bot_share": 0.35},
    {"bot_share_add": 0.1},
    {"reply_factor": 0.9},
    {"reply_s": 22.0},
    {"reply_cv": 0.4},
    {"rounds": 4.0},
    {"think_s": 30.0},
    {"auto_close_s": 60.0},
    {"promotion_multiplier": 0.7},
    {"reception_cap_add": 2},
    {"add_agents": {"pool": "part_time", "count": 1}},
    {"add_agents": {"pool": "staff", "count": 1}},
]
WORSE = [
    {"volume": 1.15},
    {"bot_share": 0.05},
    {"bot_share_add": -0.1},
    {"reply_factor": 1.1},
    {"rounds": 6.0},
    {"think_s": 60.0},
    {"auto_close_s": 240.0},
    {"sessions_per_hour": 22.0},
    {"no_new_last_min": 30.0},
    {"shrinkage": 0.1},
    {"absence_rate": 0.15},
    {"rule": "strict"},
    {"promotion_multiplier": {"sale": 1.5}},
    {"remove_agents": {"pool": "staff", "count": 1}},
    {"reception_cap": 1},
    {"reception_cap_add": -2},
]
# These change what a plan costs, or what it is held against, never the rate of the plan that is held.
NO_RATE: list[dict[str, Any]] = [
    {"target": 0.5},
    {"confidence": 0.9},
    {"floor": 0.2},
    {"max_unanswered": 0.5},
    {"cost_per_hour": 30.0},
    {"cost_factor": 1.5},
    {"pool": {"part_time": {"max_people": 3}}},
    {"template": {"name": "半班", "cost_per_hour": 30.0}},
    {"drop_templates": ["半班"]},
]
# Which way these move the rate is the shop's own affair; laws of labour bind people by name (below).
EITHER_WAY = {"patience_s", "sessions_per_buyer_day", "leave", "open", "labour"}


def test_every_lever_is_tried_here() -> None:
    tried = {key for changes in (*BETTER, *WORSE, *NO_RATE) for key in changes}
    assert tried | EITHER_WAY == set(CHANGES)


@pytest.mark.parametrize("changes", BETTER, ids=lambda changes: next(iter(changes)))
def test_what_helps_raises_the_rate(changes: dict[str, Any]) -> None:
    assert _rate(changes) > _rate({})


@pytest.mark.parametrize("changes", WORSE, ids=lambda changes: next(iter(changes)))
def test_what_hurts_lowers_the_rate(changes: dict[str, Any]) -> None:
    assert _rate(changes) < _rate({})


@pytest.mark.parametrize("changes", NO_RATE, ids=lambda changes: next(iter(changes)))
def test_what_no_buyer_feels_leaves_the_rate(changes: dict[str, Any]) -> None:
    assert _rate(changes) == _rate({})


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


# --- what planning anew costs


def _cost_anew(changes: dict[str, Any]) -> float:
    found = answer(build_base(agents=3), INPUTS, ask(changes, anew=True))["anew"]
    assert found["met"]
    cost = found["cost"]
    assert isinstance(cost, float)
    return cost


@cache
def _plain_cost() -> float:
    return _cost_anew({})


@pytest.mark.parametrize(
    "changes",
    [
        {"volume": 1.3},
        {"target": 0.97},
        {"rule": "strict"},
        {"cost_per_hour": {"白班": 30.0}},
        {"template": {"name": "白班", "cost_per_hour": 30.0}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_makes_it_harder_or_dearer_costs_more_to_plan(changes: dict[str, Any]) -> None:
    assert _cost_anew(changes) > _plain_cost()


@pytest.mark.parametrize(
    "changes",
    [{"drop_templates": "半班"}, {"pool": {"part_time": {"max_people": 0}}}],
    ids=lambda changes: next(iter(changes)),
)
def test_fewer_kinds_of_shifts_never_cost_less(changes: dict[str, Any]) -> None:
    assert _cost_anew(changes) >= _plain_cost()


def test_a_stricter_rule_of_labour_never_raises_the_rate() -> None:
    base, people = with_roster(build_base(agents=3))
    loose = Labour(max_hours_per_day=Limit(value=9))
    inputs = replace(INPUTS, employees=people, settings=replace(INPUTS.settings, labour=loose))
    hours, rate = [], []
    for changes in ({}, {"labour": {"rest_days_per_week": 0}}, {"labour": {"max_hours_per_week": 9}}):
        found = answer(base, inputs, ask(changes))
        hours.append(found["paid_hours"])
        rate.append(found["on_time"])
    assert hours[0] == hours[1] > hours[2]
    assert rate[0] == rate[1] > rate[2]


# --- inherited and combined


FILE = """
[[scenario]]
name = "more"
volume = 1.1
[[scenario]]
name = "slow"
reply_factor = 1.1
absence_rate = 0.1
[[scenario]]
name = "more of it"
like = "more"
volume = 1.1
[[scenario]]
name = "both"
like = ["more of it", "slow"]
absence_rate = 0.15
"""


def test_scenarios_that_are_like_others_are_those_written_out(tmp_path: Path) -> None:
    (tmp_path / "scenarios.toml").write_text(FILE, encoding="utf-8")
    found = {one.name: one.changes for one in read_scenarios(tmp_path / "scenarios.toml").scenarios}
    whole = {"volume": 1.21, "reply_factor": 1.1, "absence_rate": 0.15}
    assert answer(BASE, INPUTS, ask(found["both"])) == answer(BASE, INPUTS, ask(whole))
    rates = [_rate(found[name]) for name in ("more", "more of it", "both")]
    assert rates == sorted(rates, reverse=True)
    assert _rate(found["both"]) < min(_rate(found["slow"]), _rate(found["more of it"]))


def test_helps_and_hurts_together_lie_between_each_alone() -> None:
    both = combined({"volume": 1.2}, {"bot_share": 0.3})
    assert _rate({"volume": 1.2}) < _rate(both) < _rate({"bot_share": 0.3})
