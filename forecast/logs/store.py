"""A shop's archive of imported logs: one DuckDB file under ``.paiban``, and the salt that hides buyers."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.errors import DataError, Problem
from forecast.logs.cells import quoted

if TYPE_CHECKING:
    import duckdb

FOLDER = ".paiban"
FILE = "store.duckdb"
CATALOG = "store.main"  # the store's own tables, beside temporary ones of the same name
SALT = "salt"
SCHEMA = 2
MEMORY = {True: "2GB", False: "1GB"}  # of DuckDB, writing or reading; what does not fit goes to disk
GRANULARITIES = ("message", "session", "hourly", "daily")  # finest first

TABLES = {
    "message": "messages",
    "session": "sessions",
    "hourly": "hourly",
    "daily": "daily",
}

_CREATE = """
CREATE TABLE meta (name VARCHAR PRIMARY KEY, value VARCHAR);
CREATE TABLE files (
    id INTEGER, name VARCHAR, sha256 VARCHAR, granularity VARCHAR, rows_read BIGINT, rows_used BIGINT,
    timezone VARCHAR, options VARCHAR
);
CREATE TABLE messages (
    file INTEGER, row BIGINT, session UBIGINT, buyer UBIGINT, agent VARCHAR, sender UTINYINT, t BIGINT
);
CREATE TABLE sessions (
    file INTEGER, row BIGINT, session UBIGINT, buyer UBIGINT, agent VARCHAR, stream VARCHAR, start BIGINT,
    first_reply_s DOUBLE, assigned BIGINT, closed BIGINT, rounds DOUBLE, mean_reply_s DOUBLE
);
CREATE TABLE hourly (
    file INTEGER, row BIGINT, stream VARCHAR, start BIGINT, offered DOUBLE, estimated UTINYINT
);
CREATE TABLE daily (
    file INTEGER, row BIGINT, stream VARCHAR, date DATE, agent VARCHAR, offered DOUBLE, served DOUBLE,
    online_h DOUBLE, most_open DOUBLE, first_reply_s DOUBLE, mean_reply_s DOUBLE
);
"""
"""Times are microseconds since 1970 UTC; sessions and buyers are salted hashes; a stream is NULL where its
file names none. Messages get a column of `MESSAGE_FACTS` when a file first has it."""

MESSAGE_FACTS = {
    "stream": "VARCHAR",
    "assigned": "BIGINT",
    "closed": "BIGINT",
    "tag": "VARCHAR",
    "text": "VARCHAR",
}


def store_path(shop: Path) -> Path:
    """Return where a shop's store lies."""
    return shop / FOLDER / FILE


def has_store(shop: Path) -> bool:
    """Whether anything was ever imported into the shop."""
    return store_path(shop).is_file()


def salt_of(shop: Path) -> str:
    """Return the shop's salt, made when first asked for.

    Without it nobody can tell which buyer a hash stands for; delete it and nobody ever can.
    """
    path = shop / FOLDER / SALT
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(16) + "\n", encoding="ascii")
    return path.read_text(encoding="ascii").strip()


def hashed(expression: str) -> str:
    """Return SQL for the salted hash of a text (`register_hash`); NULL stays NULL."""
    return f"salted_hash({expression})"


