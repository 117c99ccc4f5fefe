"""What holds for every log: the engine agrees with a slow reading of the rules, message by message."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.replies.events import reply_events
from forecast.replies.judging import judge_replies
from forecast.replies.measure import measure
from forecast.replies.rules import Period, ReplyRule

ZONE = "Asia/Shanghai"
START = dt.datetime(2026, 11, 11, 8, 30, tzinfo=ZoneInfo(ZONE))

messages = st.lists(
    st.tuples(
        st.integers(0, 5),  # session
        st.sampled_from(["buyer", "buyer", "human", "human", "bot_assist", "bot_auto", "welcome", "card"]),
        st.integers(0, 3000),  # tenths of a minute
    ),
    max_size=60,
)
rules = st.builds(
    ReplyRule,
    id=st.just("drawn"),
    unit=st.sampled_from(["message", "round", "session", "buyer_day"]),
    pass_if=st.sampled_from(["first_reply", "every_reply"]),
    threshold_s=st.sampled_from([60.0, 180.0, 600.0]),
    window=st.sampled_from([("00:00", "24:00"), ("09:00", "12:00"), ("11:00", "35:00")]),
    window_by=st.sampled_from(["question", "reply", "session_start"]),
    counts_as_reply=st.sampled_from([("human",), ("human", "bot_assist"), ("human", "bot_auto", "card")]),
    population=st.sampled_from(["all", "human_needed"]),
    unanswered=st.sampled_from(["fail", "exclude"]),
    period=st.just(Period(kind="natural_day")),
)


def log_of(drawn: list[tuple[int, str, int]]) -> pd.DataFrame:
    """Return drawn messages as a log; sessions 2k and 2k+1 are of one buyer."""
    rows = [
        {
            "session_id": f"s{session}",
            "buyer": f"b{session // 2}",
            "agent": f"a{session % 3}",
            "sender": sender,
            "time": START + dt.timedelta(seconds=6 * tenths),
        }
        for session, sender, tenths in drawn
    ]
    columns = ["session_id", "buyer", "agent", "sender", "time"]
    log = pd.DataFrame(rows, columns=columns)
    return log.assign(time=pd.DatetimeIndex(log["time"], tz=ZONE))


def slowly(log: pd.DataFrame, rule: ReplyRule) -> tuple[int, int]:
    """Return units on time and units judged, one message after the other."""
    rounds = []
    for session, talk in log.groupby("session_id", sort=True):
        rounds += _rounds(str(session), talk.sort_values("time", kind="stable"), rule)
    if rule.pass_if == "first_reply" and rule.unit in ("session", "buyer_day"):
        rounds = [r for k, r in enumerate(rounds) if k == 0 or rounds[k - 1]["session"] != r["session"]]
    rounds = [r for r in rounds if _judged(r, rule)]
    units: dict[object, list[bool]] = {}
    for number, r in enumerate(sorted(rounds, key=lambda r: r["asked"])):
        key = {"session": r["session"], "buyer_day": (r["buyer"], r["asked"].date())}.get(rule.unit, number)
        late = r["reply"] is None or (r["reply"] - r["asked"]).total_seconds() > rule.threshold_s
        units.setdefault(key, []).append(not late)
    chosen = [fine[:1] if rule.pass_if == "first_reply" else fine for fine in units.values()]
    return sum(all(fine) for fine in chosen), len(chosen)


def _rounds(session: str, talk: pd.DataFrame, rule: ReplyRule) -> list[dict]:
    found: list[dict] = []
    waiting: list[dict] = []
    opened, person = None, False
    for message in talk.itertuples():
        moment = message.time.to_pydatetime()
        if message.sender == "buyer":
            opened = opened or moment
            if rule.unit == "message" or not waiting:
                asks = {"session": session, "buyer": message.buyer, "asked": moment, "opened": opened}
                waiting.append({**asks, "reply": None})
        elif message.sender in rule.counts_as_reply:
            found += [{**r, "reply": moment} for r in waiting]
            waiting = []
        elif message.sender == "bot_auto" and rule.population != "all" and not person:
            later = talk[(talk["time"] == message.time) & talk["sender"].isin(["human", "bot_assist"])]
            if later.empty:  # in the same instant a person has it
                waiting = []
        person = person or message.sender in ("human", "bot_assist")
    return found + waiting


def _judged(r: dict, rule: ReplyRule) -> bool:
    if r["reply"] is None and rule.unanswered == "exclude":
        return False
    moment = {"question": r["asked"], "reply": r["reply"] or r["asked"], "session_start": r["opened"]}
    clock = moment[rule.window_by]
    minute = clock.hour * 60 + clock.minute
    start, end = rule.window_minutes
    return start <= minute < end or start <= minute + 1440 < end


@settings(max_examples=150, deadline=None)
@given(messages, rules)
def test_the_engine_agrees_with_a_slow_reading(drawn: list[tuple[int, str, int]], rule: ReplyRule) -> None:
    log = log_of(drawn)
    units = judge_replies(reply_events(log, rule), rule, timezone=ZONE)
    assert (int(units["value"].sum()), len(units)) == slowly(log, rule)


@settings(max_examples=30, deadline=None)
@given(messages, rules, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    drawn: list[tuple[int, str, int]], rule: ReplyRule, random: object
) -> None:
    distinct = list(
        {(session, tenths): (session, sender, tenths) for session, sender, tenths in drawn}.values()
    )
    shuffled = list(distinct)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (
        judge_replies(reply_events(log_of(rows), rule), rule, timezone=ZONE)["value"].tolist()
        for rows in (distinct, shuffled)
    )
    assert sum(one) == sum(other)
    assert len(one) == len(other)


@settings(max_examples=30, deadline=None)
@given(messages, rules)
def test_more_patience_of_the_rule_never_lowers_the_share(
    drawn: list[tuple[int, str, int]], rule: ReplyRule
) -> None:
    events = reply_events(log_of(drawn), rule)
    strict, lenient = (
        judge_replies(events, replace(rule, threshold_s=seconds), timezone=ZONE)["value"].sum()
        for seconds in (120.0, 240.0)
    )
    assert strict <= lenient


@settings(max_examples=30, deadline=None)
@given(messages, rules)
def test_every_reply_on_time_is_rarer_than_the_first(
    drawn: list[tuple[int, str, int]], rule: ReplyRule
) -> None:
    log = log_of(drawn)
    everywhere = replace(rule, window=("00:00", "24:00"), unanswered="fail", unit="session")
    first, every = (
        judge_replies(reply_events(log, one), one, timezone=ZONE)
        for one in (replace(everywhere, pass_if=name) for name in ("first_reply", "every_reply"))
    )
    assert len(first) == len(every)
    assert every["value"].sum() <= first["value"].sum()


@pytest.mark.parametrize("scope", ["agent", "stream"])
@settings(max_examples=30, deadline=None)
@given(messages, rules)
def test_parts_add_up_to_the_shop_where_units_are_rounds(
    scope: str, drawn: list[tuple[int, str, int]], rule: ReplyRule
) -> None:
    per_round = replace(rule, unit="round", counts_as_reply=("human",))
    log = log_of(drawn)
    whole, parts = (measure(log, [per_round], timezone=ZONE, scope=name) for name in ("shop", scope))
    for column in ("numerator", "denominator"):
        assert whole[column].sum() == parts[column].sum()
