"""``promotions.toml`` as a form: events with their phases, clocks and multipliers."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any, get_args

import tomlkit

from forecast.errors import PlanError
from forecast.promotions import KINDS, Multiplier, PhaseKind, read_promotions
from reports.notes import in_words, problem_words
from reports.serve.fields import Fields
from reports.serve.toml_files import FieldErrors, dumped, parsed, set_value, tables_of
from reports.words import Words

FILE = "promotions.toml"
SIZES = ("low", "mid", "high")
KERNEL = ("peak_hours", "half_life_h")
PHASE_KINDS: tuple[str, ...] = get_args(PhaseKind)


def promotion_fields(text: str) -> list[dict[str, Any]]:
    """Return the events of a promotion calendar as the form shows them, latest first.

    ``index`` is an event's or phase's place in the file.
    """
    rows = parsed(text, FILE).unwrap().get("event", [])
    shown = [
        {
            "index": i,
            "id": event.get("id", ""),
            "name": event.get("name", ""),
            "kind": event.get("kind", ""),
            "phases": [_phase_fields(j, phase) for j, phase in enumerate(event.get("phase", []))],
        }
        for i, event in enumerate(rows)
    ]
    return sorted(shown, key=lambda event: max((p["end"] for p in event["phases"]), default=""), reverse=True)


def _phase_fields(index: int, phase: dict[str, Any]) -> dict[str, Any]:
    sizes, kernel = phase.get("multiplier", {}), phase.get("kernel", {})
    return {
        "index": index,
        "name": phase.get("name", ""),
        "kind": phase.get("kind", ""),
        **{key: _clock(phase.get(key)) for key in ("start", "end")},
        **{key: sizes.get(key) for key in SIZES},
        **{key: kernel.get(key) for key in KERNEL},
        "bot_share": phase.get("bot_share"),
    }


def _clock(value: Any) -> str:
    return f"{value:%Y-%m-%dT%H:%M}" if isinstance(value, dt.datetime) else ""


def edited_promotions(text: str, events: Any, *, timezone: str, say: Words) -> str:
    """Return a promotion calendar's text with the form's values in it; all else stays as it was.

    Parameters
    ----------
    text
        The file as it stands.
    events
        As `promotion_fields` gives them; one without index is new, one that is missing is taken out.
    timezone
        The shop's.
    say
        The reader's messages.

    Raises
    ------
    FieldErrors
        With what is wrong beside each field, under names such as ``0.phases.1.start``.
    """
    document, fields = parsed(text, FILE), Fields(say)
    there = tables_of(document, "event")
    kept: set[int] = set()
    for i, row in enumerate(fields.rows(events, "events")):
        index = fields.index(row, there)
        table = tomlkit.table() if index is None else there[index]
        if index is not None:
            kept.add(index)
        _put_event(table, row, str(i), fields)
        if index is None:
            there.append(table)
            kept.add(len(there) - 1)
    fields.check()
    for gone in sorted(set(range(len(there))) - kept, reverse=True):
        del there[gone]
    if not len(there):
        del document["event"]
    edited = dumped(document)
    _check_whole(edited, timezone, say)
    return edited


def _put_event(table: Any, row: dict[str, Any], place: str, fields: Fields) -> None:
    if "id" not in table:
        set_value(table, "id", fields.text(row, "id", place, needed=True))
        set_value(table, "kind", fields.choice(row, "kind", place, KINDS))
    set_value(table, "name", fields.text(row, "name", place))
    if "phase" not in table:
        table["phase"] = tomlkit.aot()
    phases, kept = table["phase"], set()
    rows = fields.rows(row.get("phases"), f"{place}.phases")
    if not rows:
        fields.wrong(f"{place}.name", "serve.needs_phase")
    for j, one in enumerate(rows):
        index = fields.index(one, phases)
        phase = tomlkit.table() if index is None else phases[index]
        _put_phase(phase, one, f"{place}.phases.{j}", fields)
        if index is None:
            phases.append(phase)
            index = len(phases) - 1
        kept.add(index)
    for gone in sorted(set(range(len(phases))) - kept, reverse=True):
        del phases[gone]


def _put_phase(phase: Any, row: dict[str, Any], place: str, fields: Fields) -> None:
    set_value(phase, "name", fields.text(row, "name", place))
    set_value(phase, "kind", fields.choice(row, "kind", place, PHASE_KINDS))
    start, end = (fields.clock(row, key, place) for key in ("start", "end"))
    for key, value in (("start", start), ("end", end)):
        if value is not None and _clock(phase.get(key)) != _clock(value):
            was = phase.get(key)
            zone = was.tzinfo if isinstance(was, dt.datetime) else None  # an offset that stands there holds
            phase[key] = value.replace(tzinfo=zone)
    if start is not None and end is not None and not start < end:
        fields.wrong(f"{place}.end", "serve.end_before_start")
    bots = fields.number(row, "bot_share", place)
    if bots is not None and not 0 <= bots < 1:
        fields.wrong(f"{place}.bot_share", "serve.not_a_share")
    set_value(phase, "bot_share", bots)
    _put_table(phase, "multiplier", {key: fields.number(row, key, place) for key in SIZES}, place, fields)
    kernel = {key: fields.number(row, key, place) for key in KERNEL}
    _put_table(phase, "kernel", kernel, place, fields)


def _put_table(phase: Any, key: str, values: dict[str, float | None], place: str, fields: Fields) -> None:
    """Set the numbers of a table in a phase; without any, a table that holds nothing else goes."""
    if all(value is None for value in values.values()):
        if key in phase and not set(phase[key]) - set(values) - {"shape"}:
            del phase[key]
        return
    if key == "multiplier":
        for name, value in values.items():
            if value is None and not fields.has(f"{place}.{name}"):
                fields.wrong(f"{place}.{name}", "serve.missing")
        if None not in values.values():
            try:
                Multiplier(**values)  # type: ignore[arg-type]
            except ValueError as error:
                fields.tell(f"{place}.mid", in_words(str(error), fields.say))
    elif (values["peak_hours"] or 0) < 0 or (
        values["half_life_h"] is not None and values["half_life_h"] <= 0
    ):
        fields.wrong(f"{place}.half_life_h", "serve.not_above_zero")
    if key not in phase:
        phase[key] = tomlkit.inline_table()
    for name, value in values.items():
        set_value(phase[key], name, value)


def _check_whole(text: str, timezone: str, say: Words) -> None:
    """Raise what the reader of the file itself finds wrong."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE
        path.write_text(text, encoding="utf-8")
        try:
            read_promotions(path, timezone)
        except PlanError as error:
            raise FieldErrors({}, [problem_words(one, say) for one in error.problems]) from None
