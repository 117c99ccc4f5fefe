"""Holidays and make-up workdays, and which years of them nobody has published yet."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from forecast.errors import ConfigError, DataError, Problem, nearest

KINDS = ("holiday", "statutory_holiday", "makeup_workday")
COLUMNS = ("date", "name", "type")
NONE = "none"
SHADOW = dt.timedelta(days=31)  # more than the longest holiday and the week that leads to it
CHINA = "CN"
LUNAR_EVE = "农历除夕"
MOVED = (
    "补假",
    "调休",
    "observed",
    "in lieu",
    "substituted",
)  # a day off beside a holiday, not the day itself
REMARKS = ("(observed)", "(estimated)", "（补假）")  # the same holiday on another day

# Names of chinese_calendar's holidays as the State Council's notices write them.
CHINESE_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}


@dataclass(frozen=True, kw_only=True)
class SpecialDays:
    """Days that are not like their weekday.

    Attributes
    ----------
    holidays
        Name of the holiday by date, weekend days inside a holiday included.
    makeup_workdays
        Weekend days worked in return for a holiday.
    unpublished
        Years whose make-up workdays are not known: only their statutory days stand in `holidays`.
    of_law
        Countries, by code, and years whose days of law are among `holidays`.
    stated_statutory
        Days of law that the shop's own file names.
    """

    holidays: Mapping[dt.date, str] = field(default_factory=dict)
    makeup_workdays: frozenset[dt.date] = frozenset()
    unpublished: frozenset[int] = frozenset()
    of_law: tuple[tuple[str, tuple[int, ...]], ...] = ()
    stated_statutory: frozenset[dt.date] = frozenset()

    @cached_property
    def statutory(self) -> frozenset[dt.date]:
        """The days of law, without days moved next to them: what is worked on them is paid more.

        Looked up when asked for: a forecast never does, and the package takes half a fit's time to import.
        """
        law = {day for code, years in self.of_law for day in _days_of_law(code, years)}
        return frozenset(law - self.makeup_workdays) | self.stated_statutory

    def note(self, first: dt.date, last: dt.date) -> str | None:
        """Return a warning if the days from `first` to `last` touch a year that is not published."""
        years = sorted(year for year in self.unpublished if first.year <= year <= last.year)
        if not years:
            return None
        listed = ", ".join(map(str, years))
        return (
            f"holidays of {listed}: make-up workdays are not published in the installed packages; "
            "weekends are taken as weekends. Name a CSV (date, name, type) under [shop] holidays to set them"
        )


def find_special_days(setting: str, *, first: dt.date, last: dt.date, folder: Path = Path()) -> SpecialDays:
    """Return the special days around a span.

    Parameters
    ----------
    setting
        ``[shop] holidays``: an ISO country code, ``none``, a CSV of the shop's own (date, name, type), or
        a country and a CSV, separated by a comma: ``CN, holidays-2027.csv``.
    first, last
        The span; a month more on each side is looked up, for holidays that cast a shadow.
    folder
        Where a CSV lies.

    Raises
    ------
    ConfigError
        If the country is not known or the file is missing.
    DataError
        With every row of the CSV that cannot be read.

    Notes
    -----
    A row of the CSV wins over any package. Where a year is not published, the CSV's rows of that year stand
    for the whole year.

    Examples
    --------
    >>> import datetime as dt
    >>> days = find_special_days("CN", first=dt.date(2026, 2, 1), last=dt.date(2026, 2, 28))
    >>> days.holidays[dt.date(2026, 2, 17)], dt.date(2026, 2, 28) in days.makeup_workdays
    ('春节', True)
    """
    years = range((first - SHADOW).year, (last + SHADOW).year + 1)
    days = SpecialDays()
    for part in (text.strip() for text in setting.split(",")):
        if part.lower() == NONE or not part:
            continue
        if part.lower().endswith(".csv"):
            days = _overridden(days, read_special_days(folder / part))
        else:
            days = _of_country(part, years)
    return days


def _of_country(code: str, years: Sequence[int]) -> SpecialDays:
    if code.upper() == CHINA:
        return _chinese(years)
    return SpecialDays(holidays=_package_holidays(code, years), of_law=((code, tuple(years)),))


def _chinese(years: Sequence[int]) -> SpecialDays:
    """Return China's days: with make-up workdays where they are published, else the statutory days alone."""
    from chinese_calendar.constants import holidays, workdays

    published = {day.year for day in holidays}
    names = {
        day: CHINESE_NAMES.get(str(name), str(name)) for day, name in holidays.items() if day.year in years
    }
    makeup = frozenset(day for day in workdays if day.year in years)
    missing = [year for year in years if year not in published]
    statutory = _package_holidays(CHINA, missing)
    return SpecialDays(
        holidays=names | {day: "春节" if name == LUNAR_EVE else name for day, name in statutory.items()},
        makeup_workdays=makeup,
        unpublished=frozenset(missing),
        of_law=((CHINA, tuple(years)),),
    )


