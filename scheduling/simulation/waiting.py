"""Compiled lines of waiting sessions, and the clock of what is to come.

A line is a chain of sessions sorted by a key (when the question came, or when a slot is freed). A session
stands in one line at a time, so that one set of links serves all lines. Sessions whose buyer gave up stay in
their line until they reach its head.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from scheduling.day import Floats, Ints

NOBODY = -1


class Lines(NamedTuple):
    """All lines: `first` and `last` session of each, and each session's key and the session after it."""

    first: Ints
    last: Ints
    key: Floats
    after: Ints


class Coming(NamedTuple):
    """What is to come, as a binary heap: when, what, and (in an array of one) how many."""

    when: Floats
    what: Ints
    size: Ints


@numba.njit(cache=True, nogil=True)
def join(lines, line, session, key):  # type: ignore[no-untyped-def]
    """Put a session into a line, behind all whose key is not larger."""
    first, last, keys, after = lines.first, lines.last, lines.key, lines.after
    keys[session] = key
    tail = last[line]
    if tail < 0:
        after[session] = NOBODY
        first[line] = session
        last[line] = session
    elif keys[tail] <= key:
        after[session] = NOBODY
        after[tail] = session
        last[line] = session
    elif keys[first[line]] > key:
        after[session] = first[line]
        first[line] = session
    else:  # a question that waited in the shop's queue is older than most: look from the head
        ahead = first[line]
        while keys[after[ahead]] <= key:
            ahead = after[ahead]
        after[session] = after[ahead]
        after[ahead] = session


@numba.njit(cache=True, nogil=True)
def leave_first(lines, line):  # type: ignore[no-untyped-def]
    """Take the first session out of a line that is not empty and return it."""
    session = lines.first[line]
    follower = lines.after[session]
    lines.first[line] = follower
    if follower < 0:
        lines.last[line] = NOBODY
    return session


@numba.njit(cache=True, nogil=True)
def expect(coming, when, what):  # type: ignore[no-untyped-def]
    """Note that `what` will happen at `when`."""
    at = coming.size[0]
    coming.size[0] = at + 1
    times, things = coming.when, coming.what
    while at > 0:
        parent = (at - 1) >> 1
        if times[parent] <= when:
            break
        times[at] = times[parent]
        things[at] = things[parent]
        at = parent
    times[at] = when
    things[at] = what


@numba.njit(cache=True, nogil=True)
def drop_next(coming):  # type: ignore[no-untyped-def]
    """Forget what comes next."""
    size = coming.size[0] - 1
    coming.size[0] = size
    if size > 0:
        _settle(coming, coming.when[size], coming.what[size], size)


@numba.njit(cache=True, nogil=True)
def replace_next(coming, when, what):  # type: ignore[no-untyped-def]
    """Forget what comes next and note that `what` will happen at `when`: one walk instead of two."""
    _settle(coming, when, what, coming.size[0])


@numba.njit(cache=True, nogil=True)
def _settle(coming, when, what, size):  # type: ignore[no-untyped-def]
    """Let a new entry sink from the root to its place."""
    times, things = coming.when, coming.what
    at, child = 0, 1
    while child < size:
        right = child + 1
        if right < size and times[right] < times[child]:
            child = right
        if times[child] >= when:
            break
        times[at] = times[child]
        things[at] = things[child]
        at = child
        child = 2 * at + 1
    times[at] = when
    things[at] = what


def empty_lines(lines: int, sessions: int) -> Lines:
    """Return that many empty lines for sessions numbered from zero."""
    return Lines(
        first=np.full(lines, NOBODY),
        last=np.full(lines, NOBODY),
        key=np.empty(sessions),
        after=np.empty(sessions, dtype=np.int64),
    )


def nothing_coming(room: int) -> Coming:
    """Return a clock on which at most `room` things stand at once."""
    return Coming(when=np.empty(room), what=np.empty(room, dtype=np.int64), size=np.zeros(1, dtype=np.int64))
