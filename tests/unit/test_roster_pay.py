"""What the law pays above the wage: hand-computed weeks, and who works when it decides."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from builders_roster import EARLY, PRE, build_people, build_settings

from forecast.special_days import find_special_days
from forecast.timegrid import instant
from scheduling.config import Labour, Limit, Pay, Settings, ShiftTemplate, read_settings
from scheduling.roster.assign import make_roster
from scheduling.roster.audit import audit
from scheduling.roster.audit_pay import premium_due, with_pay_due
from scheduling.roster.case import RosterCase
from scheduling.roster.objective import Prices
from scheduling.roster.people import Employee
from scheduling.roster.rescore import rescored

NATIONAL_DAY = dt.date(2026, 10, 1)  # a Thursday; 1 to 3 October are days of law, 4 to 7 are moved days off
LONG = ShiftTemplate(name="长班", form="early", starts=("08:00",), hours=11, break_min=60)
OFF = Limit(value=0, mode="off")


def asked(
    start: dt.date, days: int, *, agents: float = 1.0, hours: tuple[int, int] = (8, 16)
) -> pd.DataFrame:
    """Return a flat requirement over some days."""
    return pd.DataFrame(
        [
            (PRE, instant(start + dt.timedelta(days=d), 60 * hour, "Asia/Shanghai"), agents)
            for d in range(days)
            for hour in range(*hours)
        ],
        columns=["stream", "start", "agents_net"],
    )


def worked(dates: list[dt.date], template: ShiftTemplate = EARLY, name: str = "A") -> pd.DataFrame:
    """Return one person's duties at 25 an hour."""
    begins = [instant(date, 480, "Asia/Shanghai") for date in dates]
    return pd.DataFrame(
        {
            "employee": name,
            "date": dates,
            "template": template.name,
            "stream": PRE,
            "start": begins,
            "end": [begin + pd.Timedelta(hours=template.hours) for begin in begins],
            "breaks": "12:00-13:00",
            "paid_hours": template.paid_hours,
            "cost": template.paid_hours * 25,
        }
    )


def shop(**labour: Any) -> Settings:
    """Return a shop of nine- and eleven-hour shifts whose hours nothing limits."""
    free = dict.fromkeys(
        ("max_hours_per_day", "max_hours_per_week", "max_consecutive_days", "rest_days_per_week"), OFF
    )
    return build_settings(templates=(EARLY, LONG), streams=(PRE,), **{**free, **labour})


def pay(dates: list[dt.date], template: ShiftTemplate = EARLY, **details: Any) -> dict[str, float]:
    """Return the pay above the wage by date as the roster's table has it; the audit must say the same."""
    settings, last = shop(**details.get("labour", {})), details.get("last")
    roster, people = worked(dates, template), build_people(1, **details.get("person", {}))
    first, days = min(dates), (max(dates) - min(dates)).days + 1
    result = rescored(
        roster,
        RosterCase(
            employees=people,
            wishes=(),
            settings=settings,
            start=first,
            days=days,
            requirement=asked(first, days),
            last_roster=last,
        ),
    )
    assert result.roster is not None
    found = {
        f"{date:%m-%d}": float(money)
        for date, money in zip(result.roster["date"], result.roster["premium"], strict=True)
    }
    assert premium_due(roster, people, settings, last_roster=last)["A"] == pytest.approx(
        sum(found.values()), abs=0.01
    )
    anew = with_pay_due(roster, people, settings)
    assert last is not None or anew["premium"].sum() == pytest.approx(sum(found.values()), abs=0.01)
    plain = len(dates) * template.paid_hours * 25.0
    assert last is not None or anew["cost"].sum() == pytest.approx(result.roster["cost"].sum(), abs=0.01)
    assert result.roster["cost"].sum() == pytest.approx(plain + sum(found.values()))
    return {day: round(money, 2) for day, money in found.items() if money}


def days_from(first: dt.date, count: int) -> list[dt.date]:
    """Return consecutive days."""
    return [first + dt.timedelta(days=d) for d in range(count)]


