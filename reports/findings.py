"""What a finished plan says, as plain rows: the verdict of each stream, days, gaps, hours of the day.

Screen, page and workbook all read these, so that they cannot disagree.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from forecast.replies.rules import ReplyRule
from forecast.timegrid import clock_text, zone
from reports.notes import in_words
from reports.readable_names import stream_name
from reports.words import NOTHING, Words

if TYPE_CHECKING:
    from forecast.config import ShopSettings
    from scheduling.pipeline import Plan

State = Literal["met", "risky", "missed", "unjudged"]
DATES = re.compile(r"\d{4}-\d\d-\d\d(, \d{4}-\d\d-\d\d)+")
LEAST_RANK = 0.5  # what a rank of the objective must come to to be named [money]
AGREEMENT_SLACK = 0.01  # model and simulator disagree beyond the simulator's 95 % interval plus one point

VERDICT_FIGURES = (
    "promised",
    "promised_low",
    "probability",
    "simulated",
    "unanswered",
    "on_time_of_asked",
    "overtime_hours",
    "paid_hours",
    "cost",
)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One stream's answer: is its target met, how surely, at what cost.

    ``state`` is met (certified, and probable enough), risky (certified for the expected demand, but the
    chance over forecast draws is below the wanted confidence), missed, or unjudged (nobody knows who comes).
    """

    stream: str
    rule: ReplyRule
    target: float
    promised: float | None
    promised_low: float | None
    probability: float | None
    confidence: float
    simulated: float | None
    simulated_ci: tuple[float, float] | None
    certified: bool
    is_judged: bool
    unanswered: float | None
    max_unanswered: float
    on_time_of_asked: float | None
    overtime_hours: float | None
    paid_hours: float | None
    cost: float | None

    @property
    def state(self) -> State:
        """Whether the target is met, at risk or missed."""
        if not self.is_judged:
            return "unjudged"
        if not self.certified:
            return "missed"
        return "risky" if self.probability is not None and self.probability < self.confidence else "met"

    @property
    def lack(self) -> str:
        """What is missing where the target is not met: a chance, answers, certainty, or the rate itself."""
        if self.state == "risky":
            return "chance"
        is_share = self.rule.metric == "share"
        reaches = self.simulated is not None and (
            self.simulated >= self.target if is_share else self.simulated <= self.target
        )
        if not reaches:
            return "rate"
        return "answers" if (self.unanswered or 0.0) > self.max_unanswered else "unsure"

    @property
    def agrees(self) -> bool:
        """Whether the planner's model says what the simulator found."""
        if self.promised is None or self.simulated_ci is None:
            return True
        slack = AGREEMENT_SLACK if self.rule.metric == "share" else 0.1 * self.target
        return self.simulated_ci[0] - slack <= self.promised <= self.simulated_ci[1] + slack


@dataclass(frozen=True, kw_only=True)
class Day:
    """One stream on one day. Hours are agent-hours, shares those of the rule's window."""

    stream: str
    date: dt.date
    offered: float
    busiest_start: pd.Timestamp | None
    busiest_mean: float | None
    busiest_p90: float | None
    needed_hours: float
    on_duty_hours: float
    gap_hours: float
    expected: float | None
    simulated: float | None
    promotions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Neighbouring intervals inside the rule's window with fewer people than required."""

    stream: str
    start: pd.Timestamp
    end: pd.Timestamp
    people: int  # most people missing at once
    agent_hours: float
    on_time: float | None


def timezone(plan: Plan) -> str:
    """Return the shop's time zone."""
    return plan.settings.demand.shop.timezone


def stream_ids(plan: Plan) -> list[str]:
    """Return the plan's streams in the order of the shop's settings."""
    return shop_order(plan.cover["stream"], plan.settings.demand)


def shop_order(streams: Iterable[str], settings: ShopSettings) -> list[str]:
    """Return streams once each, in the order of the shop's settings; those it does not name come last."""
    present = list(dict.fromkeys(streams))
    known = [stream.id for stream in settings.streams]
    return [name for name in known if name in present] + [name for name in present if name not in known]


def stream_label(plan: Plan, stream: str, say: Words) -> str:
    """Return a stream's name for readers."""
    return stream_name(plan.settings.demand, stream, say)


def note_lines(notes: Sequence[str], settings: ShopSettings, say: Words) -> list[str]:
    """Return what the libraries had to say, in the reader's language, streams by their names."""
    known = {stream.id for stream in settings.streams}
    told = (
        in_words(note, say, label=lambda one: stream_name(settings, one, say) if one in known else one)
        for note in dict.fromkeys(notes)
    )
    return [DATES.sub(lambda found: _spans(found[0], say), note) for note in told]


