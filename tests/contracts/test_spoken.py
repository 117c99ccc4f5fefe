"""Every sentence that code may say to a person has its line in a catalogue, in both languages."""

from __future__ import annotations

import ast
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import click
import pytest
from click.testing import CliRunner

import forecast
import reports
import scheduling
from forecast.errors import nearest
from reports.cli.app import app, main
from reports.cli.speech import tell_json
from reports.notes import SECTIONS, in_words
from reports.words import catalogue, words

ZH = words("zh")
FOLDERS = [Path(package.__file__).parent for package in (forecast, scheduling)]
REPORTS = Path(reports.__file__).parent
SOURCES = sorted(path for folder in FOLDERS for path in folder.rglob("*.py"))
SHOWING = sorted(path for path in REPORTS.rglob("*.py") if path.name != "build_subset.py")  # run by hand
SPOKEN = {"PlanError", "DataError", "ConfigError", "ModelError", "NoRosterError", "ValueError"}
HAN = re.compile(r"[㐀-鿿]")

# Modules whose ValueErrors tell a programmer of a wrong call: no input or setting of a user leads there.
FOR_PROGRAMMERS = {
    "forecast/accuracy.py",
    "forecast/demo_shop/simulated.py",
    "forecast/models/combination.py",
    "forecast/open_hours.py",
    "forecast/replies/measure.py",
    "scheduling/day.py",
    "scheduling/service/chats.py",
    "scheduling/service/erlang.py",
    "scheduling/service/shop.py",
    "scheduling/service/work.py",
    "scheduling/simulation/replicate.py",
    "scheduling/simulation/staff.py",
    "scheduling/solver.py",
}


def _template(node: ast.expr, named: Mapping[str, str] = MappingProxyType({})) -> str | None:
    """Return a literal or f-string with a mark in each of its places, None for anything else.

    A name in a place that stands for one literal is put in.
    """
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left = _template(node.left, named)
        return None if left is None else left + (_template(node.right, named) or f"<{len(left)}>")
    if not isinstance(node, ast.JoinedStr):
        return None
    text = ""
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        else:
            assert isinstance(part, ast.FormattedValue)
            called = part.value.func if isinstance(part.value, ast.Call) else None
            is_near = ast.unparse(called or part.value) in ("nearest", "_maybe", "hint")
            mark = nearest("x", ["q1"]) if is_near else f"<{sum(map(ord, ast.unparse(part.value)))}>"
            text += named.get(ast.unparse(part.value), mark)
    return text


