"""The reception cap that a plan recommends, in the words of either language."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.config import ShopSettings, Stream
from forecast.replies.rules import ReplyRule
from forecast.replies.service_parameters import ServiceParameters
from reports.notes import in_words
from reports.words import words
from scheduling.config import Settings
from scheduling.service.agent import recommended_cap
from scheduling.summary import cap_advice, cap_notes


def settings(service: ServiceParameters, metric: str = "share", threshold_s: float = 180.0) -> Settings:
    rule = ReplyRule(id="own", threshold_s=threshold_s, metric=metric)  # type: ignore[arg-type]
    stream = Stream(id="chat", rule="own", service=service, target=0.9 if metric == "share" else 60.0)
    return Settings(demand=ShopSettings(folder=Path(), rules=(rule,), streams=(stream,)))


@pytest.mark.parametrize("threshold_s", [45.0, 180.0])
def test_the_cap_is_recommended_with_its_reason_in_both_languages(threshold_s: float) -> None:
    service = ServiceParameters(reception_cap=8)
    shop = settings(service, threshold_s=threshold_s)
    [note] = cap_notes(["chat"], shop)
    advice = recommended_cap(service, threshold_s, 0.9)
    assert note.startswith(f"chat: reception cap {advice.cap} recommended (now 8)")
    spoken = in_words(note, words("zh"), label=lambda one: "客服" if one == "chat" else one)
    assert spoken.startswith(f"客服：建议同时接待上限 {advice.cap}（现设 8）")
    assert "agent" not in spoken
    assert in_words(note, words("en")) == note


def test_a_rule_in_seconds_recommends_no_cap() -> None:
    assert cap_advice(["chat"], settings(ServiceParameters(), metric="mean_seconds")) == {}
