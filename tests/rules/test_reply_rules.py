"""Each field of a reply rule, case by case: what counts, when, whose, and how units form."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest
from builders_messages import ZONE, at, build_log

from forecast.replies.events import reply_events, session_events
from forecast.replies.judging import judge_replies
from forecast.replies.measure import measure
from forecast.replies.rules import Period, ReplyRule, preset_rules

DAILY = Period(kind="natural_day")
PLAIN = ReplyRule(id="plain", period=DAILY)


def judged(log: pd.DataFrame, rule: ReplyRule, **settings: object) -> list[float]:
    """Return the value of each judged unit, in order of its question."""
    settings = {"timezone": ZONE, **settings}
    return judge_replies(reply_events(log, rule), rule, **settings)["value"].tolist()  # type: ignore[arg-type]


# window


@pytest.mark.parametrize(
    ("asked", "counts"),
    [("08:59:59", False), ("09:00:00", True), ("22:59:59", True), ("23:00:00", False)],
)
def test_window_starts_with_its_first_second_and_ends_before_its_last(asked: str, counts: bool) -> None:
    rule = replace(PLAIN, window=("09:00", "23:00"))
    log = build_log(f"{asked} buyer", "23:01:00 human")
    assert len(judged(log, rule)) == counts


def test_question_outside_the_window_answered_inside_counts_only_by_reply() -> None:
    log = build_log("08:59:00 buyer", "09:01:00 human")
    by = {name: replace(PLAIN, window=("09:00", "23:00"), window_by=name) for name in ("question", "reply")}
    assert judged(log, by["question"]) == []
    assert judged(log, by["reply"]) == [1.0]


def test_unanswered_question_is_placed_by_its_own_time_where_the_window_goes_by_reply() -> None:
    rule = replace(PLAIN, window=("09:00", "23:00"), window_by="reply")
    assert judged(build_log("22:59:00 buyer"), rule) == [0.0]
    assert judged(build_log("23:59:00 buyer"), rule) == []


def test_window_by_session_start_takes_all_rounds_of_a_session() -> None:
    rule = replace(PLAIN, window=("09:00", "23:00"), window_by="session_start")
    inside = build_log("22:59:00 buyer", "22:59:30 human", "23:10:00 buyer", "23:20:00 human")
    outside = build_log("08:59:00 buyer", "09:00:30 human", "09:10:00 buyer", "09:11:00 human")
    assert judged(inside, rule) == [1.0, 0.0]
    assert judged(outside, rule) == []


def test_window_past_midnight_reaches_into_the_next_day() -> None:
    rule = replace(PLAIN, window=("20:00", "26:00"))
    log = build_log(
        "2026-11-11T19:59:00 buyer",
        "2026-11-11T19:59:30 human",
        "2026-11-12T01:59:00 buyer",
        "2026-11-12T01:59:30 human",
        "2026-11-12T02:00:00 buyer",
        "2026-11-12T02:00:30 human",
    )
    units = judge_replies(reply_events(log, rule), rule, timezone=ZONE)
    assert units["day"].dt.strftime("%d").tolist() == ["12"]  # the calendar day of the question


# threshold and clock


def test_a_reply_at_the_threshold_is_on_time_and_one_second_later_is_not() -> None:
    assert judged(build_log("10:00:00 buyer", "10:03:00 human"), PLAIN) == [1.0]
    assert judged(build_log("10:00:00 buyer", "10:03:01 human"), PLAIN) == [0.0]


def test_the_agent_clock_leaves_the_queue_out_and_the_shop_clock_does_not() -> None:
    log = build_log("10:00:00 buyer", "10:06:00 human assigned=10:05:00")
    assert judged(log, PLAIN) == [0.0]
    assert judged(log, replace(PLAIN, clock="assigned")) == [1.0]


def test_the_agent_clock_of_later_questions_starts_at_the_question() -> None:
    log = build_log("10:00:00 buyer assigned=10:00:10", "10:01:00 human", "10:10:00 buyer", "10:12:00 human")
    rule = replace(PLAIN, clock="assigned", metric="mean_seconds")
    assert judged(log, rule) == [50.0, 120.0]


def test_a_transferred_session_is_assigned_to_each_of_its_agents() -> None:
    log = build_log(
        "10:00:00 buyer assigned=10:00:00",
        "10:00:30 human agent=a1 assigned=10:00:00",
        "10:05:00 buyer",
        "10:12:00 human agent=a2 assigned=10:11:00",
    )
    assert judged(log, replace(PLAIN, clock="assigned")) == [1.0, 1.0]


def test_a_lost_buyer_fails_on_both_clocks() -> None:
    log = build_log("10:00:00 buyer")
    assert judged(log, PLAIN) == [0.0]
    assert judged(log, replace(PLAIN, clock="assigned")) == [0.0]


# who counts


@pytest.mark.parametrize("sender", ["welcome", "card", "system", "bot_auto", "bot_assist"])
def test_only_those_who_count_close_a_round(sender: str) -> None:
    log = build_log("10:00:00 buyer", f"10:00:01 {sender}", "10:05:00 human")
    assert judged(log, PLAIN) == [0.0]


@pytest.mark.parametrize("sender", ["welcome", "card", "bot_auto", "bot_assist"])
def test_a_sender_whom_the_rule_counts_closes_the_round(sender: str) -> None:
    log = build_log("10:00:00 buyer", f"10:00:01 {sender}", "10:05:00 human")
    assert judged(log, replace(PLAIN, counts_as_reply=("human", sender))) == [1.0]


def test_events_whose_responder_does_not_count_are_unanswered() -> None:
    everybody = replace(PLAIN, counts_as_reply=("human", "bot_auto"))
    events = reply_events(build_log("10:00:00 buyer", "10:00:02 bot_auto"), everybody)
    assert judge_replies(events, everybody, timezone=ZONE)["value"].tolist() == [1.0]
    assert judge_replies(events, PLAIN, timezone=ZONE)["value"].tolist() == [0.0]


# population


BOT_THEN_PERSON = (
    "10:00:00 buyer",
    "10:00:02 bot_auto",
    "10:01:00 buyer",
    "10:02:00 human assigned=10:01:30",
)


def test_what_the_bot_settled_needs_no_person() -> None:
    rule = replace(PLAIN, population="human_needed", metric="mean_seconds")
    assert judged(build_log(*BOT_THEN_PERSON), rule) == [60.0]
    assert judged(build_log(*BOT_THEN_PERSON[:2]), rule) == []
    assert judged(build_log(*BOT_THEN_PERSON), replace(rule, population="all")) == [120.0]


def test_a_bot_does_not_settle_once_a_person_has_the_session() -> None:
    rule = replace(PLAIN, population="human_needed")
    log = build_log(*BOT_THEN_PERSON, "10:10:00 buyer", "10:10:01 bot_auto", "10:20:00 human")
    assert judged(log, rule) == [1.0, 0.0]


def test_a_question_nobody_answered_counts_after_a_transfer_or_where_there_is_no_bot() -> None:
    after, needed = (replace(PLAIN, population=name) for name in ("after_human_transfer", "human_needed"))
    direct = build_log("10:00:00 buyer")
    left = build_log("10:00:00 buyer", "10:00:02 bot_auto", "10:01:00 buyer")
    assert judged(direct, after) == judged(direct, needed) == [0.0]
    assert judged(left, needed) == [0.0]
    assert judged(left, after) == []  # nothing says that a person was asked for
    assert judged(left.assign(assigned=at("10:01:10")), after) == [0.0]


# units


SESSION = (
    "10:00:00 buyer",
    "10:01:00 human",
    "10:10:00 buyer",
    "10:11:00 buyer",
    "10:13:30 human",
    "10:13:40 human",
)


def test_each_unit_counts_its_own_items() -> None:
    log = build_log(*SESSION)
    assert judged(log, PLAIN) == [1.0, 0.0]
    assert judged(log, replace(PLAIN, unit="message")) == [1.0, 0.0, 1.0]
    assert judged(log, replace(PLAIN, unit="session", pass_if="first_reply")) == [1.0]
    assert judged(log, replace(PLAIN, unit="session", pass_if="every_reply")) == [0.0]


def test_one_late_reply_fails_the_buyers_day_and_leaves_other_days_alone() -> None:
    rule = replace(PLAIN, unit="buyer_day", pass_if="every_reply")
    log = pd.concat(
        [
            build_log("10:00:00 buyer", "10:01:00 human", session="s1"),
            build_log("15:00:00 buyer", "15:09:00 human", session="s2"),
            build_log("2026-11-12T10:00:00 buyer", "2026-11-12T10:01:00 human", session="s3"),
            build_log("10:00:00 buyer", "10:01:00 human", session="s4", buyer="b2"),
        ]
    )
    assert judged(log, rule) == [0.0, 1.0, 1.0]
    assert judged(log, replace(rule, pass_if="first_reply")) == [1.0, 1.0, 1.0]


def test_a_session_past_midnight_belongs_to_the_day_of_its_first_judged_question() -> None:
    rule = replace(PLAIN, unit="session", pass_if="every_reply", window=("09:00", "24:00"))
    log = build_log(
        "2026-11-11T08:50:00 buyer",
        "2026-11-11T08:51:00 human",
        "2026-11-11T23:58:00 buyer",
        "2026-11-11T23:59:00 human",
        "2026-11-12T10:00:00 buyer",
        "2026-11-12T10:30:00 human",
    )
    units = judge_replies(reply_events(log, rule), rule, timezone=ZONE)
    assert units[["rounds", "late", "value"]].to_numpy().tolist() == [[2, 1, 0.0]]
    assert units["asked"].iloc[0] == at("23:58:00")
    assert units["day"].iloc[0] == pd.Timestamp("2026-11-11")


def test_first_reply_of_a_session_that_began_before_the_window_is_not_judged() -> None:
    rule = replace(PLAIN, unit="session", pass_if="first_reply", window=("09:00", "23:00"))
    log = build_log("08:50:00 buyer", "08:51:00 human", "10:00:00 buyer", "10:30:00 human")
    assert judged(log, rule) == []


def test_buyers_without_a_name_are_buyers_of_their_own() -> None:
    rule = replace(PLAIN, unit="buyer_day", pass_if="every_reply")
    log = pd.concat(
        [
            build_log("10:00:00 buyer", "10:01:00 human", session="s1", buyer=""),
            build_log("10:00:00 buyer", "10:30:00 human", session="s2", buyer=""),
        ]
    )
    assert sorted(judged(log, rule)) == [0.0, 1.0]


# unanswered, offline, exclusions, exemptions, dates


def test_unanswered_questions_fail_or_are_left_out_as_the_rule_says() -> None:
    log = build_log("10:00:00 buyer", "10:01:00 human", "10:10:00 buyer")
    assert judged(log, PLAIN) == [1.0, 0.0]
    assert judged(log, replace(PLAIN, unanswered="exclude")) == [1.0]


def test_questions_while_nobody_was_on_duty_are_left_out_unless_the_rule_fails_them() -> None:
    events = reply_events(build_log("10:00:00 buyer", "10:30:00 human"), PLAIN).assign(offline=True)
    for offline, expected in (("fail", [0.0]), ("exclude", []), ("leave_message", [])):
        rule = replace(PLAIN, offline=offline)
        assert judge_replies(events, rule, timezone=ZONE)["value"].tolist() == expected


def test_tagged_messages_are_left_out_where_the_rule_excludes_the_tag() -> None:
    log = build_log("10:00:00 buyer tag=ads", "10:30:00 human")
    assert judged(log, PLAIN) == [0.0]
    assert judged(log, replace(PLAIN, exclude=("ads", "fraud"))) == []


def test_exempt_spans_are_not_assessed_and_end_before_their_last_instant() -> None:
    span = {"from": dt.datetime(2026, 11, 11), "to": dt.datetime(2026, 11, 12)}
    rule = replace(PLAIN, exemptions=(span,))
    log = build_log(
        "2026-11-10T23:59:59 buyer",
        "2026-11-11T00:00:01 human",
        "2026-11-11T00:00:02 buyer",
        "2026-11-11T23:59:59 human",
        "2026-11-12T00:00:00 buyer",
        "2026-11-12T00:00:02 human",
    )
    assert judge_replies(reply_events(log, rule), rule, timezone=ZONE)["day"].dt.day.tolist() == [10, 12]


def test_a_rule_judges_only_days_on_which_it_is_in_force() -> None:
    rule = replace(PLAIN, effective_from=dt.date(2026, 11, 11), effective_to=dt.date(2026, 11, 13))
    rows = [
        f"2026-11-{day}T10:00:0{k} {who}" for day in range(10, 15) for k, who in ((0, "buyer"), (5, "human"))
    ]
    units = judge_replies(reply_events(build_log(*rows), rule), rule, timezone=ZONE)
    assert units["day"].dt.day.tolist() == [11, 12]


def test_what_the_log_cannot_know_is_not_judged() -> None:
    log = build_log("10:00:00 buyer", "10:00:10 human", "10:01:00 buyer", "10:02:00 system")
    assert judged(log, PLAIN) == [1.0, 0.0]
    assert judged(log, PLAIN, observed_until=at("10:03:00")) == [1.0]
    assert judged(log, PLAIN, observed_until=at("10:04:01")) == [1.0, 0.0]


# sessions


def test_a_session_that_resumes_within_the_gap_is_the_same_session() -> None:
    rule = replace(PLAIN, unit="session", pass_if="first_reply", session_gap_min=10.0)
    log = pd.concat(
        [
            build_log("10:00:00 buyer", "10:01:00 human closed=10:05:00", session="s1"),
            build_log("10:15:00 buyer", "10:30:00 human", session="s2"),
            build_log("10:40:01 buyer", "10:41:00 human", session="s3"),
        ]
    )
    assert judged(log, rule) == [1.0, 1.0]  # s2 belongs to s1; s3 comes a second too late for that
    assert judged(log, replace(rule, session_gap_min=0.0)) == [1.0, 0.0, 1.0]


def test_events_of_sessions_are_joined_as_messages_are() -> None:
    rule = replace(PLAIN, unit="session", pass_if="every_reply", session_gap_min=10.0)
    log = pd.concat(
        [
            build_log("10:00:00 buyer", "10:01:00 human closed=10:05:00", session="s1"),
            build_log("10:15:00 buyer", "10:30:00 human", session="s2"),
        ]
    )
    unjoined = reply_events(log, replace(rule, session_gap_min=0.0))
    assert judge_replies(unjoined, rule, timezone=ZONE)["value"].tolist() == judged(log, rule) == [0.0]


def test_messages_without_session_ids_are_one_session_until_a_gap() -> None:
    log = build_log(
        "10:00:00 buyer",
        "10:02:00 human",
        "10:12:00 buyer",
        "10:13:00 human",
        "10:23:01 buyer",
        "10:40:00 human",
    ).drop(columns="session_id")
    events = reply_events(log, PLAIN)
    assert events["session"].duplicated().tolist() == [False, True, False]
    assert events["reply"].notna().all()  # a late reply still belongs to its question
    assert len(set(reply_events(log, replace(PLAIN, session_gap_min=15.0))["session"])) == 1


def test_two_streams_may_use_the_same_session_id() -> None:
    one = build_log("10:00:00 buyer", "10:01:00 human").assign(stream="presale")
    other = build_log("10:00:30 buyer", "10:09:00 human").assign(stream="aftersale")
    assert judged(pd.concat([one, other]), PLAIN) == [1.0, 0.0]


# agents


def test_an_agents_unit_has_the_rounds_the_agent_had() -> None:
    rule = replace(PLAIN, unit="session", pass_if="every_reply", scope="agent")
    log = build_log("10:00:00 buyer", "10:01:00 human agent=a1", "10:05:00 buyer", "10:15:00 human agent=a2")
    units = judge_replies(reply_events(log, rule), rule, timezone=ZONE)
    assert dict(zip(units["id"], units["value"], strict=True)) == {"a1": 1.0, "a2": 0.0}


def test_an_unanswered_question_is_the_agents_who_had_the_session() -> None:
    rule = replace(PLAIN, scope="agent")
    held = build_log("10:00:00 buyer", "10:01:00 human", "10:05:00 buyer")
    units = judge_replies(reply_events(held, rule), rule, timezone=ZONE)
    assert units[["id", "value"]].to_numpy().tolist() == [["a1", 1.0], ["a1", 0.0]]
    queued = build_log("10:00:00 buyer")
    assert judge_replies(reply_events(queued, rule), rule, timezone=ZONE).empty


def test_the_bots_account_is_no_agent() -> None:
    rule = replace(PLAIN, counts_as_reply=("human", "bot_auto"))
    log = build_log("10:00:00 buyer", "10:00:01 bot_auto agent=bot", "10:05:00 buyer", "10:05:30 human")
    units = judge_replies(reply_events(log, rule), rule, timezone=ZONE, scope="agent")
    assert units["id"].tolist() == ["a1"]


# mean seconds


def test_mean_seconds_average_replies_and_take_lost_buyers_until_their_session_closed() -> None:
    rule = replace(PLAIN, metric="mean_seconds", targets={"pass": 45.0})
    log = build_log("10:00:00 buyer", "10:00:30 human", "10:05:00 buyer", "10:06:00 human")
    row = measure(log, [rule], timezone=ZONE).iloc[0]
    assert (row["numerator"], row["denominator"], row["share"], row["verdict"]) == (90.0, 2.0, 45.0, "pass")
    assert judged(build_log("10:00:00 buyer"), rule) == []
    assert judged(build_log("10:00:00 buyer closed=10:08:20"), rule) == [500.0]


def test_mean_seconds_of_a_session_is_the_mean_of_its_replies() -> None:
    rule = replace(PLAIN, metric="mean_seconds", unit="session", pass_if="every_reply")
    log = build_log("10:00:00 buyer", "10:00:30 human", "10:05:00 buyer", "10:06:00 human")
    assert judged(log, rule) == [45.0]
    assert judged(log, replace(rule, pass_if="first_reply")) == [30.0]


# zones


def test_days_and_windows_are_those_of_the_shops_clock_when_clocks_change() -> None:
    rule = replace(PLAIN, window=("02:00", "03:00"))
    log = build_log(
        "2026-10-25T01:59:00 buyer", "2026-10-25T01:59:30 human", timezone="Europe/Berlin"
    )  # then two hours named 02:00
    utc = pd.DatetimeIndex(["2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-25T02:00Z"])
    more = pd.DataFrame({"session_id": ["x", "y", "z"], "buyer": "b", "sender": "buyer", "time": utc})
    units = judge_replies(
        reply_events(pd.concat([log.assign(time=log["time"].dt.tz_convert("UTC")), more]), rule),
        rule,
        timezone="Europe/Berlin",
    )
    assert units["asked"].tolist() == list(utc[:2])
    assert units["day"].dt.day.tolist() == [25, 25]


def test_a_wait_across_a_clock_change_is_real_time() -> None:
    log = build_log("2026-10-25T01:59:00 buyer", timezone="Europe/Berlin")
    reply = build_log("2026-10-25T03:01:00 human", timezone="Europe/Berlin")  # 2 h 2 min later
    rule = replace(PLAIN, metric="mean_seconds")
    assert judged(pd.concat([log, reply]), rule, timezone="Europe/Berlin") == [7320.0]


# sessions and presets


def test_a_session_log_gives_first_replies() -> None:
    start = pd.DatetimeIndex([at("10:00:00"), at("10:05:00"), at("10:09:00")])
    sessions = pd.DataFrame({"start": start, "first_reply_s": [180.0, 180.5, None]})
    rule = replace(PLAIN, unit="session")
    assert judge_replies(session_events(sessions), rule, timezone=ZONE)["value"].tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("rule", preset_rules().values(), ids=preset_rules())
def test_every_preset_carries_source_and_grade_and_judges_a_log(rule: ReplyRule) -> None:
    day = "2022-10-10" if rule.effective_to else "2026-11-10"
    log = build_log(f"{day}T10:00:00 buyer", f"{day}T10:00:10 human")
    assert rule.source
    assert rule.grade in ("A", "B", "C")
    rows = measure(log, [replace(rule, min_sample=1)], timezone=ZONE)
    assert rows["verdict"].tolist() == ["pass"]
