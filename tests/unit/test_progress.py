"""What a run says of itself on stderr."""

from __future__ import annotations

import pytest

from reports.progress import PLAN_STAGES, USUAL_S, Stages
from reports.words import words
from scheduling.solver import Progress


class Clock:
    """Seconds that go forward when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def stages_with(clock: Clock, lang: str = "en", stream_days: int = 28) -> Stages:
    return Stages(words(lang), quiet=True, expected=PLAN_STAGES, stream_days=stream_days, clock=clock)


def test_before_anything_is_measured_the_usual_times_are_expected() -> None:
    stages = stages_with(Clock())
    stages("forecast")
    assert stages.seconds_left() == pytest.approx(sum(USUAL_S[stage] for stage in PLAN_STAGES))


def test_a_span_half_as_long_is_expected_to_take_half() -> None:
    stages = stages_with(Clock(), stream_days=14)
    stages("forecast")
    assert stages.seconds_left() == pytest.approx(sum(USUAL_S[stage] for stage in PLAN_STAGES) / 2)


def test_a_slow_machine_shows_in_what_is_left() -> None:
    clock = Clock()
    stages = stages_with(clock)
    stages("shifts")
    clock.now = 3 * USUAL_S["shifts"]
    stages("roster")
    left = stages.seconds_left()
    usual = sum(USUAL_S[stage] for stage in PLAN_STAGES[2:])
    assert left is not None
    assert 2 * usual < left < 3 * usual


def test_a_stage_that_takes_longer_than_expected_leaves_the_later_ones() -> None:
    clock = Clock()
    stages = stages_with(clock)
    stages("simulation")
    clock.now = 500.0
    assert stages.seconds_left() == pytest.approx(USUAL_S["baselines"])


def test_time_left_is_said_from_two_seconds_on_and_in_the_readers_language() -> None:
    clock = Clock()
    stages = stages_with(clock, "zh")
    stages("baselines")
    assert stages.line() == "· 常用方法对照 …  0 秒，约还需 10 秒"
    clock.now = 8.5
    assert stages.line() == "· 常用方法对照 …  8 秒"


def test_counted_tasks_tell_what_is_left_by_those_that_are_done() -> None:
    clock = Clock()
    stages = stages_with(clock)
    clock.now = 30.0
    stages("3/12 volume (low)")
    assert stages.line() == "· 3/12 volume (low) …  30 s, about 1 min 30 s left"


def test_what_came_before_the_tasks_is_not_counted_as_theirs() -> None:
    clock = Clock()
    stages = stages_with(clock)
    stages("roster")
    clock.now = 80.0
    stages("baselines")
    clock.now = 100.0
    stages("1/5 volume (low)")
    assert stages.line() == "· 1/5 volume (low) …  1 min 40 s, about 1 min 20 s left"


def test_piped_every_stage_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    stages = Stages(words("en"), clock=Clock())
    stages("forecast")
    stages("backtest")
    stages.end()
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "· forecast …  0 s\n· backtest of every model …  0 s\n"


def test_the_best_roster_so_far_stands_in_the_line_until_the_stage_ends() -> None:
    stages = stages_with(Clock())
    stages("roster")
    stages.better(Progress(seconds=1.0, objective=20540.96, bound=0.0))
    assert stages.line().endswith("; best roster so far 20,541")
    stages("simulation")
    assert "best roster" not in stages.line()
