"""One stream's operating day, as the planner's model and the simulator both see it.

Times are minutes of the local wall clock since the day's midnight; past midnight they go on above 1440.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from forecast.replies.rules import ReplyRule
from forecast.replies.service_parameters import ServiceParameters

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LARGE_DAY = 6000.0  # sessions; a larger day is simulated on fewer days, for each says as much as several


@dataclass(frozen=True, kw_only=True)
class ServiceDay:
    """What one stream asks of people on one day.

    Attributes
    ----------
    first_min
        Start of the first interval [min since midnight]; the stream opens then.
    interval_min
        Length of an interval [min].
    sessions
        Expected sessions that reach people, one value an interval (after bots). [sessions]
    settled
        Expected sessions the bot settles alone, one value an interval; they count only under a rule
        that counts ``bot_auto``. [sessions]
    handle_factor
        Factor on the work of a reply for sessions arriving in the interval (1: as `service` says).
    service
        What one agent can do.
    rule
        The platform's metric.
    target
        Wanted share, or mean seconds where the rule is in seconds.
    """

    first_min: int
    interval_min: int
    sessions: Floats
    service: ServiceParameters
    rule: ReplyRule
    target: float
    settled: Floats = field(default_factory=lambda: np.zeros(0))
    handle_factor: Floats = field(default_factory=lambda: np.ones(0))

    def __post_init__(self) -> None:
        """Complete the optional vectors and raise `ValueError` for sessions that cannot be."""
        count = len(self.sessions)
        if len(self.settled) == 0:
            object.__setattr__(self, "settled", np.zeros(count))
        if len(self.handle_factor) == 0:
            object.__setattr__(self, "handle_factor", np.ones(count))
        if not len(self.settled) == len(self.handle_factor) == count:
            raise ValueError(f"settled and handle_factor need {count} values, one an interval")
        if count == 0 or not np.all(np.isfinite(self.sessions)) or np.any(self.sessions < 0):
            raise ValueError("sessions must be finite numbers >= 0, one an interval")

    @property
    def starts_min(self) -> Ints:
        """Start of each interval [min since midnight]."""
        return self.first_min + self.interval_min * np.arange(len(self.sessions))

    @property
    def last_min(self) -> int:
        """End of the last interval [min since midnight]; the stream closes then."""
        return self.first_min + self.interval_min * len(self.sessions)

    @property
    def window_mask(self) -> npt.NDArray[np.bool_]:
        """Which intervals start inside the rule's assessed window, the next morning's included."""
        start, end = self.rule.window_minutes
        inside: npt.NDArray[np.bool_] = (self.starts_min - start) % (24 * 60) < end - start
        return inside


@dataclass(frozen=True, kw_only=True)
class DutySpan:
    """One agent's day as the simulator needs it: on from start to end, off in the breaks.

    ``streams`` are served at once under one cap.
    """

    start_min: int
    end_min: int
    breaks: tuple[tuple[int, int], ...] = ()
    streams: tuple[str, ...] = ()
    speed: float = 1.0
    reception_cap: int | None = None  # None: the stream's own
    routing_weight: float = 1.0  # share of new sessions relative to colleagues

    def __post_init__(self) -> None:
        """Raise `ValueError` for a duty that cannot be meant."""
        if not self.start_min < self.end_min:
            raise ValueError(f"a duty must start before it ends, got {self.start_min} to {self.end_min}")
        if any(not self.start_min <= a < b <= self.end_min for a, b in self.breaks):
            raise ValueError(f"breaks must lie inside the duty, got {self.breaks}")
        if self.speed <= 0:
            raise ValueError(f"speed must be above 0, got {self.speed:g}")
        if self.routing_weight <= 0:
            raise ValueError(f"routing_weight must be above 0, got {self.routing_weight:g}")

    @property
    def working_spans(self) -> tuple[tuple[int, int], ...]:
        """Spans in which the agent takes new sessions."""
        spans, since = [], self.start_min
        for pause, back in sorted(self.breaks):
            spans.append((since, pause))
            since = back
        return tuple((a, b) for a, b in [*spans, (since, self.end_min)] if a < b)


def on_duty(duties: Sequence[DutySpan], starts_min: Ints, interval_min: int) -> Ints:
    """Return how many agents take new sessions throughout each interval."""
    counts = np.zeros(len(starts_min), dtype=np.int64)
    for duty in duties:
        for start, end in duty.working_spans:
            counts += (starts_min >= start) & (starts_min + interval_min <= end)
    return counts


def leaving(duties: Sequence[DutySpan], starts_min: Ints) -> Ints:
    """Return how many agents stop (duty's end or a break's start) at the start of each interval."""
    counts = np.zeros(len(starts_min), dtype=np.int64)
    for duty in duties:
        for _, end in duty.working_spans:
            counts += starts_min == end
    return counts
