"""Scenarios as a form: what is edited changes, what the form does not show stays."""

from __future__ import annotations

import pytest

from reports.serve.scenario_form import edited_scenarios, scenario_fields
from reports.serve.toml_files import FieldErrors
from reports.words import words

TEXT = """base = "plans/2026-12-07"

[[scenario]]
name = "现状"

[[scenario]]
name = "多招"   # what the boss asked for
volume = 1.3
labour = { max_hours_per_week = 40 }
add_agents = { pool = "part_time", count = 4, reception_cap = 6, cost_per_hour = 25 }
"""
SAY = words("en")


def test_a_form_that_changes_nothing_gives_the_same_text() -> None:
    assert edited_scenarios(TEXT, scenario_fields(TEXT), say=SAY) == TEXT


def test_edits_change_their_values_only() -> None:
    rows = scenario_fields(TEXT)
    assert rows[1]["others"] == ["labour = { max_hours_per_week = 40 }"]
    rows[1] |= {"volume": "1.5", "add_count": "6"}
    expected = TEXT.replace("volume = 1.3", "volume = 1.5").replace("count = 4", "count = 6")
    assert edited_scenarios(TEXT, rows, say=SAY) == expected


def test_scenarios_are_added_and_taken_out() -> None:
    rows = [*scenario_fields(TEXT)[1:], {"index": None, "name": "机器人", "bot_share": "0.5"}]
    found = scenario_fields(edited_scenarios(TEXT, rows, say=SAY))
    assert [(row["name"], row["bot_share"]) for row in found] == [("多招", None), ("机器人", 0.5)]


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("name", " ", "is needed"),
        ("volume", "-1", "above 0"),
        ("bot_share", "1", "from 0 to below 1"),
        ("reception_cap", "2.5", "not a whole number"),
        ("add_count", "0", "above 0"),
        ("add_pool", "robots", "not known"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(key: str, value: str, text: str) -> None:
    rows = scenario_fields(TEXT)
    rows[1][key] = value
    with pytest.raises(FieldErrors) as caught:
        edited_scenarios(TEXT, rows, say=SAY)
    assert text in caught.value.fields[f"1.{key}"]
