"""A small finished plan: fourteen days, two streams, twenty-five people; every number follows from a seed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.config import Shop, ShopSettings, Stream
from forecast.explanation import FACTORS
from forecast.frames import QUANTILES
from forecast.randomness import generator
from forecast.timegrid import instant, slots
from scheduling.config import Settings, ShiftTemplate
from scheduling.roster.people import Employee, Wish
from scheduling.roster.wishes import RefusedWish

ZONE = "Asia/Shanghai"
START = dt.date(2026, 12, 7)
STREAMS = ("taobao-presale", "douyin-aftersale")
BACKTEST = ["stream", "model", "origin", "horizon_h", "wape", "mase", "bias", "pinball", "cover80", "cover95"]
GIVEN = "王芳李娜张伟刘洋陈静杨勇赵敏黄磊周杰吴玥徐堃孙喆胡翀朱镕高垚林赟何琳郭涛马超罗丹梁宇宋佳郑爽谢楠韩雪"
NAMES = tuple(GIVEN[i : i + 2] for i in range(0, len(GIVEN), 2))


@dataclass(frozen=True, kw_only=True)
class RosterAnswer:
    """What the roster solver answered."""

    status: str
    objective: float
    bound: float
    gap: float
    terms: dict[str, float]
    short: pd.DataFrame
    refused_wishes: list[RefusedWish]
    fairness: pd.DataFrame
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class BuiltPlan:
    """The fields of a plan that reports read."""

    settings: Settings
    start: dt.date
    days: int
    seed: int
    history: pd.DataFrame
    forecast: pd.DataFrame
    forecast_notes: list[str]
    effects: pd.DataFrame | None
    parts: pd.DataFrame | None
    backtest: pd.DataFrame | None
    promotions: list[tuple[str, str, pd.Timestamp, pd.Timestamp]]
    requirement: pd.DataFrame
    shift_plan: pd.DataFrame
    cover: pd.DataFrame
    simulated_cover: pd.DataFrame
    roster: pd.DataFrame | None
    roster_result: RosterAnswer | None
    employees: tuple[Employee, ...]
    wishes: tuple[Wish, ...]
    summary: dict[str, Any]
    notes: list[str]
    last_roster: pd.DataFrame | None = None
    synthetic: bool = True
    is_judged: bool = True


def build_settings() -> Settings:
    """Return a shop of two streams and three shift templates."""
    streams = (
        Stream(id=STREAMS[0], platform="taobao", skill="presale", open=("08:00", "24:00")),
        Stream(id=STREAMS[1], platform="douyin", skill="aftersale", open=("08:00", "24:00"), target=0.85),
    )
    templates = (
        ShiftTemplate(
            name="早班",
            form="early",
            starts=("08:00", "08:30", "09:00"),
            hours=9.0,
            break_min=60,
            break_window=("11:00", "14:00"),
        ),
        ShiftTemplate(
            name="晚班",
            form="late",
            starts=("15:00",),
            hours=9.0,
            break_min=60,
            break_window=("17:00", "20:00"),
        ),
        ShiftTemplate(
            name="半班",
            form="half",
            starts=("19:00",),
            hours=4.0,
            pools=("staff", "part_time"),
            cost_per_hour=30.0,
        ),
    )
    shop = Shop(name="示例旗舰店", timezone=ZONE, language="zh")
    return Settings(demand=ShopSettings(folder=Path("demo"), shop=shop, streams=streams), templates=templates)


def build_plan(*, days: int = 14, with_roster: bool = True, people: int = 25, met: bool = False) -> BuiltPlan:
    """Return a plan with a promotion, gaps and refused wishes."""
    settings = build_settings()
    random = generator(7, "built plan")
    employees = tuple(
        Employee(
            employee=name,
            skills=("presale",) if i % 5 < 3 else ("aftersale",),
            streams=(STREAMS[0],) if i % 5 < 3 else (STREAMS[1],),
            pool="part_time" if i >= 21 else "staff",
            max_hours_per_week=20.0 if i >= 21 else 44.0,
        )
        for i, name in enumerate(NAMES[:people])
    )
    roster = _roster(settings, employees, days)
    forecast = _forecast(START, days, random)
    cover = _cover(forecast, roster, days, met=met)
    simulated = cover.assign(on_time=(cover["on_time"] + random.normal(0, 0.01, len(cover))).clip(0, 1))
    promotions = [
        (
            "双12",
            "预热",
            instant(START + dt.timedelta(days=3), 0, ZONE),
            instant(START + dt.timedelta(days=5), 0, ZONE),
        ),
        (
            "双12",
            "现货",
            instant(START + dt.timedelta(days=5), 0, ZONE),
            instant(START + dt.timedelta(days=6), 0, ZONE),
        ),
    ]
    return BuiltPlan(
        settings=settings,
        start=START,
        days=days,
        seed=0,
        history=_forecast(START - dt.timedelta(days=21), 21, random)
        .rename(columns={"mean": "offered"})[["stream", "start", "offered"]]
        .iloc[:-1],
        forecast=forecast,
        forecast_notes=[
            "douyin-aftersale: 47 days of history; yearly season taken from the shop's other stream"
        ],
        parts=forecast[["stream", "start", "mean"]].assign(
            level=forecast["mean"], **dict.fromkeys(FACTORS, 1.0)
        ),
        effects=pd.DataFrame(
            [
                (STREAMS[0], "双12", "预热", 1.4, "2 past events"),
                (STREAMS[0], "双12", "现货", 2.6, "promotions.toml"),
                (STREAMS[1], "双12", "现货", 1.3, "promotions.toml"),
            ],
            columns=["stream", "event", "phase", "effect", "source"],
        ),
        backtest=pd.DataFrame(
            [
                (stream, model, pd.Timestamp("2026-11-16", tz=ZONE), 168, w, w * 4, 0.01, w * 20, 0.79, 0.94)
                for stream in STREAMS
                for model, w in (("naive", 0.31), ("seasonal_naive", 0.22), ("combination", 0.16))
            ],
            columns=(
                [
                    "stream",
                    "model",
                    "origin",
                    "horizon_h",
                    "wape",
                    "mase",
                    "bias",
                    "pinball",
                    "cover80",
                    "cover95",
                ]
            ),
        ),
        promotions=promotions,
        requirement=cover.rename(columns={"required": "agents_net"})[
            ["stream", "start", "agents_net", "offered", "on_time"]
        ].assign(agents_gross=lambda f: f["agents_net"]),
        shift_plan=_shift_plan(roster, settings),
        cover=cover,
        simulated_cover=simulated,
        roster=roster if with_roster else None,
        roster_result=_answer(roster, cover) if with_roster else None,
        employees=employees if with_roster else (),
        wishes=(
            Wish(employee="王芳", date=START, kind="off"),
            Wish(employee="赵敏", date=START + dt.timedelta(days=1), kind="leave"),
        ),
        summary=_summary(roster, met=met),
        notes=["taobao-presale: 12-12 20:00 to 22:00 short of 3 agents; three part-timers would close it"],
    )


def _forecast(start: dt.date, days: int, random: np.random.Generator) -> pd.DataFrame:
    """Return hourly consultations with bands, two humps a day and a promotion on the sixth day."""
    rows = []
    for stream, level in zip(STREAMS, (58.0, 26.0), strict=True):
        for at in slots(start, days, 60, ZONE):
            hour, day = at.hour, (at.date() - START).days
            shape = np.exp(-(((hour - 11) / 3.0) ** 2)) + 1.25 * np.exp(-(((hour - 21) / 2.2) ** 2)) + 0.05
            lift = (
                {3: 1.25, 4: 1.4, 5: 2.4}.get(day, 1.0)
                if stream == STREAMS[0]
                else {5: 1.3, 6: 1.5}.get(day, 1)
            )
            mean = (
                level * shape * lift * (0.85 if at.weekday() >= 5 else 1.0) * np.exp(random.normal(0, 0.04))
            )
            spread = 0.18 if lift == 1 else 0.34
            bands = {
                name: mean * np.exp(z * spread)
                for name, z in zip(
                    QUANTILES,
                    (-1.96, -1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645, 1.96),
                    strict=True,
                )
            }
            rows.append({"stream": stream, "start": at, "mean": mean, **bands, "model": "combination"})
    return pd.DataFrame(rows)


def _roster(settings: Settings, employees: tuple[Employee, ...], days: int) -> pd.DataFrame:
    """Return duties that rotate: five or six days on, early and late in turns of a week."""
    early, late, half = settings.templates
    rows = []
    for i, person in enumerate(employees):
        for d in range(days):
            if (d + i) % 7 in ((0,) if i % 3 else (0, 4)):
                continue
            template = half if person.pool == "part_time" else (early if (i + d // 7) % 2 == 0 else late)
            text = template.starts[i % len(template.starts)]
            begin = int(text[:2]) * 60 + int(text[3:])
            pause = {"early": ("11:00-12:00", "12:00-13:00", "13:00-14:00")[i % 3], "late": "18:00-19:00"}
            day = START + dt.timedelta(days=d)
            rows.append(
                {
                    "employee": person.employee,
                    "date": day,
                    "template": template.name,
                    "stream": person.streams[0],
                    "start": instant(day, begin, ZONE),
                    "end": instant(day, begin + int(template.hours * 60), ZONE),
                    "breaks": pause.get(template.form, ""),
                    "paid_hours": template.paid_hours,
                    "cost": template.paid_hours * template.cost_per_hour,
                }
            )
    return pd.DataFrame(rows)


def _cover(forecast: pd.DataFrame, roster: pd.DataFrame, days: int, *, met: bool) -> pd.DataFrame:
    """Return agents needed and on duty per half-hour, and a share that falls where people are short."""
    rows = []
    mean = forecast.set_index(["stream", "start"])["mean"]
    for stream in STREAMS:
        duties = roster[roster["stream"] == stream]
        for at in slots(START, days, 30, ZONE):
            if at.hour < 8:
                continue
            offered = float(mean[stream, at.floor("h")]) / 2
            need = int(np.ceil(offered * 0.7 / 6.5)) + 1
            stop = at + pd.Timedelta(minutes=30)
            working = duties[(duties["start"] <= at) & (duties["end"] >= stop)]
            clock = f"{at:%H:%M}"
            paused = sum(any(b <= clock < e for b, e in _spans(text)) for text in working["breaks"])
            on_duty = max(len(working) - paused, need if met else 0)
            on_time = float(np.clip(1 / (1 + np.exp(-2.2 * (on_duty - need + 1.2))), 0, 1))
            rows.append((stream, at, float(need), float(on_duty), offered, on_time, offered * 0.7 / 3))
    return pd.DataFrame(
        rows, columns=["stream", "start", "required", "on_duty", "offered", "on_time", "open_sessions"]
    )


def _spans(breaks: str) -> list[tuple[str, str]]:
    return [(part[:5], part[6:]) for part in breaks.split(";") if part]


def _shift_plan(roster: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Count the duties of a roster."""
    keys = ["stream", "date", "template", "start", "end", "breaks"]
    counted = roster.groupby(keys, sort=True).agg(
        agents=("employee", "size"), paid_hours=("paid_hours", "sum"), cost=("cost", "sum")
    )
    pools = {template.name: template.pools[-1] for template in settings.templates}
    counted = counted.reset_index()
    counted.insert(6, "pool", counted["template"].map(pools))
    return counted


