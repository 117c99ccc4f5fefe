"""Tables that fit the screen whole: nothing is cut, figures are never broken.

What is too wide first takes narrower gaps and folds its heads and words; what is still too wide goes on in a
further table below, which begins with the same first column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from reports.line_breaks import wrapped

WIDE_GAP, NARROW_GAP = 3, 2  # columns of the terminal between two columns of a table
WORDS_WIDTH = 16  # to which words may be folded
TOKEN_WIDTH = 26
SHORT_HEAD = 4  # a head of two Chinese letters is not broken
TOKEN = re.compile(r"[!-~–]+")


@dataclass(kw_only=True)
class Column:
    """A column: its head, whether it holds words (left) or figures (right), and its cells."""

    head: str
    is_words: bool
    cells: list[Text] = field(default_factory=list)

    @property
    def natural(self) -> int:
        """Width at which nothing is folded."""
        return max(cell_len(self.head), self.widest)

    @property
    def widest(self) -> int:
        """Width of the widest line of the cells."""
        return max((cell_len(line) for cell in self.cells for line in cell.plain.split("\n")), default=0)

    @property
    def least(self) -> int:
        """Width below which it would be hard to read: a head of two lines, figures whole."""
        parts = self.head.split(" ")
        may_break = len(parts) == 1 and not self.head.isascii()  # Chinese does between any two letters
        half = max(-(-cell_len(self.head) // 4) * 2, SHORT_HEAD) if may_break else max(map(cell_len, parts))
        cells = min(self.widest, max(WORDS_WIDTH, self._token)) if self.is_words else self.widest
        return min(self.natural, max(half, cells))

    @property
    def _token(self) -> int:
        """Width of the longest id or number among the words, which is not to be broken, within reason."""
        tokens = (token for cell in self.cells for token in TOKEN.findall(cell.plain))
        return min(max(map(len, tokens), default=0), TOKEN_WIDTH)


class Screen(Console):
    """A console whose sentences break as Chinese does, and go on below their own beginning."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does, sentences without markup in lines of our own."""
        may_break = options.get("markup") is False
        super().print(*(self._in_lines(one, may_break=may_break) for one in objects), **options)

    def _in_lines(self, shown: Any, *, may_break: bool) -> Any:
        if isinstance(shown, Text) and not shown.spans:
            return Text(paragraphs(shown.plain, self.width), style=shown.style)
        return paragraphs(shown, self.width) if isinstance(shown, str) and may_break else shown


def paragraphs(text: str, width: int) -> str:
    """Return a text whose lines fit, each going on below its own indent.

    Examples
    --------
    >>> print(paragraphs("  建议：接满 6 个以内", 14))
      建议：接满
      6 个以内
    """
    lines = []
    for line in text.split("\n"):
        own = line.lstrip(" ")
        indent = line[: len(line) - len(own)]
        lines += [indent + part for part in wrapped(own, max(width - len(indent), TOKEN_WIDTH // 2))]
    return "\n".join(lines)


class FittingTable:
    """A table for the screen. Fill it with `add_column` and `add_row`, then print it.

    Parameters
    ----------
    title
        Stands above it.
    """

    def __init__(self, title: str = "") -> None:
        self.title = title
        self.columns: list[Column] = []
        self.styles: list[str | None] = []

    def add_column(self, head: str, *, words: bool = False) -> None:
        """Add a column of words, to the left, or of figures, to the right."""
        self.columns.append(Column(head=head, is_words=words))

    def add_row(self, *cells: str | Text, style: str | None = None) -> None:
        """Add a row, a cell a column."""
        for column, cell in zip(self.columns, cells, strict=True):
            column.cells.append(Text(cell) if isinstance(cell, str) else cell)
        self.styles.append(style)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield one table, or as many as the width needs."""
        if self.title:
            yield Text(self.title, style="bold")
        for columns in groups(self.columns, options.max_width, keys=self._keys()):
            yield self._table(columns, options.max_width)

    def _keys(self) -> int:
        """Return how many of the first columns tell the rows apart, as far as they hold words."""
        for count in range(1, len(self.columns)):
            rows = {tuple(column.cells[row].plain for column in self.columns[:count]) for row in self._rows}
            if len(rows) == len(self.styles) or not self.columns[count].is_words:
                return count
        return 1

    @property
    def _rows(self) -> range:
        return range(len(self.styles))

    def _table(self, columns: Sequence[Column], width: int) -> Table:
        is_wide = sum(column.natural for column in columns) + _gaps(columns, WIDE_GAP) <= width
        table = Table(
            box=box.SIMPLE_HEAD,
            padding=(0, 1) if is_wide else (0, 0, 0, 1),
            pad_edge=False,
        )
        each = widths(columns, width)
        for column, taken in zip(columns, each, strict=True):
            justify = "left" if column.is_words else "right"
            table.add_column(Text(folded(column.head, taken)), justify=justify, width=taken, overflow="fold")  # type: ignore[arg-type]
        for row, style in zip(self._rows, self.styles, strict=True):
            cells = (_broken(column.cells[row], taken) for column, taken in zip(columns, each, strict=True))
            table.add_row(*cells, style=style)
        return table


def _broken(cell: Text, width: int) -> Text:
    """Return a cell with its Chinese in lines that begin with no closing mark; the table folds the rest."""
    if cell.spans or cell.plain.isascii():
        return cell
    lines = (line for text in cell.plain.split("\n") for line in wrapped(text, width))
    return Text("\n".join(lines), style=cell.style)


def folded(head: str, width: int) -> str:
    """Return a Chinese head in lines of about the same length, so that no letter is left alone on the last.

    Examples
    --------
    >>> folded("最忙一小时", 8).split("\\n"), folded("Busiest hour", 8)
    (['最忙一', '小时'], 'Busiest hour')
    """
    if cell_len(head) <= width or " " in head or head.isascii():
        return head
    for lines in range(2, len(head) + 1):
        size = -(-len(head) // lines)
        parts = [head[at : at + size] for at in range(0, len(head), size)]
        if max(map(cell_len, parts)) <= width:
            return "\n".join(parts)
    return head


def groups(columns: Sequence[Column], width: int, *, keys: int = 1) -> Iterator[list[Column]]:
    """Yield the columns of each table: as many as fit, the first `keys` columns again in each."""
    first, group = columns[:keys], list(columns[:keys])
    for column in columns[keys:]:
        wanted = [*group, column]
        if len(group) > keys and sum(one.least for one in wanted) + _gaps(wanted, NARROW_GAP) > width:
            yield group
            wanted = [*first, column]
        group = wanted
    yield group


def widths(columns: Sequence[Column], width: int) -> list[int]:
    """Return the width of each column of one table: the room that is left over goes to the most folded."""
    natural = [column.natural for column in columns]
    if sum(natural) + _gaps(columns, WIDE_GAP) <= width:
        return natural
    taken = [column.least for column in columns]
    room = width - sum(taken) - _gaps(columns, NARROW_GAP)
    while room > 0 and taken != natural:
        place = max(range(len(columns)), key=lambda i: (natural[i] - taken[i]) / max(1, taken[i]))
        taken[place] += 1
        room -= 1
    return taken


def _gaps(columns: Sequence[Column], gap: int) -> int:
    return 2 + gap * (len(columns) - 1)