def test_days_of_law_are_told_from_days_moved_beside_them() -> None:
    found = find_special_days("CN", first=dt.date(2026, 1, 1), last=dt.date(2026, 12, 31))
    mine = sorted(f"{day:%m-%d}" for day in found.statutory if day.year == 2026)
    newyear, spring, summer = ["01-01"], [f"02-{d}" for d in (16, 17, 18, 19)], ["05-01", "05-02", "06-19"]
    assert mine == [*newyear, *spring, "04-05", *summer, "09-25", "10-01", "10-02", "10-03"]


def test_the_week_of_national_day_is_paid_threefold_on_three_days() -> None:
    # Thursday to Wednesday: 8 h x 25 x 2 above the wage on 1 to 3 October. Sunday is the first counted day of
    # its week; Monday to Wednesday begin the next one.
    assert pay(days_from(NATIONAL_DAY, 7)) == {"10-01": 400.0, "10-02": 400.0, "10-03": 400.0}


def test_days_moved_beside_a_holiday_are_rest_days_where_rest_days_are_weekends() -> None:
    found = pay(days_from(NATIONAL_DAY, 10), labour={"rest_days": "weekend"})
    # 4 to 7 October are days off at 200 %, 8 and 9 ordinary, Saturday 10 October a make-up workday.
    assert found == {f"10-0{d}": 400.0 for d in (1, 2, 3)} | {f"10-0{d}": 200.0 for d in (4, 5, 6, 7)}


def test_the_sixth_day_of_a_week_is_a_rest_day_whatever_its_name() -> None:
    monday = dt.date(2026, 11, 16)
    assert pay(days_from(monday, 6)) == {"11-21": 200.0}
    assert pay([monday, *days_from(monday + dt.timedelta(days=2), 5)]) == {"11-22": 200.0}
    assert pay([*days_from(monday, 3), *days_from(monday + dt.timedelta(days=5), 2)]) == {}


def test_hours_beyond_eight_are_paid_at_one_and_a_half() -> None:
    assert pay([dt.date(2026, 11, 16)], LONG) == {"11-16": 2 * 25 * 0.5}


def test_on_a_day_of_law_long_hours_are_holiday_hours_only() -> None:
    assert pay([NATIONAL_DAY], LONG) == {"10-01": 10 * 25 * 2.0}


def test_hours_of_a_begun_week_are_carried_in() -> None:
    monday = dt.date(2026, 11, 16)
    last = worked(days_from(monday, 4))
    assert pay(days_from(monday + dt.timedelta(days=4), 2), last=last) == {"11-21": 200.0}


@pytest.mark.parametrize(
    ("first", "period", "last_days", "premium"),
    [
        # October 2026 from the 5th: 165.33 h are standard; 20 days of 8 h carried in, two more days are 176.
        (dt.date(2026, 10, 25), "month", 20, (176 - 165 - 1 / 3) * 25 * 0.5),
        # The quarter has 496 h: far from reached.
        (dt.date(2026, 10, 25), "quarter", 20, 0.0),
        # 60 days from 4 October carried in are 480 h; two more are 496: exactly the standard.
        (dt.date(2026, 12, 3), "quarter", 60, 0.0),
        (dt.date(2026, 12, 4), "quarter", 61, 8 * 25 * 0.5),
    ],
)
def test_averaged_hours_pay_overtime_beyond_the_periods_standard(
    first: dt.date, period: str, last_days: int, premium: float
) -> None:
    last = worked(days_from(first - dt.timedelta(days=last_days), last_days))
    found = pay(days_from(first, 2), labour={"averaged_over": period}, last=last)
    assert sum(found.values()) == pytest.approx(premium, abs=0.02)


def test_averaged_hours_have_no_rest_days_but_holidays() -> None:
    found = pay(days_from(NATIONAL_DAY, 7), labour={"averaged_over": "quarter"})
    assert set(found) == {"10-01", "10-02", "10-03"}


