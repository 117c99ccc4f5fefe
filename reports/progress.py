"""What a run is doing on stderr: each stage as it begins, how long it has run, how long it may still take.

At a terminal the running stage keeps its line up to date; elsewhere each stage is one plain line.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from reports.words import Words

if TYPE_CHECKING:
    from rich.live import Live

    from scheduling.solver import Progress

# Seconds the stages of the demo's fortnight take on two cores: 28 days of streams at quick effort. They serve
# as shares of a run; how fast this run is shows in the stages that are done.
USUAL_S = {
    "forecast": 3.0,
    "requirement": 4.0,
    "shifts": 40.0,
    "roster": 12.0,
    "simulation": 6.0,
    "baselines": 10.0,
    "files": 6.0,
    "levers": 25.0,
    "need": 10.0,
    "contingency": 60.0,
    "replan": 6.0,
}
USUAL_DAYS = 28
TRUST_S = 10.0  # how many usual seconds the expectation weighs against what was measured
SHORTEST_S = 2.0  # of time left that is worth saying
COUNTED = re.compile(r"(\d+)/(\d+) (.*)", re.DOTALL)

PLAN_STAGES = ("forecast", "shifts", "roster", "simulation", "baselines")


class Stages:
    """Call it with the name of each stage as it begins, or ``3/12 task`` where tasks are counted.

    Parameters
    ----------
    say
        The reader's messages.
    quiet
        Whether to keep silent.
    expected
        Stages that a run goes through, in their order; without them no time left is told.
    stream_days
        Streams times days that are planned, from which the first expectation comes.
    clock
        Seconds that only go forward.
    """

    def __init__(
        self,
        say: Words,
        *,
        quiet: bool = False,
        expected: Sequence[str] = (),
        stream_days: int = USUAL_DAYS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say, self._quiet, self._clock = say, quiet, clock
        self._expected = list(expected)
        self._scale = stream_days / USUAL_DAYS
        self._began = self._stage_began = self._counts_began = clock()
        self._stage = self._best = ""
        self._spent: dict[str, float] = {}
        self._live: Live | None = None
        context = click.get_current_context(silent=True)
        if context is not None:
            context.call_on_close(self.end)  # a run that fails gives the terminal back, too

    def __call__(self, stage: str) -> None:
        """Begin a stage; the one before is done."""
        self.end()
        self._stage, self._stage_began = stage, self._clock()
        if COUNTED.fullmatch(stage) is None:
            self._counts_began = self._stage_began
        if self._quiet:
            return
        if sys.stderr.isatty():
            self._live = self._shown_live()
        else:
            click.echo(self.line(), err=True)

    def end(self) -> None:
        """End the running stage."""
        if self._stage in USUAL_S:
            self._spent[self._stage] = self._clock() - self._stage_began
        if self._live is not None:
            self._live.stop()
            self._live = None
            click.echo(self.line(left=False), err=True)
        self._stage = self._best = ""

    def better(self, found: Progress) -> None:
        """Tell what the running search has come to."""
        self._best = self._say("progress.best", cost=self._say.number(found.objective))

    def line(self, *, left: bool = True) -> str:
        """Return the running stage in words."""
        seconds = self._clock() - self._began
        counted = COUNTED.fullmatch(self._stage)
        if counted is None:
            name = self._say.either(f"progress.{self._stage}", self._stage)
            remaining = self.seconds_left()
        else:
            done, total, task = int(counted[1]), int(counted[2]), counted[3]
            name = self._say("progress.counted", done=done, total=total, task=self._task(task))
            remaining = (self._clock() - self._counts_began) / max(1, done) * (total - done)
        told = self._say("progress.stage", stage=name, seconds=self._duration(seconds))
        if left and remaining is not None and remaining > SHORTEST_S:
            told += self._say("progress.left", seconds=self._duration(remaining))
        return told + self._best

    def seconds_left(self) -> float | None:
        """Return the seconds that the run may still take, None where nobody knows its stages."""
        if self._stage not in self._expected:
            return None
        here = self._expected.index(self._stage)
        done = [stage for stage in self._spent if stage != self._stage]
        spent, usual = sum(self._spent[stage] for stage in done), sum(USUAL_S[stage] for stage in done)
        pace = (spent + TRUST_S * self._scale) / (usual + TRUST_S)
        running = USUAL_S[self._stage] * pace - (self._clock() - self._stage_began)
        later = sum(USUAL_S[stage] for stage in self._expected[here + 1 :] if stage not in done)
        return max(running, 0.0) + later * pace

    def _task(self, name: str) -> str:
        if name in ("worth", "frontier"):
            return self._say(f"progress.{name}")
        lever = re.fullmatch(r"(\w+) \((low|high)\)", name)
        if lever is None:
            return name
        what = self._say.either(f"compare.key_{lever[1]}", lever[1])
        return self._say(f"progress.{lever[2]}", lever=what)

    def _duration(self, seconds: float) -> str:
        whole = round(seconds)
        if whole < 60:
            return self._say("format.seconds", seconds=whole)
        return self._say("progress.minutes", minutes=whole // 60, seconds=whole % 60)

    def _shown_live(self) -> Live:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        live = Live(
            get_renderable=lambda: Text(self.line()),
            console=Console(stderr=True),
            transient=True,
            refresh_per_second=2,
        )
        live.start()
        return live
