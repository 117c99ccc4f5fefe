"""Settings of supply: shift templates, labour rules, pools; and the whole of a shop's settings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from forecast.config import SUPPLY_SECTIONS, ShopSettings, parse_tables, read_shop, read_toml
from forecast.errors import ConfigError, Problem, nearest
from forecast.formulas import check_names
from forecast.timegrid import clock_minutes

DEFAULT_TEMPLATES = ("早班", "晚班", "半班")  # names of the shifts of a shop that names none
WEEK_HOURS = 44.0  # the most of a week on average, by China's labour law
Form = Literal["early", "late", "half"]
Pool = Literal["staff", "part_time", "outsourced"]


@dataclass(frozen=True, kw_only=True)
class ShiftTemplate:
    """A legal form of shift: when it may start, how long it is, where its break lies, who works it.

    ``hours`` are on site, the break included. The break lies on the planning grid inside
    ``break_window`` (wall times) or ``break_after_hours`` (from the start); with neither, in the middle
    third of the shift.
    """

    name: str
    form: Form
    starts: tuple[str, ...]
    hours: float
    break_min: int = 0
    break_window: tuple[str, str] | None = None
    break_after_hours: tuple[float, float] | None = None
    break_paid: bool = False
    pools: tuple[Pool, ...] = ("staff",)
    cost_per_hour: float = 25.0
    max_people: int | None = None

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        """Raise `ValueError` for a shift that cannot be meant."""
        check_names(name=self.name)
        for text in (*self.starts, *(self.break_window or ())):
            clock_minutes(text)
        if not 0 < self.hours <= 24:
            raise ValueError(f"hours must be above 0 and at most 24, got {self.hours:g}")
        if not 0 <= self.break_min < self.hours * 60:
            raise ValueError(f"break_min must be 0 or more and shorter than the shift, got {self.break_min}")
        if not self.starts:
            raise ValueError("starts must name at least one wall time")
        if self.cost_per_hour < 0:
            raise ValueError(f"cost_per_hour must be 0 or more, got {self.cost_per_hour:g}")

    @property
    def paid_hours(self) -> float:
        """Paid hours of one duty; breaks are unpaid unless ``break_paid``."""
        return self.hours if self.break_paid else self.hours - self.break_min / 60


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A labour rule's number and how it binds: hard, soft with a price, or off.

    ``price`` is per unit of violation, in the shop's currency.
    """

    value: float
    mode: Literal["hard", "soft", "off"] = "hard"
    price: float = 30.0

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        """Raise `ValueError` for a negative limit or price."""
        if self.value < 0 or self.price < 0:
            raise ValueError(f"value and price must be 0 or more, got {self.value:g} and {self.price:g}")


@dataclass(frozen=True, kw_only=True)
class Pay:
    """Hours that the law pays at a multiple of the wage.

    ``mode``: soft, such hours are paid at ``rate`` times the wage and priced; hard, nobody works them; off,
    they are paid like any other.
    """

    rate: float
    mode: Literal["hard", "soft", "off"] = "soft"

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        """Raise `ValueError` for a rate below the plain wage."""
        if self.rate < 1:
            raise ValueError(f"rate must be at least 1 (the plain wage), got {self.rate:g}")


@dataclass(frozen=True, kw_only=True)
class Labour:
    """Labour rules. In ``shop.toml`` a plain number is a hard rule; ``{mode = "off"}`` lifts one.

    Hours averaged over a month or a quarter (综合工时制): ``averaged_over``, and where wanted a
    ``max_hours_per_month`` or ``max_hours_per_quarter``, off unless named. ``max_hours_per_week`` is 44 hours
    unless named, and none where hours are averaged. Long and short weeks (大小周):
    with ``alternate_rest_days``, the week of ``alternate_from`` and every second one have that many rest
    days, the others ``rest_days_per_week``. ``max_weekends_per_month``: weekends with a duty on Saturday,
    Sunday or both, counted in the month of the Saturday; off unless named.

    Pay above the wage, of people in ``premium_pools``; a plain number is the rate: ``holiday_pay`` on the
    days of law (``statutory_holidays``; default: those of ``[shop] holidays``), ``rest_day_pay`` on rest
    days, ``overtime_pay`` for hours beyond eight on other days. ``rest_days``: ``rota``, what lies beyond
    40 hours in an ISO week, whatever its days; ``weekend``, Saturdays and Sundays that are no make-up
    workdays, and days moved next to a holiday. With ``averaged_over`` a month or a quarter rest days are
    ordinary days and overtime is what lies beyond the period's ``standard_hours`` (default: the law's).

    ``max_overtime_per_month`` limits hours beyond eight a day, or beyond the hours averaged (a quarter: three
    months' worth), of people in ``premium_pools``; hours on days of law and on rest days are none.

    Defaults: hours per day and week, the rest day and 36 hours of overtime are China's labour law; six days
    in a row follow from it; 11 hours of rest are a convention taken from elsewhere, not Chinese law.
    """

    max_hours_per_day: Limit = field(default_factory=lambda: Limit(value=8))
    max_hours_per_week: Limit | None = None
    min_rest_hours: Limit = field(default_factory=lambda: Limit(value=11))
    max_consecutive_days: Limit = field(default_factory=lambda: Limit(value=6))
    rest_days_per_week: Limit = field(default_factory=lambda: Limit(value=1))
    max_weekends_per_month: Limit = field(default_factory=lambda: Limit(value=3, mode="off"))
    max_hours_per_month: Limit = field(default_factory=lambda: Limit(value=174, mode="off"))
    max_hours_per_quarter: Limit = field(default_factory=lambda: Limit(value=496, mode="off"))
    max_overtime_per_month: Limit = field(default_factory=lambda: Limit(value=36))
    alternate_rest_days: int | None = None
    alternate_from: dt.date | None = None
    holiday_pay: Pay = field(default_factory=lambda: Pay(rate=3.0))
    rest_day_pay: Pay = field(default_factory=lambda: Pay(rate=2.0))
    overtime_pay: Pay = field(default_factory=lambda: Pay(rate=1.5))
    rest_days: Literal["rota", "weekend"] = "rota"
    averaged_over: Literal["none", "month", "quarter"] = "none"
    standard_hours: float | None = None
    statutory_holidays: tuple[dt.date, ...] | None = None
    premium_pools: tuple[Pool, ...] = ("staff",)

    def __post_init__(self) -> None:
        """Raise `ValueError` for alternating weeks that cannot be meant."""
        if (self.alternate_rest_days is None) != (self.alternate_from is None):
            raise ValueError("alternate_rest_days and alternate_from belong together; give both or neither")
        if self.alternate_rest_days is not None and not 0 <= self.alternate_rest_days <= 7:
            raise ValueError(f"alternate_rest_days must be 0 to 7, got {self.alternate_rest_days}")
        if self.standard_hours is not None and self.averaged_over == "none":
            raise ValueError("standard_hours belong to averaged_over; name month or quarter there")
        if self.standard_hours is not None and self.standard_hours <= 0:
            raise ValueError(f"standard_hours must be above 0, got {self.standard_hours:g}")

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    @property
    def week_limit(self) -> Limit:
        """The most hours of a week: as named, else the law's 44, which hours averaged over more know not."""
        if self.max_hours_per_week is not None:
            return self.max_hours_per_week
        return Limit(value=WEEK_HOURS, mode="hard" if self.averaged_over == "none" else "off")


