"""Which language the command line speaks, and what it says besides results: errors, warnings, usage."""

from __future__ import annotations

import json
import locale
import logging
import math
import os
import tomllib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from forecast.errors import PlanError
from reports.notes import in_words, problem_words
from reports.words import LANGUAGES, Words, words

LOCALES = (
    "LC_ALL",
    "LC_MESSAGES",
    "LANG",
)  # as for every program; a system may know the name and lack the locale


def language(asked: str | None, shops: str | None) -> str:
    """Return the language of what is shown: asked for, else the shop's, else the locale's."""
    if asked is not None:
        return asked
    if shops is not None:
        return shops
    named = next((os.environ[name] for name in LOCALES if os.environ.get(name)), None)
    return "zh" if (named or locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"


def spoken_language(arguments: Sequence[str]) -> str:
    """Return the language of a command line that has not been read yet, or cannot be.

    Examples
    --------
    >>> spoken_language(["plan", "--lang", "zh"])
    'zh'
    """
    for given, following in pairwise([*arguments, ""]):
        asked = following if given == "--lang" else given.removeprefix("--lang=")
        if given.startswith("--lang") and asked in LANGUAGES:
            return asked
    return language(None, _shops_language(arguments))


def _shops_language(arguments: Sequence[str]) -> str | None:
    """Return what the first shop among the arguments or above them says, else the current folder's."""
    named = [Path(text) for text in arguments[1:] if not text.startswith("-") and len(text) < 1000]
    folders = [folder for path in named if path.exists() for folder in (path, *path.absolute().parents[:3])]
    for folder in (*folders, Path()):
        try:
            found = tomllib.loads((folder / "shop.toml").read_text(encoding="utf-8-sig"))
        except (OSError, ValueError):
            continue
        shop = found.get("shop")
        said = shop.get("language") if isinstance(shop, dict) else None
        if said in LANGUAGES:
            return str(said)
    return None


def tell_json(content: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout: dates as text, what is not a number as null."""
    click.echo(json.dumps(_plain(content), ensure_ascii=False, default=str, allow_nan=False))


def _plain(value: Any) -> Any:
    """Return a value with NaN and infinities, which JSON does not know, as None."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def tell_problems(error: PlanError, say: Words) -> None:
    """Name every problem on stderr."""
    for problem in error.problems:
        click.echo(f"paiban: {problem_words(problem, say)}", err=True)


def tell_usage(error: click.ClickException, say: Words) -> None:
    """Say on stderr how the command is called and what was wrong."""
    context = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return
    if context is not None:
        click.echo(context.get_usage(), err=True)
        click.echo(say("usage.try_help", command=context.command_path), err=True)
    message = "\n".join(in_words(line, say) for line in error.format_message().splitlines())
    click.echo(f"paiban: {message}", err=True)


class SpokenWarnings(logging.Formatter):
    """Warnings of the libraries in the reader's language."""

    def __init__(self, say: Words) -> None:
        super().__init__()
        self._say = say

    def format(self, record: logging.LogRecord) -> str:
        """Return a line for a record; what is below a warning is for developers and stays as it is."""
        if record.levelno < logging.WARNING:
            return f"{record.levelname}: {record.getMessage()}"
        return self._say("log.warning", text=in_words(record.getMessage(), self._say))


def speak(arguments: Sequence[str], *, debug: bool) -> Words:
    """Return the messages of a command line, and let the libraries' warnings be told in them."""
    say = words(spoken_language(arguments))
    handler = logging.StreamHandler()
    handler.setFormatter(SpokenWarnings(say))
    logging.basicConfig(level=logging.INFO if debug else logging.WARNING, handlers=[handler])
    return say
