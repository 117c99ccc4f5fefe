"""Messages in order, session by session: what every count of replies starts from.

A log names its sessions, or a gap in a buyer's messages ends one. Both are settled here, once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from forecast.errors import DataError, Problem
from forecast.frames import Column, Contract, raise_problems
from forecast.timegrid import zone

SENDERS = ("buyer", "human", "bot_assist", "bot_auto", "welcome", "card", "system")

MESSAGES = Contract(
    name="messages",
    columns=(
        Column(name="session_id", kind="text", optional=True),
        Column(name="buyer", kind="text"),
        Column(name="agent", kind="text", optional=True),
        Column(name="sender", kind="text", unit=" | ".join(SENDERS)),
        Column(name="time", kind="instant"),
        Column(name="stream", kind="text", optional=True),
        Column(name="assigned", kind="instant", optional=True),
        Column(name="closed", kind="instant", optional=True),
        Column(name="tag", kind="text", unit="blacklist | ads | fraud | ...", optional=True),
    ),
    key=(),
)

DEFAULT_STREAM = "shop"
DEFAULT_GAP_MIN = 10.0  # contract: a buyer's messages without session ids are one session until such a gap
NEVER = np.datetime64("NaT", "ns")
QUARTER_NS = 900_000_000_000
HOUR_NS = 4 * QUARTER_NS
DAY_NS = 24 * HOUR_NS
MOST_QUARTERS = 1_000_000  # of a table of offsets: 28 years

Codes = npt.NDArray[np.int64]
Instants = npt.NDArray[np.datetime64]  # UTC, nanoseconds


def check_columns(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Return `frame` if it has the contract's columns and its times are aware; else raise `DataError`."""
    raise_problems(list(_find_column_problems(frame, contract)))
    return frame


def _find_column_problems(frame: pd.DataFrame, contract: Contract) -> Iterator[Problem]:
    for column in contract.columns:
        if column.name not in frame.columns:
            if not column.optional:
                needed = ", ".join(contract.required)
                yield Problem(
                    file=contract.name,
                    column=column.name,
                    message=f"the column is missing; a {contract.name} table needs {needed}",
                )
        elif column.kind == "instant":
            values = frame[column.name]
            if values.isna().all():
                continue  # an empty column has no type of its own
            if not types.is_datetime64_any_dtype(values.dtype) or getattr(values.dt, "tz", None) is None:
                yield Problem(
                    file=contract.name, column=column.name, message="times must carry their time zone"
                )


def instants(frame: pd.DataFrame, column: str) -> Instants:
    """Return a column of aware times as UTC instants; all ``NaT`` where the frame has no such column."""
    if column not in frame.columns:
        return np.full(len(frame), NEVER)
    if isinstance(frame[column].dtype, pd.DatetimeTZDtype):
        return frame[column].to_numpy(dtype="datetime64[ns]")
    if frame[column].isna().all():
        return np.full(len(frame), NEVER)
    utc = pd.DatetimeIndex(frame[column]).tz_convert("UTC").tz_localize(None)
    return utc.as_unit("ns").to_numpy()


def aware(values: Instants) -> pd.DatetimeIndex:
    """Return UTC instants as aware times."""
    return pd.DatetimeIndex(values).tz_localize("UTC")


