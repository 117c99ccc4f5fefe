"""Tables that compiled code reads and writes: one record a session, round, agent, stream.

Compiled code gets few arrays of records instead of many of numbers: it compiles faster, and what belongs to
one session lies in one place of memory. Times are seconds since midnight.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scheduling.compiled import compiled

Records = npt.NDArray[np.void]
Flags = npt.NDArray[np.bool_]

NOBODY = -1
BOT = -2  # in a round's `typist`

SESSION = np.dtype(
    [
        # drawn before anybody knows who is on duty
        ("arrival_s", np.float64),
        ("leaves_s", np.float64),  # when the buyer gives up, unless typing of the first reply has begun
        ("first_round", np.int32),
        ("end_round", np.int32),
        ("stream", np.int32),
        ("buyer", np.int32),
        ("ordinal", np.int32),  # among those drawn with it: ties are broken alike whatever else is simulated
        # what becomes of it
        ("questions", np.int32),  # rounds that came into being
        ("agent", np.int32),
        ("epoch", np.int32),  # of the agent when he got it (see AGENT)
        ("current", np.int32),  # its current round
        ("after", np.int32),  # the session behind it in the line in which it stands
        ("key", np.float64),  # there
        ("assigned_s", np.float64),
        ("ended_s", np.float64),  # slot freed, buyer gave up, or stream closed on it
        ("settled", np.bool_),  # drawn: the bot settles it alone
        ("begun", np.bool_),  # whether typing of its first reply has begun
        ("gone", np.bool_),  # whether nobody will ever answer it
        ("offline", np.bool_),  # whether nobody was on duty when it arrived
    ],
    align=True,
)

DRAWN = ("arrival_s", "leaves_s", "first_round", "end_round", "stream", "buyer", "ordinal", "settled")

ROUND = np.dtype(
    [
        ("work_s", np.float64),  # drawn: at speed 1
        ("think_s", np.float64),  # drawn: from the reply to the next question
        ("asked_s", np.float64),
        ("assigned_s", np.float64),  # when its session got the agent who has the question
        ("answered_s", np.float64),  # when the reply was finished; NaN: never
        ("typist", np.int64),
    ],
    align=True,
)

AGENT = np.dtype(
    [
        ("speed", np.float64),
        ("streams", np.int64),  # bit s set: serves stream s
        ("duty", np.int64),  # position in the list the plan came as
        ("cap", np.int64),
        ("group", np.int64),
        ("first_span", np.int64),
        ("end_span", np.int64),
        ("typing", np.int64),  # the session whose reply he is typing
        ("open", np.int64),  # sessions holding a slot
        ("movable", np.int64),  # those of them that he would hand over
        ("epoch", np.int64),  # spans he has ended
        ("place", np.int64),  # in his group's row
        ("level", np.int64),  # there
        ("taking", np.bool_),  # whether he may be given sessions
        ("present", np.bool_),  # whether he comes at all
    ],
    align=True,
)

SPAN = np.dtype([("start_s", np.float64), ("end_s", np.float64)])

STREAM = np.dtype(
    [
        ("auto_close_s", np.float64),
        ("open_s", np.float64),
        ("close_s", np.float64),
        ("interval_s", np.float64),
        ("intervals", np.int64),
        ("queued", np.int64),  # sessions in the shop's queue
        ("on_duty", np.int64),
        ("hands_over", np.bool_),
    ],
    align=True,
)

GROUP = np.dtype(
    [
        ("weight", np.float64),
        ("streams", np.int64),
        ("cap", np.int64),
        ("first_agent", np.int64),
        ("first_level", np.int64),  # in `level_start`
    ]
)

CHANGE = np.dtype([("when_s", np.float64), ("what", np.int64), ("who", np.int64)])
LINE = np.dtype([("first", np.int64), ("last", np.int64)])
COMING = np.dtype([("when_s", np.float64), ("what", np.int64)])


def as_bytes(table: Records) -> Records:
    """Return the same table as plain bytes, record by record.

    numpy copies, joins and sorts records field by field; bytes at once, eight times as fast.
    """
    return table.view(np.dtype((np.void, table.dtype.itemsize)))


@compiled
def row(table, position):  # type: ignore[no-untyped-def]
    """Return a table's record, for compiled code whose positions are never negative.

    An index without a sign spares looking whether it counts from the end: a tenth of the simulator's time.
    """
    return table[np.uintp(position)]
