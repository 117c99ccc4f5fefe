"""The demo shop's people and their wishes. All names are made up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pandas as pd

from forecast.demo_shop.parameters import DemoParameters
from forecast.randomness import generator

# skills, pool, cap, hours a week, templates, names; a newcomer's first working day is relative to the plan's
BOTH = "presale;aftersale"
GROUPS = (
    (BOTH, "staff", 8, 44, "早班;晚班", "林晓雨 陈思远 黄佳怡 周文博 吴雅琴 郑浩然"),
    ("presale", "staff", 8, 44, "早班;晚班", "王梓涵 李俊杰 张雪莹 刘子墨 杨紫萱 赵明轩 孙悦彤"),
    ("presale", "staff", 8, 44, "早班;晚班", "徐嘉豪 马诗琪 朱宇航 胡静怡 郭天佑 何雨桐"),
    (
        "aftersale",
        "staff",
        6,
        44,
        "早班;晚班",
        "高婉清 罗建国 梁慧敏 宋立新 唐若曦 许志强 韩冬梅 冯玉洁 曹丽华",
    ),
    ("presale", "part_time", 6, 24, "半班", "邓欣妍 曹一鸣 彭可欣 曾浩宇 萧雨薇 田宇轩"),
    (BOTH, "part_time", 6, 24, "半班", "董乐瑶"),
    ("presale", "outsourced", 5, 40, "晚班;半班", "外包一号 外包二号"),
)
COST_PER_HOUR = {"staff": 25.0, "part_time": 28.0, "outsourced": 35.0}
NEWCOMER, NEWCOMER_AFTER_DAYS = "何雨桐", 7
LEAVER, LEAVER_AFTER_DAYS = "田宇轩", 9
LEAST_HOURS = {"staff": 32}  # a week: who is paid by the month gets four full days at least


def demo_agents(parameters: DemoParameters, start: dt.date, seed: int) -> pd.DataFrame:
    """Return ``agents.csv``: one row a person."""
    rng = generator(seed, "speeds")
    stream_of = {truth.skill: truth.id for truth in parameters.streams}
    rows = [
        {
            "employee": name,
            "skills": skills,
            "streams": ";".join(stream_of[skill] for skill in ("presale", "aftersale") if skill in skills),
            "pool": pool,
            "reception_cap": cap,
            "speed": round(float(rng.normal(1.0 if pool == "staff" else 0.92, 0.08)), 2),
            "max_hours_per_week": hours,
            "min_hours_per_week": LEAST_HOURS.get(pool, ""),
            "templates": templates,
            "cost_per_hour": COST_PER_HOUR[pool],
            "starts_on": start + dt.timedelta(days=NEWCOMER_AFTER_DAYS) if name == NEWCOMER else "",
            "ends_on": start + dt.timedelta(days=LEAVER_AFTER_DAYS) if name == LEAVER else "",
        }
        for skills, pool, cap, hours, templates, names in GROUPS
        for name in names.split()
    ]
    return pd.DataFrame(rows)


def demo_wishes(start: dt.date, days: int) -> pd.DataFrame:
    """Return ``wishes.csv``: one row a person and day; those beyond the plan's last day are left out."""
    columns = ["employee", "date", "kind", "template", "weight", "note"]
    rows = [(name, start + dt.timedelta(days=day), *rest) for name, day, *rest in _wishes() if day < days]
    return pd.DataFrame(rows, columns=columns)


def _wishes() -> Iterator[tuple[str, int, str, str, int, str]]:
    """Yield person, day of the plan, kind, template, weight and note."""
    for day in range(8, 12):
        yield "罗建国", day, "leave", "", 10, "年假（合成数据）"
    yield "杨紫萱", 1, "leave", "", 10, "病假复查"
    yield "杨紫萱", 2, "leave", "", 10, "病假复查"
    yield "王梓涵", 5, "off", "", 5, "朋友婚礼"
    yield "李俊杰", 3, "off", "", 2, "大促首日想休，可商量"
    yield "孙悦彤", 6, "off", "", 3, "家人生日"
    yield "马诗琪", 12, "off", "", 3, ""
    yield "许志强", 13, "off", "", 3, ""
    for day in (0, 1, 2, 4, 7, 8, 9):
        yield "张雪莹", day, "prefer", "早班", 2, "晚上要接孩子"
    for day in (3, 4, 5):
        yield "周文博", day, "prefer", "晚班", 2, "愿意上大促晚班"
    for day in (0, 7):
        yield "赵明轩", day, "avoid", "晚班", 1, "周一晚上有课"
    for day in (2, 9):
        yield "高婉清", day, "avoid", "早班", 1, ""
    yield "林晓雨", 3, "fixed", "晚班", 10, "大促开售当晚带班"
    yield "梁慧敏", 7, "fixed", "早班", 10, "售后高峰带班"
    yield "曾浩宇", 3, "prefer", "半班", 2, "开售当晚可以来"
    yield "董乐瑶", 7, "avoid", "半班", 2, "期末考试"