def _answer(roster: pd.DataFrame, cover: pd.DataFrame) -> RosterAnswer:
    """Return what a solver would say of the roster."""
    short = cover.assign(short=(cover["required"] - cover["on_duty"]).clip(lower=0))
    grouped = roster.groupby("employee", sort=False)
    fairness = pd.DataFrame(
        {
            "duties": grouped.size(),
            "hours": grouped["paid_hours"].sum(),
            "late": grouped["template"].agg(lambda names: int((names == "晚班").sum())),
            "weekend": grouped["date"].agg(lambda dates: sum(day.weekday() >= 5 for day in dates)),
            "peak": grouped["start"].agg(lambda starts: 2.0 * sum(at.hour >= 15 for at in starts)),
        }
    ).reset_index()
    return RosterAnswer(
        status="FEASIBLE",
        objective=1240.0,
        bound=1180.0,
        gap=60 / 1240,
        terms={"short": 900.0, "wishes": 220.0, "fairness": 120.0},
        short=short.loc[short["short"] > 0, ["stream", "start", "required", "on_duty", "short"]],
        refused_wishes=[
            RefusedWish(
                employee="李娜",
                date=START + dt.timedelta(days=5),
                kind="off",
                template="",
                weight=2.0,
                note="家人生日",
                cause="needed",
                reason="taobao-presale 12-12 20:00 needs 9 agents; without 李娜 there would be 8",
                stream=STREAMS[0],
                at=instant(START + dt.timedelta(days=5), 20 * 60, ZONE).to_pydatetime(),
                required=9.0,
                on_duty=9.0,
            ),
            RefusedWish(
                employee="孙喆",
                date=START + dt.timedelta(days=8),
                kind="prefer",
                template="早班",
                weight=1.0,
                note='=HYPERLINK("x")',
                cause="rules",
                reason="late duty the evening before ends at 24:00",
            ),
        ],
        fairness=fairness,
    )


