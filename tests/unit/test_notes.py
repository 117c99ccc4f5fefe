"""Notes of the libraries, in the reader's language."""

from __future__ import annotations

import re

import pytest

from reports.notes import in_words
from reports.words import catalogue, placeholders, words

ZH, EN = words("zh"), words("en")
HAN = re.compile(r"[一-鿿]")


@pytest.mark.parametrize("name", catalogue("notes"))
def test_every_line_is_found_by_its_own_english_words(name: str) -> None:
    text = catalogue("notes")[name]["en"]
    values = {key: f"<{key}>" for key in placeholders(text)}
    assert in_words(text.format(**values), ZH) == catalogue("notes")[name]["zh"].format(**values)


def test_a_sentence_that_no_line_knows_stays_as_it_is() -> None:
    assert in_words("something never said before", ZH) == "something never said before"


def test_streams_in_front_are_named_for_readers() -> None:
    note = "taobao-presale: 4 hours are left out because the promotion calendar says so"
    found = in_words(note, ZH, label=lambda one: "淘宝 售前" if one == "taobao-presale" else one)
    assert found == "淘宝 售前：按促销日历略过 4 个小时，不从中学习"
    assert in_words(note, EN) == note


def test_parts_of_a_source_are_said_one_by_one() -> None:
    assert in_words("learnt from 7 past big_promo events; multipliers given", ZH) == (
        "从 7 次过去的大促学到；参考给定倍数"
    )
