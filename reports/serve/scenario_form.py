"""``scenarios.toml`` as a form: the levers a manager pulls; other keys of a scenario stay as they are."""

from __future__ import annotations

from typing import Any, get_args

import tomlkit

from reports.serve.fields import Fields
from reports.serve.toml_files import dumped, parsed, set_value, tables_of
from reports.words import Words
from scheduling.config import Pool

FILE = "scenarios.toml"
NUMBERS = ("volume", "promotion_multiplier", "bot_share", "reply_factor")
WHOLE = ("reception_cap",)
PEOPLE = {"count": True, "reception_cap": True, "cost_per_hour": False}  # whether a whole number
POOLS: tuple[str, ...] = get_args(Pool)
SHOWN = ("name", "note", "rule", *NUMBERS, *WHOLE)


def scenario_fields(text: str) -> list[dict[str, Any]]:
    """Return the scenarios of a file as the form shows them; ``others`` are keys it does not show."""
    rows = parsed(text, FILE).unwrap().get("scenario", [])
    return [_fields(i, row) for i, row in enumerate(rows)]


def _fields(index: int, row: dict[str, Any]) -> dict[str, Any]:
    people = row.get("add_agents")
    plain = _is_plain(people)
    shown = {key for key in SHOWN if not isinstance(row.get(key), dict | list)}
    others = [key for key in row if key not in shown and not (key == "add_agents" and plain)]
    added = people if plain and isinstance(people, dict) else {}
    return {
        "index": index,
        **{key: row.get(key) if key in shown else None for key in SHOWN},
        **{f"add_{key}": added.get(key) for key in ("pool", *PEOPLE)},
        "others": [f"{key} = {_written(row[key])}" for key in others],
        "locked": [key for key in SHOWN if key not in shown] + ([] if plain else ["add_agents"]),
    }


def _written(value: Any) -> str:
    """Return a value as TOML writes it on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_written(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return str(tomlkit.item(value).as_string())


def _is_plain(people: Any) -> bool:
    """Return whether the added people are one group that the form can show, or none."""
    return people is None or (isinstance(people, dict) and not set(people) - {"pool", *PEOPLE})


def edited_scenarios(text: str, scenarios: Any, *, say: Words) -> str:
    """Return a file of scenarios with the form's values in it; all else stays as it was.

    Raises
    ------
    FieldErrors
        With what is wrong beside each field, under names such as ``1.volume``.
    """
    document, fields = parsed(text, FILE), Fields(say)
    there = tables_of(document, "scenario")
    kept: set[int] = set()
    for i, row in enumerate(fields.rows(scenarios, "scenarios")):
        index = fields.index(row, there)
        table = tomlkit.table() if index is None else there[index]
        _put(table, row, str(i), fields)
        if index is None:
            there.append(table)
            index = len(there) - 1
        kept.add(index)
    fields.check()
    for gone in sorted(set(range(len(there))) - kept, reverse=True):
        del there[gone]
    return dumped(document)


def _put(table: Any, row: dict[str, Any], place: str, fields: Fields) -> None:
    def free(key: str) -> bool:
        return not isinstance(table.get(key), dict | list)

    set_value(table, "name", fields.text(row, "name", place, needed=True))
    for key in ("note", "rule"):
        if free(key):
            set_value(table, key, fields.text(row, key, place))
    for key in (*NUMBERS, *WHOLE):
        if not free(key):
            continue
        value = fields.number(row, key, place, whole=key in WHOLE)
        if value is not None and key == "bot_share" and not 0 <= value < 1:
            fields.wrong(f"{place}.{key}", "serve.not_a_share")
        elif value is not None and key != "bot_share" and value <= 0:
            fields.wrong(f"{place}.{key}", "serve.not_above_zero")
        set_value(table, key, value)
    people = table.get("add_agents")
    if not _is_plain(people):
        return
    values = {key: fields.number(row, f"add_{key}", place, whole=whole) for key, whole in PEOPLE.items()}
    if values["count"] is None:
        if any(value is not None for value in values.values()):
            fields.wrong(f"{place}.add_count", "serve.missing")
        set_value(table, "add_agents", None)
        return
    for key, value in values.items():
        if value is not None and value < (0 if key == "cost_per_hour" else 1):
            fields.wrong(f"{place}.add_{key}", "serve.not_above_zero")
    if people is None:
        table["add_agents"] = tomlkit.inline_table()
    set_value(table["add_agents"], "pool", fields.choice(row, "add_pool", place, POOLS))
    for key, value in values.items():
        set_value(table["add_agents"], key, value)
