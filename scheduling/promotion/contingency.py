"""Plan B: what goes wrong, what it does, whom to call, and what that mends; each played in the simulator."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from forecast.promotions import Event, PromotionCalendar
from scheduling.config import Settings
from scheduling.day import DutySpan, Floats, ServiceDay
from scheduling.demand import StreamDemand, served_day
from scheduling.judgement import FRESH, Judged
from scheduling.promise import Duties
from scheduling.promotion.levers import OVERTIME_PAY, hours_more
from scheduling.scenarios.outcome import pooled_share
from scheduling.scenarios.standing import hour_worth
from scheduling.simulation.estimate import Estimate
from scheduling.simulation.replicate import StreamJudgement, judge

CASES = ("p90_hours", "live_overrun", "three_ill", "volume_30")
ILL = 3
MORE = 1.3
LONGER = 3  # duties made an hour longer where nobody else can be called
OVERRUN_MIN = 120
LEAST_MIN = 180  # a person called in works so long at least
TRIES_DAYS = 60  # simulated days while the number of people is sought
JUDGED = 200
SPAN_DAYS = 16
COLUMNS = [
    "case", "stream", "date", "start", "end", "target", "without", "without_low", "without_high", "with",
    "with_low", "with_high", "span_without", "span_with", "check_without", "check_with", "people", "hours",
    "longer", "cost", "names", "met",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Board:
    """A plan on the table: demand, duties, the simulator's word, and who can be called in."""

    demands: Mapping[str, StreamDemand]
    duties: Duties
    judged: Judged
    settings: Settings
    reserves: pd.DataFrame
    seed: int

    def spans(self, stream: str, date: dt.date) -> list[DutySpan]:
        """Return the duties of a day."""
        return list(self.duties.get(date, {}).get(stream, ()))

    def on_call(self, stream: str, date: dt.date) -> list[dict[str, Any]]:
        """Return who can be called in for a stream on a day, in order."""
        rows: list[Any] = self.reserves[self.reserves["date"] == date].to_dict("records")
        return [row for row in rows if stream in str(row["streams"]).split(";")]


