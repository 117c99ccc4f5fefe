"""Every command on a small shop: it speaks the language asked for, and its numbers stand in its files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
from traced_numbers import untraced

from reports.cli.app import main

pytestmark = pytest.mark.slow

HAN = re.compile(r"[㐀-鿿]")
ENGLISH = re.compile(r"(?<![\w./=-])[A-Za-z]{2,}(?:[ ,;:'’]+[A-Za-z]{2,}){2,}")  # three words in a row
SAME_IN_BOTH = ("排班表", "说明.md")  # names of files

HISTORY_WEEKS = 5
SHOP = """[shop]
name = "Small"
holidays = "none"
language = "{lang}"
[[stream]]
id = "chat"
platform = "taobao"
skill = "presale"
open = ["09:00", "15:00"]
[stream.service]
reply_s = 30.0
[[template]]
name = "Day"
form = "early"
starts = ["09:00"]
hours = 6.0
break_min = 30
break_window = ["11:00", "13:00"]
pools = ["staff", "part_time"]
cost_per_hour = 25.0
"""
PROMOTIONS = """schema = 1
[[event]]
id = "sale"
name = "Sale"
kind = "big_promo"
[[event.phase]]
name = "spot"
kind = "spot"
start = 2026-03-10T09:00:00
end = 2026-03-11T15:00:00
multiplier = { low = 1.2, mid = 1.5, high = 2.0 }
"""
SCENARIOS = """[[scenario]]
name = "base"
[[scenario]]
name = "more"
volume = 1.3
"""
PEOPLE = ("Ann", "Bob", "Cid", "Dee", "Eve", "Fay", "Gus", "Hal")


def small_shop(folder: Path, lang: str) -> Path:
    """Write a shop of one stream, eight people and five weeks of history, all names in Latin letters."""
    folder.mkdir()
    rows = [
        f"2026-{2 + day // 28:02d}-{1 + day % 28:02d} {hour:02d}:00,{18 + 3 * ((hour + day) % 4)}"
        for day in range(7 * HISTORY_WEEKS)
        for hour in range(9, 15)
    ]
    files = {
        "shop.toml": SHOP.format(lang=lang),
        "history.csv": "time,count\n" + "\n".join(rows) + "\n",
        "agents.csv": "employee,skills,streams,pool\n" + "".join(f"{name},,chat,staff\n" for name in PEOPLE),
        "wishes.csv": "employee,date,kind,template,weight,note\nAnn,2026-03-10,off,,1,\n",
        "promotions.toml": PROMOTIONS,
        "scenarios.toml": SCENARIOS,
        "log.csv": "session_id,buyer,agent,sender,time\n"
        + "".join(
            f"s{n},b{n},Ann,{who},2026-02-{1 + n // 12:02d} {9 + n % 6:02d}:{10 * (n % 5):02d}:{second}\n"
            for n in range(240)
            for who, second in (("buyer", "00"), ("human", "40"))
        ),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def said(arguments: Sequence[object], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Run a command line as a user would; return its code, stdout and stderr."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["paiban", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.out, told.err


def foreign(text: str, lang: str) -> list[str]:
    """Return what is not in the language: Chinese in English text, three English words in Chinese text."""
    for name in SAME_IN_BOTH:
        text = text.replace(name, "")
    text = re.sub(r"(?m)^/\S+$|/[\w./-]+|paiban [a-z].*", " ", text)
    return HAN.findall(text) if lang == "en" else ENGLISH.findall(text)


def words_of_page(path: Path) -> str:
    """Return what a page shows: texts, alternative texts and titles, no style and no script."""
    text = path.read_text(encoding="utf-8")
    spoken = " ".join(re.findall(r'(?:alt|title|aria-label)="([^"]*)"', text))
    text = re.sub(r"(?s)<(style|script|svg)\b.*?</\1>", " ", text)
    return re.sub(r"<[^>]*>", " \n ", text) + spoken


def words_of_workbook(path: Path) -> str:
    book = openpyxl.load_workbook(path)
    cells = [
        cell.value
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and not cell.value.startswith("=")
    ]
    notes = [cell.comment.text for sheet in book for row in sheet.iter_rows() for cell in row if cell.comment]
    picks = [check.prompt or "" for sheet in book for check in sheet.data_validations.dataValidation]
    return "\n".join([*book.sheetnames, *cells, *notes, *picks])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_command_speaks_the_language_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str
) -> None:
    shop = small_shop(tmp_path / "shop", lang)
    plan = shop / "plans" / "2026-03-09"
    span = ("--start", "2026-03-09", "--days", "2")
    quick = ("--effort", "quick")
    given = ("--forecast", plan / "forecast.csv", *quick)
    counts = ("--shift-plan", plan / "shift_plan.csv")
    calls: list[tuple[object, ...]] = [
        ("init", tmp_path / "new", "--lang", lang),
        ("init", tmp_path / "new", "--lang", lang),
        ("check", shop),
        ("rules", "--shop", shop),
        ("rules", "taobao.human3min.30d", "--shop", shop),
        ("forecast", shop, *span),
        ("forecast", shop, "--now", "2026-03-07T12:00", "--out", tmp_path / "now"),
        ("backtest", shop, "--days", "7", "--origins", "1"),
        ("require", shop, *span),
        ("plan", shop, *span, *quick),
        ("shifts", shop, *given, "--requirement", plan / "requirement.csv", "--out", tmp_path / "shifts"),
        ("roster", shop, *given, *counts, "--out", tmp_path / "roster"),
        ("simulate", shop, "--out", tmp_path / "judged"),
        ("check", plan / "排班表.xlsx"),
        ("explain", shop),
        ("explain", shop, "--employee", "Ann", "--date", "2026-03-09"),
        ("explain", shop, "--stream", "chat", "--at", "2026-03-09T11:00"),
        ("replan", plan, "--absent", "Bob:2026-03-10", "--out", tmp_path / "repaired"),
        ("replan", plan, "--absent", "Bob:2026-03-10", "--frontier"),
        ("intraday", plan, "--now", "2026-03-09T12:00", "--out", tmp_path / "running"),
        ("compare", shop, *span, *quick, "--jobs", "1", "--out", tmp_path / "compared"),
        ("hire", shop, "--weeks", "2", "--out", tmp_path / "hired"),
        ("promo", shop, "--event", "sale", *quick, "--out", tmp_path / "promo"),
        ("import", shop / "log.csv", "--shop", shop),
        ("history", shop),
        ("measure", shop),
        ("calibrate", shop),
    ]
    shown: dict[str, str] = {}
    answers: dict[str, str] = {}
    for call in calls:
        code, out, err = said(call, capsys)
        assert code in (0, 7), (call, err)
        shown[" ".join(map(str, call))] = out + err
        answers[str(call[0])] = out
        if lang == "zh":
            assert HAN.search(out), call
    for name in ("shop/plans/2026-03-09/report", "compared/compare", "hired/hire", "promo/promo"):
        shown[name] = words_of_page(tmp_path / f"{name}.html")
    for book in (plan / "排班表.xlsx", tmp_path / "promo" / "排班表.xlsx"):
        shown[str(book)] = words_of_workbook(book)
    for calendar in (plan / "calendars").glob("*.ics"):
        shown[calendar.name] = calendar.read_text(encoding="utf-8")
    (shop / "wishes.csv").write_text(
        "employee,date,kind\nAnn,2026-03-10,fixed\nAnn,2026-03-10,leave\n", encoding="utf-8"
    )
    code, out, err = said(("roster", shop, *given, *counts, "-q", "--out", tmp_path / "none"), capsys)
    assert code == 5
    assert (out, (tmp_path / "none").exists()) == ("", False)  # at once: head counts are not judged first
    assert "Ann" in err
    assert "60" in err  # the price of giving up a fixed duty
    assert "Conflict" not in err
    shown["no roster"] = out + err
    wrong = {place: found for place, text in shown.items() if (found := foreign(text, lang))}
    assert wrong == {}
    folders = {
        "plan": plan,
        "compare": tmp_path / "compared",
        "hire": tmp_path / "hired",
        "promo": tmp_path / "promo",
    }
    for name, folder in folders.items():
        screen = re.sub(r"(?m)^/.*", "", answers[name])  # paths
        page = "" if name == "plan" else words_of_page(folder / f"{name}.html")
        assert untraced(f"{screen}\n{page}", folder, lang=lang) == [], name
