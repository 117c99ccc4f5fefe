"""Plan B: what goes wrong, what it does, whom to call, and what that mends; each played in the simulator."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from forecast.promotions import Event, PromotionCalendar
from scheduling.day import DutySpan, Floats, ServiceDay
from scheduling.promotion.called_in import best_hours
from scheduling.promotion.remedies import (
    CHECKED,
    JUDGED,
    LOOK_DAYS,
    STATED,
    TRIED,
    Board,
    Case,
    meets,
    play,
    remedied,
    serves,
    share_of,
)
from scheduling.scenarios.outcome import pooled_share
from scheduling.scenarios.standing import hour_worth
from scheduling.simulation.estimate import Estimate
from scheduling.simulation.replicate import StreamJudgement

CASES = ("p90_hours", "live_overrun", "three_ill", "volume_30")
ILL = 3
MORE = 1.3
OVERRUN_MIN = 120
CALLED_MIN = 240  # a day, of everybody called in for more volume throughout
SPAN_DAYS = 16  # simulated days for each day of a longer case
COLUMNS = [
    "case", "stream", "date", "start", "end", "target", "without", "without_low", "without_high", "with",
    "with_low", "with_high", "span_without", "span_with", "check_without", "check_with", "people", "hours",
    "longer", "cost", "names", "met",
]  # fmt: skip


def contingency_cases(
    board: Board, forecast: pd.DataFrame, calendar: PromotionCalendar, event: Event
) -> list[Case]:
    """Return what can go wrong with a plan, each with its remedy.

    Parameters
    ----------
    board
        The plan.
    forecast
        ``forecast.csv`` of the span, with its band.
    calendar, event
        The promotions, and the one planned.
    """
    return [
        *_busy_hours(board, forecast),
        *_overruns(board, calendar, event),
        *_three_ill(board),
        *_more_volume(board),
    ]


def contingency_table(board: Board, cases: list[Case]) -> pd.DataFrame:
    """Return every case with and without its remedy.

    Parameters
    ----------
    board, cases
        The plan, and what can go wrong with it (`contingency_cases`).

    Returns
    -------
    DataFrame
        One row a case and place. `case` is p90_hours, live_overrun, three_ill or volume_30; `start` and `end`
        bound the hours in trouble. `without` and `with` are the share on time in those hours (mean seconds
        under such a rule) as they come and with the people of `names` called in for them, with 95 %
        intervals, on random numbers that the search for hours and remedies never saw; where those are not
        enough, as many as three people on duty stay (or come) an hour longer (`longer`); `check_...` the same
        on other random numbers; `span_...` the share over the whole span, the other days as planned.
        `hours` and `cost` are those of the people called. `met`: the hours reach the target with the remedy.
    """
    return pd.DataFrame(
        [_row(board, case, place) for place, case in enumerate(cases)],
        columns=COLUMNS,
    )


def _row(board: Board, case: Case, place: int) -> dict[str, Any]:
    """Return a case's row; each has random numbers of its own, lest one run of luck colours a whole day."""
    days = JUDGED if len(case.days) == 1 else SPAN_DAYS
    (without, mended), (fresh, fresh_mended) = (
        [
            play(board, case, duties, first_day=luck + place * JUDGED, days=days)
            for duties in (case.plain, case.helped)
        ]
        for luck in (STATED, CHECKED)
    )
    first, last = min(case.days), max(case.days)
    demand = board.demands[case.stream]
    begin, end = demand.starts[first][0], demand.starts[last][-1]
    if case.block is None:
        end += pd.Timedelta(minutes=case.days[last].interval_min)
    else:
        midnight = begin - pd.Timedelta(minutes=case.days[first].first_min)
        begin, end = (midnight + pd.Timedelta(minutes=minutes) for minutes in case.block)
    return {
        "case": case.case,
        "stream": case.stream,
        "date": first,
        "start": begin,
        "end": end,
        "target": case.days[first].target,
        **_shares("without", case, share_of(case, without)),
        **_shares("with", case, share_of(case, mended)),
        "span_without": _span_share(board, case, without),
        "span_with": _span_share(board, case, mended),
        "check_without": _round(share_of(case, fresh).value),
        "check_with": _round(share_of(case, fresh_mended).value),
        "people": case.people,
        "hours": round(case.hours, 2),
        "longer": case.longer,
        "cost": round(case.cost, 2),
        "names": ";".join(dict.fromkeys(case.names)),
        "met": meets(case, share_of(case, mended).value),
    }


