"""Shares over periods, verdicts, and tables of messages, sessions or events as input."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builders_messages import ZONE, build_log, build_simulated_log

from forecast.config import parse_tables
from forecast.errors import ConfigError, DataError
from forecast.replies.events import reply_events
from forecast.replies.judging import judge_replies
from forecast.replies.measure import measure
from forecast.replies.periods import COLUMNS, shares
from forecast.replies.rules import Period, ReplyRule, preset_rules, rule_book, rules_in_force
from forecast.replies.service_parameters import ServiceParameters
from scheduling.day import DutySpan, ServiceDay
from scheduling.simulation.events import reply_events as simulated_events
from scheduling.simulation.replicate import judge

PLAIN = ReplyRule(id="plain", period=Period(kind="natural_day"))


def units_of(values: dict[str, list[int]], name: str = "shop") -> pd.DataFrame:
    """Return judged units by day."""
    rows = [(name, pd.Timestamp(day), float(value)) for day, own in values.items() for value in own]
    return pd.DataFrame(rows, columns=["id", "day", "value"])


def rows_of(table: pd.DataFrame) -> list[list[object]]:
    return table[["period_start", "numerator", "denominator"]].astype(str).to_numpy().tolist()


DAYS = {"2026-10-30": [1, 0], "2026-11-01": [1], "2026-11-02": [0, 0, 1]}  # Friday, Sunday, Monday


def test_rows_are_those_of_the_measure_table() -> None:
    table = shares(units_of(DAYS), PLAIN, scope="shop")
    assert list(table.columns) == COLUMNS
    assert COLUMNS[:9] == [
        "scope",
        "id",
        "rule",
        "period_start",
        "numerator",
        "denominator",
        "share",
        "target",
        "verdict",
    ]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "natural_day",
            [["2026-10-30", "1.0", "2.0"], ["2026-11-01", "1.0", "1.0"], ["2026-11-02", "1.0", "3.0"]],
        ),
        ("natural_week", [["2026-10-26", "2.0", "3.0"], ["2026-11-02", "1.0", "3.0"]]),
        ("natural_month", [["2026-10-01", "1.0", "2.0"], ["2026-11-01", "2.0", "4.0"]]),
    ],
)
def test_natural_periods_start_with_their_day_monday_or_first(kind: str, expected: list[list[str]]) -> None:
    rule = replace(PLAIN, period=Period(kind=kind))
    assert rows_of(shares(units_of(DAYS), rule, scope="shop")) == expected


def test_a_last_day_is_a_day() -> None:
    last = shares(units_of(DAYS), replace(PLAIN, period=Period(kind="last_day")), scope="shop")
    assert rows_of(last) == rows_of(shares(units_of(DAYS), PLAIN, scope="shop"))


@pytest.mark.parametrize(("days", "counts"), [(1, [2, 1, 3]), (2, [2, 2, 1, 4]), (7, [2, 2, 3, 6])])
def test_a_rolling_period_ends_on_every_day_and_reaches_back(days: int, counts: list[int]) -> None:
    rule = replace(PLAIN, period=Period(kind="rolling", days=days))
    table = shares(units_of(DAYS), rule, scope="shop")
    assert table["denominator"].tolist() == counts
    assert table["period_end"].iloc[-1] == dt.date(2026, 11, 2)
    length = pd.to_datetime(table["period_end"]) - pd.to_datetime(table["period_start"])
    assert set(length.dt.days) == {days - 1}


@pytest.mark.parametrize("days", [7, 30, 180])
def test_rolling_sums_equal_sums_over_the_days_spelt_out(days: int) -> None:
    rng = np.random.default_rng(3)
    calendar = pd.date_range("2026-01-01", periods=250)
    day = rng.choice(calendar, 600)
    units = pd.DataFrame({"id": rng.choice(["a", "b"], 600), "day": day, "value": rng.integers(0, 2, 600)})
    table = shares(units, replace(PLAIN, period=Period(days=days)), scope="agent")
    for row in table.sample(40, random_state=1).itertuples():
        end = pd.Timestamp(row.period_end)
        inside = units[(units["id"] == row.id) & (units["day"] <= end)]
        inside = inside[inside["day"] > end - pd.Timedelta(days=days)]
        assert (row.numerator, row.denominator) == (inside["value"].sum(), len(inside))


def test_recent_days_weigh_more_where_the_rule_says_so() -> None:
    rule = replace(PLAIN, period=Period(days=4, weighting="recent"), min_sample=3)
    table = shares(units_of({"2026-11-01": [0], "2026-11-02": [1, 1]}), rule, scope="shop")
    last = table.iloc[-1]
    assert (last["numerator"], last["denominator"], last["units"]) == (2.0, 2.75, 3)
    assert last["share"] == pytest.approx(2 / 2.75)
    assert table["verdict"].tolist() == ["not_assessed", "fail"]


def test_a_share_at_the_target_passes_and_too_small_a_sample_is_not_assessed() -> None:
    rule = replace(PLAIN, min_sample=10, targets={"pass": 0.9})
    for fine, late, verdict in ((9, 1, "pass"), (8, 2, "fail"), (9, 0, "not_assessed")):
        table = shares(units_of({"2026-11-02": [1] * fine + [0] * late}), rule, scope="shop")
        assert table["verdict"].tolist() == [verdict]


def test_the_span_asked_for_picks_periods_and_not_days() -> None:
    week = replace(PLAIN, period=Period(kind="natural_week"))
    inside = {"since": dt.date(2026, 10, 31), "until": dt.date(2026, 11, 1)}
    assert rows_of(shares(units_of(DAYS), week, scope="shop", **inside)) == [["2026-10-26", "2.0", "3.0"]]
    rolling = replace(PLAIN, period=Period(days=7))
    table = shares(units_of(DAYS), rolling, scope="shop", since=dt.date(2026, 11, 2))
    assert table[["period_end", "denominator"]].astype(str).to_numpy().tolist() == [["2026-11-02", "6.0"]]


def test_nothing_judged_is_no_row() -> None:
    table = measure(build_log("10:00:00 buyer"), [replace(PLAIN, unanswered="exclude")], timezone=ZONE)
    assert table.empty
    assert list(table.columns) == COLUMNS


def test_each_rule_assesses_its_own_streams() -> None:
    log = pd.concat(
        [
            build_log("10:00:00 buyer", "10:01:00 human").assign(stream="taobao"),
            build_log("10:00:00 buyer", "10:30:00 human", session="s2").assign(stream="jd"),
        ]
    )
    table = measure(log, [PLAIN], timezone=ZONE, streams={"plain": ["taobao"]}, scope=["shop", "stream"])
    assert table[["scope", "id", "share"]].to_numpy().tolist() == [
        ["shop", "shop", 1.0],
        ["stream", "taobao", 1.0],
    ]


def test_ibm_sessions_give_the_shares_counted_by_hand() -> None:
    path = Path(__file__).parent.parent.parent / "data" / "ibm_care" / "conversations.csv"
    raw = pd.read_csv(path)
    sessions = raw.assign(
        session_id=raw["session"], stream=raw["company"], start=pd.to_datetime(raw["ts"], utc=True)
    )
    hour = ReplyRule(id="hour", unit="session", threshold_s=3600.0, period=Period(kind="natural_month"))
    table = measure(sessions, [hour], timezone="UTC", scope=["shop", "stream"])
    for scope, keys in (("shop", [raw["ts"].str[:7]]), ("stream", [raw["company"], raw["ts"].str[:7]])):
        by_hand = (raw["first_reply_s"] <= 3600.0).groupby(keys).agg(["sum", "count"])
        mine = table[table["scope"] == scope].sort_values(["id", "period_start"])
        assert mine["numerator"].tolist() == by_hand["sum"].tolist()
        assert mine["denominator"].tolist() == by_hand["count"].tolist()


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"pass_if": "first_reply", "unit": "session"},
        {"pass_if": "every_reply", "unit": "session"},
        {"pass_if": "every_reply", "unit": "buyer_day"},
        {"pass_if": "first_reply", "unit": "buyer_day"},
        {"clock": "assigned"},
        {"window_by": "session_start"},
        {"window_by": "reply", "unanswered": "exclude"},
    ],
    ids=str,
)
def test_events_of_the_simulator_and_messages_written_from_them_give_one_share(
    change: dict[str, str],
) -> None:
    from forecast.replies.service_parameters import ServiceParameters

    rule = replace(PLAIN, window=("10:00", "20:00"), threshold_s=90.0, population="human_needed", **change)
    service = ServiceParameters(patience_s=200.0)
    log, events = build_simulated_log(
        service, rule=rule, sessions_per_half_hour=40.0, speeds=(1.0, 1.0), days=2, seed=11
    )
    direct = measure(events, [rule], timezone=ZONE)
    assert rows_of(measure(log, [rule], timezone=ZONE)) == rows_of(direct)
    assert direct["denominator"].min() > 100
    assert direct["share"].between(0.02, 0.98).all()


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"pass_if": "first_reply", "unit": "session"},
        {"pass_if": "every_reply", "unit": "buyer_day"},
        {"clock": "assigned", "unanswered": "exclude"},
        {"window_by": "session_start", "unit": "session", "pass_if": "every_reply"},
        {"metric": "mean_seconds", "targets": {"pass": 45.0}},
    ],
    ids=str,
)
def test_the_simulators_own_count_is_the_engines(change: dict[str, object]) -> None:
    rule = replace(PLAIN, window=("10:00", "20:00"), threshold_s=90.0, **change)
    service = ServiceParameters(patience_s=200.0, bot_share=0.0, sessions_per_buyer_day=1.5)
    day = ServiceDay(
        first_min=540, interval_min=30, sessions=np.full(24, 40.0), service=service, rule=rule, target=0.9
    )
    duties = [DutySpan(start_min=540, end_min=1260, streams=("shop",))] * 2
    counted = judge({"shop": day}, duties, seed=3, least_days=2, most_days=2).streams["shop"]
    for number in range(2):
        date = dt.date(2026, 3, 2 + number)
        events = simulated_events({"shop": day}, duties, seed=3, day_date=date, timezone=ZONE, number=number)
        [row] = measure(events, [rule], timezone=ZONE).to_dict("records")
        assert row["denominator"] == counted.denominators[number] > 100
        assert row["numerator"] == pytest.approx(counted.numerators[number], rel=1e-9)


def test_a_large_log_is_judged_in_seconds() -> None:
    count = 100_000
    question = pd.date_range("2026-01-01", periods=count, freq="20s", tz=ZONE)
    ids = np.arange(count)
    log = pd.DataFrame(
        {
            "session_id": np.repeat((ids // 4).astype(str), 2),
            "buyer": np.repeat((ids // 8).astype(str), 2),
            "agent": "a1",
            "sender": ["buyer", "human"] * count,
            "time": question.repeat(2) + pd.to_timedelta(np.tile([0, 15], count), unit="s"),
        }
    )
    began = time.process_time()
    table = measure(log, [PLAIN], timezone=ZONE)
    assert time.process_time() - began < 5.0
    assert table["denominator"].sum() == count


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (pd.DataFrame({"a": [1]}), "expected a column sender, first_reply_s or question; found a"),
        (build_log("10:00:00 buyer").drop(columns="time"), "column time: the column is missing"),
        (build_log("10:00:00 buyer").assign(time=pd.Timestamp("2026-11-11")), "must carry their time zone"),
        (build_log("10:00:00 somebody"), "column sender: unknown somebody"),
        (build_log("10:00:00 buyer").assign(session_id=None, buyer=None), "must say whose it is"),
        (build_log("10:00:00 buyer").assign(time=pd.to_datetime([None], utc=True)), "the cell is empty"),
    ],
    ids=["no such table", "no time", "no zone", "unknown sender", "nobody", "empty time"],
)
def test_a_log_that_cannot_be_judged_is_refused(log: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        measure(log, [PLAIN], timezone=ZONE)


def test_judging_does_not_change_its_input() -> None:
    log = build_log("10:00:00 buyer", "10:01:00 human")
    before = log.copy(deep=True)
    events = reply_events(log, PLAIN)
    copy = events.copy(deep=True)
    judge_replies(events, PLAIN, timezone=ZONE)
    pd.testing.assert_frame_equal(log, before)
    pd.testing.assert_frame_equal(events, copy)


# rules


def test_a_shops_own_rule_overrides_the_preset_of_its_id() -> None:
    own = replace(preset_rules()["taobao.human3min.30d"], targets={"pass": 0.8})
    book = rule_book([own])
    assert book["taobao.human3min.30d"].pass_line == 0.8
    assert preset_rules()["taobao.human3min.30d"].pass_line == 0.9


def test_rules_in_force_go_by_date_and_platform() -> None:
    book = preset_rules()
    old, new = (
        [rule.id for rule in rules_in_force(book, day, platform="kuaishou")]
        for day in (dt.date(2023, 3, 26), dt.date(2023, 3, 27))
    )
    assert old == ["kuaishou.all3min.legacy", "generic.avg15s"]
    assert new == ["kuaishou.human3min.week", "generic.avg15s"]
    assert len(rules_in_force(book, dt.date(2026, 11, 25))) == len(book) - 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"exemptions": [{"from": dt.datetime(2026, 1, 1)}]}, "'to' is missing"),
        (
            {"exemptions": [{"from": dt.date(2026, 1, 2), "to": dt.date(2026, 1, 1)}]},
            "must start before it ends",
        ),
        ({"effective_from": dt.date(2026, 1, 2), "effective_to": dt.date(2026, 1, 2)}, "must lie before"),
        ({"counts_as_reply": []}, "at least one sender"),
        ({"period": {"kind": "rolling", "days": 0}}, "days must be at least 1"),
        ({"min_sample": -1}, "must be 0 or more"),
        ({"wndow": ["09:00", "23:00"]}, "did you mean window"),
    ],
    ids=["no end", "backwards", "never in force", "nobody counts", "no days", "negative", "unknown key"],
)
def test_a_rule_that_cannot_be_meant_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_tables(ReplyRule, [{"id": "own", **change}], source="shop.toml", section="rule")


def test_exemptions_may_be_dates_or_wall_times() -> None:
    table = {"id": "own", "exemptions": [{"from": dt.date(2026, 2, 15), "to": "2026-02-24T00:00:00"}]}
    [rule] = parse_tables(ReplyRule, [table], source="shop.toml", section="rule")
    assert (rule.exempt_spans[0].start, rule.exempt_spans[0].end) == (
        dt.datetime(2026, 2, 15),
        dt.datetime(2026, 2, 24),
    )
    assert measure(build_log("10:00:00 buyer"), [rule], timezone=ZONE)["denominator"].tolist() == [1.0]
