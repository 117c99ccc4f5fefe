"""Codes of duties, as written and as a manager may write them."""

from __future__ import annotations

import pytest
from builders_plan import build_settings

from reports.shift_codes import ShiftCode, find_code, shift_codes
from scheduling.config import ShiftTemplate

CODES = shift_codes(build_settings().templates)


def test_codes_are_unique_and_short():
    assert [one.code for one in CODES] == ["早8", "早8:30", "早9", "晚", "半"]


@pytest.mark.parametrize("text", ["早8:30", " 早8：30", "早班8:30", "早 8:30"])
def test_wide_letters_blanks_and_full_names_are_understood(text):
    code = find_code(text, CODES)
    assert isinstance(code, ShiftCode)
    assert (code.template.name, code.begin) == ("早班", 510)


@pytest.mark.parametrize("text", ["晚", "晚班"])
def test_a_name_alone_serves_where_it_leaves_no_choice(text):
    code = find_code(text, CODES)
    assert isinstance(code, ShiftCode)
    assert code.begin == 900


def test_a_name_alone_is_refused_where_the_template_has_several_starts():
    assert find_code("早班", CODES) == "'早班' names several starts; write one of 早8, 早8:30, 早9"


def test_what_is_no_shift_is_answered_with_what_is():
    assert "is no shift; write one of 早8, 早8:30, 早9, 晚, 半, 休, 假" in str(find_code("夜", CODES))


def test_templates_with_the_same_first_character_keep_their_names():
    first, second = (
        ShiftTemplate(name=name, form="early", starts=("08:00",), hours=8.0) for name in ("早班", "早半班")
    )
    assert [one.code for one in shift_codes([first, second])] == ["早班", "早半班"]


def test_a_template_named_like_a_day_off_keeps_its_name():
    rest = ShiftTemplate(name="休息日值班", form="half", starts=("10:00",), hours=4.0)
    assert [one.code for one in shift_codes([rest])] == ["休息日值班"]


def test_starts_that_only_a_roster_uses_get_codes_too():
    late = build_settings().templates[1]
    assert [one.code for one in shift_codes([late], [("晚班", 960)])] == ["晚15", "晚16"]