@pytest.mark.parametrize(
    ("stated", "hours"),
    [
        ("", 40),
        ('averaged_over = "quarter"', 48),  # six days: the rest day still holds
        ('averaged_over = "quarter"\nmax_hours_per_week = 44', 40),
        ('averaged_over = "month"\nmax_hours_per_week = { mode = "off" }', 48),
    ],
)
def test_the_week_of_44_hours_yields_to_averaged_hours_unless_it_is_named(
    tmp_path: Path, stated: str, hours: float
) -> None:
    (tmp_path / "shop.toml").write_text(f"[labour]\n{stated}\n", encoding="utf-8")
    settings = replace(shop(), labour=read_settings(tmp_path).labour)
    first = dt.date(2026, 11, 16)
    people = build_people(1)
    case = RosterCase(
        employees=people, wishes=(), settings=settings, start=first, days=7, requirement=asked(first, 7)
    )
    roster = make_roster(case, effort="quick").roster
    assert roster is not None
    assert roster["paid_hours"].sum() == hours
    assert audit(roster, people, (), settings, start=first, days=7) == []
    six = worked(days_from(first, 6))
    assert bool(audit(six, people, (), settings, start=first, days=7)) == (hours < 48)


@pytest.mark.parametrize("pool", ["part_time", "outsourced"])
def test_only_pools_named_are_paid_by_the_ladder(pool: str) -> None:
    with_pool = ShiftTemplate(**{**vars(EARLY), "pools": (pool,)})
    settings = build_settings(templates=(with_pool,), streams=(PRE,))
    roster = worked([NATIONAL_DAY])
    people = build_people(1, pool=pool)
    result = rescored(
        roster,
        RosterCase(
            employees=people,
            wishes=(),
            settings=settings,
            start=NATIONAL_DAY,
            days=1,
            requirement=asked(NATIONAL_DAY, 1),
        ),
    )
    assert result.roster is not None
    assert result.roster["premium"].sum() == 0
    assert premium_due(roster, people, settings)["A"] == 0


def test_pay_that_is_off_is_neither_paid_nor_priced() -> None:
    off = dict.fromkeys(("holiday_pay", "rest_day_pay", "overtime_pay"), Pay(rate=3.0, mode="off"))
    assert pay(days_from(NATIONAL_DAY, 7), LONG, labour=off) == {}


def test_dates_of_law_can_be_named() -> None:
    assert pay([NATIONAL_DAY], labour={"statutory_holidays": (dt.date(2026, 10, 4),)}) == {}


@pytest.mark.parametrize("key", ["holiday_pay", "rest_day_pay", "overtime_pay"])
def test_hours_that_may_not_be_paid_are_not_worked_and_found_by_the_audit(key: str) -> None:
    name = {"holiday_pay": "HolidayPay", "rest_day_pay": "RestDayPay", "overtime_pay": "OvertimePay"}[key]
    template = LONG if key == "overtime_pay" else EARLY
    settings = shop(**{key: Pay(rate=2.0, mode="hard")})
    people = build_people(1)
    monday = dt.date(2026, 9, 28)  # the week of National Day
    if key == "rest_day_pay":
        monday = dt.date(2026, 11, 16)
    everything = worked(days_from(monday, 7), template)
    assert name in {v.rule for v in audit(everything, people, (), settings)}
    result = make_roster(
        RosterCase(
            employees=people, wishes=(), settings=settings, start=monday, days=7, requirement=asked(monday, 7)
        ),
        effort="quick",
    )
    assert result.roster is not None
    assert audit(result.roster, people, (), settings, start=monday, days=7) == []
    assert not result.roster.empty


def test_who_has_hours_left_works_before_somebody_at_double_pay() -> None:
    # Saturday needs one person. A has worked five days, B none: fairness apart, the law's pay decides.
    saturday = dt.date(2026, 11, 21)
    last = worked(days_from(saturday - dt.timedelta(days=5), 5))
    result = make_roster(
        RosterCase(
            employees=build_people(2),
            wishes=(),
            settings=shop(),
            start=saturday,
            days=1,
            requirement=asked(saturday, 1),
            last_roster=last,
        ),
        prices=Prices(fairness=0),
        effort="quick",
    )
    assert result.roster is not None
    assert list(result.roster["employee"]) == ["B"]
    assert result.terms["premium"] == 0