def _package_holidays(code: str, years: Sequence[int]) -> dict[dt.date, str]:
    """Return the names of a country's holidays, without remarks."""
    return {day: _plain_name(name) for day, name in _listed(code, years).items()}


def _days_of_law(code: str, years: Sequence[int]) -> frozenset[dt.date]:
    """Return the holidays themselves, without the days off that are moved next to them."""
    return frozenset(
        day
        for day, name in _listed(code, years).items()
        if any(not any(word in part for word in MOVED) for part in name.split(";"))
    )


def _listed(code: str, years: Sequence[int]) -> dict[dt.date, str]:
    country = code.upper()
    if country == CHINA and not years:
        return {}
    import holidays
    from holidays.registry import EntityLoader  # lists codes alone: `list_supported_countries` loads them all

    if country not in EntityLoader.get_country_codes(include_aliases=True):
        raise ConfigError(
            f"shop.toml: [shop] holidays: {code!r} is no country code, CSV file or none"
            f"{nearest(country, ['none', 'CN', 'US', 'GB', 'DE'])}"
        )
    language = "zh_CN" if country == CHINA else None
    return dict(holidays.country_holidays(country, years=list(years), language=language).items())


def _plain_name(name: str) -> str:
    """Return a holiday's name without remarks: a day moved to Monday is the same holiday."""
    first = name.split(";")[0]
    for remark in REMARKS:
        first = first.replace(remark, "")
    return first.strip()


def read_special_days(path: Path) -> SpecialDays:
    """Read a CSV of `date, name, type`, type being ``holiday``, ``statutory_holiday`` or ``makeup_workday``.

    Raises
    ------
    ConfigError
        If the file does not exist.
    DataError
        With every row that cannot be read.
    """
    if not path.exists():
        raise ConfigError(f"shop.toml: [shop] holidays: {path.name} does not exist in the shop folder")
    holidays: dict[dt.date, str] = {}
    makeup: set[dt.date] = set()
    statutory: set[dt.date] = set()
    problems: list[str | Problem] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
        if missing:
            raise DataError(
                Problem(
                    file=path.name,
                    row=1,
                    message=f"{', '.join(missing)} missing; expected {', '.join(COLUMNS)}",
                )
            )
        for row, cells in enumerate(reader, start=2):
            try:
                day = dt.date.fromisoformat((cells["date"] or "").strip())
            except ValueError:
                problems.append(
                    Problem(
                        file=path.name,
                        row=row,
                        column="date",
                        message=f"{cells['date']!r} is not a date; write for example 2027-02-06",
                    )
                )
                continue
            kind = (cells["type"] or "").strip()
            if kind == "makeup_workday":
                makeup.add(day)
            elif kind in KINDS:
                holidays[day] = (cells["name"] or "").strip() or "holiday"
                statutory |= {day} if kind == "statutory_holiday" else set()
            else:
                problems.append(
                    Problem(
                        file=path.name,
                        row=row,
                        column="type",
                        message=f"{kind!r} is not known{nearest(kind, KINDS)}",
                    )
                )
    if problems:
        raise DataError(problems)
    return SpecialDays(
        holidays=holidays, makeup_workdays=frozenset(makeup), stated_statutory=frozenset(statutory)
    )


def _overridden(days: SpecialDays, own: SpecialDays) -> SpecialDays:
    """Return the days with the shop's own rows on top."""
    stated = set(own.holidays) | own.makeup_workdays
    settled = {day.year for day in stated} & days.unpublished
    kept = {day: name for day, name in days.holidays.items() if day not in stated and day.year not in settled}
    return SpecialDays(
        holidays=kept | dict(own.holidays),
        makeup_workdays=frozenset(day for day in days.makeup_workdays if day not in stated)
        | own.makeup_workdays,
        unpublished=days.unpublished - settled,
        of_law=days.of_law,
        stated_statutory=(days.stated_statutory - own.makeup_workdays) | own.stated_statutory,
    )
