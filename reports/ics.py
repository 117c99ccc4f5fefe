"""One calendar file an agent: duties as events that phones update in place when a roster changes.

An event's UID belongs to a person and a date. Writing again over former calendars leaves unchanged events as
they were, raises the SEQUENCE of changed ones, and turns dropped ones into CANCELLED, so that a phone removes
them instead of keeping both.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import icalendar
import pandas as pd

from forecast.timegrid import zone
from reports.words import Words, words

if TYPE_CHECKING:
    from scheduling.pipeline import Plan

CONTENT = ("SUMMARY", "DESCRIPTION", "DTSTART", "DTEND", "STATUS")  # a change in these is a new version


def write_calendars(plan: Plan, folder: Path, lang: str, *, former: Path | None = None) -> list[Path]:
    """Write one ``.ics`` file for everybody on a plan's roster.

    Parameters
    ----------
    plan
        A finished plan; without a roster nothing is written.
    folder
        Where to write; it is made if it is missing.
    lang
        zh or en.
    former
        Folder of the calendars handed out before; default: `folder` itself.

    Returns
    -------
    list of Path
        The files written, by name.
    """
    if plan.roster is None:
        return []
    shop = plan.settings.demand.shop
    return write_roster_calendars(
        plan.roster,
        folder,
        words(lang),
        timezone=shop.timezone,
        shop=shop.name,
        first=plan.start,
        days=plan.days,
        synthetic=plan.synthetic,
        former=former,
    )


def write_roster_calendars(
    roster: pd.DataFrame,
    folder: Path,
    say: Words,
    *,
    timezone: str,
    shop: str,
    first: dt.date,
    days: int,
    synthetic: bool = False,
    former: Path | None = None,
) -> list[Path]:
    """Write the calendars of any roster.

    Parameters
    ----------
    roster
        One row a duty: ``employee, date, template, stream, start, end, breaks`` and optionally ``meetings``.
    folder, say, former
        As for `write_calendars`.
    timezone, shop
        The shop's IANA zone and name.
    first, days
        Span of the roster: former duties inside it that are gone are cancelled, those outside stay.
    synthetic
        Whether events must say that the data are made up.
    """
    source = folder if former is None else former
    before = _former_events(source)
    folder.mkdir(parents=True, exist_ok=True)
    span = {first + dt.timedelta(days=day) for day in range(days)}
    duties = {str(name): rows for name, rows in roster.groupby("employee", sort=True)}
    written = []
    for name in sorted(set(duties) | set(before)):
        known = before.get(name, {})
        events = {
            event_uid(name, duty["date"], shop): _event(
                duty, say, timezone=timezone, shop=shop, synthetic=synthetic
            )
            for duty in duties.get(name, roster.iloc[:0]).to_dict("records")
        }
        merged = _merged(events, known, span)
        path = folder / file_name(name)
        path.write_bytes(_calendar(name, merged, say, timezone))
        written.append(path)
    return written


def file_name(employee: str) -> str:
    """Return a file name for a person's calendar; signs that file systems forbid become a hash.

    Examples
    --------
    >>> file_name("王芳")
    '王芳.ics'
    """
    plain = re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", employee).strip(" .")
    if plain == employee:
        return f"{employee}.ics"
    return f"{plain}-{hashlib.sha256(employee.encode()).hexdigest()[:8]}.ics"


def event_uid(employee: str, day: dt.date, shop: str) -> str:
    """Return the UID of a person's duty on a date; it never changes."""
    digest = hashlib.sha256(f"{shop}\n{employee}".encode()).hexdigest()[:20]
    return f"{digest}-{day:%Y%m%d}@paiban"


