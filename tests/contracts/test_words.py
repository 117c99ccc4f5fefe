"""What a person reads comes from the catalogues, whole in both languages."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

import reports
from forecast.replies.rules import Unit, preset_rules
from reports import notes
from reports.words import LANGUAGES, catalogue, placeholders, sections, words
from scheduling.config import Form, Pool
from scheduling.roster.people import WISH_KINDS
from scheduling.roster.wishes import Cause

PACKAGE = Path(reports.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
CHINESE = re.compile(r"[\u3400-\u9fff]")
SUFFIXES = ("toml", "css", "js", "html", "json", "csv", "xlsx")
KEY = re.compile(r"[a-z]+\.[A-Za-z_0-9]+")
MESSAGES = [(section, name) for section in sections() for name in catalogue(section)]


@pytest.mark.parametrize("section", sections())
def test_every_message_stands_in_both_languages(section):
    wrong = [
        name
        for name, message in catalogue(section).items()
        if set(message) != set(LANGUAGES) or not all(text.strip() for text in message.values())
    ]
    assert wrong == []


@pytest.mark.parametrize("section", sections())
def test_both_languages_are_given_the_same_values(section):
    # Chinese may show one more: names of rules are Chinese, English shows their ids alone. Of what the
    # libraries say it may leave something out.
    wrong = [
        name
        for name, message in catalogue(section).items()
        if not placeholders(message["zh"]) - {"name"} <= placeholders(message["en"])
        or not (section in notes.SECTIONS or placeholders(message["en"]) <= placeholders(message["zh"]))
    ]
    assert wrong == []


def test_english_messages_hold_no_chinese_but_names_of_files():
    for section, name in MESSAGES:
        text = catalogue(section)[name]["en"]
        for term in ("排班表.xlsx", "咨询人数", "咨询量"):  # names of files and columns
            text = text.replace(term, "")
        assert not CHINESE.search(text), f"{section}.{name}"


def test_chinese_messages_hold_no_english_sentences():
    sentence = re.compile(r"[A-Za-z]{2,}(?: [A-Za-z]{2,}){2,}")
    for section, name in MESSAGES:
        text = re.sub(r"\{[^}]*\}", "", catalogue(section)[name]["zh"])
        assert not sentence.search(text), f"{section}.{name}"
        is_named_in_letters = not re.search(r"[A-Za-z]{3,}", text) or text in ("WAPE", "MASE")
        assert CHINESE.search(text) or is_named_in_letters, f"{section}.{name}"


def _strings(path: Path) -> list[tuple[int, str]]:
    """Return the string literals of a file that are not docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_chinese_stands_in_code(path):
    # Names of the shop's own files are the same in every language.
    found = [
        (line, text)
        for line, text in _strings(path)
        if CHINESE.search(text.replace("排班表.xlsx", "")) and "build_subset" not in path.name
    ]
    assert found == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_every_key_that_code_asks_for_is_known(path):
    known = {f"{section}.{name}" for section, name in MESSAGES}
    asked = {
        text
        for _, text in _strings(path)
        if KEY.fullmatch(text) and text.split(".")[0] in sections() and text.split(".")[1] not in SUFFIXES
    }
    # A key that ends with an underscore is the beginning of several, completed where it is asked for.
    beginnings = {key for key in asked if key.endswith("_")}
    assert asked - beginnings - known == set()
    assert {start for start in beginnings if not any(key.startswith(start) for key in known)} == set()


def test_every_key_that_the_templates_ask_for_is_known():
    say = words("en")
    for path in PACKAGE.glob("templates/*.j2"):
        for key in re.findall(r"say\([\"']([a-z]+\.\w+)[\"']\)", path.read_text(encoding="utf-8")):
            assert say.has(key), f"{path.name}: {key}"


def test_templates_hold_no_words_of_their_own():
    for path in PACKAGE.glob("templates/*.j2"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.DOTALL)
        text = re.sub(r"<(style|script)\b.*?</\1>", " ", text, flags=re.DOTALL)
        text = re.sub(r"<[^>]*>", " ", text)
        assert re.findall(r"[^\W\d_]{2,}", text) == [], path.name


def test_a_wrong_key_names_the_nearest_one():
    with pytest.raises(KeyError, match=r"did you mean title"):
        words("zh")("report.titel")


def test_a_language_without_messages_is_refused():
    with pytest.raises(ValueError, match=r"no messages in 'fr'; there are zh, en"):
        words("fr")


def test_ids_that_stand_in_files_have_names():
    say = words("zh")
    ids = [f"report.refused_{cause}" for cause in get_args(Cause)]
    ids += [f"names.unit_{unit}" for unit in get_args(Unit)]
    ids += [f"names.pool_{pool}" for pool in get_args(Pool)]
    ids += [f"names.form_{form}" for form in get_args(Form)]
    ids += [f"names.wish_{kind}" for kind in WISH_KINDS]
    ids += [f"names.platform_{rule.platform}" for rule in preset_rules().values() if rule.platform != "any"]
    assert [key for key in ids if not say.has(key)] == []