def _spans(listed: str, say: Words) -> str:
    """Return dates listed as ``2026-12-07, 2026-12-08`` as days, those in a row from first to last."""
    rows: list[list[dt.date]] = []
    for day in map(dt.date.fromisoformat, listed.split(", ")):
        if rows and day - rows[-1][-1] == dt.timedelta(days=1):
            rows[-1].append(day)
        else:
            rows.append([day])
    return say("format.list_gap").join(say.span(row[0], row[-1]) for row in rows)


def dates(plan: Plan) -> list[dt.date]:
    """Return the days the plan covers."""
    return [plan.start + dt.timedelta(days=d) for d in range(plan.days)]


def verdicts(plan: Plan) -> list[Verdict]:
    """Return one verdict a stream, from the figures of ``summary.json``."""
    return [_verdict(plan, name, plan.summary["streams"].get(name, {})) for name in stream_ids(plan)]


def shortfall_text(plan: Plan, verdict: Verdict, say: Words) -> str:
    """Return what a stream that does not meet its target lacks, in a clause."""
    return say(
        f"report.lack_{verdict.lack}",
        stream=stream_label(plan, verdict.stream, say),
        probability=say.share(verdict.probability, decimals=0),
        confidence=say.share(verdict.confidence, decimals=0),
        share=say.share(verdict.simulated, verdict.rule.metric),
        target=say.share(verdict.target, verdict.rule.metric),
        unanswered=say.share(verdict.unanswered, decimals=2),
        most=say.share(verdict.max_unanswered),
    )


def overall(found: list[Verdict]) -> State:
    """Return the worst state of all streams."""
    states = {verdict.state for verdict in found}
    if "unjudged" in states:
        return "unjudged"
    return "missed" if "missed" in states else "risky" if "risky" in states else "met"


def _verdict(plan: Plan, name: str, figures: Mapping[str, Any]) -> Verdict:
    demand = plan.settings.demand
    interval = figures.get("simulated_ci")
    target = figures.get("target")
    return Verdict(
        stream=name,
        rule=demand.rule(name),
        target=demand.target(name) if target is None else target,
        confidence=demand.stream(name).confidence,
        max_unanswered=demand.stream(name).max_unanswered,
        is_judged=plan.is_judged,
        certified=bool(figures.get("certified", False)),
        simulated_ci=None if interval is None else (interval[0], interval[1]),
        **{name: figures.get(name) for name in VERDICT_FIGURES},
    )


def local_cover(plan: Plan, *, simulated: bool = False) -> pd.DataFrame:
    """Return cover per interval with its local ``date``, ``minute``, ``in_window`` and ``gap``.

    ``minute`` counts from midnight; ``gap`` is the people missing inside the rule's window, 0 elsewhere.
    """
    frame = plan.simulated_cover if simulated else plan.cover
    frame = frame.copy()
    local = frame["start"].dt.tz_convert(zone(timezone(plan)))
    frame["start"] = local
    frame["date"] = local.dt.date
    frame["minute"] = local.dt.hour * 60 + local.dt.minute
    frame["in_window"] = False
    for name in stream_ids(plan):
        first, last = plan.settings.demand.rule(name).window_minutes
        mine = frame["stream"] == name
        frame.loc[mine, "in_window"] = frame["minute"].between(first, last, inclusive="left")
    missing = (frame["required"] - frame["on_duty"]).clip(lower=0)
    frame["gap"] = missing.where(frame["in_window"], 0.0)
    return frame


def interval_hours(plan: Plan) -> float:
    """Return the length of a planning interval. [h]"""
    return plan.settings.demand.shop.interval_min / 60


def weighted_share(frame: pd.DataFrame) -> float | None:
    """Return the share over rows of cover: a ratio of sums, weighted by consultations; None without any."""
    known = frame["on_time"].notna() & (frame["offered"] > 0)
    weight = frame.loc[known, "offered"].to_numpy()
    if weight.sum() <= 0:
        return None
    return float(np.average(frame.loc[known, "on_time"].to_numpy(), weights=weight))


def day_rows(plan: Plan, stream: str) -> list[Day]:
    """Return one row a day of a stream."""
    hours = interval_hours(plan)
    promised, found = (_of(local_cover(plan, simulated=judged), stream) for judged in (False, True))
    forecast = _of(plan.forecast, stream)
    forecast = forecast.assign(start=forecast["start"].dt.tz_convert(zone(timezone(plan))))
    rows = []
    for day in dates(plan):
        demand = forecast[forecast["start"].dt.date == day]
        mine = promised[promised["date"] == day]
        top = demand.loc[demand["mean"].idxmax()] if len(demand) else None
        judged = found[found["date"] == day]
        rows.append(
            Day(
                stream=stream,
                date=day,
                offered=float(demand["mean"].sum()) if plan.is_judged else np.nan,
                busiest_start=None if top is None else top["start"],
                busiest_mean=None if top is None else float(top["mean"]),
                busiest_p90=None if top is None or "p90" not in demand else float(top["p90"]),
                needed_hours=float(mine["required"].sum()) * hours,
                on_duty_hours=float(mine["on_duty"].sum()) * hours,
                gap_hours=float(mine["gap"].sum()) * hours,
                expected=weighted_share(mine[mine["in_window"]]),
                simulated=weighted_share(judged[judged["in_window"]]),
                promotions=tuple(promotions_on(plan, day)),
            )
        )
    return rows


