"""Response times, reply rate, answer/question ratio, load and late replies, counted by hand."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders_messages import ZONE, at, build_log, build_simulated_log

from forecast.replies.activity import activity, late_replies
from forecast.replies.conversations import conversations
from forecast.replies.events import reply_events
from forecast.replies.measure import measure_all
from forecast.replies.rules import Period, ReplyRule
from forecast.replies.service_parameters import ServiceParameters
from forecast.replies.slots import held_slots, open_sessions

RULE = ReplyRule(id="plain", period=Period(kind="natural_day"))


@pytest.fixture
def afternoon() -> pd.DataFrame:
    """Two agents, four buyers, one of them left alone and one settled by the bot."""
    return pd.concat(
        [
            build_log(
                "14:50:00 buyer assigned=14:50:20 closed=15:10:00",
                "14:50:01 welcome",
                "14:51:00 human",
                "14:51:10 human",
                "15:05:00 buyer",
                "15:06:30 human",
            ),
            build_log(
                "15:00:00 buyer assigned=15:04:00 closed=15:12:00",
                "15:02:00 buyer",
                "15:05:00 human",
                session="s2",
                buyer="b2",
            ),
            build_log(
                "15:20:00 buyer assigned=15:20:00 closed=15:30:00",
                "15:25:00 human agent=a2",
                session="s3",
                buyer="b1",
            ),
            build_log("15:40:00 buyer", session="s4", buyer="b4"),
            build_log("15:45:00 buyer", "15:45:01 bot_auto agent=bot", session="s5", buyer="b5"),
        ],
        ignore_index=True,
    )


def test_the_shops_figures_are_those_counted_by_hand(afternoon: pd.DataFrame) -> None:
    [row] = activity(afternoon, timezone=ZONE).to_dict("records")
    assert (row["sessions"], row["questions"], row["replies"]) == (4, 5, 4)
    assert (row["buyers"], row["buyers_replied"]) == (3, 2)
    assert row["reply_rate"] == pytest.approx(2 / 3)
    assert row["first_reply_s"] == pytest.approx((60 + 300 + 300) / 3)
    assert row["mean_reply_s"] == pytest.approx((60 + 90 + 300 + 300) / 4)
    assert (row["buyer_messages"], row["staff_messages"]) == (6, 5)
    assert row["answer_ratio"] == pytest.approx(5 / 6)
    assert row["session_s"] == pytest.approx((1180 + 480 + 600) / 3)
    # a1 is busy from 14:50:20 to 15:12:00, both sessions open from 15:04 to 15:10; a2 for ten minutes
    assert row["busy_h"] * 3600 == pytest.approx(1300 + 600)
    assert row["concurrency"] == pytest.approx((1180 + 480 + 600) / 1900)
    assert row["most_open"] == 2
    assert row["sessions_per_agent_hour"] == pytest.approx(3 / (1900 / 3600))


def test_figures_by_agent_and_by_hour_add_up(afternoon: pd.DataFrame) -> None:
    agents = activity(afternoon, timezone=ZONE, by=["agent"]).set_index("agent")
    assert agents["sessions"].to_dict() == {"a1": 2, "a2": 1}
    assert agents["replies"].to_dict() == {"a1": 3, "a2": 1}
    assert agents["staff_messages"].to_dict() == {"a1": 4, "a2": 1}
    hours = activity(afternoon, timezone=ZONE, by=["day", "hour"])
    assert hours["hour"].tolist() == [14, 15]
    assert hours["sessions"].tolist() == [1, 3]
    assert hours["questions"].tolist() == [1, 4]
    assert (hours["busy_h"] * 3600).tolist() == pytest.approx([580, 720 + 600])


def test_a_gap_of_up_to_half_an_hour_is_presence_and_a_longer_one_is_not() -> None:
    def present_h(second: str) -> float:
        log = pd.concat(
            [
                build_log("10:00:00 buyer", "10:10:00 human"),
                build_log(f"{second} buyer", "13:00:00 human", session="s2", buyer="b2"),
            ]
        )
        return float(activity(log, timezone=ZONE)["present_h"].iloc[0])

    assert present_h("10:40:00") == pytest.approx(3.0)
    assert present_h("10:46:00") == pytest.approx(10 / 60 + 134 / 60)


def test_a_session_that_ends_when_another_begins_makes_room_for_it() -> None:
    log = pd.concat(
        [
            build_log("10:00:00 buyer assigned=10:00:00 closed=10:05:00", "10:01:00 human"),
            build_log("10:02:00 buyer assigned=10:05:00 closed=10:09:00", "10:06:00 human", session="s2"),
        ]
    )
    assert open_sessions(held_slots(conversations(log)))["open"].tolist() == [1, 1]


def test_a_transferred_session_is_held_by_one_agent_after_the_other() -> None:
    log = build_log(
        "10:00:00 buyer assigned=10:00:00 closed=10:30:00",
        "10:01:00 human agent=a1",
        "10:10:00 buyer",
        "10:12:00 human agent=a2 assigned=10:11:00",
    )
    slots = held_slots(conversations(log))
    spans = [(s.agent, str(s.start)[11:16], str(s.end)[11:16]) for s in slots.itertuples()]
    assert spans == [("a1", "02:00", "02:01"), ("a2", "02:11", "02:30")]  # UTC


def test_time_held_is_the_time_under_the_steps() -> None:
    log, _ = build_simulated_log(
        ServiceParameters(), rule=RULE, sessions_per_half_hour=40.0, speeds=(1.0, 1.2), days=1, seed=2
    )
    table = activity(log, timezone=ZONE, by=["hour"])
    slots = held_slots(conversations(log))
    held = (slots["end"] - slots["start"]).dt.total_seconds().sum()
    assert (table["concurrency"] * table["busy_h"] * 3600).sum() == pytest.approx(held)
    assert table["most_open"].max() <= 8


def test_late_replies_are_told_apart_by_where_the_time_went(afternoon: pd.DataFrame) -> None:
    events = reply_events(afternoon, replace(RULE, population="human_needed"))
    [row] = late_replies(events, timezone=ZONE, threshold_s=180.0, by=()).to_dict("records")
    # s2 queued for four of its five minutes, s3 waited at the desk, s4 never got an agent
    assert row == {"questions": 5, "late": 3, "late_queue": 2, "late_agent": 1, "late_unknown": 0}
    hours = late_replies(events, timezone=ZONE, by=("hour",))
    assert hours[["hour", "late"]].to_numpy().tolist() == [[14, 0], [15, 3]]


def test_causes_are_unknown_where_the_log_does_not_tell_assignments(afternoon: pd.DataFrame) -> None:
    events = reply_events(afternoon.drop(columns="assigned"), replace(RULE, population="human_needed"))
    [row] = late_replies(events, timezone=ZONE, by=()).to_dict("records")
    assert (row["late"], row["late_unknown"]) == (3, 3)


def test_all_measures_go_into_json(afternoon: pd.DataFrame) -> None:
    measures = measure_all(afternoon, [RULE], timezone=ZONE)
    content = json.loads(json.dumps(measures.to_dict(), allow_nan=False))
    assert set(content["activity"]) == {"shop", "stream", "agent", "day", "hour", "agent_day"}
    assert {row["scope"] for row in content["rates"]} == {"shop", "stream", "agent"}
    assert content["activity"]["day"][0]["day"] == "2026-11-11"
    assert sum(row["late"] for row in content["late"]["plain"]) == 4  # the bot does not count under the rule


def test_days_asked_for_are_those_of_the_shops_clock(afternoon: pd.DataFrame) -> None:
    later = afternoon.assign(
        time=afternoon["time"] + pd.Timedelta(hours=9),
        assigned=afternoon["assigned"] + pd.Timedelta(hours=9),
        closed=afternoon["closed"] + pd.Timedelta(hours=9),
    )  # 23:50 and after midnight
    day = measure_all(later, [RULE], timezone=ZONE, until=dt.date(2026, 11, 11)).activity["day"]
    assert day["questions"].tolist() == [1]
    assert at("23:59:59") < later["time"].max()


def test_a_log_without_staff_has_no_load() -> None:
    [row] = activity(build_log("10:00:00 buyer"), timezone=ZONE).to_dict("records")
    assert (row["sessions"], row["replies"], row["reply_rate"]) == (1, 0, 0.0)
    assert np.isnan(row["session_s"])


@pytest.mark.parametrize("by", [(), ("agent",), ("day", "hour")], ids=str)
def test_an_empty_log_has_no_rows(by: tuple[str, ...]) -> None:
    empty = build_log("10:00:00 buyer").iloc[:0]
    assert activity(empty, timezone=ZONE, by=by).empty  # type: ignore[arg-type]
    assert late_replies(reply_events(empty, RULE), timezone=ZONE).empty
    assert measure_all(empty, [RULE], timezone=ZONE).rates.empty
