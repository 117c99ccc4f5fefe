"""The command line: help, exit codes, one clear message, nothing half-written."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from forecast.errors import ConfigError, DataError
from reports.cli.app import COMMANDS, app, main
from reports.cli.outcomes import ExitCode, NoRosterError, exit_code, whole_files, whole_folder

ROOT = Path(__file__).parents[2]
THERE = [name for name in COMMANDS if name in app.list_commands(click.Context(app))]


def shop_with(tmp_path: Path, **files: str) -> Path:
    """Return a shop folder; a file is named by its name with the dot as two underscores."""
    shop = tmp_path / "shop"
    shop.mkdir()
    for name, text in files.items():
        (shop / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return shop


def ended(*arguments: str) -> tuple[int, list[str]]:
    """Run a command as the entry point does; return its exit code and the problems told."""
    from forecast.errors import PlanError

    try:
        code = app.main(list(arguments), standalone_mode=False)
    except PlanError as error:
        return int(exit_code(error)), [str(problem) for problem in error.problems]
    except click.ClickException as error:
        return error.exit_code, [error.format_message()]
    return int(code or 0), []


def test_ctrl_c_is_no_bug(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(**_: object) -> None:
        raise click.Abort

    monkeypatch.setattr(app, "main", interrupted)
    monkeypatch.setattr("sys.argv", ["paiban", "plan", "--lang", "en"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 130
    assert capsys.readouterr().err == "paiban: stopped\n"


@pytest.mark.parametrize("name", THERE)
def test_every_command_has_help_with_an_example(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0
    assert f"paiban {name}" in result.output
    assert "Example" in result.output


@pytest.mark.parametrize("name", THERE)
def test_every_command_is_in_the_readme(name: str) -> None:
    assert f"`{name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_exit_codes_are_those_of_the_contract() -> None:
    assert [code.value for code in ExitCode] == list(range(8))
    assert exit_code(DataError("x")) == 3
    assert exit_code(ConfigError("x")) == 4
    assert exit_code(NoRosterError("x")) == 5


def test_linear_algebra_gets_one_thread_unless_the_user_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: dict[str, str] = {"OPENBLAS_NUM_THREADS": "3"}
    monkeypatch.setattr("os.environ", found)
    monkeypatch.setattr("sys.argv", ["paiban", "--version"])
    with pytest.raises(SystemExit):
        main()
    assert (found["OPENBLAS_NUM_THREADS"], found["MKL_NUM_THREADS"]) == ("3", "1")


def test_a_folder_that_is_not_there_is_a_data_error(tmp_path: Path) -> None:
    code, problems = ended("plan", str(tmp_path / "nosuch"), "--start", "2026-01-01")
    assert code == 3
    assert "no such shop folder" in problems[0]


def test_a_file_in_the_place_of_a_shop_is_told_apart_from_a_missing_folder(tmp_path: Path) -> None:
    (tmp_path / "counts.csv").write_text("a,b\n", encoding="utf-8")
    code, problems = ended("check", str(tmp_path / "counts.csv"))
    assert code == 3
    assert "a file, not a shop folder" in problems[0]


def test_settings_saved_in_another_encoding_say_how_to_save_them(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, shop__toml="")
    (shop / "shop.toml").write_bytes('[shop]\nname = "小店"\n'.encode("gb18030"))
    code, problems = ended("check", str(shop))
    assert code == 4
    assert "shop.toml: not UTF-8 text; open it in an editor and save it as UTF-8" in problems[0]


def test_a_missing_history_says_what_to_do(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, shop__toml="")
    code, problems = ended("plan", str(shop), "--start", "2026-01-01")
    assert code == 3
    assert "history.csv" in problems[0]
    assert "paiban import" in problems[0]


def test_unknown_keys_are_a_configuration_error_naming_the_nearest(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, shop__toml='[shop]\nnme = "x"\n[[stream]]\nid = "a"\ntargt = 0.9\nfloor = 3\n')
    code, problems = ended("check", str(shop))
    assert code == 4
    assert "did you mean name?" in problems[0]
    assert "did you mean target?" in problems[1]
    assert "floor must be in [0, 1]" in problems[2]


def test_every_bad_row_is_named_with_file_row_and_column(tmp_path: Path) -> None:
    rows = "time,count\n2026-01-01 10:00,5\n2026-01-01 11:00,abc\n2026-13-01 12:00,4\n2026-01-01 13:00,-2\n"
    code, problems = ended("plan", str(shop_with(tmp_path, history__csv=rows)), "--start", "2026-01-02")
    assert code == 3
    assert [problem.split(":")[0] for problem in problems] == [
        "history.csv row 3, column count",
        "history.csv row 4, column time",
        "history.csv row 5, column count",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("time,count\n", "no data rows"),
        ("time,count\n2026-01-01 10:00,5\n2026-01-01 11:00,7\n", "a forecast needs at least"),
    ],
)
def test_a_history_that_teaches_nothing_is_refused_and_nothing_written(
    tmp_path: Path, text: str, message: str
) -> None:
    shop = shop_with(tmp_path, history__csv=text)
    code, problems = ended("plan", str(shop), "--start", "2026-01-02", "-q")
    assert code == 3
    assert message in problems[0]
    assert [path.name for path in shop.iterdir()] == ["history.csv"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--start", "2026-02-30"], "is not a date"),
        ([], "which days?"),
        (["--week", "2026-W99"], "--week"),
        (["--week", "2026-W10", "--start", "2026-03-02"], "not both"),
    ],
)
def test_a_span_that_cannot_be_is_a_usage_error(tmp_path: Path, arguments: list[str], message: str) -> None:
    shop = shop_with(tmp_path, history__csv="time,count\n2026-01-01 10:00,5\n")
    code, problems = ended("plan", str(shop), *arguments)
    assert code == 2
    assert message in problems[0]


def test_an_unknown_command_is_answered_with_the_nearest() -> None:
    code, problems = ended("plann")
    assert code == 2
    assert "did you mean plan?" in problems[0]


def test_a_forecast_of_somebodys_own_names_its_bad_cells(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, f__csv="stream,start,mean\nshop,2026-01-02T10:00,x\n")
    code, problems = ended("require", str(shop), "--forecast", str(shop / "f.csv"))
    assert code == 3
    assert problems == ["f.csv row 2, column mean: 'x' is not a number"]


def test_a_requirement_from_somebodys_own_forecast_needs_no_history(tmp_path: Path) -> None:
    rows = "".join(f"shop,2026-01-05T{hour:02d}:00,40\n" for hour in range(9, 12))
    shop = shop_with(tmp_path, f__csv="stream,start,mean\n" + rows)
    out = tmp_path / "out"
    code, _ = ended("require", str(shop), "--forecast", str(shop / "f.csv"), "--out", str(out), "-q")
    assert code == 0
    lines = (out / "requirement.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "stream,start,agents_net,agents_gross,offered,on_time"
    assert len(lines) == 1 + 6  # three hours in half-hours


def test_init_writes_templates_once(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert ended("init", str(folder))[0] == 0
    (folder / "shop.toml").write_text("[shop]\n", encoding="utf-8")
    assert ended("init", str(folder))[0] == 0
    assert (folder / "shop.toml").read_text(encoding="utf-8") == "[shop]\n"
    assert (folder / "agents.csv").exists()


def test_every_key_of_the_shop_template_is_known_and_has_its_default(tmp_path: Path) -> None:
    import tomllib

    from scheduling.config import Settings, read_settings

    text = (ROOT / "reports" / "templates" / "shop" / "shop.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text) == {}
    plain = [line.removeprefix("# ") for line in text.splitlines()[2:]]
    spelt = [line for line in plain if line.lstrip()[:1].isascii()]
    (tmp_path / "shop.toml").write_text("\n".join(spelt), encoding="utf-8")
    settings = read_settings(tmp_path)
    default = Settings(demand=settings.demand).labour
    weekends = replace(default.max_weekends_per_month, mode="hard")  # a number given is a limit
    assert settings.labour == replace(
        default, max_hours_per_week=default.week_limit, max_weekends_per_month=weekends
    )  # unset, and 44
    assert settings.demand.streams[0].service == type(settings.demand.streams[0].service)()
    assert settings.demand.streams[0].confidence == 0.90


def test_a_folder_is_replaced_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "plan"
    with whole_folder(target) as folder:
        (folder / "a.txt").write_text("old")
        (folder / "run.json").write_text("{}")
    with suppress(RuntimeError), whole_folder(target) as folder:
        (folder / "a.txt").write_text("half")
        raise RuntimeError
    assert (target / "a.txt").read_text() == "old"
    with whole_folder(target) as folder:
        (folder / "b.txt").write_text("new")
    assert [path.name for path in target.iterdir()] == ["b.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["plan"]


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        ((), ()),
        (("forecast.csv", "forecast_parts-1.png", "draws.parquet", ".DS_Store"), ()),
        (("run.json", "report.html"), ()),
        (("notes.txt",), ("notes.txt",)),
        (("forecast.csv", "holiday.jpg"), ("forecast.csv", "holiday.jpg")),
        (("run.json", "report.html", "history.csv"), ("report.html", "history.csv")),
    ],
)
def test_results_take_the_place_of_results_and_join_other_things(
    names: tuple[str, ...], kept: tuple[str, ...], tmp_path: Path
) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    for name in names:
        (target / name).write_text("mine")
    with whole_folder(target) as folder:
        (folder / "run.json").write_text("{}")
    assert sorted(path.name for path in target.iterdir()) == sorted(("run.json", *kept))
    assert (target / "run.json").read_text() == "{}"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_plan_does_not_take_the_place_of_its_shop(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text("")
    (tmp_path / "history.csv").write_text("time,count\n2026-01-01 09:00,20\n")
    code, err = ended("plan", str(tmp_path), "--start", "2026-01-22", "--out", str(tmp_path), "--lang", "en")
    assert code == ExitCode.USAGE
    assert "holds shop.toml, which is no result" in err[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history.csv", "shop.toml"]


def test_files_join_those_that_are_there_or_nothing_changes(tmp_path: Path) -> None:
    target = tmp_path / "plan"
    with suppress(RuntimeError), whole_files(target) as folder:
        (folder / "a.txt").write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with whole_files(target) as folder:
        (folder / "a.txt").write_text("first")
    with whole_files(target) as folder:
        (folder / "b.txt").write_text("second")
        (folder / "sub").mkdir()
    with whole_files(target) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "c.txt").write_text("third")
    assert sorted(path.name for path in target.iterdir()) == ["a.txt", "b.txt", "sub"]
    assert [path.name for path in (target / "sub").iterdir()] == ["c.txt"]


def test_json_prints_one_object(tmp_path: Path) -> None:
    days = "".join(
        f"2026-01-{day:02d} {hour:02d}:00,{20 + hour}\n" for day in range(1, 22) for hour in range(9, 22)
    )
    shop = shop_with(tmp_path, history__csv="time,count\n" + days)
    result = CliRunner().invoke(app, ["check", str(shop), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.output)["history_rows"] == 21 * 13