def wall_times(moments: Instants, timezone: str) -> Instants:
    """Return what wall clocks of the zone show at each instant.

    Clocks change at whole quarters of an hour: what each quarter's offset is, is looked up once.
    """
    known = ~np.isnat(moments)
    if not known.all():
        wall = np.full(len(moments), NEVER)
        wall[known] = wall_times(moments[known], timezone)
        return wall
    if len(moments) == 0:
        return moments
    since_1970 = moments.view(np.int64)
    first, last = int(since_1970.min()) // QUARTER_NS, int(since_1970.max()) // QUARTER_NS
    if last - first > MOST_QUARTERS:
        return _wall_times(moments, timezone)
    starts = (np.arange(first, last + 1) * QUARTER_NS).view("datetime64[ns]")
    offsets = _wall_times(starts, timezone) - starts
    one_for_all = bool((offsets == offsets[0]).all())
    shown: Instants = moments + (offsets[0] if one_for_all else offsets[since_1970 // QUARTER_NS - first])
    return shown


def _wall_times(moments: Instants, timezone: str) -> Instants:
    wall: Instants = aware(moments).tz_convert(zone(timezone)).tz_localize(None).to_numpy()
    return wall


def local_days(moments: Instants, timezone: str) -> Codes:
    """Return the local day of each instant, in days since 1970."""
    return wall_times(moments, timezone).view(np.int64) // DAY_NS


def words(frame: pd.DataFrame, column: str) -> npt.NDArray[Any]:
    """Return a column of words, ``None`` for what is missing or empty; whole numbers are words, too."""
    if column not in frame.columns:
        return np.full(len(frame), None, dtype=object)
    if isinstance(frame[column].dtype, np.dtype) and frame[column].dtype.kind in "iu":
        return frame[column].to_numpy(copy=True)
    if isinstance(frame[column].dtype, pd.CategoricalDtype):
        known = [None if name == "" else name for name in frame[column].cat.categories]
        return np.array([*known, None], dtype=object)[frame[column].cat.codes.to_numpy()]
    values = frame[column].to_numpy(dtype=object, copy=True)
    values[frame[column].isna().to_numpy() | (values == "")] = None
    return values


def named(frame: pd.DataFrame, column: str, missing: str | None = None) -> pd.Categorical:
    """Return a column of names as codes and distinct names; what is missing or empty is -1, or `missing`."""
    values = frame[column] if column in frame.columns else None
    if values is not None and isinstance(values.dtype, pd.CategoricalDtype):
        given = pd.Categorical(values)
        settled = given.categories.dtype == object and "" not in given.categories
        if settled and (missing is None or not (given.codes < 0).any()):
            return given
        codes, names = given.codes.astype(np.int64), given.categories.to_numpy(dtype=object)
        if "" in names:
            codes[codes == int(np.flatnonzero(names == "")[0])] = -1
    else:
        codes, names = pd.factorize(words(frame, column))
        codes = codes.astype(np.int64)
    if missing is not None and (codes < 0).any():
        at = np.flatnonzero(names == missing)
        if len(at) == 0:
            names = np.append(names, missing)
        codes[codes < 0] = int(at[0]) if len(at) else len(names) - 1
    return categories(codes, names)


def categories(codes: npt.NDArray[Any], names: Any) -> pd.Categorical:
    """Return codes as names, -1 as missing."""
    known: pd.Index[Any] = pd.Index(names, dtype=object)
    return pd.Categorical.from_codes(codes, categories=known)


def codes_in(frame: pd.DataFrame, column: str) -> Codes:
    """Return the codes of a column of `named`."""
    return frame[column].cat.codes.to_numpy().astype(np.int64)


def objects(values: npt.NDArray[Any]) -> pd.Series:
    """Return words as a column of plain objects: pandas would pack and unpack them as text each time."""
    return pd.Series(values, dtype=values.dtype)


def codes_of(*columns: npt.ArrayLike) -> Codes:
    """Return a number for each distinct row of the columns, in order of appearance; missing is a value."""
    code: Codes = np.zeros(0, dtype=np.int64)
    for column in columns:
        part, count = _numbered(column)
        code = part + (code * max(1, count) if len(code) else 0)
        code = pd.factorize(code)[0].astype(np.int64)
    return code


def _numbered(column: npt.ArrayLike) -> tuple[Codes, int]:
    """Return a number for each distinct value, missing included, and how many numbers there may be."""
    if isinstance(column, pd.Categorical):
        return column.codes.astype(np.int64) + 1, len(column.categories) + 1
    part, known = pd.factorize(np.asarray(column), use_na_sentinel=False)
    return part.astype(np.int64), len(known)


def conversations(messages: pd.DataFrame, *, gap_min: float = 0.0) -> pd.DataFrame:
    """Return messages in order of session and time, every session known.

    Parameters
    ----------
    messages
        `MESSAGES` contract; one row a message, in any order. Messages of the same instant stay in the
        order given.
    gap_min
        Above 0: a buyer's sessions are one where the next begins within so many minutes of the close of
        the one before. Messages without a session id are one session until such a gap, or one of
        `DEFAULT_GAP_MIN`; a late reply still belongs to the question before it. [min]

    Returns
    -------
    DataFrame
        `code` (a number for each session, rising), `stream, session, buyer, agent, sender, time`,
        `assigned` and `closed` as given, `tag`. Times are UTC instants without a zone; streams, agents,
        senders and tags are categories.

    Raises
    ------
    DataError
        If a column is missing, a time has no zone, a sender is unknown or missing, or a message without a
        session id has no buyer.
    """
    check_columns(messages, MESSAGES)
    sender = _senders(messages)
    unknown = sorted({str(name) for name in pd.unique(words(messages, "sender")[sender.isna()])})
    if unknown:
        raise DataError(
            Problem(
                file="messages",
                column="sender",
                message=f"unknown {', '.join(unknown[:5])}; known: {', '.join(SENDERS)}",
            )
        )
    times = instants(messages, "time")
    if np.isnat(times).any():
        row = int(np.isnat(times).argmax()) + 2
        raise DataError(Problem(file="messages", row=row, column="time", message="the cell is empty"))
    talk = pd.DataFrame(
        {
            "stream": named(messages, "stream", DEFAULT_STREAM),
            "session": objects(words(messages, "session_id")),
            "buyer": objects(words(messages, "buyer")),
            "agent": named(messages, "agent"),
            "sender": sender,
            "time": times,
            "assigned": instants(messages, "assigned"),
            "closed": instants(messages, "closed"),
            "tag": named(messages, "tag"),
        },
        copy=False,
    )
    talk["code"] = _session_codes(talk, gap_min)
    if not _is_in_order(talk["code"].to_numpy(), talk["time"].to_numpy()):
        talk = talk.iloc[np.lexsort((talk["time"].to_numpy(), talk["code"].to_numpy()))].reset_index(
            drop=True
        )
    if gap_min > 0:
        talk["code"] = _merged(talk, gap_min)
        talk = talk.iloc[np.lexsort((talk["time"].to_numpy(), talk["code"].to_numpy()))]
        talk = talk.reset_index(drop=True)
        first = first_rows(talk["code"].to_numpy())
        talk["session"] = objects(talk["session"].to_numpy()[first][talk["code"].to_numpy()])
    return talk


def _senders(messages: pd.DataFrame) -> pd.Categorical:
    """Return who sent each message, missing where it is none of `SENDERS`."""
    column, known = messages["sender"], pd.Index(SENDERS, dtype=object)
    if isinstance(column.dtype, pd.CategoricalDtype) and column.cat.categories.equals(known):
        return pd.Categorical(column)
    return pd.Categorical.from_codes(
        known.get_indexer(pd.Index(words(messages, "sender"), dtype=object)), categories=known
    )


def last_rows(first: Codes, count: int) -> Codes:
    """Return the position of the last row of each run, given the first ones and the count of rows."""
    return np.append(first[1:], count)[: len(first)] - 1


def _is_in_order(code: Codes, times: Instants) -> bool:
    """Whether messages stand in order of session and time, as a store hands them out."""
    later = code[1:] > code[:-1]
    return bool((later | ((code[1:] == code[:-1]) & (times[1:] >= times[:-1]))).all())


def sent_by(talk: pd.DataFrame, senders: Collection[str]) -> npt.NDArray[np.bool_]:
    """Return which messages of `conversations` come from one of the senders."""
    codes = talk["sender"].cat.codes.to_numpy()
    by_any = np.zeros(len(codes), dtype=bool)
    for name in senders:
        by_any |= codes == SENDERS.index(name)
    return by_any


def first_rows(codes: Codes) -> Codes:
    """Return the position of the first row of each run of equal codes."""
    if len(codes) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate(([True], codes[1:] != codes[:-1])))


def _session_codes(talk: pd.DataFrame, gap_min: float) -> Codes:
    """Return each message's session, and write names for sessions that have none into `talk`."""
    unnamed = talk["session"].isna().to_numpy()
    if unnamed.any():
        buyer = talk["buyer"]
        lost = unnamed & buyer.isna().to_numpy()
        if lost.any():
            raise DataError(
                Problem(
                    file="messages",
                    row=int(lost.argmax()) + 2,
                    message="neither session_id nor buyer is given; one of them must say whose it is",
                )
            )
        rows = np.flatnonzero(unnamed)
        owner = codes_of(talk["stream"].array[rows], buyer.to_numpy()[rows])
        order = np.lexsort((talk["time"].to_numpy()[rows], owner))
        rows, owner = rows[order], owner[order]
        times = talk["time"].to_numpy()[rows]
        gap = np.timedelta64(round((gap_min or DEFAULT_GAP_MIN) * 60e9), "ns")
        asks = sent_by(talk, ["buyer"])[rows]
        answers_late = ~asks[1:] & asks[:-1]  # a reply after a long wait is still that question's
        begins = (owner[1:] != owner[:-1]) | ((times[1:] - times[:-1] > gap) & ~answers_late)
        first = np.concatenate(([True], begins))
        start = np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))
        stamp = pd.Series(np.datetime_as_string(times[first], unit="s"))
        names = (pd.Series(buyer.to_numpy()[rows[first]]).astype(str) + " " + stamp).to_numpy(dtype=object)
        session = talk["session"].to_numpy(dtype=object, copy=True)
        session[rows] = names[np.searchsorted(np.flatnonzero(first), start)]
        talk["session"] = objects(session)
    return _codes_by_name(codes_in(talk, "stream"), talk["session"].to_numpy())


