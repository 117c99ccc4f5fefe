"""Scenario files, their overrides, what becomes of the plan, and planning anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders_scenarios import DAYS, START, STREAM, ask, build_base, build_inputs

from forecast.errors import ConfigError
from scheduling.roster.people import Employee
from scheduling.scenarios.exchange import exchanged
from scheduling.scenarios.keys import read_scenarios
from scheduling.scenarios.outcome import answer
from scheduling.scenarios.overrides import apply
from scheduling.scenarios.sensitivity import agent_worth, frontier, levers
from scheduling.scenarios.standing import demand_under, people_under


def _write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "scenarios.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_scenario_starts_from_those_it_is_like(tmp_path: Path) -> None:
    found = read_scenarios(
        _write(
            tmp_path,
            """
            base = "plans/618"
            [[scenario]]
            name = "more"
            volume = 1.2
            add_agents = { pool = "part_time", count = 1 }
            [[scenario]]
            name = "bots"
            bot_share = 0.5
            [[scenario]]
            name = "both"
            like = ["more", "bots"]
            volume = 1.5
            add_agents = { pool = "outsourced", count = 2 }
            """,
        )
    )
    both = found.scenarios[2].changes
    assert found.base == "plans/618"
    assert both["volume"] == pytest.approx(1.8)
    assert both["bot_share"] == 0.5
    assert [people["count"] for people in both["add_agents"]] == [1, 2]


def test_every_problem_of_a_file_is_named_at_once(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        """
        [[scenario]]
        name = "a"
        bot_shar = 0.5
        [[scenario]]
        name = "a"
        [[scenario]]
        volume = 2
        """,
    )
    with pytest.raises(ConfigError) as caught:
        read_scenarios(path)
    text = str(caught.value)
    assert "unknown key bot_shar; did you mean bot_share?" in text
    assert "stands twice" in text
    assert "name is missing" in text


def test_likeness_that_leads_back_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, '[[scenario]]\nname = "a"\nlike = "b"\n[[scenario]]\nname = "b"\nlike = "a"\n')
    with pytest.raises(ConfigError, match="leads back to itself"):
        read_scenarios(path)


def test_values_out_of_range_and_unknown_names_are_refused_together() -> None:
    changes = {"bot_share": 1.5, "rule": "nobody", "volume": {"shp": 2}, "labour": {"max_hour_per_day": 9}}
    with pytest.raises(ConfigError) as caught:
        apply(build_inputs(), changes, streams=[STREAM], name="x")
    text = str(caught.value)
    assert "did you mean shop?" in text
    assert "no rule is called 'nobody'" in text
    assert "did you mean max_hours_per_day?" in text


def test_another_rule_comes_with_its_own_pass_line() -> None:
    inputs = build_inputs(target=0.95)
    applied = apply(inputs, {"rule": "kuaishou.human3min.week"}, streams=[STREAM], name="x")
    assert (
        applied.inputs.settings.demand.target(STREAM) == applied.inputs.settings.demand.rule(STREAM).pass_line
    )


def test_volume_scales_the_mean_and_every_draw_alike() -> None:
    base = build_base()
    plain, more = (
        demand_under(base, apply(build_inputs(), c, streams=[STREAM], name="x"), start=START, days=DAYS)[
            STREAM
        ]
        for c in ({}, {"volume": 1.3})
    )
    assert more.days[START].sessions == pytest.approx(1.3 * plain.days[START].sessions)
    assert more.draws[START] == pytest.approx(1.3 * plain.draws[START])


def test_a_promotion_multiplier_acts_in_the_hours_of_its_phases_alone() -> None:
    applied = apply(build_inputs(), {"promotion_multiplier": {"sale": 2.0}}, streams=[STREAM], name="x")
    days = demand_under(build_base(), applied, start=START, days=DAYS)[STREAM].days
    second = sorted(days)[1]
    assert days[START].sessions == pytest.approx([48.0] * 9)
    assert days[second].sessions == pytest.approx([48.0] * 3 + [96.0] * 4 + [48.0] * 2)


def test_a_bot_share_asked_for_holds_in_promotion_hours_too() -> None:
    base = build_base()
    base.forecast["bot_share"] = 0.35
    applied = apply(build_inputs(), {"bot_share": 0.5}, streams=[STREAM], name="x")
    day = demand_under(base, applied, start=START, days=DAYS)[STREAM].days[START]
    assert day.sessions == pytest.approx([30.0] * 9)


def test_more_bots_come_on_top_of_a_promotions_own_share() -> None:
    """Setting the shop's share five points higher lowered it in promotion hours that had a higher one."""
    base, inputs = build_base(), build_inputs()
    told = base.forecast.assign(bot_share=[0.6, *[np.nan] * (len(base.forecast) - 1)])
    base = replace(base, forecast=told)

    def settled(changes: dict[str, float]) -> list[float]:
        applied = apply(inputs, changes, streams=[STREAM], name="bots")
        day = next(iter(demand_under(base, applied, start=START, days=DAYS)[STREAM].days.values()))
        return [float(x) for x in (day.settled / (day.settled + day.sessions))[:2]]

    assert settled({}) == pytest.approx([0.6, 0.2])
    assert settled({"bot_share_add": 0.05}) == pytest.approx([0.65, 0.25])
    assert settled({"bot_share_add": -0.7}) == pytest.approx([0.0, 0.0])


