"""Packages import downstream only, and start-up stays light."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("forecast", "scheduling", "reports")
MAY_IMPORT = {"forecast": (), "scheduling": ("forecast",), "reports": ("forecast", "scheduling")}
HEAVY = ("pandas", "numpy", "statsmodels", "ortools", "matplotlib", "scipy", "numba", "pydantic", "duckdb")


def modules_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports_of(path: Path) -> Iterator[str]:
    """Yield every module a file imports, at the top or inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_downstream_only(package: str) -> None:
    forbidden = {other for other in PACKAGES if other != package and other not in MAY_IMPORT[package]}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules_of(package)
        for name in imports_of(path)
        if name.split(".")[0] in forbidden
    ]
    assert not wrong


def test_the_judge_knows_nothing_of_the_planners_model() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules_of("scheduling/simulation")
        for name in imports_of(path)
        if name.startswith(("scheduling.service.shop", "scheduling.service.value"))
    ]
    assert not wrong


def test_the_audit_shares_no_code_with_the_solver() -> None:
    solver = ("scheduling.roster.constraints", "scheduling.roster.variables", "scheduling.solver", "ortools")
    names = list(imports_of(ROOT / "scheduling" / "roster" / "audit.py"))
    assert not [name for name in names if name.startswith(solver)]


def test_only_one_file_touches_the_solver_object() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in modules_of(package)
        if path != ROOT / "scheduling" / "solver.py" and "CpSolver(" in path.read_text(encoding="utf-8")
    ]
    assert not wrong


def test_all_loops_are_compiled_in_one_way() -> None:
    """What numba keeps by itself would outlive the files it calls; `scheduling.compiled` sees to that."""
    wrong = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in modules_of(package)
        if path != ROOT / "scheduling" / "compiled.py"
        if any(name.split(".")[0] == "numba" for name in imports_of(path))
    ]
    assert not wrong


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--help"], ["compare", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    script = (
        "import json, sys\n"
        "from reports.cli.app import main\n"
        f"sys.argv = ['paiban', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    code = end.code\n"
        "print(json.dumps([code, sorted({name.split('.')[0] for name in sys.modules})]), file=sys.stderr)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    code, loaded = json.loads(ended.stderr.splitlines()[-1])
    assert code == 0
    assert not set(HEAVY) & set(loaded)


def test_no_module_takes_a_standard_librarys_name() -> None:
    names = {path.stem for package in PACKAGES for path in modules_of(package)} - {"__init__"}
    allowed = {"random"} & names
    assert not (names & set(sys.stdlib_module_names)) - allowed


def test_a_forecast_loads_no_package_that_it_does_not_need(tmp_path: Path) -> None:
    # Each of them took as long to import as a quarter of the fit, for names that nobody asked for.
    rows = [
        f"2026-{5 + day // 30:02}-{1 + day % 30:02}T{hour:02}:00,{5 + hour}\n"
        for day in range(60)
        for hour in range(9, 21)
    ]
    (tmp_path / "history.csv").write_text("start,offered\n" + "".join(rows), encoding="utf-8")
    (tmp_path / "shop.toml").write_text('[shop]\nholidays = "CN"\n', encoding="utf-8")
    code = (
        "import json, sys\n"
        "from reports.cli.app import app\n"
        f"app.main(['forecast', {str(tmp_path)!r}, '--start', '2026-07-01', '--days', '2', '-q'],"
        " standalone_mode=False)\n"
        "spare = ['scipy.stats._stats', 'scipy.spatial._ckdtree', 'numpy.f2py.crackfortran', 'holidays',"
        " 'matplotlib', 'ortools', 'numba', 'duckdb', 'openpyxl']\n"
        "print(json.dumps([name for name in spare if name in sys.modules]))\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(out.splitlines()[-1]) == []
