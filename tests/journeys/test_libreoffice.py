"""A roster edited in LibreOffice comes back unchanged but for the edits."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from reports.cli.app import app

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice (soffice) is not installed"),
]

LIBRARY = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:library PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "library.dtd">
<library:library xmlns:library="http://openoffice.org/2000/library" library:name="Standard"
 library:readonly="false"
 library:passwordprotected="false"><library:element library:name="Edits"/></library:library>
"""
MODULE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script"
 script:name="Edits" script:language="StarBasic">
Sub Make(source, target)
  Dim hidden(0) As New com.sun.star.beans.PropertyValue
  hidden(0).Name = "Hidden"
  hidden(0).Value = True
  book = StarDesktop.loadComponentFromURL(ConvertToURL(source), "_blank", 0, hidden())
  sheet = book.Sheets.getByIndex(0)
  %s
  book.calculateAll()
  Dim kind(0) As New com.sun.star.beans.PropertyValue
  kind(0).Name = "FilterName"
  kind(0).Value = "Calc MS Excel 2007 XML"
  book.storeToURL(ConvertToURL(target), kind())
  book.close(True)
End Sub
</script:module>
"""


@pytest.fixture
def plan(planned_shop: Path) -> Path:
    return planned_shop / "plans" / "2026-12-07"


def run(*arguments: str | Path) -> int:
    return int(app.main([str(argument) for argument in arguments], standalone_mode=False) or 0)


def edit_in_libreoffice(source: Path, target: Path, work: Path, **cells: str) -> None:
    """Open a workbook in LibreOffice, type into cells of its first sheet, save it as xlsx."""
    basic = work / "profile" / "user" / "basic" / "Standard"
    _soffice(work, "--terminate_after_init")  # the first start writes an empty profile over anything there
    edits = "\n  ".join(
        f'sheet.getCellRangeByName("{cell}").String = "{text}"' for cell, text in cells.items()
    )
    (basic / "script.xlb").write_text(LIBRARY, encoding="utf-8")
    (basic / "Edits.xba").write_text(MODULE % edits.replace('"', "&quot;"), encoding="utf-8")
    _soffice(work, f'macro:///Standard.Edits.Make("{source}","{target}")')


def _soffice(work: Path, argument: str) -> None:
    """Run LibreOffice to its end, with a profile of the test's own."""
    profile = f"-env:UserInstallation={(work / 'profile').as_uri()}"
    subprocess.run(
        ["soffice", "--headless", "--norestore", profile, argument],
        check=True,
        capture_output=True,
        timeout=180,
    )


def test_the_check_of_a_roster_edited_in_libreoffice_tells_exactly_the_edits(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = plan / "排班表.xlsx"
    sheet = openpyxl.load_workbook(written)["排班表"]
    rows = [row for row in range(4, sheet.max_row) if sheet.cell(row, 2).value]
    worked = next(row for row in rows if str(sheet.cell(row, 3).value or "").startswith("早"))
    free = next(row for row in rows if sheet.cell(row, 4).value is None)
    dropped, added = (str(sheet.cell(row, 2).value) for row in (worked, free))
    edited = tmp_path / "改过.xlsx"
    edit_in_libreoffice(written, edited, tmp_path, **{f"C{worked}": "休", f"D{free}": "早9"})

    assert run("check", edited, "--shop", plan, "--json", "-q") in (0, 5, 7)
    changes = json.loads(capsys.readouterr().out)["changes"]
    assert {(one["employee"], one["date"], one["after"].rsplit(" ", 1)[0]) for one in changes} == {
        (dropped, "2026-12-07", ""),
        (added, "2026-12-08", "早班 09:00"),
    }


def test_saving_in_libreoffice_without_an_edit_is_no_change(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written, saved = plan / "排班表.xlsx", tmp_path / "saved.xlsx"
    edit_in_libreoffice(written, saved, tmp_path)
    before, after = (_checked(book, plan, capsys) for book in (written, saved))
    assert after["changes"] == []
    assert after == before
    assert not any(one["hard"] for one in after["violations"])


def test_formulas_and_lists_live_on_after_libreoffice(plan: Path, tmp_path: Path) -> None:
    written, saved = plan / "排班表.xlsx", tmp_path / "saved.xlsx"
    before = openpyxl.load_workbook(written, data_only=True)["排班表"]
    rows = [row for row in range(4, before.max_row) if before.cell(row, 2).value]
    worked = next(row for row in rows if str(before.cell(row, 3).value or "").startswith("早"))
    heads = next(row for row in range(4, before.max_row + 1) if before.cell(row, 1).value == "上班人数")
    edit_in_libreoffice(written, saved, tmp_path, **{f"C{worked}": "休"})
    formulas = [openpyxl.load_workbook(path) for path in (written, saved)]
    values = openpyxl.load_workbook(saved, data_only=True)["排班表"]
    assert len({tuple(_formula_cells(book)) for book in formulas}) == 1
    assert values.cell(heads, 3).value == before.cell(heads, 3).value - 1
    lists = [_lists(book["排班表"]) for book in formulas]
    assert lists[0] == lists[1]
    assert isinstance(values["C2"].value, dt.datetime)


def _formula_cells(book: openpyxl.Workbook) -> list[tuple[str, str]]:
    """Return sheet and address of every formula."""
    return [
        (sheet.title, cell.coordinate)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]


def _lists(sheet: openpyxl.worksheet.worksheet.Worksheet) -> set[tuple[str, str]]:
    """Return the cells of each validation list and where its choices stand."""
    return {
        (str(found.sqref), found.formula1)
        for found in sheet.data_validations.dataValidation
        if found.type == "list"
    }


def _checked(book: Path, plan: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return what ``check`` says of a workbook, but for its name."""
    run("check", book, "--shop", plan, "--json", "-q")
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return {name: value for name, value in told.items() if name != "workbook"}