def test_a_holiday_is_worked_where_people_are_needed() -> None:
    result = make_roster(
        RosterCase(
            employees=build_people(2),
            wishes=(),
            settings=shop(),
            start=NATIONAL_DAY,
            days=7,
            requirement=asked(NATIONAL_DAY, 7),
        ),
        effort="quick",
    )
    assert result.roster is not None
    assert set(result.roster["date"]) == set(days_from(NATIONAL_DAY, 7))
    assert result.roster["premium"].sum() == 3 * 400.0
    # 24 hours of two wages more, at 12.5 an hour and 2 % of the wage of 25
    assert result.terms["premium"] == pytest.approx(24 * 2 * (12.5 + 0.02 * 25))


def test_brute_force_finds_no_cheaper_roster_over_a_holiday() -> None:
    people = (Employee(employee="A", cost_per_hour=25.0), Employee(employee="B", cost_per_hour=40.0))
    start, days = dt.date(2026, 9, 30), 3
    settings, requirement = shop(), asked(dt.date(2026, 9, 30), 3)
    best = None
    for who in itertools.product(("", "A", "B", "AB"), repeat=days):
        rows = [
            worked([start + dt.timedelta(days=d)], name=name) for d, names in enumerate(who) for name in names
        ]
        if not rows:
            continue
        result = rescored(
            pd.concat(rows),
            RosterCase(
                employees=people,
                wishes=(),
                settings=settings,
                start=start,
                days=days,
                requirement=requirement,
            ),
        )
        assert result.objective is not None
        best = result.objective if best is None else min(best, result.objective)
    found = make_roster(
        RosterCase(
            employees=people, wishes=(), settings=settings, start=start, days=days, requirement=requirement
        ),
        effort="quick",
    )
    assert found.status == "OPTIMAL"
    assert found.objective == pytest.approx(best)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pay(rate=0.5), "rate must be at least 1"),
        (lambda: Labour(standard_hours=160), "belong to averaged_over"),
        (lambda: Labour(averaged_over="month", standard_hours=0), "must be above 0"),
    ],
)
def test_pay_that_cannot_be_meant_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_hours_of_the_quarter_that_nobody_told_are_named() -> None:
    first = dt.date(2026, 11, 16)

    def notes(last: pd.DataFrame | None, **labour: Any) -> tuple[str, ...]:
        return make_roster(
            RosterCase(
                employees=build_people(1),
                wishes=(),
                settings=shop(**labour),
                start=first,
                days=1,
                requirement=asked(first, 1),
                last_roster=last,
            ),
            effort="quick",
        ).notes

    assert notes(None) == ()
    (note,) = notes(worked([first - dt.timedelta(days=5)]), averaged_over="quarter")
    assert note.startswith("duties from 2026-10-01 to 2026-11-10 are in no last roster")
    assert notes(worked([dt.date(2026, 10, 1)]), averaged_over="quarter") == ()
    assert len(notes(None, max_hours_per_month=Limit(value=160))) == 1


@pytest.mark.parametrize(
    ("days", "labour", "over"),
    [
        (18, {}, None),  # eighteen days of ten hours: 36 h beyond eight
        (19, {}, 2.0),
        (20, {"averaged_over": "month"}, None),  # 200 h, of 165.33 + 36
        (21, {"averaged_over": "month"}, 210 - 201 - 1 / 3),
        (21, {"averaged_over": "quarter"}, None),  # of 496 + 108
        (19, {"max_overtime_per_month": OFF}, None),
    ],
)
def test_overtime_is_limited_by_the_month(days: int, labour: dict[str, Any], over: float | None) -> None:
    monday = dt.date(2027, 3, 1)
    settings, people = shop(**labour), build_people(1)
    found = audit(worked(days_from(monday, days), LONG), people, (), settings)
    assert [(v.rule, v.is_hard) for v in found] == ([] if over is None else [("MaxOvertimePerMonth", True)])
    assert over is None or found[0].amount == pytest.approx(over, abs=1e-3)
    last = worked(days_from(monday, days - 1), LONG)
    first = monday + dt.timedelta(days=days - 1)
    made = make_roster(
        RosterCase(
            employees=people,
            wishes=(),
            settings=replace(settings, templates=(LONG,)),
            start=first,
            days=1,
            requirement=asked(first, 1, hours=(8, 19)),
            last_roster=last,
        ),
        effort="quick",
    )
    assert made.roster is not None
    assert len(made.roster) == (1 if over is None else 0)