@dataclass(frozen=True, kw_only=True)
class PoolLimit:
    """How many people of one pool may work on one day."""

    name: Pool
    max_people: int | None = None

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything ``shop.toml`` and ``service.toml`` say."""

    demand: ShopSettings
    templates: tuple[ShiftTemplate, ...] = ()
    labour: Labour = field(default_factory=Labour)
    pools: tuple[PoolLimit, ...] = ()

    @property
    def template_names(self) -> tuple[str, ...]:
        """Names of the shop's templates; without any, those of the default ones."""
        return tuple(template.name for template in self.templates) or DEFAULT_TEMPLATES

    def max_people(self, pool: str) -> int | None:
        """Return the limit on people of a pool per day, if there is one."""
        return next((limit.max_people for limit in self.pools if limit.name == pool), None)


def read_settings(folder: Path) -> Settings:
    """Read the whole of a shop's settings.

    Parameters
    ----------
    folder
        The shop folder.

    Raises
    ------
    ConfigError
        With every problem of every section.
    """
    problems: list[str | Problem] = []
    try:
        demand = read_shop(folder)
    except ConfigError as error:
        problems += error.problems
        demand = ShopSettings(folder=folder, supply=_raw_supply(folder))
    supply = demand.supply
    templates: list[ShiftTemplate] = []
    labour: list[Labour] = []
    pools: list[PoolLimit] = []
    try:
        templates = parse_tables(
            ShiftTemplate, supply.get("template", []), source="shop.toml", section="template"
        )
    except ConfigError as error:
        problems += error.problems
    try:
        labour = parse_tables(
            Labour, [_spelt_out(supply.get("labour", {}))], source="shop.toml", section="labour"
        )
    except ConfigError as error:
        problems += error.problems
    try:
        tables = [{"name": name, **table} for name, table in supply.get("pool", {}).items()]
        pools = parse_tables(PoolLimit, tables, source="shop.toml", section="pool")
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    return Settings(demand=demand, templates=tuple(templates), labour=labour[0], pools=tuple(pools))


def _raw_supply(folder: Path) -> dict[str, Any]:
    """Return supply's sections of a file whose other sections have problems."""
    try:
        tables = read_toml(folder / "shop.toml")
    except ConfigError:
        return {}
    return {name: tables[name] for name in SUPPLY_SECTIONS if name in tables}


def _spelt_out(labour: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the short forms of labour rules (a number, a table without a value) into the long one."""
    defaults = Labour()
    known = {f.name: getattr(defaults, f.name) for f in fields(Labour)}
    known["max_hours_per_week"] = defaults.week_limit
    plain = [name for name, default in known.items() if not isinstance(default, Limit | Pay)]
    paid = [name for name, default in known.items() if isinstance(default, Pay)]
    spelt: dict[str, Any] = {}
    for name, entry in labour.items():
        if name not in known:
            raise ConfigError(
                Problem(file="shop.toml", message=f"[labour]: unknown key {name}{nearest(name, list(known))}")
            )
        if name in plain:
            spelt[name] = entry
            continue
        number, default = ("rate", known[name].rate) if name in paid else ("value", known[name].value)
        table = dict(entry) if isinstance(entry, Mapping) else {number: entry}
        spelt[name] = {number: default, **table}
    return spelt