# --- the cases


def _busy_hours(board: Board, forecast: pd.DataFrame) -> list[Case]:
    """Return the hours that miss the target when every hour of the day comes at its 90 % quantile."""
    if "p90" not in forecast:
        return []
    found: list[Case] = []
    for name, demand in board.demands.items():
        own = forecast[forecast["stream"] == name].set_index("start")
        ratio = (own["p90"] / own["mean"].where(own["mean"] > 0)).fillna(1.0)
        for date, day in demand.days.items():
            factor = ratio.reindex(demand.starts[date].floor("h")).fillna(1.0).to_numpy(dtype=float)
            busy = replace(day, sessions=day.sessions * factor, settled=day.settled * factor)
            spans = board.spans(name, date)
            whole = Case(case="p90_hours", stream=name, days={date: busy}, plain={date: spans})
            seen = play(board, whole, whole.plain, first_day=TRIED, days=LOOK_DAYS)[date]
            taken: list[str] = []  # one such day has all of its late hours
            for block in _late_blocks(day, seen):
                case = remedied(board, "p90_hours", name, date, busy, spans, block, taken=taken)
                taken += case.names
                found.append(case)
    return found


def _late_blocks(day: ServiceDay, seen: StreamJudgement) -> list[tuple[int, int]]:
    """Return the runs of hours whose share misses the target [min since midnight]; near ones are one."""
    less = day.rule.metric == "mean_seconds"
    hours = day.starts_min // 60
    late = []
    for hour in dict.fromkeys(hours[day.window_mask].tolist()):
        inside = (hours == hour) & day.window_mask
        total = float(seen.total[inside].sum())
        if total > 0:
            share = float(seen.on_time[inside].sum()) / total
            if share > day.target if less else share < day.target:
                late.append(int(hour))
    blocks: list[tuple[int, int]] = []
    for hour in late:
        if blocks and hour * 60 - blocks[-1][1] <= 60:
            blocks[-1] = (blocks[-1][0], (hour + 1) * 60)
        else:
            blocks.append((hour * 60, (hour + 1) * 60))
    return blocks


def _overruns(board: Board, calendar: PromotionCalendar, event: Event) -> list[Case]:
    """Return what becomes of the two hours after each live stream of the span if it goes on.

    A shop without one has its kick-off's busiest hours go on instead. Where the stream ends with the shop's
    day, its last two hours come as its busiest one.
    """
    found: list[Case] = []
    taken: dict[tuple[str, dt.date], list[str]] = {}  # a live stream overruns for all streams at once
    lives = [e for e in calendar.events if e.kind == "live"] or [event]
    for name, demand in board.demands.items():
        platform = board.settings.demand.stream(name).platform
        for live in (e for e in lives if e.concerns(platform)):
            phase = next((p for p in live.phase if p.kind == "spot"), live.phase[0])
            for date, day in demand.days.items():
                starts = demand.starts[date]
                during = np.asarray(
                    (starts >= pd.Timestamp(phase.start)) & (starts < pd.Timestamp(phase.end))
                )
                if not during.any() or date != starts[0].date():
                    continue
                if live.kind != "live" and starts[during][0] > pd.Timestamp(phase.start):
                    continue  # only the day of the kick-off
                peak = float(day.sessions[during].max())
                last = int(day.starts_min[during][-1]) + day.interval_min
                first = last if last < day.last_min else day.last_min - OVERRUN_MIN
                if live.kind != "live":
                    first = (
                        int(day.starts_min[during][int(np.argmax(day.sessions[during]))]) + day.interval_min
                    )
                after = (day.starts_min >= first) & (day.starts_min < first + OVERRUN_MIN)
                if not after.any():
                    continue
                sessions = day.sessions.copy()
                sessions[after] = np.maximum(sessions[after], peak)
                longer = replace(day, sessions=sessions)
                block = (first, min(first + OVERRUN_MIN, day.last_min))
                gone = taken.setdefault((live.id, date), [])
                spans = board.spans(name, date)
                found.append(remedied(board, "live_overrun", name, date, longer, spans, block, taken=gone))
                gone += found[-1].names
    return found


