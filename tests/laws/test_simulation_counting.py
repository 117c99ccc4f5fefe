"""Units counted by compiled code against two recounts of the events: a plain one, and the rule engine."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders_simulation import chat_day, on

from forecast.replies.judging import judge_replies
from forecast.replies.rules import ReplyRule
from scheduling.simulation.replicate import judge, reply_events

DATE, ZONE = dt.date(2026, 11, 11), "Asia/Shanghai"
WINDOW = (9 * 60, 22 * 60)
BASE = ReplyRule(id="base", window=("09:00", "22:00"), threshold_s=60.0)
DUTIES = [on(9 * 60 + 30, 18 * 60, breaks=((720, 780),)), on(13 * 60, 22 * 60, speed=1.2)] * 2
RULES = {
    "round": {},
    "message": {"unit": "message", "pass_if": "every_reply"},
    "round by reply": {"window_by": "reply"},
    "round by session": {"window_by": "session_start"},
    "agent clock": {"clock": "assigned"},
    "unanswered excluded": {"unanswered": "exclude"},
    "offline is a message left": {"offline": "leave_message"},
    "first reply": {"unit": "session"},
    "every reply": {"unit": "session", "pass_if": "every_reply"},
    "every reply, answered": {"unit": "session", "pass_if": "every_reply", "unanswered": "exclude"},
    "buyer-day": {"unit": "buyer_day", "pass_if": "every_reply"},
    "buyer-day, first reply": {"unit": "buyer_day", "offline": "exclude"},
    "bots count": {"counts_as_reply": ("human", "bot_auto")},
    "bots count, buyer-day": {
        "counts_as_reply": ("human", "bot_auto"),
        "unit": "buyer_day",
        "pass_if": "every_reply",
    },
    "seconds": {"metric": "mean_seconds"},
    "seconds, answered, agent clock": {
        "metric": "mean_seconds",
        "unanswered": "exclude",
        "clock": "assigned",
    },
    "seconds of sessions": {"metric": "mean_seconds", "unit": "session", "pass_if": "every_reply"},
}


def shop_day(rule, **service):
    day = chat_day(
        np.full(28, 22.0),
        first_min=8 * 60 + 30,
        interval_min=30,
        rule=rule,
        settled=np.full(28, 6.0),
        **{
            "reply_cv": 1.0,
            "patience_s": 600.0,
            "reception_cap": 5,
            "sessions_per_buyer_day": 1.6,
            **service,
        },
    )
    return replace(day, target=rule.pass_line)


def recount(events: pd.DataFrame, rule: ReplyRule) -> tuple[float, int]:
    """Return what the rule makes of a day: on time (or seconds) and all, row by row."""
    units: dict[object, list[tuple[bool, float]]] = {}
    led = set()
    for row in events.sort_values("question", kind="stable").to_dict("records"):
        if rule.offline != "fail" and row["offline"]:
            continue
        answered = row["responder"] in rule.counts_as_reply
        is_first = row["question"] == row["opened"]
        if rule.unanswered == "exclude" and not answered:
            continue
        at = row["question"]
        if rule.window_by == "reply" and answered:
            at = row["reply"]
        elif rule.window_by == "session_start":
            at = row["opened"]
        if not WINDOW[0] <= at.hour * 60 + at.minute < WINDOW[1]:
            continue
        since = (
            max(row["question"], row["assigned"])
            if rule.clock == "assigned" and answered
            else row["question"]
        )
        seconds = ((row["reply"] if answered else row["closed"]) - since).total_seconds()
        on_time = answered and seconds <= rule.threshold_s
        if rule.unit in ("round", "message"):
            unit = row["session"], row["question"]
        elif rule.unit == "session":
            unit = row["session"]
        else:
            unit = row["buyer"]
        if rule.unit in ("session", "buyer_day") and rule.pass_if == "first_reply":
            if not is_first or unit in led:
                continue
            led.add(unit)
        units.setdefault(unit, []).append((on_time, seconds))
    if rule.metric == "mean_seconds":
        return sum(np.mean([s for _, s in rounds]) for rounds in units.values()), len(units)
    return sum(all(ok for ok, _ in rounds) for rounds in units.values()), len(units)


@pytest.mark.parametrize("leave", ["finish", "handover"])
@pytest.mark.parametrize("changes", RULES.values(), ids=RULES.keys())
def test_units_are_those_of_the_event_table(changes, leave):
    rule = replace(BASE, **changes)
    days = {"shop": shop_day(rule, leave=leave)}

    judged = judge(days, DUTIES, seed=3, least_days=1, most_days=1).streams["shop"]
    events = reply_events(days, DUTIES, seed=3, day_date=DATE, timezone=ZONE)
    on_time, total = recount(events, rule)

    assert judged.share > 0.2
    assert judged.denominators[0] == total > 50
    assert judged.numerators[0] == pytest.approx(on_time, rel=1e-9)
    assert judged.on_time.sum() == pytest.approx(on_time, rel=1e-9)
    assert judged.total.sum() == total

    by_engine = judge_replies(events, rule, timezone=ZONE)
    assert len(by_engine) == total
    assert by_engine["value"].sum() == pytest.approx(on_time, rel=1e-6)


@pytest.mark.parametrize("leave", ["finish", "handover"])
def test_what_every_report_shows_is_in_the_event_table(leave):
    days = {"shop": shop_day(BASE, leave=leave)}

    judged = judge(days, DUTIES, seed=5, least_days=1, most_days=1).streams["shop"]
    events = reply_events(days, DUTIES, seed=5, day_date=DATE, timezone=ZONE)

    minute = events["question"].dt.hour * 60 + events["question"].dt.minute
    window = events[(minute >= WINDOW[0]) & (minute < WINDOW[1])]
    wait = (window["reply"] - window["question"]).dt.total_seconds()
    firsts = window["question"] == window["opened"]
    lost = firsts & window["reply"].isna()
    assert judged.window_sessions[0] == firsts.sum()
    assert judged.unanswered_sessions[0] == lost.sum() > 0
    assert judged.mean_response_s == pytest.approx(wait.mean())
    assert judged.mean_first_response_s == pytest.approx(wait[firsts].mean())
    assert judged.rounds_on_time[0] == (wait <= 60).sum()
    never_asked = lost.sum() * (days["shop"].service.rounds - 1)
    assert judged.rounds_asked[0] == pytest.approx(len(window) + never_asked)
    assert judged.on_time_of_asked == pytest.approx((wait <= 60).sum() / (len(window) + never_asked))


@pytest.mark.parametrize("window", [("00:00", "24:00"), ("09:00", "24:00"), ("00:00", "01:30")])
def test_questions_past_midnight_are_judged_by_the_wall_clock(window):
    rule = replace(BASE, window=window)
    day = chat_day(np.full(6, 30.0), first_min=20 * 60, rule=rule)  # open from 20:00 to 02:00
    duties = [on(20 * 60, 26 * 60)] * 3

    judged = judge({"shop": day}, duties, seed=3, least_days=1, most_days=1).streams["shop"]
    events = reply_events({"shop": day}, duties, seed=3, day_date=DATE, timezone=ZONE)

    by_engine = judge_replies(events, rule, timezone=ZONE)
    assert judged.denominators[0] == len(by_engine) > 100
    assert judged.numerators[0] == by_engine["value"].sum()
    inside = judged.total > 0
    assert np.all(inside[day.window_mask])