def _summary(roster: pd.DataFrame, *, met: bool) -> dict[str, Any]:
    """Return the figures of summary.json."""
    paid = roster.groupby("stream")[["paid_hours", "cost"]].sum()
    streams: dict[str, Any] = {}
    for stream, promised, missed, rule, unit, target in (
        (STREAMS[0], 0.871, not met, "taobao.human3min.30d", "round", 0.90),
        (STREAMS[1], 0.912, False, "taobao.human3min.30d", "round", 0.85),
    ):
        share = promised if missed else target + 0.032
        streams[stream] = {
            "rule": rule,
            "unit": unit,
            "target": target,
            "promised": share,
            "promised_low": share - 0.035,
            "probability": 0.18 if missed else 0.95,
            "simulated": share - 0.004,
            "simulated_ci": [share - 0.009, share + 0.001],
            "certified": not missed,
            "unanswered": 0.0021,
            "on_time_of_asked": share - 0.006,
            "overtime_hours": 12.4,
            "paid_hours": float(paid.loc[stream, "paid_hours"]),
            "cost": float(paid.loc[stream, "cost"]),
        }
    hours = float(paid["paid_hours"].sum())
    return {
        "streams": streams,
        "baselines": {
            "daily_ratio": {"paid_hours": hours * 1.1, "simulated": 0.791},
            "erlang_c": {"paid_hours": hours * 3.4, "simulated": 0.999},
            "erlang_c_slots": {"paid_hours": hours * 0.71, "simulated": 0.552},
            "every_interval": {"paid_hours": hours * 1.31, "simulated": 0.958},
        },
        "solver": {"status": "FEASIBLE", "objective": 1240.0, "bound": 1180.0, "gap": 60 / 1240},
        "inputs": {"shop.toml": "0f" * 32, "agents.csv": "a7" * 32, "history.csv": "3c" * 32},
        "versions": {"paiban": "0.1.0", "ortools": "9.12", "python": "3.11.7"},
        "seed": 0,
    }
