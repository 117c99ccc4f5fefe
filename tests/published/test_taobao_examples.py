"""The three worked examples of Taobao's 3-minute rate: dingjiuxi.cn/tbnews/14066 (2023-04-02)."""

from __future__ import annotations

import pandas as pd
import pytest
from builders_messages import ZONE, build_log

from forecast.replies.measure import measure
from forecast.replies.rules import find_rule, preset_rules

TAOBAO = find_rule("taobao.human3min.30d", preset_rules())

FIRST = ("10:10:15 buyer", "10:15:20 buyer", "10:18:10 human")
SECOND = (*FIRST, "10:18:30 buyer", "10:19:00 human")
THIRD = tuple(f"11:00:{second:02d} buyer" for second in range(0, 50, 5))


@pytest.mark.parametrize(
    ("messages", "on_time", "rounds"),
    [(FIRST, 0, 1), (SECOND, 1, 2), (THIRD, 0, 1)],
    ids=["clock runs from the first question", "a second round", "ten questions without a reply"],
)
def test_taobao_rate_is_as_printed(messages: tuple[str, ...], on_time: int, rounds: int) -> None:
    rows = measure(build_log(*messages), [TAOBAO], timezone=ZONE)

    assert rows[["numerator", "denominator"]].to_numpy().tolist() == [[on_time, rounds]]
    assert rows["period_end"].tolist() == [pd.Timestamp("2026-11-11").date()]
    assert rows["verdict"].tolist() == ["not_assessed"]  # fewer than 100 rounds
