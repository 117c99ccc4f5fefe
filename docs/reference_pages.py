"""Write the reference pages from the commands' help and the settings' dataclasses.

Run ``python docs/reference_pages.py`` after changing either; a test fails while the pages are stale.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

from forecast.config import Shop, Stream
from forecast.replies.rules import ReplyRule
from forecast.replies.service_parameters import ServiceParameters
from reports.cli.app import app
from scheduling.config import Labour, PoolLimit, ShiftTemplate

HERE = Path(__file__).parent
SECTIONS: dict[str, type] = {
    "shop": Shop,
    "stream": Stream,
    "stream.service": ServiceParameters,
    "rule": ReplyRule,
    "template": ShiftTemplate,
    "labour": Labour,
    "pool.NAME": PoolLimit,
}
MADE_BY = "Made by `python docs/reference_pages.py`; do not edit.\n"


def commands_page() -> str:
    """Return the help of every command."""
    names = app.list_commands(click.Context(app))
    parts = [f"# Commands\n\n{MADE_BY}"]
    for name in names:
        told = CliRunner(env={"COLUMNS": "100"}).invoke(
            app, ["--lang", "en", name, "--help"], prog_name="paiban"
        )
        parts.append(f"## {name}\n\n```text\n{told.output.rstrip()}\n```\n")
    return "\n".join(parts)


def settings_page() -> str:
    """Return the keys of ``shop.toml`` with types and defaults."""
    parts = [f"# Settings: shop.toml\n\n{MADE_BY}\nEvery key has a default unless it says *required*."]
    for section, kind in SECTIONS.items():
        table = "\n".join(["| key | type | default |", "|---|---|---|", *_rows(kind)])
        parts.append(f"## {section}\n\n```text\n{inspect.getdoc(kind)}\n```\n\n{table}")
    return "\n\n".join(parts) + "\n"


def _rows(kind: Any) -> Iterator[str]:
    for one in fields(kind):
        typed = str(one.type).replace("|", "\\|")
        yield f"| `{one.name}` | `{typed}` | {_default(one)} |"


def _default(one: Field[Any]) -> str:
    if one.default is not MISSING:
        return f"`{one.default!r}`"
    if one.default_factory is MISSING:
        return "*required*"
    made = one.default_factory()
    value = getattr(made, "value", getattr(made, "rate", None))
    if value is not None:
        return f"`{value!r}`, {made.mode}"
    return f"`{made!r}`" if not hasattr(made, "__dataclass_fields__") else "its own section"


PAGES = {"commands.md": commands_page, "settings.md": settings_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / "reference" / name).write_text(page(), encoding="utf-8")
