"""Reading agents.csv and wishes.csv."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from builders_roster import build_people, build_settings

from forecast.errors import DataError
from scheduling.config import DEFAULT_TEMPLATES
from scheduling.roster.people import Employee, Wish, read_agents, read_wishes
from scheduling.shifts.templates import default_templates

SETTINGS = build_settings()


def written(folder: Path, text: str, name: str = "agents.csv") -> Path:
    """Write a table and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_every_column_of_an_agent_is_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "employee,skills,streams,pool,reception_cap,speed,max_hours_per_week,min_hours_per_week,"
        "max_hours_per_day,max_hours_per_span,templates,cost_per_hour,starts_on,ends_on,accounts,routing_weight\n"
        "王芳,presale;aftersale,presale,part_time,6,1.2,24,8,4.5,60,半班;早班,28,2026-11-01,2026/12/31,a1;a2,0.5\n",
    )
    assert read_agents(path, SETTINGS) == (
        Employee(
            employee="王芳",
            skills=("presale", "aftersale"),
            streams=("presale",),
            pool="part_time",
            reception_cap=6,
            speed=1.2,
            max_hours_per_week=24,
            min_hours_per_week=8,
            max_hours_per_day=4.5,
            max_hours_per_span=60,
            templates=("半班", "早班"),
            cost_per_hour=28,
            starts_on=dt.date(2026, 11, 1),
            ends_on=dt.date(2026, 12, 31),
            accounts=("a1", "a2"),
            routing_weight=0.5,
        ),
    )


def test_a_name_alone_is_an_agent_with_the_defaults(tmp_path: Path) -> None:
    assert read_agents(written(tmp_path, "employee\n李娜\n"), SETTINGS) == (Employee(employee="李娜"),)


def test_excel_serves_as_well_as_csv(tmp_path: Path) -> None:
    frame = pd.DataFrame({"employee": ["李娜"], "speed": [1], "starts_on": [dt.date(2026, 11, 1)]})
    frame.to_excel(tmp_path / "agents.xlsx", index=False)
    (person,) = read_agents(tmp_path / "agents.xlsx", SETTINGS)
    assert (person.speed, person.starts_on) == (1.0, dt.date(2026, 11, 1))


def test_every_problem_of_the_agents_is_listed_with_row_and_column(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "employee,streams,pool,speed,templates,starts_on,reception_cap\n"
        "A,presal,staff,fast,早班,2026-13-01,0\n"
        "A,presale,staf,1,中班,,2.5\n"
        ",presale,staff,0,早班,,8\n",
    )
    with pytest.raises(DataError) as error:
        read_agents(path, SETTINGS)
    text = str(error.value)
    for part in (
        "agents.csv row 2, column streams: 'presal' is not known; did you mean presale?",
        "agents.csv row 2, column speed: 'fast' is not a number",
        "agents.csv row 2, column starts_on: '2026-13-01' is not a date; write it as 2026-11-11",
        "agents.csv row 3, column employee: A stands in row 2 already; names must differ",
        "agents.csv row 3, column pool: 'staf' is not one of staff, part_time, outsourced; "
        "did you mean staff?",
        "agents.csv row 3, column templates: '中班' is not known",
        "agents.csv row 3, column reception_cap: '2.5' is not a whole number",
        "agents.csv row 4, column employee: employee must have a name",
    ):
        assert part in text


def test_a_misspelt_column_is_no_silent_default(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="column speeed: unknown column; did you mean speed"):
        read_agents(written(tmp_path, "employee,speeed\nA,1.2\n"), SETTINGS)


def test_columns_of_other_names_are_left_alone(tmp_path: Path) -> None:
    assert len(read_agents(written(tmp_path, "employee,电话\nA,123\n"), SETTINGS)) == 1


def test_wishes_are_read_with_their_weights(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "employee,date,kind,template,weight,note\nA,2026-11-16,prefer,早班,3,接孩子\nB,2026-11-17,LEAVE,,,\n",
        "wishes.csv",
    )
    assert read_wishes(path, build_people(2), SETTINGS) == (
        Wish(
            employee="A",
            date=dt.date(2026, 11, 16),
            kind="prefer",
            template="早班",
            weight=3,
            note="接孩子",
        ),
        Wish(employee="B", date=dt.date(2026, 11, 17), kind="leave"),
    )


def test_every_problem_of_the_wishes_is_listed(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "employee,date,kind,template,weight\n"
        "X,2026-11-16,off,,1\n"
        "A,,off,,1\n"
        "A,2026-11-16,perfer,早班,1\n"
        "A,2026-11-16,off,,-3\n"
        "A,2026-11-17,off,,1\n"
        "A,2026-11-17,off,,2\n",
        "wishes.csv",
    )
    with pytest.raises(DataError) as error:
        read_wishes(path, build_people(2), SETTINGS)
    text = str(error.value)
    for part in (
        "wishes.csv row 2, column employee: 'X' is not known; known: A, B",
        "wishes.csv row 3, column date: '' is not a date",
        "wishes.csv row 4, column kind: 'perfer' is not one of leave, off, prefer, avoid, fixed; "
        "did you mean prefer?",
        "wishes.csv row 5, column weight: weight must be in [0, 100], got -3",
        "wishes.csv row 7, column date: the same wish stands in row 6; keep one of them",
    ):
        assert part in text


def test_a_shop_without_templates_knows_the_default_ones_by_name(tmp_path: Path) -> None:
    assert {template.name for template in default_templates((480, 1440))} == set(DEFAULT_TEMPLATES)
    shop = build_settings(templates=())
    text = "employee,date,kind,template\nA,2026-11-16,prefer,早班\nA,2026-11-17,prefer,早斑\n"
    path = written(tmp_path, text, "wishes.csv")
    with pytest.raises(DataError, match="'早斑' is not known; known: 半班, 早班, 晚班") as caught:
        read_wishes(path, build_people(1), shop)
    assert "row 2" not in str(caught.value)
    path = written(tmp_path, text.rsplit("A,", 1)[0], "wishes.csv")
    assert [wish.template for wish in read_wishes(path, build_people(1), shop)] == ["早班"]