def _event(
    duty: Mapping[Any, Any], say: Words, *, timezone: str, shop: str, synthetic: bool
) -> icalendar.Event:
    """Return the event of one duty, its first version."""
    event = icalendar.Event()
    event.add("UID", event_uid(duty["employee"], duty["date"], shop))
    key = "calendar.summary" if shop else "calendar.summary_plain"
    event.add("SUMMARY", say(key, template=duty["template"], shop=shop))
    lines = [say("calendar.stream", stream=duty["stream"])]
    if duty["breaks"]:
        lines.append(say("calendar.breaks", breaks=duty["breaks"]))
    if isinstance(held := duty.get("meetings"), str) and held:
        lines.append(say("calendar.meetings", meetings=held))
    if synthetic:
        lines.append(say("calendar.synthetic"))
    event.add("DESCRIPTION", "\n".join(lines))
    start, end = (duty[name].tz_convert(zone(timezone)).to_pydatetime() for name in ("start", "end"))
    event.add("DTSTART", start)
    event.add("DTEND", end)
    event.add("STATUS", "CONFIRMED")
    _number(event, 0)
    return event


def _merged(
    events: Mapping[str, icalendar.Event], known: Mapping[str, icalendar.Event], span: set[dt.date]
) -> list[icalendar.Event]:
    """Return the events to hand out now, given those handed out before."""
    merged: dict[str, icalendar.Event] = {}
    for uid, old in known.items():
        if uid not in events:
            merged[uid] = _cancelled(old) if _start(old).date() in span else old
    for uid, event in events.items():
        version = known.get(uid)
        if version is not None:
            sequence = int(version.get("SEQUENCE", 0))
            _number(event, sequence if _content(version) == _content(event) else sequence + 1)
        merged[uid] = event
    return sorted(merged.values(), key=lambda event: (_start(event), str(event["UID"])))


def _start(event: icalendar.Event) -> dt.datetime:
    start: dt.datetime = event.decoded("DTSTART")
    return start


def _content(event: icalendar.Event) -> list[object]:
    return [event.decoded(name) for name in CONTENT if name in event]


def _cancelled(event: icalendar.Event) -> icalendar.Event:
    """Return the event as cancelled; one that is cancelled already stays as it is."""
    if str(event.get("STATUS", "")) != "CANCELLED":
        event["STATUS"] = icalendar.vText("CANCELLED")
        _number(event, int(event.get("SEQUENCE", 0)) + 1)
    return event


def _number(event: icalendar.Event, sequence: int) -> None:
    """Give an event its version's number, and a stamp that is later than the versions before."""
    # Stamps count from the duty's day, not from the clock's now: the same roster gives the same bytes.
    event["SEQUENCE"] = sequence
    day = _start(event)
    event.pop("DTSTAMP", None)
    first = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    event.add("DTSTAMP", first + dt.timedelta(seconds=sequence))


def _former_events(folder: Path) -> dict[str, dict[str, icalendar.Event]]:
    """Return the events handed out before, by person and UID."""
    people: dict[str, dict[str, icalendar.Event]] = {}
    for path in sorted(folder.glob("*.ics")) if folder.is_dir() else []:
        calendar = icalendar.Calendar.from_ical(path.read_bytes())
        name = str(calendar.get("X-PAIBAN-EMPLOYEE", path.stem))
        people[name] = {str(event["UID"]): event for event in calendar.events}
    return people


def _calendar(employee: str, events: list[icalendar.Event], say: Words, timezone: str) -> bytes:
    """Return a calendar file with its time zone spelt out."""
    calendar = icalendar.Calendar()
    calendar.add("PRODID", "-//Paiban//Roster//ZH")
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", "PUBLISH")
    calendar.add("X-WR-CALNAME", say("calendar.name", employee=employee))
    calendar.add("X-WR-TIMEZONE", timezone)
    calendar.add("X-PAIBAN-EMPLOYEE", employee)
    for event in events:
        calendar.add_component(event)
    calendar.add_missing_timezones()
    for zone_part in calendar.timezones:
        zone_part.pop("COMMENT", None)  # the library's own, in English
    return bytes(calendar.to_ical())
