"""The pages in Chinese follow those in English: none is missing, none says less, none leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
ENGLISH = DOCS / "how-to"
CHINESE = DOCS / "zh" / "how-to"
HOW_TO = sorted(page.name for page in ENGLISH.glob("*.md"))
PAGES = sorted(DOCS.rglob("*.md"))


def shape(page: Path) -> dict[str, list[object]]:
    """Return what a page has in any language: levels of headings, widths of tables, commands, formulas."""
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    typed = re.findall(r"paiban [a-z]+ [^\n|`]*", "\n".join(re.findall(r"^\$ (.*)", text, re.MULTILINE)))
    return {
        "headings": re.findall(r"^(#+) ", prose, re.MULTILINE),
        "rows of tables": [line.count(" | ") for line in prose.splitlines() if line.startswith("|")],
        "points of lists": [mark.rstrip(".") for mark in re.findall(r"^(-|\d\.) ", prose, re.MULTILINE)],
        "commands": [command.replace("--lang zh", "--lang en").strip() for command in typed],
        "formulas": [re.sub(r"\\text\{[^}]*\}", "", one) for one in re.findall(r"\$[^$\n]+\$", prose)],
    }


def test_every_how_to_page_has_its_chinese() -> None:
    assert sorted(page.name for page in CHINESE.glob("*.md")) == HOW_TO


@pytest.mark.parametrize("name", HOW_TO)
def test_a_chinese_how_to_page_shows_what_the_english_shows(name: str) -> None:
    assert shape(CHINESE / name) == shape(ENGLISH / name)


def test_the_chinese_page_of_methods_has_the_same_stages_and_formulas() -> None:
    assert shape(DOCS / "zh" / "methods.md") == shape(DOCS / "methods.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_every_link_of_the_pages_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("index", ["README.md", "zh/README.md"])
def test_the_index_names_every_page_beside_it(index: str) -> None:
    folder = (DOCS / index).parent
    links = set(re.findall(r"\]\(([^)#]+)", (DOCS / index).read_text(encoding="utf-8")))
    own = {page.relative_to(folder).as_posix() for page in folder.rglob("*.md")}
    other = {name for name in own if name.startswith("zh/") or name == "README.md"}
    assert own - other <= links
