"""A shop's TOML files as forms see them: read with their version, changed in place, written whole."""

from __future__ import annotations

import hashlib
import os
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import ParseError

from forecast.errors import ConfigError, Problem


class FieldErrors(Exception):  # noqa: N818  (what it holds)
    """What is wrong with a form: a message by field, and messages about the whole."""

    def __init__(self, fields: Mapping[str, str], whole: list[str] | None = None) -> None:
        super().__init__()
        self.fields, self.whole = dict(fields), list(whole or [])


class ChangedFileError(Exception):
    """The file is another than the form was filled from."""


def read_text(path: Path) -> str:
    """Return a file's text; a file that is not there is empty."""
    try:
        return path.read_text(encoding="utf-8-sig") if path.is_file() else ""
    except UnicodeDecodeError:
        raise ConfigError(Problem(file=path.name, message="is not UTF-8 text; save it as UTF-8")) from None


def version_of(text: str) -> str:
    """Return the mark by which a form knows which text it was filled from."""
    return hashlib.sha256(text.encode()).hexdigest()


def parsed(text: str, name: str) -> tomlkit.TOMLDocument:
    """Return a document that keeps comments and order.

    Raises
    ------
    ConfigError
        If the text is no TOML.
    """
    try:
        return tomlkit.parse(text)
    except ParseError as error:
        raise ConfigError(Problem(file=name, message=f"not valid TOML: {error}")) from None


def dumped(document: tomlkit.TOMLDocument) -> str:
    """Return the text of a document, which reads back as what the document holds."""
    text = tomlkit.dumps(document)
    if tomllib.loads(text) != document.unwrap():
        raise RuntimeError("the edited TOML does not read back as it was meant")
    return text


def set_value(table: Any, key: str, value: Any) -> None:
    """Set a key, or take it out where the value is None; what is the same keeps its spelling."""
    if value is None:
        if key in table:
            del table[key]
    elif key not in table or table[key] != value:
        table[key] = value


def tables_of(document: tomlkit.TOMLDocument, key: str) -> Any:
    """Return an array of tables, made where there is none."""
    if key not in document:
        document[key] = tomlkit.aot()
    return document[key]


def write_whole(path: Path, text: str, *, version: str) -> None:
    """Write a text in the place of the version it was made from, as a whole.

    Raises
    ------
    ChangedFileError
        If the file has changed since.
    """
    path = path.resolve()
    if version_of(read_text(path)) != version:
        raise ChangedFileError
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".partial", dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