def _three_ill(board: Board) -> list[Case]:
    """Return what becomes of each stream's busiest day if the three people missed most are ill."""
    found = []
    for name, demand in board.demands.items():
        date = max(demand.days, key=lambda d: float(demand.days[d].sessions.sum()))
        day, spans = demand.days[date], board.spans(name, date)
        left = list(spans)
        for _ in range(min(ILL, max(0, len(spans) - 1))):
            loss = hour_worth(demand, date, left, board.settings)[0]
            left.remove(max(left, key=lambda span: _covered(loss, span, day)))
        gone = [span for span in spans if span not in left] or spans
        block = (
            max(day.first_min, min(span.start_min for span in gone)),
            min(day.last_min, max(span.end_min for span in gone)),
        )
        found.append(remedied(board, "three_ill", name, date, day, left, block))
    return found


def _more_volume(board: Board) -> list[Case]:
    """Return what becomes of the span with 30 % more volume, and with every useful reserve called.

    All streams have more at once: who is called on a day serves the one where that is worth most.
    """
    grown = {
        name: replace(
            demand,
            days={
                date: replace(day, sessions=day.sessions * MORE, settled=day.settled * MORE)
                for date, day in demand.days.items()
            },
        )
        for name, demand in board.demands.items()
    }
    plain = {name: {date: board.spans(name, date) for date in demand.days} for name, demand in grown.items()}
    helped = {name: {date: list(spans) for date, spans in of.items()} for name, of in plain.items()}
    called: dict[str, list[tuple[str, float, float]]] = {name: [] for name in grown}
    people: list[Any] = board.reserves.to_dict("records")
    for row in people:
        best: tuple[float, str, DutySpan] | None = None
        for name, demand in grown.items():
            if not serves(row, name) or row["date"] not in demand.days:
                continue
            day = demand.days[row["date"]]
            worth = hour_worth(demand, row["date"], helped[name][row["date"]], board.settings)[1]
            duty = best_hours(row, name, day, worth, minutes=CALLED_MIN)
            if duty is not None and (best is None or _covered(worth, duty, day) > best[0]):
                best = (_covered(worth, duty, day), name, duty)
        if best is not None:
            _, name, duty = best
            helped[name][row["date"]].append(duty)
            hours = (duty.end_min - duty.start_min) / 60
            called[name].append((str(row["employee"]), hours, hours * float(row["cost_per_hour"])))
    return [
        Case(
            case="volume_30",
            stream=name,
            days=demand.days,
            plain=plain[name],
            helped=helped[name],
            people=len(called[name]),
            hours=sum(hours for _, hours, _ in called[name]),
            cost=sum(cost for _, _, cost in called[name]),
            names=tuple(who for who, _, _ in called[name]),
        )
        for name, demand in grown.items()
    ]


# --- shares


def _shares(which: str, case: Case, share: Estimate) -> dict[str, Any]:
    is_share = next(iter(case.days.values())).rule.metric == "share"
    return {
        which: _round(share.value),
        f"{which}_low": _round(max(0.0, share.low)),
        f"{which}_high": _round(min(1.0, share.high) if is_share else share.high),
    }


def _span_share(board: Board, case: Case, seen: dict[dt.date, StreamJudgement]) -> float:
    """Return the stream's share over the span if the days of the case go like this."""
    return _round(pooled_share(list({**board.judged[case.stream], **seen}.values())).value)


def _covered(worth: Floats, span: DutySpan, day: ServiceDay) -> float:
    inside = np.zeros(len(worth), dtype=bool)
    for start, end in span.working_spans:
        inside |= (day.starts_min >= start) & (day.starts_min + day.interval_min <= end)
    return float(worth[inside].sum())


def _round(value: float) -> float:
    return round(float(value), 6)
