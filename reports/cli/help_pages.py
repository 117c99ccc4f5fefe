"""Help in the reader's language: what click would write, each text looked up in the catalogue `help`.

The English text stands in the code, where click wants it; a test finds one that has no line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import click
from rich.cells import cell_len

from reports.line_breaks import wrapped
from reports.words import Words, catalogue

EXTRA = re.compile(r"\s+\[([^\]]*)\](?=$|\s+\[)")  # default, range, required
ALONE = "\b"  # click's mark of a paragraph that is not wrapped


@cache
def _texts() -> dict[str, str]:
    """Return the Chinese of every English text."""
    return {_flat(text["en"]): text["zh"] for text in catalogue("help").values()}


def _flat(text: str) -> str:
    return " ".join(text.split())


def translated(text: str) -> str:
    """Return a help text in Chinese, itself where no line knows it."""
    return _texts().get(_flat(text), text)


class ChineseHelp(click.HelpFormatter):
    """click's pages with Chinese words, wrapped by the width of Chinese letters."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write how the command is called."""
        for english in ("[OPTIONS]", "COMMAND [ARGS]..."):
            args = args.replace(english, translated(english))
        super().write_usage(prog, args, prefix or translated("Usage: ") + "：")

    def write_heading(self, heading: str) -> None:
        """Write the head of a section."""
        self.write(f"{'':>{self.current_indent}}{translated(heading)}：\n")

    def write_text(self, text: str) -> None:
        """Write a command's description by paragraphs; examples stay as they are but for their head."""
        indent = " " * self.current_indent
        paragraphs = [paragraph for paragraph in text.split("\n\n") if paragraph.strip()]
        told = []
        for paragraph in paragraphs:
            if paragraph.startswith(ALONE):
                lines = [_example(line) for line in paragraph.removeprefix(ALONE).strip("\n").splitlines()]
            else:
                lines = wrapped(translated(paragraph), self.width - self.current_indent)
            told.append("\n".join(indent + line for line in lines))
        self.write("\n\n".join(told) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write options or commands with their texts beside them."""
        told = [(first, _with_extra(second)) for first, second in rows]
        column = min(max(cell_len(first) for first, _ in told), col_max) + col_spacing
        start = " " * self.current_indent
        for first, second in told:
            lines = wrapped(second, max(self.width - column - self.current_indent, 10))
            head = f"{start}{first}"
            if cell_len(first) > column - col_spacing:
                self.write(f"{head}\n")
                head = start
            self.write(head + " " * (column + len(start) - cell_len(head)) + f"{lines[0]}\n")
            for line in lines[1:]:
                self.write(" " * (column + len(start)) + f"{line}\n")


def _example(line: str) -> str:
    """Return a line of the examples: its head, or a call and what it is for."""
    call, gap, what = line.strip().partition("   ")
    indent = line[: len(line) - len(line.lstrip())]
    if gap and what.strip():
        return f"{indent}{call}{line[len(indent) + len(call) : line.rindex(what.strip())]}{translated(what)}"
    return indent + translated(line.strip()) if not indent else line


def _with_extra(text: str) -> str:
    """Return an option's text with what click adds in brackets: default, range, required."""
    extras = "; ".join(EXTRA.findall(f" {text}"))
    told = translated(EXTRA.sub("", f" {text}").strip())
    if not extras:
        return told
    parts = []
    for part in extras.split("; "):
        name, colon, value = part.partition(": ")
        parts.append(f"{translated(name)}：{translated(value)}" if colon else translated(part))
    return f"{told}  [{'；'.join(parts)}]".lstrip()


class SpokenContext(click.Context):
    """A context whose help speaks the language of the `Words` it carries; English where there are none."""

    def make_formatter(self) -> click.HelpFormatter:
        """Return what writes help pages."""
        say: Any = self.obj
        kind = ChineseHelp if isinstance(say, Words) and say.lang == "zh" else click.HelpFormatter
        return kind(width=self.terminal_width, max_width=self.max_content_width)