def _codes_by_name(stream: Codes, session: npt.NDArray[Any]) -> Codes:
    """Return a number for each session of a stream, in order of appearance."""
    if session.dtype.kind in "iu" and len(session):  # as a store hands them out: each session in one piece
        changes = session[1:] != session[:-1]
        heads = session[np.concatenate(([True], changes))]
        if len(pd.unique(heads)) == len(heads) and not (~changes & (stream[1:] != stream[:-1])).any():
            return np.concatenate(([0], np.cumsum(changes)))
    return codes_of(stream, session)


def _merged(talk: pd.DataFrame, gap_min: float) -> Codes:
    """Return session codes in which a session that follows its buyer's last one closely belongs to it."""
    code, times = talk["code"].to_numpy(), talk["time"].to_numpy()
    first = first_rows(code)
    last = last_rows(first, len(code))
    end = np.maximum(times[last], _latest(talk["closed"].to_numpy(), first, fallback=times[last]))
    whose = owners_of(talk["stream"].array[first], talk["buyer"].to_numpy()[first])
    merged: Codes = merge_close(whose, times[first], end, gap_min)[code]
    return merged


def owners_of(stream: npt.ArrayLike, buyer: npt.ArrayLike) -> Codes:
    """Return a number for each buyer of a stream; who is not named is a buyer of his own."""
    codes = codes_of(stream, buyer)
    nameless = pd.isna(np.asarray(buyer, dtype=object))
    codes[nameless] = -1 - np.flatnonzero(nameless)
    return codes


def _latest(values: Instants, first: Codes, *, fallback: Instants) -> Instants:
    """Return the latest known value of each run of rows, else the fallback."""
    latest = np.fmax.reduceat(values, first)
    return np.where(np.isnat(latest), fallback, latest)


def merge_close(whose: Codes, start: Instants, end: Instants, gap_min: float) -> Codes:
    """Return for each span the first of its owner's spans that it follows within the gap, numbered from 0."""
    order = np.lexsort((start, whose))
    owner, begins = whose[order], start[order].astype(np.int64)
    latest = pd.Series(end[order].astype(np.int64)).groupby(owner).cummax().to_numpy()
    follows = np.zeros(len(owner), dtype=bool)
    follows[1:] = (owner[1:] == owner[:-1]) & (begins[1:] - latest[:-1] <= round(gap_min * 60e9))
    group = np.empty(len(owner), dtype=np.int64)
    group[order] = np.cumsum(~follows) - 1
    return codes_of(group)
