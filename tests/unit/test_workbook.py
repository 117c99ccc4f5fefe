"""The workbook: layout, formulas with values, reading back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import zipfile

import openpyxl
import pandas as pd
import pytest
from builders_plan import NAMES, START, build_plan, build_settings

from forecast.errors import DataError
from reports.words import words
from reports.workbook import read_roster_workbook, write_workbook

FIRST_ROW, FIRST_DAY = 4, 3  # of the sheet 排班表, as openpyxl counts


@pytest.fixture(scope="module")
def plan():
    return build_plan(days=14)


@pytest.fixture(scope="module")
def written(plan, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "排班表.xlsx"
    write_workbook(plan, path, "zh")
    return path


def _edited(written, tmp_path, **cells):
    book = openpyxl.load_workbook(written)
    for address, value in cells.items():
        book["排班表"][address] = value
    path = tmp_path / "edited.xlsx"
    book.save(path)
    return path


def test_sheets_are_those_of_the_layout(written):
    names = openpyxl.load_workbook(written).sheetnames
    assert names == ["排班表", "按小时", "公平", "说明", "钉钉导入", "参数", "明细"]


def test_the_roster_sheet_has_title_dates_weekdays_blocks_and_names(written):
    sheet = openpyxl.load_workbook(written)["排班表"]
    assert sheet["A1"].value == "2026年12月示例旗舰店客服排班表 [合成数据]"
    assert [sheet["A2"].value, sheet["B2"].value, sheet["A3"].value, sheet["B3"].value] == [
        *("月份", "日期", "职务", "星期")
    ]
    assert sheet["C2"].value == dt.datetime(2026, 12, 7)
    assert sheet["C3"].value == "一"
    assert (sheet["A4"].value, sheet["B4"].value) == ("售前", "王芳")
    assert sheet.freeze_panes == "C4"
    assert {sheet.cell(FIRST_ROW + i, 2).value for i in range(len(NAMES))} == set(NAMES)


def test_granted_days_off_and_leave_are_marked(written):
    sheet = openpyxl.load_workbook(written)["排班表"]
    marks = {sheet.cell(row, 2).value: sheet.cell(row, FIRST_DAY).value for row in range(4, 29)}
    assert marks["王芳"] == "休"


def test_cells_offer_the_list_of_shifts(written):
    sheet = openpyxl.load_workbook(written)["排班表"]
    (validation,) = sheet.data_validations.dataValidation
    assert validation.formula1 == "shift_choices"
    assert str(validation.sqref) == "C4:P28"


def test_totals_are_formulas_with_their_values(plan, written):
    formulas = openpyxl.load_workbook(written)["排班表"]
    values = openpyxl.load_workbook(written, data_only=True)["排班表"]
    row = next(row for row in range(4, 29) if values.cell(row, 2).value == "李娜")
    week = plan.roster[
        (plan.roster["employee"] == "李娜") & (plan.roster["date"] < START + dt.timedelta(days=7))
    ]
    assert values.cell(row, 17).value == week["paid_hours"].sum()
    assert str(formulas.cell(row, 17).value).startswith("=SUMPRODUCT(COUNTIF(")
    assert values.cell(row, 20).value == 14 - len(plan.roster[plan.roster["employee"] == "李娜"])
    heads = next(row for row in range(29, 40) if values.cell(row, 1).value == "上班人数")
    assert values.cell(heads, FIRST_DAY).value == (plan.roster["date"] == START).sum()
    assert str(formulas.cell(heads, FIRST_DAY).value).startswith("=SUMPRODUCT(COUNTIF(C4:C28,shift_codes)")


def test_text_that_looks_like_a_formula_stays_text(written):
    sheet = openpyxl.load_workbook(written)["说明"]
    cell = next(cell for row in sheet.iter_rows() for cell in row if "HYPERLINK" in str(cell.value))
    assert cell.data_type == "s"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_unedited_workbook_reads_back_as_the_same_roster(plan, tmp_path, lang):
    path = tmp_path / "book.xlsx"
    held = ["10:00-10:30", *[""] * (len(plan.roster) - 1)]
    plan = dataclasses.replace(plan, roster=plan.roster.assign(meetings=held))
    write_workbook(plan, path, lang)
    frame = read_roster_workbook(path, settings=plan.settings, employees=plan.employees)
    pd.testing.assert_frame_equal(frame, plan.roster)


def test_an_edited_cell_becomes_a_duty_with_a_legal_break(plan, written, tmp_path):
    path = _edited(written, tmp_path, C4="早8:30")
    frame = read_roster_workbook(path, settings=plan.settings, employees=plan.employees)
    (duty,) = frame[(frame["employee"] == "王芳") & (frame["date"] == START)].to_dict("records")
    assert len(frame) == len(plan.roster) + 1
    assert (duty["template"], f"{duty['start']:%H:%M}", f"{duty['end']:%H:%M}") == ("早班", "08:30", "17:30")
    assert duty["breaks"] == "12:00-13:00"
    assert duty["stream"] == "taobao-presale"
    assert (duty["paid_hours"], duty["cost"]) == (8.0, 200.0)


@pytest.mark.parametrize("text", [None, "休", "假", "off"])
def test_an_emptied_cell_is_a_day_off(plan, written, tmp_path, text):
    path = _edited(written, tmp_path, D4=text)
    frame = read_roster_workbook(path, settings=plan.settings)
    assert len(frame) == len(plan.roster) - 1


def test_every_bad_cell_is_named_by_row_and_column(plan, written, tmp_path):
    path = _edited(written, tmp_path, C4="夜", D5="早班", B6="无名氏")
    with pytest.raises(DataError) as caught:
        read_roster_workbook(path, settings=plan.settings, employees=plan.employees)
    text = str(caught.value)
    assert "edited.xlsx row 4, column C: '夜' is no shift" in text
    assert "edited.xlsx row 5, column D: '早班' names several starts" in text
    assert "edited.xlsx row 6, column B: nobody is called 无名氏" in text


def test_a_name_in_two_rows_is_a_problem(plan, written, tmp_path):
    path = _edited(written, tmp_path, B5="王芳")
    with pytest.raises(DataError, match="王芳 stands in 2 rows; keep one"):
        read_roster_workbook(path, settings=plan.settings)


def test_a_sheet_kept_by_hand_is_read_by_its_title_and_days(tmp_path):
    book = openpyxl.Workbook()
    rows = [
        ["2026年2月客服排班表"],
        ["月份", "日期", 27, 28, 1],
        ["职务", "星期", "五", "六", "日"],
        ["售前", "王芳", "早班8:30", None, "晚"],
        [None, "李娜", None, "晚班", "休"],
        ["上班人数", None, 1, 1, 1],
    ]
    for row in rows:
        book.active.append(row)
    path = tmp_path / "上周排班表.xlsx"
    book.save(path)
    frame = read_roster_workbook(path, settings=build_settings())
    assert [(d["employee"], str(d["date"]), d["template"]) for d in frame.to_dict("records")] == [
        ("王芳", "2026-02-27", "早班"),
        ("王芳", "2026-03-01", "晚班"),
        ("李娜", "2026-02-28", "晚班"),
    ]


def test_a_file_that_is_no_workbook_is_an_input_error(tmp_path):
    path = tmp_path / "排班表.xlsx"
    path.write_text("a,b")
    with pytest.raises(DataError, match="not a readable workbook; save it again"):
        read_roster_workbook(path, settings=build_settings())


def test_a_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_roster_workbook(tmp_path / "排班表.xlsx", settings=build_settings())


def test_without_people_the_workbook_counts_shifts(tmp_path):
    plan = build_plan(days=3, with_roster=False)
    path = tmp_path / "book.xlsx"
    write_workbook(plan, path, "zh")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["按小时", "班次人数", "说明", "参数"]
    sheet = book["班次人数"]
    assert (
        sheet.cell(sheet.max_row, 2).value
        == plan.shift_plan.loc[plan.shift_plan["date"] == START, "agents"].sum()
    )


def test_gaps_by_interval_are_formulas_with_their_values(written):
    formulas, values = (openpyxl.load_workbook(written, data_only=kind)["按小时"] for kind in (False, True))
    assert formulas["H8"].value == '=IF(I8="是",MAX(0,F8-G8),0)'
    assert values["H8"].value == max(0, values["F8"].value - values["G8"].value)


def test_the_same_plan_gives_the_same_bytes(plan, written, tmp_path):
    again = tmp_path / "again.xlsx"
    write_workbook(plan, again, "zh")
    assert again.read_bytes() == written.read_bytes()


def test_dingtalk_rows_are_one_a_duty(plan, written):
    sheet = openpyxl.load_workbook(written)["钉钉导入"]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("姓名", "工号", "排班日期", "班次")
    assert len(rows) == 1 + len(plan.roster)
    assert rows[1] == ("王芳", None, "2026-12-08", "早班08:00")


def test_an_empty_fairness_table_leaves_an_empty_sheet(plan, tmp_path):
    answer = dataclasses.replace(plan.roster_result, fairness=plan.roster_result.fairness.iloc[:0])
    path = tmp_path / "book.xlsx"
    write_workbook(dataclasses.replace(plan, roster_result=answer), path, "zh")
    assert zipfile.is_zipfile(path)
    assert openpyxl.load_workbook(path)["公平"]["A1"].value is None


def test_pages_of_the_notes_repeat_no_verdict_and_figures_stand_under_their_heads(written):
    book = openpyxl.load_workbook(written)
    assert book["说明"].print_title_rows is None
    hours = book["按小时"]
    assert hours.print_title_rows == "$1:$1"
    assert {hours.cell(row=1, column=column).alignment.horizontal for column in (5, 8, 11)} == {"right"}


@pytest.mark.parametrize(("lang", "form"), [("zh", "晚班"), ("en", "Late")])
def test_forms_of_shifts_stand_in_the_readers_language_in_cells_and_formulas_alike(
    plan, tmp_path, lang, form
):
    path = tmp_path / "排班表.xlsx"
    write_workbook(plan, path, lang)
    book = openpyxl.load_workbook(path)
    say = words(lang)
    formulas = [
        str(cell.value)
        for row in book[say("workbook.sheet_roster")].iter_rows()
        for cell in row
        if "shift_forms=" in str(cell.value)
    ]
    assert any(f'shift_forms="{form}"' in formula for formula in formulas)
    assert not any('"late"' in formula for formula in formulas)
    settings = book[say("workbook.sheet_settings")]
    assert form in {cell.value for row in settings.iter_rows() for cell in row}