def raised(source: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, kind and text of what a module raises or names as a problem."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            name = ast.unparse(node.exc.func)
            for argument in node.exc.args[:1] if name in SPOKEN else ():
                if (text := _template(argument)) is not None:
                    yield node.lineno, name, text
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Problem":
            for keyword in node.keywords:
                if keyword.arg == "message" and (text := _template(keyword.value)) is not None:
                    yield node.lineno, "Problem", text
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in SAID_BY:
            place = SAID_BY[ast.unparse(node.func).rpartition(".")[2]]
            for argument in node.args[place : place + 1]:
                if (text := _template(argument)) is not None:
                    yield node.lineno, "said", text


# Functions that hand a sentence on to the user, and the place of the sentence among their arguments.
SAID_BY = {"warn": 1, "drop": 2, "complain": 1, "_complain": 0, "warning": 0, "_problem": 1}


# Modules whose words are no sentences to people: the reports say the same from causes, rules and figures.
SAID_FROM_FIGURES = {
    "forecast/demo_shop/folder.py",  # comments of a settings file, in both languages
    "forecast/logs/answers.py",  # comments of a file that the program keeps for itself
    "forecast/frames.py",  # columns and their units, for documentation
    "forecast/models/calendar_columns.py",  # names of a model's columns
    "forecast/models/promotion_columns.py",
    "forecast/replies/calibrate_coarse.py",
    "forecast/replies/events.py",
    "scheduling/frames.py",
    "scheduling/roster/explain.py",  # reports.explain_tables
    "scheduling/roster/reasons.py",
    "scheduling/roster/wishes.py",  # reports.grids.wish_reason
}
UNHEARD = ("generator", "logger.info", "hint.startswith")  # seeds of random numbers; --debug alone shows
WORD = re.compile(r"(?<![\w./<-])[a-z]{3,}(?![\w.>/=\]-])")
# Keys of settings, the same in any language.
KEYS = {"attrition", "confidence", "labour", "price", "rise", "speed", "value", "weight", "window"}
SENTENCE = re.compile(r"[a-z]{2,}'?s?,? [a-z]+,? [a-z]{2,}")
SQL = re.compile(r"SELECT|WHERE|ORDER BY|CASE |hash\(|coalesce")
PLACES = re.compile(r"(?:\S+ ){0,2}\S+: <\d+>|<\d+>")


def sentences(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every other literal of a module that reads like a sentence."""
    tree = ast.parse(source)
    named = {
        node.targets[0].id: text
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if (text := _template(node.value)) is not None and SENTENCE.search(text)
    }
    heard = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            heard |= {id(inner) for inner in ast.walk(node)}
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in UNHEARD:
            heard |= {id(inner) for inner in node.args}
        elif isinstance(node, ast.JoinedStr | ast.BinOp):
            heard |= {id(inner) for inner in ast.walk(node) if inner is not node}
    for node in ast.walk(tree):
        if id(node) in heard or not isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
            continue
        text = _template(node, named)
        if (
            text is not None
            and SENTENCE.search(text)
            and not re.search(r"SELECT|WHERE|ORDER BY|CASE |hash\(|coalesce", text)
        ):
            yield node.lineno, text


def untranslated(source: str, name: str) -> list[tuple[int, str]]:
    """Return the sentences of a module that no line of the catalogues knows."""
    found = {
        (line, text)
        for line, kind, text in raised(source)
        if " " in text and not (kind == "ValueError" and name in FOR_PROGRAMMERS)
    }
    if name not in SAID_FROM_FIGURES:
        found |= set(sentences(source))
    return sorted((line, text) for line, text in found if not _is_spoken(text))


def _is_spoken(text: str) -> bool:
    filled = re.sub(r"\{\w+(?::\w+)?\}|%(?:\.\d)?[sdf]", "<0>", text)
    if PLACES.fullmatch(filled) is not None:
        return True
    told = in_words(filled, ZH)
    left = set(WORD.findall(told)) - _words_in_chinese() - KEYS - {"known"}
    return told != filled and not left


@cache
def _words_in_chinese() -> frozenset[str]:
    """Return the Latin words of Chinese messages: options, columns, keys."""
    texts = (text["zh"] for section in SECTIONS for text in catalogue(section).values())
    return frozenset(word for text in texts for word in WORD.findall(text))


def test_a_word_changed_in_any_sentence_is_found() -> None:
    unnoticed = []
    for path in SOURCES:
        for line, kind, text in raised(path.read_text(encoding="utf-8")):
            is_heard = kind != "ValueError" or _name(path) not in FOR_PROGRAMMERS
            words = list(WORD.finditer(text)) if is_heard and " " in text else []
            if words and not PLACES.fullmatch(text):
                word = words[len(words) // 2]
                changed = f"{text[: word.start()]}moonlit{text[word.end() :]}"
                unnoticed += [(_name(path), line, changed)] if _is_spoken(changed) else []
    assert unnoticed == []


def unspoken_literals(source: str) -> list[tuple[int, str]]:
    """Return what a module of the reports shows as it is: printed literals and help that no catalogue has."""
    known = {" ".join(text["en"].split()) for text in catalogue("help").values()}
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        for argument in node.args if name.rpartition(".")[2] in SHOWN_BY else ():
            text = _template(argument)
            if text is not None and re.search(r"[A-Za-z]{2,}", re.sub(r"<\d+>|paiban: ", "", text)):
                found.append((node.lineno, text))
        for keyword in node.keywords if name.startswith("click.") else ():
            text = _template(keyword.value) if keyword.arg in ("help", "short_help") else None
            flat = " ".join(re.sub(r"\s+\[default: [^\]]*\]", "", text or "").split())
            if flat and not flat.startswith("<") and flat not in known:
                found.append((node.lineno, flat))
    return found


SHOWN_BY = {"echo", "print", "Text"}


def _name(path: Path) -> str:
    return path.relative_to(FOLDERS[0].parent).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_every_error_and_warning_of_the_libraries_is_said_in_both_languages(path: Path) -> None:
    assert untranslated(path.read_text(encoding="utf-8"), _name(path)) == []


def test_a_sentence_without_its_line_is_found() -> None:
    raised_so = 'raise DataError(f"{path}: the moon is full; wait for {day}")'
    noted_so = 'notes.append(f"{share:.0%} of the moon is hidden")'
    named_so = 'Problem(file="a.csv", message="the moon is a column")'
    for source in (raised_so, noted_so, named_so):
        assert untranslated(source, "forecast/moon.py") != []
    assert (
        untranslated(
            'raise DataError(f"{path}: no rows before {day}; a forecast needs at least a week of them")',
            "forecast/moon.py",
        )
        == []
    )


@pytest.mark.parametrize("path", SHOWING, ids=lambda path: path.relative_to(REPORTS).as_posix())
def test_what_the_reports_say_stands_in_a_catalogue(path: Path) -> None:
    assert unspoken_literals(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("arguments", [["--lang", "zh"], ["--lang", "zh", "--help"]])
def test_the_page_of_all_commands_is_chinese(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["paiban", *arguments])
    with pytest.raises(SystemExit):
        main()
    told = "".join(capsys.readouterr())
    assert told.startswith("用法：paiban [选项] 命令 [参数]...")
    assert re.findall(r"[a-z]+ [a-z]+ [a-z]+", told.replace("paiban plan SHOP", "")) == []


def test_json_is_one_object_without_what_json_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    tell_json({"share": float("nan"), "days": [{"date": dt.date(2026, 3, 9), "most": float("inf")}]})
    said = capsys.readouterr().out
    assert said == '{"share": null, "days": [{"date": "2026-03-09", "most": null}]}\n'


def test_a_literal_that_is_printed_is_found() -> None:
    assert unspoken_literals('click.echo(f"{count} people are missing today")') != []
    assert unspoken_literals('console.print("all is well today", style="bold")') != []
    assert unspoken_literals('click.option("--moon", help="Wait for the full moon.")') != []
    assert unspoken_literals('click.echo(say("screen.gaps"))') == []


@pytest.mark.parametrize("name", app.list_commands(click.Context(app)))
def test_help_is_chinese_throughout(name: str) -> None:
    page = CliRunner().invoke(app, [name, "--help"], obj=ZH).output
    plain = re.sub(r"(?m)^    paiban .*$|^  (-.*?|\S+)(  |$)|\[[^\]]*\|[^\]]*\]", "", page)
    assert re.findall(r"[a-z]+ [a-z]+ [a-z]+", plain) == []
    assert HAN.search(page)


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "--wek", "3"],
        ["plan", "--days", "0"],
        ["plan", "--days", "x"],
        ["plan", "--start", "3"],
        ["plan", "--days"],
        ["plan", "a", "b", "c"],
        ["plan", "--effort", "huge"],
        ["plan", "--week", "2026-W99", "--history", "nosuch.csv"],
        ["promo"],
        ["plann"],
        ["hire", "--attrition", "x"],
        ["hire", "--attrition", "7"],
        ["rules", "--shop", __file__],
        ["explain", "--employee", "x"],
        ["explain", "--at", "x"],
        ["replan", "nosuch"],
        ["simulate", "--roster", "a", "--shift-plan", "b"],
        ["history", "--from", "2026-02-02", "--to", "2026-01-01"],
        ["import", "--map", "x"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_answered_in_chinese(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["paiban", "--lang", "zh", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (2, 3)
    said = capsys.readouterr().err
    assert HAN.search(said.splitlines()[-1])
    assert re.findall(r"[a-z]+ [a-z]+ [a-z]+", said.replace("paiban", "")) == []
