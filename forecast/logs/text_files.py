"""CSV and TSV as exports come: UTF-8, BOM, UTF-16, GB18030, gzip, titles above the header, cut rows."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from forecast.errors import DataError, Problem
from forecast.logs.cells import quoted
from forecast.logs.headers import recognised
from forecast.logs.raw_tables import HEADER_AMONG, RawTable, find_header, loaded, named, no_header

if TYPE_CHECKING:
    import duckdb

HEAD_BYTES = 1 << 20
CHUNK = 1 << 22
DELIMITERS = (",", "\t", ";", "|")
LONGEST_CELL = 10_000_000
ENCODINGS = ("utf-8", "gb18030")  # strict UTF-8 first: half of short Chinese UTF-8 also decodes as GB18030
CUT_FILE = "the compressed file is cut or damaged; copy or export it again"


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, unpacking gzip."""
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_gzip else path.open("rb")


def read_head(path: Path) -> bytes:
    """Return the first bytes of a file, unpacked.

    Raises
    ------
    DataError
        If the file is empty or damaged.
    """
    try:
        with open_bytes(path) as file:
            head = file.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        raise DataError(Problem(file=path.name, message=CUT_FILE)) from None
    if not head.strip():
        raise DataError(Problem(file=path.name, message="the file is empty; export it again"))
    return head


def find_encoding(path: Path, head: bytes) -> str:
    """Return a text file's encoding: UTF-8, UTF-16 with BOM, or GB18030.

    The head decides where it can; a head of ASCII alone is read to the end.

    Raises
    ------
    DataError
        If none fits.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    whole_file = len(head) < HEAD_BYTES
    for encoding in ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        try:
            decoder.decode(head, final=whole_file)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" and head.isascii() and not whole_file and not _decodes(path, encoding):
            continue
        return encoding
    raise DataError(
        Problem(file=path.name, message="neither UTF-8, UTF-16 nor GB18030 text; save it as CSV UTF-8")
    )


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with open_bytes(path) as file:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except (UnicodeDecodeError, OSError, EOFError, zlib.error):
        return False
    return True


def text_table(
    path: Path,
    *,
    connection: duckdb.DuckDBPyConnection,
    mapping: Mapping[str, str],
    number: int,
    scratch: Path,
) -> RawTable:
    """Return the table of a text file.

    Parameters
    ----------
    path
        CSV or TSV, packed or not.
    connection
        The database that will read it.
    mapping
        Header by role, where somebody said so.
    number
        Number of the table, for its temporary name.
    scratch
        Folder for a copy in UTF-8, where the file has another encoding.

    Raises
    ------
    DataError
        If it is no text, damaged, or has no header that is known.
    """
    head = read_head(path)
    encoding = find_encoding(path, head)
    text = head.decode(encoding, errors="ignore").lstrip("\ufeff")
    delimiter, header, skip, first = _layout(text, mapping)
    if header is None:
        raise no_header(path.name, first)
    headers = named(header[1])
    source = path
    if encoding != "utf-8":
        source = scratch / f"{number}.csv"
        _transcode(path, source, encoding)
    columns = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(len(headers)))
    # DuckDB counts lines to skip in the file, and a BOM does not disturb it.
    relation = (
        f"SELECT row_number() OVER () + {header[0]} AS row, * FROM read_csv({quoted(str(source))}, "
        f"header = false, skip = {skip}, auto_detect = false, delim = {quoted(delimiter)}, quote = '\"', "
        f"escape = '\"', columns = {{{columns}}}, max_line_size = {LONGEST_CELL}, "
        f"compression = '{_packing(source)}')"
    )
    table = RawTable(
        file=path.name,
        headers=headers,
        header_row=header[0],
        relation=relation,
        encoding=encoding,
    )

    def slower() -> RawTable:
        name = f"raw_{number}"
        rows = _records(path, encoding, delimiter, after=header[0])
        # Trailing delimiters of the header make no columns; a row may have them too.
        try:
            cut = loaded(connection, name, rows, headers, exact=True)
        except (OSError, EOFError, zlib.error):
            raise DataError(Problem(file=path.name, message=CUT_FILE)) from None
        except UnicodeDecodeError as error:
            raise DataError(
                Problem(
                    file=path.name,
                    message=f"not {encoding} text throughout ({error.reason}); export it again",
                )
            ) from None
        return RawTable(
            file=path.name,
            headers=headers,
            header_row=header[0],
            relation=f"SELECT * FROM {name}",
            encoding=encoding,
            cut_rows=cut,
        )

    table.slower = slower
    return table


def _packing(path: Path) -> str:
    with path.open("rb") as file:
        return "gzip" if file.read(2) == b"\x1f\x8b" else "none"


def _layout(
    text: str, mapping: Mapping[str, str]
) -> tuple[str, tuple[int, list[str]] | None, int, list[str]]:
    """Return the delimiter, the header with its row, physical lines to skip, and the first row."""
    best: tuple[int, str, tuple[int, list[str]] | None, int, list[str]] | None = None
    for delimiter in DELIMITERS:
        rows, lines = [], []
        reader = csv.reader(io.StringIO(text), delimiter=delimiter)
        for number, cells in enumerate(reader, start=1):
            rows.append((number, cells))
            lines.append(reader.line_num)
            if number >= HEADER_AMONG:
                break
        at = find_header(rows, mapping)
        score = recognised(rows[at][1], mapping) if at is not None else 0
        if best is None or score > best[0]:
            header = rows[at] if at is not None else None
            best = (score, delimiter, header, lines[at] if at is not None else 0, rows[0][1] if rows else [])
    assert best is not None
    if best[2] is None and (plain := _two_columns(text)):
        return plain
    return best[1], best[2], best[3], best[4]


def _two_columns(text: str) -> tuple[str, tuple[int, list[str]], int, list[str]] | None:
    """Return the layout of a file of two columns under any header."""
    for delimiter in DELIMITERS:
        rows = list(csv.reader(io.StringIO(text[:20_000]), delimiter=delimiter))[:5]
        if len(rows) > 1 and all(len(row) == 2 for row in rows[:-1]):
            return delimiter, (1, rows[0]), 1, rows[0]
    return None


def _transcode(source: Path, target: Path, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with open_bytes(source) as file, target.open("wb") as out:
            while chunk := file.read(CHUNK):
                out.write(decoder.decode(chunk).encode())
            out.write(decoder.decode(b"", final=True).encode())
    except UnicodeDecodeError as error:
        raise DataError(
            Problem(
                file=source.name,
                message=f"not {encoding.upper()} text throughout (byte {error.start}: {error.reason}); "
                "the file may be cut; export it again",
            )
        ) from None
    except (OSError, EOFError, zlib.error):
        raise DataError(Problem(file=source.name, message=CUT_FILE)) from None


def _records(path: Path, encoding: str, delimiter: str, *, after: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows below the header; a quote left open ends at the file's end."""
    csv.field_size_limit(LONGEST_CELL)
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    with open_bytes(path) as file, io.TextIOWrapper(file, encoding=codec, newline="") as text:
        for number, cells in enumerate(csv.reader(text, delimiter=delimiter), start=1):
            if number > after:
                yield number, cells