def _of(frame: pd.DataFrame, stream: str) -> pd.DataFrame:
    return frame[frame["stream"] == stream]


def promotions_on(plan: Plan, day: dt.date) -> Iterator[str]:
    """Yield the promotion phases that touch a day."""
    for name, phase, start, end in plan.promotions:
        first, last = (pd.Timestamp(at).tz_convert(zone(timezone(plan))) for at in (start, end))
        if first.date() <= day and last > pd.Timestamp(day).tz_localize(last.tz):
            yield promotion_label(name, phase)


def promotion_label(name: str, phase: str) -> str:
    """Return an event's name with its phase, which is not said twice."""
    return name if name.endswith(phase) else f"{name} {phase}".strip()


def gaps(plan: Plan, stream: str | None = None) -> list[Gap]:
    """Return the gaps of one stream or all, the largest first."""
    step = pd.Timedelta(hours=interval_hours(plan))
    cover = local_cover(plan)
    found = []
    for name in stream_ids(plan) if stream is None else [stream]:
        short = _of(cover, name)
        short = short[short["gap"] > 0].sort_values("start")
        runs = (short["start"].diff() != step).cumsum()
        for _, run in short.groupby(runs, sort=False):
            found.append(
                Gap(
                    stream=name,
                    start=run["start"].iloc[0],
                    end=run["start"].iloc[-1] + step,
                    people=int(np.ceil(run["gap"].max())),
                    agent_hours=float(run["gap"].sum()) * interval_hours(plan),
                    on_time=weighted_share(run),
                )
            )
    return sorted(found, key=lambda gap: (-gap.agent_hours, gap.start, gap.stream))


def clock_span(start: pd.Timestamp, end: pd.Timestamp) -> str:
    """Return two local instants as wall times; the end of a day is 24:00, later hours go on from there."""
    minutes = end.hour * 60 + end.minute + 1440 * (end.date() - start.date()).days
    return f"{start:%H:%M}–{clock_text(minutes)}"


def hour_rows(plan: Plan, stream: str) -> pd.DataFrame:
    """Return shares by hour of the day over all days of the plan.

    Returns
    -------
    DataFrame
        One row an hour of the day: ``hour``, ``offered`` [consultations a day], ``promised``, ``simulated``
        (ratios of sums), ``low``, ``high`` (the simulator's worst and best day), ``in_window``.
    """
    promised, simulated = (_of(local_cover(plan, simulated=judged), stream) for judged in (False, True))
    rows = []
    for hour, mine in promised.groupby(promised["minute"] // 60):
        judged = simulated[simulated["minute"] // 60 == hour]
        daily = [share for _, one in judged.groupby("date") if (share := weighted_share(one)) is not None]
        rows.append(
            {
                "hour": int(hour),
                "offered": float(mine["offered"].sum()) / plan.days,
                "promised": weighted_share(mine),
                "simulated": weighted_share(judged),
                "low": min(daily, default=None),
                "high": max(daily, default=None),
                "in_window": bool(mine["in_window"].any()),
            }
        )
    return pd.DataFrame(
        rows, columns=["hour", "offered", "promised", "simulated", "low", "high", "in_window"]
    ).astype({"promised": float, "simulated": float, "low": float, "high": float})


def solver_text(plan: Plan, say: Words) -> str:
    """Return how the solver ended and what each rank of its objective came to; nothing without a solver."""
    solver = plan.summary.get("solver") or {}
    if not solver.get("status"):
        return ""
    status = str(solver["status"])
    gap = solver.get("gap")
    is_bounded = bool(solver.get("bound")) or not solver.get("objective")
    text = say(
        "report.solver" if is_bounded else "report.solver_unbounded",
        status=say.either(f"names.status_{status.upper()}", status),
        objective=say.number(solver.get("objective")),
        bound=say.number(solver.get("bound")),
        gap=NOTHING if gap is None else say.share(gap, decimals=2),
    )
    ranks = [
        say("report.solver_rank", rank=say(f"report.rank_{name}"), cost=say.number(value))
        for name, value in solver.get("stages", {}).items()
        if abs(value) >= LEAST_RANK
    ]
    return text + (say("report.solver_ranks", ranks=say("format.list_gap").join(ranks)) if ranks else "")