def test_people_added_work_within_the_labour_rules_and_are_paid() -> None:
    applied = apply(
        build_inputs(),
        {"add_agents": {"pool": "part_time", "count": 2, "cost_per_hour": 30, "reception_cap": 2}},
        streams=[STREAM],
        name="x",
    )
    demands = demand_under(build_base(), applied, start=START, days=DAYS)
    standing = people_under(build_base(), applied, demands)
    added = [
        span for of_day in standing.duties.values() for span in of_day[STREAM] if span.reception_cap == 2
    ]
    assert len(added) == 2 * DAYS
    assert all(span.end_min - span.start_min == 240 for span in added)
    assert standing.paid["cost"].sum() == pytest.approx(2 * 3 * 180 + 4 * 4 * 30)
    assert applied.inputs.settings.max_people("part_time") == 3


def test_people_missing_by_number_are_those_worth_least() -> None:
    applied = apply(
        build_inputs(), {"remove_agents": {"pool": "staff", "count": 1}}, streams=[STREAM], name="x"
    )
    demands = demand_under(build_base(), applied, start=START, days=DAYS)
    standing = people_under(build_base(), applied, demands)
    assert {len(of_day[STREAM]) for of_day in standing.duties.values()} == {2}
    assert standing.paid["paid_hours"].sum() == pytest.approx(36.0)


def test_removing_more_than_there_are_is_refused() -> None:
    inputs = build_inputs(employees=(Employee(employee="张三"), Employee(employee="李四")))
    with pytest.raises(ConfigError, match="only 2 of pool staff"):
        apply(inputs, {"remove_agents": {"pool": "staff", "count": 3}}, streams=[STREAM], name="x")
    applied = apply(inputs, {"remove_agents": ["张三"]}, streams=[STREAM], name="x")
    assert [person.employee for person in applied.inputs.employees] == ["李四"]


def test_planning_anew_meets_what_the_held_plan_misses() -> None:
    base, inputs = build_base(agents=2), build_inputs()
    found = answer(base, inputs, ask({"volume": 1.4}, anew=True))
    assert not found["certified"]
    assert found["anew"]["certified"]
    assert found["anew"]["cost"] > found["cost"]
    assert found["plan"] == "held"


