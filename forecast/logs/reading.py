"""A shop's store as tables for the rule engine: messages part by part, sessions, daily tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from forecast.logs.archive import covered_days, serving_days
from forecast.logs.cells import quoted
from forecast.logs.loading import days_of
from forecast.logs.parting import Columns, in_parts
from forecast.logs.store import last_file
from forecast.replies.conversations import DEFAULT_STREAM, SENDERS
from forecast.timegrid import zone

if TYPE_CHECKING:
    import duckdb

PART = 400_000  # messages read at once: about 0.25 GB while a part is judged
NO_TIME = np.iinfo(np.int64).min  # NaT in microseconds
DAY_US = 86_400_000_000

Whole = Literal["session", "buyer"]


@dataclass(kw_only=True)
class ShopLog:
    """What a store knows, in the shop's terms.

    Attributes
    ----------
    connection
        The store, open.
    timezone
        The shop's.
    stream
        Stream of rows whose file names none.
    employees
        Person by account.
    since, until
        First and last local day of what is read; None: everything.
    open_minutes
        By stream, the open hours that the shop names, in minutes since midnight.
    """

    connection: duckdb.DuckDBPyConnection
    timezone: str
    stream: str = DEFAULT_STREAM
    employees: Mapping[str, str] = field(default_factory=dict)
    since: dt.date | None = None
    until: dt.date | None = None
    open_minutes: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.last = last_file(self.connection)
        self._named: dict[str, list[str]] = {}
        self._filled: dict[str, bool] = {}

    @cached_property
    def served(self) -> pd.DataFrame:
        """Which granularity serves each stream's day (`archive.serving_days`)."""
        return serving_days(covered_days(self.connection, self.timezone))

    @property
    def days(self) -> pd.DataFrame:
        """The days that logs cover: ``stream, day, granularity`` that serves them."""
        return self.served.assign(stream=self.served["stream"].fillna(self.stream))

    def message_count(self) -> int:
        """Return how many messages there are to read."""
        found = self.connection.execute(f"SELECT count(*) FROM messages WHERE {self._span('t')}").fetchone()
        return int(found[0]) if found else 0

    def messages_by_quarter(self) -> pd.DataFrame:
        """Return how many messages quarters of an hour have: ``t`` (start, microseconds), ``messages``."""
        quarter = 900_000_000
        return self.connection.execute(
            f"SELECT t // {quarter} * {quarter} AS t, count(*) AS messages FROM messages "
            f"WHERE {self._span('t')} GROUP BY ALL ORDER BY 1"
        ).df()

    def message_parts(self, whole: Whole = "session") -> Iterator[pd.DataFrame]:
        """Yield the messages in parts (`conversations.MESSAGES`), session by session in order of time.

        Parameters
        ----------
        whole
            What stands in one part as a whole: a session, or all that a buyer ever wrote.
        """
        parts = -(-self.message_count() // PART)
        if parts <= 1:
            if parts:
                yield self.messages()
            return

        def part_of(block: Columns) -> np.ndarray[Any, Any]:
            owner = block["buyer"]
            if whole == "session":
                owner = np.where(block["nameless"] > 0, owner, block["session"])
            return owner % np.uint64(parts)

        for columns in in_parts(self.connection, self._query(), parts=parts, part_of=part_of):
            yield self._table(columns)

    def messages(self) -> pd.DataFrame:
        """Return all messages at once (`conversations.MESSAGES`)."""
        columns = self.connection.execute(self._query()).fetchnumpy()
        return self._table({name: np.ma.getdata(values) for name, values in columns.items()})

    def _query(self) -> str:
        """Return SQL for the messages as numbers, none missing, in the order in which they were imported."""
        known = "".join(f"coalesce({name}, ({NO_TIME})::BIGINT) AS {name}, " for name in self._facts())
        return f"""
            SELECT coalesce(session, 0) AS session, (session IS NULL)::UTINYINT AS nameless,
                coalesce(buyer, session) AS buyer, sender, t, {known}
                {self._code("messages", "agent")} AS agent, {self._code("messages", "stream")} AS stream,
                {self._code("messages", "tag")} AS tag
            FROM messages WHERE {self._span("t")}
            """

    def _facts(self) -> list[str]:
        return [name for name in ("assigned", "closed") if self._has("messages", name)]

    def _table(self, columns: Columns) -> pd.DataFrame:
        """Return messages as read (`_query`), session by session in order of time."""
        nameless = columns["nameless"] > 0
        if nameless.any() or not _is_in_order(columns["session"], columns["t"]):
            # Messages of one instant stay in the order of their file.
            order = np.lexsort((columns["t"], columns["session"], nameless))
            columns = {name: values[order] for name, values in columns.items()}
            nameless = nameless[order]
        table: dict[str, Any] = {
            "session_id": _words_of(columns["session"], nameless),
            "buyer": columns["buyer"].view(np.int64),
            "agent": self._category("messages", "agent", columns["agent"], self.employees),
            "sender": pd.Categorical.from_codes(
                np.asarray(columns["sender"], dtype=np.int8), categories=pd.Index(SENDERS, dtype=object)
            ),
            "time": instants_of(columns["t"]),
            "stream": self._category("messages", "stream", columns["stream"], {}, self.stream),
        }
        for name in self._facts():
            table[name] = instants_of(columns[name])
        if self._names("messages", "tag"):
            table["tag"] = self._category("messages", "tag", columns["tag"], {})
        return pd.DataFrame(table, copy=False)

    def sessions(self) -> pd.DataFrame:
        """Return session lists (`events.SESSIONS`) of the days that they serve."""
        frame = self.connection.execute(
            f"""
            SELECT CAST(session AS VARCHAR) AS session_id, CAST(buyer AS VARCHAR) AS buyer, agent, stream,
                start, first_reply_s, assigned, closed, rounds, mean_reply_s
            FROM sessions WHERE {self._span("start")} ORDER BY start, file, row
            """
        ).df()
        if len(frame):
            frame = frame[self._is_served(frame["stream"], days_of(frame["start"], self.timezone), "session")]
            frame = frame.reset_index(drop=True)
        for name in ("start", "assigned", "closed"):
            micros = frame[name].astype("Int64").fillna(NO_TIME).astype("int64").to_numpy()
            frame[name] = instants_of(micros)
        frame["stream"] = frame["stream"].astype("object").where(frame["stream"].notna(), self.stream)
        agent = frame["agent"].astype("object").where(frame["agent"].notna(), None)
        frame["agent"] = agent.map(lambda name: self.employees.get(name, name), na_action="ignore")
        return frame

    def hourly(self) -> pd.DataFrame:
        """Return counts by hour of the days that they serve: ``stream, start, offered, estimated``."""
        frame = self.connection.execute(
            f"SELECT stream, start, offered, estimated FROM hourly WHERE {self._span('start')} ORDER BY "
            "start, file, row"
        ).df()
        if len(frame):
            frame = frame[self._is_served(frame["stream"], days_of(frame["start"], self.timezone), "hourly")]
        frame["stream"] = frame["stream"].astype("object").where(frame["stream"].notna(), self.stream)
        frame["start"] = instants_of(frame["start"].to_numpy(dtype=np.int64))
        return frame.reset_index(drop=True)

    def daily(self, *, served_only: bool = True) -> pd.DataFrame:
        """Return daily tables: ``stream, date, agent`` and figures; of the days that they serve, or all.

        Where the shop's own row and its agents' rows are both there, agents add up to more: a buyer who was
        handed on stands with each.
        """
        frame = self.connection.execute(
            "SELECT stream, date, agent, offered, served, online_h, most_open, first_reply_s, mean_reply_s "
            f"FROM daily WHERE file <= {self.last} ORDER BY date, file, row"
        ).df()
        frame["date"] = pd.to_datetime(frame["date"]).dt.date
        if self.since is not None:
            frame = frame[frame["date"] >= self.since]
        if self.until is not None:
            frame = frame[frame["date"] <= self.until]
        if served_only and len(frame):
            frame = frame[self._is_served(frame["stream"], frame["date"], "daily")]
        frame["stream"] = frame["stream"].astype("object").where(frame["stream"].notna(), self.stream)
        agent = frame["agent"].astype("object").where(frame["agent"].notna(), None)
        frame["agent"] = agent.map(lambda name: self.employees.get(name, name), na_action="ignore")
        return frame.reset_index(drop=True)

    def _is_served(self, stream: pd.Series, day: pd.Series, granularity: str) -> np.ndarray[Any, Any]:
        """Return which rows lie on days that their granularity serves."""
        own = self.served[self.served["granularity"] == granularity]
        days = {
            (None if pd.isna(name) else name, one)
            for name, one in zip(own["stream"], own["day"], strict=True)
        }
        return np.array(
            [(None if pd.isna(name) else name, one) in days for name, one in zip(stream, day, strict=True)],
            dtype=bool,
        )

    def _span(self, column: str) -> str:
        """Return SQL for the rows of the span and of files that are whole."""
        parts = [f"file <= {self.last}"]
        if self.since is not None:
            parts.append(f"{column} >= {self._midnight(self.since)}")
        if self.until is not None:
            parts.append(f"{column} < {self._midnight(self.until + dt.timedelta(days=1))}")
        return " AND ".join(parts)

    def _midnight(self, day: dt.date) -> int:
        moment = dt.datetime(day.year, day.month, day.day, tzinfo=zone(self.timezone))
        return round(moment.timestamp() * 1e6)

    def _has(self, table: str, column: str) -> bool:
        """Whether any row has a column."""
        key = f"{table}.{column}"
        if key not in self._filled:
            found = self.connection.execute(f"SELECT count({column}) FROM {table}").fetchone()
            self._filled[key] = bool(found and found[0])
        return self._filled[key]

    def _names(self, table: str, column: str) -> list[str]:
        """Return the distinct words of a column, in order."""
        key = f"{table}.{column}"
        if key not in self._named:
            found = self.connection.execute(
                f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL AND file <= "
                f"{self.last} ORDER BY 1"
            ).fetchall()
            self._named[key] = [str(row[0]) for row in found]
        return self._named[key]

    def _code(self, table: str, column: str) -> str:
        """Return SQL for a word's position among the column's words, -1 where there is none."""
        names = self._names(table, column)
        if not names:
            return "(-1)::TINYINT"
        words = ", ".join(quoted(name) for name in names)
        kind = "SMALLINT" if len(names) < 2**15 else "INTEGER"
        return f"coalesce(enum_code(TRY_CAST({column} AS ENUM({words}))), -1)::{kind}"

    def _category(
        self,
        table: str,
        column: str,
        codes: np.ndarray[Any, Any],
        renamed: Mapping[str, str],
        missing: str | None = None,
    ) -> pd.Categorical:
        """Return codes as words, under the names that they go by in the shop."""
        names = [renamed.get(name, name) for name in self._names(table, column)]
        if missing is not None:
            names.append(missing)
        at, categories = pd.factorize(np.array(names, dtype=object))
        codes = np.ma.filled(codes, -1).astype(np.int64)
        if missing is not None:
            codes[codes < 0] = len(names) - 1
        known = codes >= 0
        codes[known] = at[codes[known]]
        return pd.Categorical.from_codes(codes, categories=pd.Index(categories, dtype=object))


def instants_of(micros: np.ndarray[Any, Any]) -> pd.DatetimeIndex:
    """Return microseconds since 1970 UTC as aware times; what is masked, or the least number, is missing."""
    values = np.ma.filled(micros, NO_TIME).astype(np.int64)
    return pd.DatetimeIndex(values.view("datetime64[us]")).as_unit("ns").tz_localize("UTC")


def _is_in_order(session: np.ndarray[Any, Any], t: np.ndarray[Any, Any]) -> bool:
    """Whether each session stands in one piece and in order of time, as in most exports."""
    changes = session[1:] != session[:-1]
    heads = session[np.concatenate(([True], changes))] if len(session) else session
    return len(pd.unique(heads)) == len(heads) and bool((changes | (t[1:] >= t[:-1])).all())


def _words_of(hashes: np.ndarray[Any, Any], nameless: np.ndarray[Any, Any]) -> Any:
    """Return hashes as whole numbers; where some are missing as words, for then a gap ends a session."""
    if not nameless.any():
        return hashes
    words = np.full(len(hashes), None, dtype=object)
    words[~nameless] = hashes[~nameless].astype(str)
    return words
