"""A day's forward pass as it is kept: to be resumed where a staffing differs, and to be run backward."""

from __future__ import annotations

from dataclasses import dataclass

from scheduling.day import Floats, Ints
from scheduling.service.segments import Segment


@dataclass(frozen=True, kw_only=True)
class State:
    """The distribution at a segment's start, before its leavers stop, and the sessions by age."""

    lo: int
    mass: Floats
    tagged: Floats  # sessions without a late reply so far, by state (every-reply rules)
    ages: Floats  # of those who were there and of the joiners
    active: float
    agents: int
    joined: int = 0  # agents who came last and do not yet have as many sessions as the others
    work_factor: float = 1.0  # mean factor on the work of the sessions present

    @property
    def hi(self) -> int:
        """Last state with mass."""
        return self.lo + len(self.mass) - 1


@dataclass(frozen=True, kw_only=True)
class Pass:
    """A day's forward pass: enough to resume it anywhere and to run it backward."""

    on_duty: Ints
    leaving: Ints
    sessions: Floats
    segments: tuple[Segment, ...]
    states: tuple[State, ...]  # before each segment, and at the close
    counts: Floats  # segment x things counted
    factors: tuple[Floats, ...]
    bands: tuple[Ints, ...]
