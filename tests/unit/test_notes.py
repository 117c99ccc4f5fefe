"""Notes of the libraries, in the reader's language."""

from __future__ import annotations

import re

import pytest

from forecast.errors import Problem, nearest
from reports.notes import SECTIONS, in_words, problem_words
from reports.words import catalogue, placeholders, words

ZH, EN = words("zh"), words("en")
HAN = re.compile(r"[一-鿿]")


LINES = [(section, name) for section in SECTIONS for name in catalogue(section)]


@pytest.mark.parametrize(("section", "name"), LINES, ids=[f"{section}.{name}" for section, name in LINES])
def test_every_line_is_found_by_its_own_english_words(section: str, name: str) -> None:
    texts = catalogue(section)[name]
    values = {key: "; did you mean q?" if key == "near" else f"<{key}>" for key in placeholders(texts["en"])}
    told = {key: "；是不是 q？" if key == "near" else value for key, value in values.items()}
    sentence, wanted = texts["en"].format(**values), texts["zh"].format(**told)
    inside = in_words(f"cannot be read ({sentence}); export it again", ZH)  # short ones serve as values alone
    assert in_words(sentence, ZH) == wanted or inside == f"读不了（{wanted}）；请重新导出"


def test_a_problem_says_where_and_what_in_the_readers_language() -> None:
    problem = Problem(file="agents.csv", row=3, column="speed", message="'x' is not a number")
    assert problem_words(problem, ZH) == "agents.csv 第 3 行，speed 列：“x” 不是数字"
    assert problem_words(problem, EN) == "agents.csv row 3, column speed: 'x' is not a number"


def test_what_a_libraries_error_says_inside_another_is_said_too() -> None:
    text = "[[stream]] a: service.rounds: input should be a valid number, got 'x'"
    assert in_words(text, ZH) == "[[stream]] a：service.rounds：应为数字，现为 “x”"


def test_a_sentence_that_no_line_knows_stays_as_it_is() -> None:
    assert in_words("something never said before", ZH) == "something never said before"


def test_streams_in_front_are_named_for_readers() -> None:
    note = "taobao-presale: 4 hours are left out because the promotion calendar says so"
    found = in_words(note, ZH, label=lambda one: "淘宝 售前" if one == "taobao-presale" else one)
    assert found == "淘宝 售前：按促销日历略过 4 个小时，不从中学习"
    assert in_words(note, EN) == note


def test_sentences_in_a_row_are_not_taken_for_a_value_of_the_first() -> None:
    text = "these cannot all hold: Ann has a fixed duty on 2026-03-10; Bob is on leave on 2026-03-10"
    assert in_words(text, ZH) == "这些不能同时成立：Ann 在 2026-03-10 有固定班；Bob 在 2026-03-10 请假"


def test_parts_of_a_source_are_said_one_by_one() -> None:
    assert in_words("learnt from 7 past big_promo events; multipliers given", ZH) == (
        "从 7 次过去的大促学到；参考给定倍数"
    )


def test_ids_have_names_in_english_too() -> None:
    assert in_words("learnt from 7 past big_promo events; multipliers given", EN) == (
        "learnt from 7 past big promotion events; multipliers given"
    )


def test_a_long_list_of_what_is_known_is_cut_and_counted() -> None:
    told = in_words(f"nobody is called 'Z'{nearest('Z', [f'P{i:02d}' for i in range(15)])}", ZH)
    assert told.startswith("没有人叫 “Z”；已知的有：P00, P01")
    assert told.endswith("P11 等，另有 3 个")
