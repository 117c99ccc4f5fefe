"""The commands that the page's forms ask for: their arguments, and the folders they write."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reports.serve.promotion_form import FILE as PROMOTIONS
from reports.serve.promotion_form import promotion_fields
from reports.serve.toml_files import FieldErrors, read_text
from reports.words import Words

EFFORTS = ("quick", "normal", "thorough")
MOST_DAYS = 92
MOST_ABSENCES = 50

Asked = tuple[list[str], Path]  # options of the command, the folder it writes


def command_of(form: dict[str, Any], shop: Path, say: Words) -> tuple[str, list[str], list[Path]]:
    """Return the command that a form asks for, its arguments and the folders it writes.

    Parameters
    ----------
    form
        `command` (plan, compare, promo, replan), `effort`, and what the command needs: `start` and `days`,
        an `event`'s id, or `absences`, each with `employee, from, until`.
    shop, say
        The shop's folder, and messages for what is wrong.

    Raises
    ------
    FieldErrors
        If what is asked for cannot be meant; by field.
    """
    wrong: dict[str, str] = {}
    name: Any = form.get("command")
    effort = form.get("effort", "quick")
    if effort not in EFFORTS:
        wrong["effort"] = say("serve.not_a_form")
    if name not in COMMANDS:
        raise FieldErrors({**wrong, "command": say("serve.not_a_form")})
    options, target = COMMANDS[name](form, shop, say, wrong)
    if wrong:
        raise FieldErrors(wrong)
    return name, [str(shop), *options, "--effort", effort, "--lang", say.lang, "--out", str(target)], [target]


def _plan(form: dict[str, Any], shop: Path, say: Words, wrong: dict[str, str]) -> Asked:
    start, span = _span(form, say, wrong)
    return span, shop / "plans" / start.isoformat()


def _compare(form: dict[str, Any], shop: Path, say: Words, wrong: dict[str, str]) -> Asked:
    start, span = _span(form, say, wrong)
    return [*span, "--no-beside"], shop / "plans" / f"compare-{start}"


def _span(form: dict[str, Any], say: Words, wrong: dict[str, str]) -> tuple[dt.date, list[str]]:
    start, days = _date(form.get("start")), form.get("days")
    if start is None:
        wrong["start"] = say("serve.not_a_date")
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
        wrong["days"] = say("serve.days_range", most=MOST_DAYS)
    return start or dt.date.min, ["--start", str(start), "--days", str(days)]


def _promo(form: dict[str, Any], shop: Path, say: Words, wrong: dict[str, str]) -> Asked:
    event = str(form.get("event", ""))
    if event not in {one["id"] for one in promotion_fields(read_text(shop / PROMOTIONS))}:
        wrong["event"] = say("serve.not_known", value=event) if event else say("serve.missing")
    named = re.sub(r"[^\w-]", "_", event)
    return [f"--event={event}"], shop / "plans" / f"promo-{named}"


def _replan(form: dict[str, Any], shop: Path, say: Words, wrong: dict[str, str]) -> Asked:
    rows, options, firsts = form.get("absences"), [], []
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ABSENCES:
        wrong["absences"] = say("serve.missing")
        rows = []
    for place, row in enumerate(rows):
        row = row if isinstance(row, dict) else {}
        who, first = str(row.get("employee") or "").strip(), _date(row.get("from"))
        last = _date(row.get("until")) if row.get("until") else first
        if not who:
            wrong[f"absences.{place}.employee"] = say("serve.missing")
        for key, day in (("from", first), ("until", last)):
            if day is None:
                wrong[f"absences.{place}.{key}"] = say("serve.not_a_date")
        if first and last:
            if last < first:
                wrong[f"absences.{place}.until"] = say("serve.until_before_from")
            options.append(f"--absent={who}:{first}..{last}")
            firsts.append(first)
    return options, _unused(shop / "plans" / f"replan-{min(firsts, default=dt.date.min)}")


def _unused(folder: Path) -> Path:
    """Return the folder, numbered where there is one already: a repair never takes its own plan's place."""
    number, found = 2, folder
    while found.exists():
        found, number = folder.with_name(f"{folder.name}-{number}"), number + 1
    return found


def _date(value: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        return None


COMMANDS: dict[Any, Callable[[dict[str, Any], Path, Words, dict[str, str]], Asked]] = {
    "plan": _plan,
    "compare": _compare,
    "promo": _promo,
    "replan": _replan,
}