def register_hash(connection: duckdb.DuckDBPyConnection, salt: str) -> None:
    """Make the keyed hash that hides buyers known to SQL as ``salted_hash``.

    Notes
    -----
    SipHash-2-4 under a secret key: who does not have the salt can neither look a name up in a table of names
    nor tell names from hashes [1]_. Rows of one session stand close together in most exports, so that few of
    a vector's texts are distinct and each of those is hashed once.

    References
    ----------
    .. [1] J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012,
       doi:10.1007/978-3-642-34931-7_28.
    """
    import pyarrow as pa
    from duckdb.func import PythonUDFType
    from pandas.util import hash_array

    key = base64.b64encode(hashlib.sha256(salt.encode()).digest())[:16].decode()  # 96 bits, as text

    def of_texts(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
        coded = (texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts).dictionary_encode()
        distinct = coded.dictionary.to_numpy(zero_copy_only=False).astype(object, copy=False)
        hashes = hash_array(distinct, hash_key=key, categorize=False)
        return pa.array(hashes[coded.indices.to_numpy()])

    # A function without annotations: the engine would evaluate them.
    connection.create_function(
        "salted_hash", lambda texts: of_texts(texts), ["VARCHAR"], "UBIGINT", type=PythonUDFType.ARROW
    )


@contextmanager
def open_store(shop: Path, *, writing: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a shop's store.

    Rows belong to the store once their file stands in ``files``: whatever was loaded in a block that failed
    is removed again, here or when the store is opened next.

    Raises
    ------
    DataError
        If the store is in use, damaged, or of another version; or, for reading, missing.
    """
    import duckdb as engine

    path = store_path(shop)
    if not writing and not path.is_file():
        raise DataError(
            Problem(
                file=str(shop), message="nothing was imported yet; run paiban import FILE --shop SHOP first"
            )
        )
    is_new = not path.is_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = engine.connect(str(path), read_only=not writing)
    except engine.Error as error:
        if "lock" in str(error).lower():
            message = "another paiban command is using it; try again when it has ended"
        else:
            message = f"not readable ({str(error).splitlines()[0]}); restore it from a copy or import again"
        raise DataError(Problem(file=f"{FOLDER}/{FILE}", message=message)) from None
    finished = False
    try:
        connection.execute(f"SET memory_limit = '{MEMORY[writing]}'")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")  # it would stand among the results
        connection.execute(f"SET temp_directory = {quoted(str(path.parent / 'spill'))}")
        if is_new:
            connection.execute(_CREATE)
            connection.execute("INSERT INTO meta VALUES ('schema', ?)", [str(SCHEMA)])
        _check_schema(connection)
        if writing:
            remove_loose_rows(connection)
        else:
            show_whole_messages(connection)
        yield connection
        finished = True
    finally:
        if writing and not finished and not is_new:
            remove_loose_rows(connection)
        connection.close()
        if is_new and not finished:
            path.unlink(missing_ok=True)
            path.with_suffix(".duckdb.wal").unlink(missing_ok=True)


def _check_schema(connection: duckdb.DuckDBPyConnection) -> None:
    found = connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
    if found is None or int(found[0]) != SCHEMA:
        raise DataError(
            Problem(
                file=f"{FOLDER}/{FILE}",
                message="written by another version of paiban; move it away and import the exports again",
            )
        )


def add_message_facts(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Give messages columns of `MESSAGE_FACTS`, where they have none yet."""
    for name in names:
        connection.execute(f"ALTER TABLE messages ADD COLUMN IF NOT EXISTS {name} {MESSAGE_FACTS[name]}")


def show_whole_messages(connection: duckdb.DuckDBPyConnection) -> None:
    """Let this connection read messages with every column; from then on it cannot write them."""
    there = {row[0] for row in connection.execute(f"DESCRIBE {CATALOG}.messages").fetchall()}
    lacking = "".join(
        f", NULL::{kind} AS {name}" for name, kind in MESSAGE_FACTS.items() if name not in there
    )
    connection.execute(f"CREATE TEMP VIEW messages AS SELECT *{lacking} FROM {CATALOG}.messages")


def last_file(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the highest number of a file in the store, 0 where there is none."""
    found = connection.execute("SELECT max(id) FROM files").fetchone()
    return int(found[0]) if found and found[0] is not None else 0


def remove_loose_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Remove rows of an import that did not end well."""
    last = last_file(connection)
    for table in TABLES.values():
        connection.execute(f"DELETE FROM {CATALOG}.{table} WHERE file > {last}")


def count_rows(connection: duckdb.DuckDBPyConnection, granularity: str) -> int:
    """Return how many rows of a granularity the store has."""
    row = connection.execute(f"SELECT count(*) FROM {TABLES[granularity]}").fetchone()
    return int(row[0]) if row else 0
