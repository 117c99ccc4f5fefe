"""A shop folder's inputs, read and checked together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from forecast.config import DEFAULT_STREAM, ShopSettings
from forecast.errors import ConfigError, DataError, PlanError, Problem
from forecast.logs.history import read_history
from forecast.logs.shop_logs import imported_history, with_imported
from forecast.overrides import Override, read_overrides
from forecast.promotions import PromotionCalendar, read_promotions
from forecast.traffic import Traffic, read_traffic
from scheduling.config import Settings, read_settings
from scheduling.roster.availability import read_availability
from scheduling.roster.meetings import with_meetings
from scheduling.roster.people import Employee, Wish, read_agents, read_wishes, with_calibrated_agents

SETTINGS = ("shop.toml", "service.toml", "promotions.toml")
OF_PEOPLE = ("availability", "meetings", "wishes")
TABLES = ("history", "agents", *OF_PEOPLE, "overrides", "traffic")  # each CSV or Excel


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a plan starts from; ``hashes`` names each file read with its sha256."""

    settings: Settings
    history: pd.DataFrame
    calendar: PromotionCalendar
    employees: tuple[Employee, ...] = ()
    wishes: tuple[Wish, ...] = ()
    overrides: tuple[Override, ...] = ()
    traffic: tuple[Traffic, ...] = ()
    hashes: dict[str, str]


def read_inputs(folder: Path, *, history: Path | None = None, needs_history: bool = True) -> Inputs:
    """Read a shop folder.

    Parameters
    ----------
    folder
        The shop folder; only a history is needed, everything else has defaults.
    history
        Another file of hourly counts than ``history.csv``.
    needs_history
        Whether no history (neither ``history.csv`` nor imported logs) is an error; a forecast that is given
        needs none. Where both have an hour, imported logs win.

    Raises
    ------
    PlanError
        With every problem of every file.
    """
    if folder.is_file():
        raise DataError(
            Problem(
                file=str(folder),
                message="a file, not a shop folder; name the folder (an edited roster must be an xlsx)",
            )
        )
    if not folder.is_dir():
        raise DataError(Problem(file=str(folder), message="no such shop folder; make one with paiban init"))
    problems: list[PlanError] = []
    settings = read_settings(folder)
    demand = settings.demand
    table, calendar = pd.DataFrame(), PromotionCalendar()
    employees: tuple[Employee, ...] = ()
    wishes: tuple[Wish, ...] = ()
    overrides: tuple[Override, ...] = ()
    traffic: tuple[Traffic, ...] = ()
    imported: tuple[pd.DataFrame, str] | None = None
    try:
        counts = input_table(folder, "history") if history is None else history
        imported = imported_history(demand) if history is None else None
        if history is None and needs_history and imported is None and not counts.is_file():
            raise DataError(
                Problem(
                    file=str(counts),
                    message="no such file; put hourly counts there (time, count), read logs with "
                    "paiban import, or name a file with --history",
                )
            )
        if counts.is_file() or (history is not None and needs_history):
            table = read_history(
                counts,
                timezone=demand.shop.timezone,
                stream=demand.streams[0].id if demand.streams else DEFAULT_STREAM,
            )
        if imported is not None:
            table = with_imported(imported[0], table)
        if len(table):
            _check_streams(table, demand, "history.csv" if imported is None else "imported logs")
    except PlanError as error:
        problems.append(error)
    try:
        calendar = read_promotions(folder / "promotions.toml", demand.shop.timezone)
    except PlanError as error:
        problems.append(error)
    there = sorted(set(table["stream"])) if len(table) else []
    try:
        overrides = read_overrides(input_table(folder, "overrides"), demand, streams=there)
    except PlanError as error:
        problems.append(error)
    try:
        traffic = read_traffic(input_table(folder, "traffic"), demand, streams=there)
    except PlanError as error:
        problems.append(error)
    try:
        if (agents := input_table(folder, "agents")).is_file():
            employees = with_calibrated_agents(read_agents(agents, settings), demand.agents, agents)
            employees = _with_times(folder, employees, problems)
            if (asked := input_table(folder, "wishes")).is_file():
                wishes = read_wishes(asked, employees, settings)
    except PlanError as error:
        problems.append(error)
    _raise_all(problems)
    tables = [input_table(folder, name) for name in TABLES if name != "history" or history is None]
    paths = [*(folder / name for name in SETTINGS), *tables, *([history] if history is not None else [])]
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths if path.is_file()}
    if imported is not None:
        hashes["imported logs"] = imported[1]
    return Inputs(
        settings=settings,
        history=table,
        calendar=calendar,
        employees=employees,
        wishes=wishes,
        overrides=overrides,
        traffic=traffic,
        hashes=hashes,
    )


def _with_times(
    folder: Path, employees: tuple[Employee, ...], problems: list[PlanError]
) -> tuple[Employee, ...]:
    """Return people with when they can work and their meetings, where the shop says so; note problems."""
    try:
        if (named := input_table(folder, "availability")).is_file():
            times = read_availability(named, [person.employee for person in employees])
            employees = tuple(replace(p, available=times.get(p.employee, ())) for p in employees)
    except PlanError as error:
        problems.append(error)
    try:
        if (planned := input_table(folder, "meetings")).is_file():
            employees = with_meetings(planned, employees)
    except PlanError as error:
        problems.append(error)
    return employees


def input_table(folder: Path, name: str) -> Path:
    """Return the file of one of a shop's tables: CSV, or Excel where there is no CSV."""
    path = folder / f"{name}.csv"
    excel = path.with_suffix(".xlsx")
    return excel if excel.is_file() and not path.is_file() else path


def _check_streams(history: pd.DataFrame, settings: ShopSettings, source: str) -> None:
    """Raise for streams that only one of history and settings knows."""
    if not settings.streams:
        return
    there, known = set(history["stream"]), {stream.id for stream in settings.streams}
    if there != known:
        raise DataError(
            [
                Problem(file=source, column="stream", message=f"shop.toml has no [[stream]] {name!r}")
                for name in sorted(there - known)
            ]
            + [
                Problem(file=source, column="stream", message=f"no rows for stream {name!r}")
                for name in sorted(known - there)
            ]
        )


def _raise_all(problems: list[PlanError]) -> None:
    """Raise everything that is wrong in one error, of data where any file's rows are at fault."""
    if not problems:
        return
    everything = [problem for error in problems for problem in error.problems]
    if all(isinstance(error, ConfigError) for error in problems):
        raise ConfigError(everything)
    raise DataError(everything)
