"""Which promotions the synthetic shops hold, and when.

Published dates are few (domain.md 6.1): of the demo's promotions only those of 双11 2025 are. All the
others follow its pattern, are assumed, and say so.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from forecast.demo_shop.events import EventTable, phase

LIVE_DAYS = 0.25  # share of a bench shop's evenings with a live stream
EVENING = 20  # kick-offs are at 20:00 local time
PUBLISHED = {"d11-2025-wave1": "chinaz.com 2025/0925/1711694"}


def demo_promotions(start: dt.date, days: int, history_days: int) -> list[EventTable]:
    """Return the demo's promotions in time order, from the history's first day to the plan's last.

    Where none of the year's promotions kicks off inside the plan, a brand day of the shop's own does.
    """
    first, last = start - dt.timedelta(days=history_days), start + dt.timedelta(days=days)
    events = [
        event
        for year in range(first.year, last.year + 1)
        for event in _year(year)
        if first <= event["phase"][0]["start"].date() and event["phase"][-1]["start"].date() < last
    ]
    if not any(start <= kick_off(event).date() < last for event in events):
        events.append(_short_sale(start + dt.timedelta(days=min(3, days - 1)), "brand_day"))
    lives = [_live(kick_off(event).date() + dt.timedelta(days=1)) for event in events]
    events = sorted(events + lives, key=lambda event: (event["phase"][0]["start"], event["id"]))
    past = [
        event["id"] for event in events if event["kind"] == "big_promo" and kick_off(event).date() < start
    ]
    for event in events:
        if event["kind"] == "big_promo" and kick_off(event).date() >= start:
            event["like"] = past
    return events


def kick_off(event: EventTable) -> dt.datetime:
    """Return when an event's sale starts."""
    start: dt.datetime = next(entry["start"] for entry in event["phase"] if entry["kind"] == "spot")
    return start


def bench_promotions(first: dt.date, last: dt.date, rng: np.random.Generator) -> list[EventTable]:
    """Return a bench shop's promotions: two big waves twice a year, brand days, gift days, live streams."""
    events = [event for year in range(first.year, last.year + 1) for event in _year(year)]
    for day in (first + dt.timedelta(days=shift) for shift in range(0, (last - first).days, 31)):
        kind = "brand_day" if day.month % 2 else "gift_day"
        events.append(_short_sale(day + dt.timedelta(days=int(rng.integers(0, 20))), kind))
    evenings = (first + dt.timedelta(days=shift) for shift in range((last - first).days))
    events += [_live(day) for day in evenings if rng.random() < LIVE_DAYS]
    inside = [e for e in events if first <= e["phase"][0]["start"].date() and kick_off(e).date() < last]
    return sorted(inside, key=lambda event: (event["phase"][0]["start"], event["id"]))


def _year(year: int) -> list[EventTable]:
    """Return one year's big promotions: 618 and 双11 in two waves each, and 双12."""

    def at(month: int, day: int) -> dt.datetime:
        return dt.datetime(year, month, day, EVENING)

    def midnight(month: int, day: int) -> dt.datetime:
        return dt.datetime(year, month, day)

    six, eleven = f"{year} 618", f"{year} 双11"
    return [
        _big(f"618-{year}-wave1", f"{six} 第一波", deposit=at(5, 13), kick=at(5, 16), close=midnight(5, 19)),
        _big(f"618-{year}-wave2", f"{six} 第二波", kick=at(6, 15), close=midnight(6, 18)),
        _big(
            f"d11-{year}-wave1",
            f"{eleven} 第一波",
            deposit=at(10, 15),
            kick=at(10, 20),
            close=midnight(10, 23),
        ),
        _big(f"d11-{year}-wave2", f"{eleven} 第二波", kick=at(11, 10), close=midnight(11, 11)),
        _big(f"d12-{year}", f"{year} 双12", kick=at(12, 10), close=midnight(12, 12)),
    ]


def _big(
    event_id: str, name: str, *, kick: dt.datetime, close: dt.datetime, deposit: dt.datetime | None = None
) -> EventTable:
    """Return a big promotion: warm-up, sale from 20:00, a last day from `close` on, after-sales."""
    end = close + dt.timedelta(days=1)
    phases = (
        []
        if deposit is None
        else [phase("presale_deposit", "预售定金", deposit, kick - dt.timedelta(days=2))]
    )
    warm = max((kick - dt.timedelta(days=2), *(entry["end"] for entry in phases)))
    phases += [
        phase("warmup", "现货预热", warm, kick),
        phase("spot", "现货开售", kick, close),
        phase("last_day", "最后一天", close, end),
        phase("aftersale", "售后高峰", end, end + dt.timedelta(days=7)),
    ]
    source = PUBLISHED.get(event_id, "合成数据，日期按惯例假定")
    confidence = "reported" if event_id in PUBLISHED else "assumed"
    return _event(event_id, name, "big_promo", source, confidence, phases)


def _short_sale(day: dt.date, kind: str) -> EventTable:
    """Return a sale of a day and a bit from 20:00 on, with its after-sales week."""
    kick = _evening(day)
    end = dt.datetime.combine(day, dt.time()) + dt.timedelta(days=2)
    phases = [
        phase("spot", "开售", kick, end),
        phase("aftersale", "售后", end, end + dt.timedelta(days=7)),
    ]
    name = {"brand_day": "品牌日", "gift_day": "礼遇日"}[kind]
    return _event(
        f"{kind}-{day:%Y-%m-%d}".replace("_", "-"),
        f"{day:%Y-%m-%d} {name}",
        kind,
        "合成数据",
        "assumed",
        phases,
    )


def _live(day: dt.date) -> EventTable:
    """Return a live stream on the evening of a day."""
    start = _evening(day) - dt.timedelta(minutes=30)
    phases = [phase("spot", "直播", start, start + dt.timedelta(hours=4, minutes=30))]
    return _event(f"live-{day}", f"{day} 直播", "live", "合成数据", "assumed", phases)


def _event(
    event_id: str, name: str, kind: str, source: str, confidence: str, phases: list[EventTable]
) -> EventTable:
    return {
        "id": event_id,
        "name": name,
        "kind": kind,
        "channels": ["taobao"],
        "source": source,
        "confidence": confidence,
        "phase": phases,
    }


def _evening(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(EVENING))