def test_cheaper_shifts_found_for_another_scenario_are_taken_where_they_meet_the_target() -> None:
    base, inputs = build_base(agents=4), build_inputs()
    fewer = ask({"volume": 0.975}, anew=True)
    plain, own = answer(base, inputs, ask(anew=True)), answer(base, inputs, fewer)
    known = plain["anew"]
    dearer = {"cost": 1.02 * known["cost"], "shifts": [*known["shifts"], known["shifts"][0]]}
    own = {**own, "anew": {**own["anew"], **dearer}}  # as if its search had stopped there, for fewer buyers
    found = exchanged(base, inputs, fewer, own, [one["anew"]["shifts"] for one in (plain, own)])
    assert found["anew"]["met"]
    assert found["anew"]["shifts"] == plain["anew"]["shifts"]
    assert {**found, "anew": None} == {**own, "anew": None}
    again = exchanged(base, inputs, ask(anew=True), plain, [one["anew"]["shifts"] for one in (plain, own)])
    assert again == plain  # dearer ones are not


def test_dearer_shifts_are_taken_where_a_search_found_none_that_meet_the_target() -> None:
    base, inputs = build_base(agents=6), build_inputs()
    absent = ask({"absence_rate": 0.05}, anew=True)
    own = answer(base, inputs, absent)
    assert not own["anew"]["met"]
    found = exchanged(base, inputs, absent, own, [])  # the base plan's own shifts are known
    assert found["anew"]["met"]
    assert found["anew"]["cost"] > own["anew"]["cost"]


def test_other_templates_can_only_be_planned_anew() -> None:
    found = answer(build_base(), build_inputs(), ask({"template": {"name": "白班", "cost_per_hour": 30}}))
    assert found["plan"] == "anew"


def test_gap_and_worst_hour_lie_in_the_window() -> None:
    found = answer(build_base(agents=1), build_inputs(), ask())
    assert found["gap_hours"] > 0
    assert found["worst_hour"].startswith("2026-12-1")
    assert 0 <= found["worst_share"] <= found["on_time"]


def test_one_more_agent_is_worth_something_in_every_hour_that_is_short() -> None:
    found = agent_worth(build_base(agents=2), build_inputs(), ask())["rows"]
    assert len(found) == 18
    assert max(row["points"] for row in found) > 0
    checked = [row for row in found if row["simulated"] is not None]
    assert checked
    assert all(row["simulated"] == pytest.approx(row["points"], rel=0.4) for row in checked)


def test_the_frontier_rises_with_cost() -> None:
    rows = frontier(build_base(agents=4, hourly=80.0), build_inputs(), ask())["rows"]
    costs = [row["cost"] for row in rows]
    assert costs == sorted(costs)
    assert rows[-1]["on_time"] > rows[0]["on_time"]


def test_levers_name_the_promotion_only_where_one_is_ahead() -> None:
    inputs = build_inputs()
    ahead = {lever.name for lever in levers(inputs, [STREAM], start=START, days=2)}
    later = {lever.name for lever in levers(inputs, [STREAM], start=START.replace(day=20), days=2)}
    assert ahead - later == {"promotion_multiplier"}


def test_labour_rules_change_one_by_one() -> None:
    applied = apply(
        build_inputs(),
        {"labour": {"max_hours_per_week": 40, "min_rest_hours": {"mode": "off"}}},
        streams=[STREAM],
        name="x",
    )
    labour = applied.inputs.settings.labour
    assert (labour.week_limit.value, labour.min_rest_hours.mode) == (40, "off")
    assert {(change.where, change.before, change.after) for change in applied.changes} == {
        ("max_hours_per_week", "44", "40"),
        ("min_rest_hours", "11", "11 (off)"),
    }
    assert applied.is_rostered_anew


def test_averaged_hours_lift_the_weeks_limit_in_a_scenario() -> None:
    applied = apply(
        build_inputs(), {"labour": {"averaged_over": "quarter"}}, streams=[STREAM], name="averaged"
    )
    assert applied.inputs.settings.labour.week_limit.mode == "off"
    assert {(change.where, change.before, change.after) for change in applied.changes} == {
        ("averaged_over", "none", "quarter"),
        ("max_hours_per_week", "44", "44 (off)"),
    }
