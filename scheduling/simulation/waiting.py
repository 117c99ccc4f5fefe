"""Compiled lines of waiting sessions, and the clock of what is to come.

A line is a chain of sessions sorted by a key (when the question came, or when a slot is freed). A session
stands in one line at a time, so that one set of links serves all lines. Sessions whose buyer gave up stay in
their line until they reach its head.
"""

from __future__ import annotations

import numpy as np

from scheduling.compiled import compiled
from scheduling.simulation.records import COMING, LINE, NOBODY, Records, row


def empty_lines(count: int) -> Records:
    """Return that many empty lines."""
    lines = np.empty(count, dtype=LINE)
    lines["first"] = lines["last"] = NOBODY
    return lines


@compiled
def join(lines, sessions, line, session, key):  # type: ignore[no-untyped-def]
    """Put a session into a line, behind all whose key is not larger."""
    row(sessions, session).key = key
    first, last = row(lines, line).first, row(lines, line).last
    if last < 0 or row(sessions, last).key <= key:
        row(sessions, session).after = NOBODY
        if last < 0:
            row(lines, line).first = session
        else:
            row(sessions, last).after = session
        row(lines, line).last = session
    elif row(sessions, first).key > key:
        row(sessions, session).after = first
        row(lines, line).first = session
    else:  # a question that waited in the shop's queue is older than most: look from the head
        ahead = first
        while row(sessions, row(sessions, ahead).after).key <= key:
            ahead = row(sessions, ahead).after
        row(sessions, session).after = row(sessions, ahead).after
        row(sessions, ahead).after = session


@compiled
def leave_first(lines, sessions, line):  # type: ignore[no-untyped-def]
    """Take the first session out of a line that is not empty and return it."""
    session = row(lines, line).first
    following = row(sessions, session).after
    row(lines, line).first = following
    if following < 0:
        row(lines, line).last = NOBODY
    return session


def nothing_coming(room: int) -> Records:
    """Return a clock with room for that many things at once.

    It is a binary heap whose root is entry 1; `what` of entry 0 is the number of entries.
    """
    coming = np.empty(room + 1, dtype=COMING)
    coming[0] = (-np.inf, 0)  # earlier than all: nothing rises above the root
    return coming


@compiled
def expect(coming, when_s, what):  # type: ignore[no-untyped-def]
    """Note that `what` will happen at `when_s`."""
    at = row(coming, 0).what + 1
    row(coming, 0).what = at
    while row(coming, at >> 1).when_s > when_s:
        row(coming, at).when_s = row(coming, at >> 1).when_s
        row(coming, at).what = row(coming, at >> 1).what
        at >>= 1
    row(coming, at).when_s = when_s
    row(coming, at).what = what


@compiled
def drop_next(coming):  # type: ignore[no-untyped-def]
    """Forget what comes next."""
    size = row(coming, 0).what
    row(coming, 0).what = size - 1
    _sink(coming, row(coming, size).when_s, row(coming, size).what)


@compiled
def replace_next(coming, when_s, what):  # type: ignore[no-untyped-def]
    """Forget what comes next and note that `what` will happen at `when_s`: one walk instead of two."""
    _sink(coming, when_s, what)


@compiled
def _sink(coming, when_s, what):  # type: ignore[no-untyped-def]
    """Let a new entry sink from the root to its place."""
    size = row(coming, 0).what
    at, child = 1, 2
    while child <= size:
        if child < size:  # added, not branched on: a processor guesses wrongly every other time
            child += row(coming, child + 1).when_s < row(coming, child).when_s
        if row(coming, child).when_s >= when_s:
            break
        row(coming, at).when_s = row(coming, child).when_s
        row(coming, at).what = row(coming, child).what
        at = child
        child = 2 * at
    row(coming, at).when_s = when_s
    row(coming, at).what = what
