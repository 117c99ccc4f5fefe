"""The README's examples: every command line is one that paiban takes, every target and link is there.

The tutorials run the same three journeys for real; here it is enough that what is shown could be typed.
"""

from __future__ import annotations

import re
import shlex
import struct
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from reports.cli.app import COMMANDS, app

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "report_pictures.py"
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\w*\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
LINES = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines()]
TYPED = [line for line in LINES if line.startswith("paiban ")]


def refusal(line: str) -> str:
    """Return why the command line is refused before anything is done, empty if it is not."""
    _, name, *arguments = shlex.split(line)
    program = click.Context(app, **app.context_settings)
    command = app.get_command(program, name)
    if command is None:
        return f"no command {name}"
    try:
        command.make_context(name, arguments, parent=program)
    except click.UsageError as error:
        return error.format_message()
    return ""


@pytest.mark.parametrize("line", TYPED)
def test_every_command_of_the_readme_can_be_typed(line, tmp_path, monkeypatch):
    (tmp_path / "my-shop" / "plans" / "2026-12-07").mkdir(parents=True)
    for name in ("聊天记录.csv.gz", "my-shop/plans/2026-12-07/排班表.xlsx"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert refusal(line) == ""


def test_a_slip_in_a_command_would_be_found():
    assert "--weak" in refusal("paiban plan my-shop --weak 2026-W50")
    assert refusal("paiban plam my-shop") == "no command plam"
    assert len(TYPED) >= 10


def test_the_journey_starts_as_the_readme_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = next(line for line in TYPED if line.startswith("paiban init"))
    assert CliRunner().invoke(app, shlex.split(first)[1:]).exit_code == 0
    assert (tmp_path / "my-shop" / "shop.toml").is_file()


def test_every_target_of_make_is_in_the_makefile():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"^make ([\w-]+)", "\n".join(LINES), re.MULTILINE))
    named |= set(re.findall(r"`(?:make )?(bench-[\w-]+)`", README))
    assert len(named) > 5
    assert named <= targets


def test_every_command_in_the_table_exists_and_every_link_leads_somewhere():
    table = re.findall(r"^\| `([a-z]+)", README, re.MULTILINE)
    assert {name for name in table if name not in ("forecast", "scheduling", "reports")} <= set(COMMANDS)
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README + CHINESE) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_chinese_readme_has_the_same_journeys():
    typed = [line.split("#")[0].strip() for line in CHINESE.splitlines() if line.startswith("paiban ")]
    assert typed == TYPED


@pytest.mark.parametrize(
    ("page", "picture"), [("README.md", "docs/report.png"), ("README.zh.md", "docs/zh/report.png")]
)
def test_each_readme_shows_the_report_in_its_language(page: str, picture: str) -> None:
    assert f"({picture})" in (ROOT / page).read_text(encoding="utf-8")
    size = re.search(r"^WIDTH, HEIGHT = (\d+), (\d+)", PICTURES.read_text(encoding="utf-8"), re.MULTILINE)
    assert size is not None
    head = (ROOT / picture).read_bytes()[16:24]  # of a PNG: its width and height
    assert head == struct.pack(">II", int(size[1]), int(size[2]))