def contingency_table(
    board: Board, forecast: pd.DataFrame, calendar: PromotionCalendar, event: Event
) -> pd.DataFrame:
    """Return every case with and without its remedy.

    Parameters
    ----------
    board
        The plan.
    forecast
        ``forecast.csv`` of the span, with its band.
    calendar, event
        The promotions, and the one planned.

    Returns
    -------
    DataFrame
        One row a case and place. `case` is p90_hours, live_overrun, three_ill or volume_30; `start` and `end`
        bound the hours in trouble. `without` and `with` are the share on time in those hours (mean seconds
        under such a rule) as they come and with the people of `names` called in for them, with 95 %
        intervals; where those are not enough, as many as three people on duty stay (or come) an
        hour longer (`longer`); `check_...` the same on other random numbers; `span_...` the share over the
        whole span, the other days as planned.
        `hours` and `cost` are those of the people called. `met`: the hours reach the target with the remedy.
    """
    rows = [
        *_busy_hours(board, forecast),
        *_overruns(board, calendar, event),
        *_three_ill(board),
        *_more_volume(board),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


# --- the cases


def _busy_hours(board: Board, forecast: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the hours that miss the target when every hour of the day comes at its 90 % quantile."""
    if "p90" not in forecast:
        return []
    rows = []
    for name, demand in board.demands.items():
        own = forecast[forecast["stream"] == name].set_index("start")
        ratio = (own["p90"] / own["mean"].where(own["mean"] > 0)).fillna(1.0)
        for date, day in demand.days.items():
            factor = ratio.reindex(demand.starts[date].floor("h")).fillna(1.0).to_numpy(dtype=float)
            busy = replace(day, sessions=day.sessions * factor, settled=day.settled * factor)
            seen = _seen(board, name, date, busy, board.spans(name, date), days=TRIES_DAYS)
            rows += [
                _remedied(board, "p90_hours", name, date, busy, board.spans(name, date), block)
                for block in _late_blocks(day, seen)
            ]
    return rows


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


def _overruns(board: Board, calendar: PromotionCalendar, event: Event) -> list[dict[str, Any]]:
    """Return what becomes of the two hours after each live stream of the span if it goes on.

    A shop without one has its kick-off's busiest hours go on instead. Where the stream ends with the shop's
    day, its last two hours come as its busiest one.
    """
    rows = []
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
                rows.append(
                    _remedied(board, "live_overrun", name, date, longer, board.spans(name, date), block)
                )
    return rows


def _three_ill(board: Board) -> list[dict[str, Any]]:
    """Return what becomes of each stream's busiest day if the three people missed most are ill."""
    rows = []
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
        rows.append(_remedied(board, "three_ill", name, date, day, left, block))
    return rows


def _more_volume(board: Board) -> list[dict[str, Any]]:
    """Return what becomes of the span with 30 % more volume, and with every reserve called each day."""
    rows = []
    for name, demand in board.demands.items():
        plain: list[StreamJudgement] = []
        helped: list[StreamJudgement] = []
        fresh: list[StreamJudgement] = []
        fresh_helped: list[StreamJudgement] = []
        people, hours, cost = 0, 0.0, 0.0
        names: list[str] = []
        for date, day in demand.days.items():
            more = replace(day, sessions=day.sessions * MORE, settled=day.settled * MORE)
            grown = replace(demand, days={**demand.days, date: more})
            spans = board.spans(name, date)
            called: list[DutySpan] = []
            for row in board.on_call(name, date):
                worth = hour_worth(grown, date, [*spans, *called], board.settings)[1]
                called.append(_best_hours(row, name, more, worth, 240))
                cost += 4.0 * float(row["cost_per_hour"])
                names.append(str(row["employee"]))
            people, hours = people + len(called), hours + 4.0 * len(called)
            for found, which, seed in (
                (plain, spans, 0),
                (helped, [*spans, *called], 0),
                (fresh, spans, 1),
                (fresh_helped, [*spans, *called], 1),
            ):
                found.append(_seen(board, name, date, more, which, days=SPAN_DAYS, luck=seed))
        first = min(demand.days)
        last = max(demand.days)
        without, mended = pooled_share(plain), pooled_share(helped)
        target = demand.days[first].target
        rows.append(
            {
                "case": "volume_30",
                "stream": name,
                "date": first,
                "start": demand.starts[first][0],
                "end": demand.starts[last][-1] + pd.Timedelta(minutes=demand.days[last].interval_min),
                "target": target,
                **_shares("without", without),
                **_shares("with", mended),
                "span_without": _round(without.value),
                "span_with": _round(mended.value),
                "check_without": _round(pooled_share(fresh).value),
                "check_with": _round(pooled_share(fresh_helped).value),
                "people": people,
                "hours": hours,
                "longer": 0,
                "cost": round(cost, 2),
                "names": ";".join(dict.fromkeys(names)),
                "met": _meets(demand.days[first], mended.value),
            }
        )
    return rows


# --- the remedy


def _remedied(
    board: Board,
    case: str,
    name: str,
    date: dt.date,
    day: ServiceDay,
    spans: list[DutySpan],
    block: tuple[int, int],
) -> dict[str, Any]:
    """Return a day's trouble with as few people called in, in order, as bring its hours to the target."""
    called: list[DutySpan] = []
    rows = board.on_call(name, date)
    hours = (block[0], block[1])
    while len(called) < len(rows):
        seen = _seen(board, name, date, day, [*spans, *called], days=TRIES_DAYS)
        if _meets(day, _block_share(day, seen, hours)):
            break
        called.append(_duty(rows[len(called)], name, day, block))
    helped, stay = [*spans, *called], 0
    while stay < LONGER:
        seen = _seen(board, name, date, day, helped, days=TRIES_DAYS)
        if _meets(day, _block_share(day, seen, hours)):
            break
        longer = _hour_more(board, name, date, day, helped, untouched=len(spans) - stay)
        if longer is None:
            break
        helped, stay = longer, stay + 1
    without, mended = (_seen(board, name, date, day, who, days=JUDGED) for who in (spans, helped))
    fresh, fresh_mended = (_seen(board, name, date, day, who, days=JUDGED, luck=1) for who in (spans, helped))
    paid = [(span.end_min - span.start_min) / 60 for span in called]
    share = _block_share(day, mended, hours)
    at = board.demands[name].starts[date][0] - pd.Timedelta(minutes=day.first_min)
    return {
        "case": case,
        "stream": name,
        "date": date,
        "start": at + pd.Timedelta(minutes=block[0]),
        "end": at + pd.Timedelta(minutes=block[1]),
        "target": day.target,
        **_block("without", day, without, hours),
        **_block("with", day, mended, hours),
        "span_without": _round(_span_share(board, name, date, without)),
        "span_with": _round(_span_share(board, name, date, mended)),
        "check_without": _round(_block_share(day, fresh, hours)),
        "check_with": _round(_block_share(day, fresh_mended, hours)),
        "people": len(called),
        "hours": round(sum(paid) + stay, 2),
        "longer": stay,
        "cost": round(
            sum(h * float(r["cost_per_hour"]) for h, r in zip(paid, rows, strict=False))
            + stay * _wage(board.settings) * OVERTIME_PAY,
            2,
        ),
        "names": ";".join(str(row["employee"]) for row in rows[: len(called)]),
        "met": _meets(day, share),
    }


def _hour_more(
    board: Board, name: str, date: dt.date, day: ServiceDay, spans: list[DutySpan], *, untouched: int
) -> list[DutySpan] | None:
    """Return the duties with one of the first so many an hour longer where that helps most; it goes last."""
    grown = replace(board.demands[name], days={**board.demands[name].days, date: day})
    worth = hour_worth(grown, date, spans, board.settings)[1]
    options = [
        (gain, place, longer)
        for place, span in enumerate(spans[:untouched])
        for longer, gain in hours_more(span, worth, grown, date)
        if gain > 0
    ]
    if not options:
        return None
    _, place, longer = max(options, key=lambda option: (option[0], -option[1]))
    return [*spans[:place], *spans[place + 1 :], longer]


def _wage(settings: Settings) -> float:
    wages = [template.cost_per_hour for template in settings.templates]
    return float(np.mean(wages)) if wages else 25.0


def _duty(row: Mapping[str, Any], name: str, day: ServiceDay, block: tuple[int, int]) -> DutySpan:
    """Return the duty of a person called in: the hours in trouble and a little before, three at least."""
    end = min(block[1], day.last_min)
    start = max(day.first_min, min(block[0] - day.interval_min, end - LEAST_MIN))
    end = min(day.last_min, max(end, start + LEAST_MIN))
    return _as_duty(row, name, start, end)


def _best_hours(row: Mapping[str, Any], name: str, day: ServiceDay, worth: Floats, minutes: int) -> DutySpan:
    """Return the duty of a person called in for so long where that is worth most."""
    width = max(1, minutes // day.interval_min)
    sums = (
        np.convolve(worth, np.ones(width), mode="valid") if len(worth) >= width else np.array([worth.sum()])
    )
    start = int(day.starts_min[int(np.argmax(sums))])
    return _as_duty(row, name, start, min(day.last_min, start + minutes))


def _as_duty(row: Mapping[str, Any], name: str, start: int, end: int) -> DutySpan:
    cap = row["reception_cap"]
    return DutySpan(
        start_min=start,
        end_min=end,
        streams=(name,),
        speed=float(row["speed"]),
        reception_cap=None if cap is None or cap != cap else int(cap),
    )


# --- shares


def _seen(
    board: Board,
    name: str,
    date: dt.date,
    day: ServiceDay,
    spans: Sequence[DutySpan],
    *,
    days: int,
    luck: int = 0,
) -> StreamJudgement:
    """Simulate a day; another luck means other random numbers throughout."""
    stream = board.settings.demand.stream(name)
    return judge(
        {name: served_day(day, stream.shrinkage)},
        list(spans),
        seed=board.seed + date.toordinal(),
        least_days=days,
        most_days=days,
        absence_rate=stream.absence_rate,
        first_day=FRESH * (1 + luck),
    ).streams[name]


def _inside(day: ServiceDay, hours: tuple[int, int]) -> Any:
    inside = (day.starts_min >= hours[0]) & (day.starts_min < hours[1])
    return inside & day.window_mask if (inside & day.window_mask).any() else inside


def _block_share(day: ServiceDay, seen: StreamJudgement, hours: tuple[int, int]) -> float:
    inside = _inside(day, hours)
    total = float(seen.total[inside].sum())
    nothing = 0.0 if day.rule.metric == "mean_seconds" else 1.0
    return float(seen.on_time[inside].sum()) / total if total > 0 else nothing


def _block(which: str, day: ServiceDay, seen: StreamJudgement, hours: tuple[int, int]) -> dict[str, Any]:
    """Return the share of the hours, with the day's relative error for theirs.

    Hours hold a part of the day's units, so their error is larger by the root of one over that part.
    """
    share = _block_share(day, seen, hours)
    part = float(seen.total[_inside(day, hours)].sum()) / max(float(seen.total.sum()), 1e-12)
    half = seen.half_width / max(part, 1e-3) ** 0.5
    is_share = day.rule.metric == "share"
    return {
        which: _round(share),
        f"{which}_low": _round(max(0.0, share - half)),
        f"{which}_high": _round(min(1.0, share + half) if is_share else share + half),
    }


def _shares(which: str, share: Estimate) -> dict[str, Any]:
    return {
        which: _round(share.value),
        f"{which}_low": _round(share.low),
        f"{which}_high": _round(share.high),
    }


def _span_share(board: Board, name: str, date: dt.date, seen: StreamJudgement) -> float:
    """Return the stream's share over the span if that day goes like this."""
    return pooled_share([seen if d == date else day for d, day in board.judged[name].items()]).value


def _covered(worth: Floats, span: DutySpan, day: ServiceDay) -> float:
    inside = np.zeros(len(worth), dtype=bool)
    for start, end in span.working_spans:
        inside |= (day.starts_min >= start) & (day.starts_min + day.interval_min <= end)
    return float(worth[inside].sum())


def _meets(day: ServiceDay, share: float) -> bool:
    return share <= day.target if day.rule.metric == "mean_seconds" else share >= day.target


def _round(value: float) -> float:
    return round(float(value), 6)
