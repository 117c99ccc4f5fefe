"""The bench of the public shift-scheduling instances: reader, scorer, exact rows, and a proven optimum."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).parents[1] / "bench"
sys.path.insert(0, str(BENCH))

from shift_instance import Instance, InstanceError, read_assignment, read_instance, score  # noqa: E402
from shift_paths import Paths, numbers  # noqa: E402
from shift_reduced import least_through  # noqa: E402
from shift_repair import first_rows, total_cost  # noqa: E402
from shift_stir import Stir  # noqa: E402

TEXT = """# one week and a day
SECTION_HORIZON
8

SECTION_SHIFTS
E,480,
L,600,E

SECTION_STAFF
A,E=8|L=2,2640,1440,3,2,2,1
B,E=8|L=8,2640,960,4,1,1,1
C,E=0|L=8,3000,1200,4,2,1,2

SECTION_DAYS_OFF
A,0
B,3,4

SECTION_SHIFT_ON_REQUESTS
A,2,L,2
C,6,L,3

SECTION_SHIFT_OFF_REQUESTS
B,1,E,1
C,1,L,2

SECTION_COVER
"""
COVER = "".join(f"{day},{shift},1,100,1\n" for day in range(8) for shift in "EL")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Tiny.txt"
    path.write_bytes((TEXT + COVER).replace("\n", "\r\n").encode())
    return path


@pytest.fixture
def tiny(file: Path) -> Instance:
    return read_instance(file)


def rows_of(a: str, b: str, c: str) -> dict[str, list[str]]:
    """Return an assignment from a letter a day, a dot being a day off."""
    return {
        name: ["" if cell == "." else cell for cell in row]
        for name, row in zip("ABC", (a, b, c), strict=True)
    }


def test_an_instance_is_read_whole(tiny: Instance) -> None:
    assert (tiny.days, tiny.minutes, tiny.not_after["L"]) == (8, {"E": 480, "L": 600}, {"E"})
    assert tiny.people["B"].off == {3, 4}
    assert (tiny.people["A"].most, tiny.people["A"].least_off) == ({"E": 8, "L": 2}, 2)
    assert tiny.cover[0, "E"] == (1, 100, 1)


def test_blanks_tabs_and_chinese_names_are_read_alike(tiny: Instance, tmp_path: Path) -> None:
    path = tmp_path / "odd.txt"
    text = (TEXT + COVER).replace("A,", "王芳,").replace(",", " ,\t").replace("=", " = ").replace("|", " | ")
    path.write_bytes(text.replace("\n", " \r\n\r\n").encode("utf-8-sig"))
    odd = read_instance(path)
    assert list(odd.people) == ["王芳", "B", "C"]
    assert [person.most for person in odd.people.values()] == [p.most for p in tiny.people.values()]
    assert (odd.cover, odd.not_after) == (tiny.cover, tiny.not_after)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("C,6,L,3", "C,6,X,3", "no shift is called 'X'"),
        ("C,6,L,3", "C,9,L,3", "day 9 lies outside the 8 days"),
        ("A,0\n", "Z,0\n", "no employee is called 'Z'"),
        ("L,600,E", "L,600", "SECTION_SHIFTS has 3 cells a row, this one 2"),
        ("SECTION_COVER", "SECTION_COVERS", "SECTION_COVER is missing or empty"),
        ("E=8|L=2,2640,1440", "E=8|L=2,1440,2640", "A: at most 1440 but at least 2640 minutes"),
        ("8\n\nSECTION_SHIFTS", "eight\n\nSECTION_SHIFTS", "horizon: 'eight' is not a whole number"),
    ],
)
def test_a_broken_file_says_what_is_wrong_and_where(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    path = tmp_path / "broken.txt"
    path.write_text((TEXT + COVER).replace(before, after, 1), encoding="utf-8")
    with pytest.raises(InstanceError) as caught:
        read_instance(path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (("EEE.....", "EE......", "LLL....."), "A: works on day 0, which must be off"),
        ((".LEE....", "EE......", "LLL....."), "A: E on day 2 after L"),
        ((".LLL....", "EE......", "LLL....."), "A: 3 x L, at most 2"),
        ((".EE.....", "EE......", "LLL....."), "A: 960 minutes, 1440 to 2640 allowed"),
        ((".EEEE...", "EE......", "LLL....."), "A: works 4 days from day 1, at most 3"),
        ((".E.EE...", "EE......", "LLL....."), "A: works 1 days from day 1, at least 2"),
        ((".EE.EE..", "EE......", "LLL....."), "A: 1 days off from day 3, at least 2"),
    ],
)
def test_every_broken_rule_is_found(tiny: Instance, rows: tuple[str, str, str], text: str) -> None:
    assert text in score(tiny, rows_of(*rows)).broken


def test_too_many_weekends_are_found(tmp_path: Path) -> None:
    text = (TEXT + COVER).replace("HORIZON\n8", "HORIZON\n14")
    path = tmp_path / "long.txt"
    path.write_text(text, encoding="utf-8")
    rows = {"A": list(".EE...EE..EE.."), "B": list("EE.....EE....E"), "C": list("LLL...........")}
    named = {name: ["" if cell == "." else cell for cell in row] for name, row in rows.items()}
    assert "B: 2 weekends, at most 1" not in score(read_instance(path), named).broken
    named["B"][6] = "E"
    assert "B: 2 weekends, at most 1" in score(read_instance(path), named).broken


def test_a_run_at_the_border_is_never_too_short(tiny: Instance) -> None:
    assert (
        score(tiny, rows_of(".EEE...E", "EE......", "LLL.....")).broken
        == ("A: 1920 minutes, 1440 to 2640 allowed",)[:0]
    )


def test_the_objective_adds_up(tiny: Instance) -> None:
    found = score(tiny, rows_of(".EEE....", "EE......", "LLL....."))
    assert (found.on, found.off) == (2 + 3, 1 + 2)
    assert (found.under, found.over) == (100 * (4 + 5), 1)


def brute_force(tiny: Instance, name: str, cost: np.ndarray) -> float:
    """Return the least cost over every lawful row of a person, by trying them all."""
    others = {other: [""] * tiny.days for other in tiny.people if other != name}
    best = np.inf
    for cells in itertools.product(("", "E", "L"), repeat=tiny.days):
        price = sum(cost[d, "EL".index(cell)] for d, cell in enumerate(cells) if cell)
        if price < best:
            broken = score(tiny, {**others, name: list(cells)}).broken
            if not any(text.startswith(f"{name}:") for text in broken):
                best = price
    return float(best)


@pytest.mark.parametrize("name", ["A", "B", "C"])
def test_the_best_row_is_that_of_trying_them_all(tiny: Instance, name: str) -> None:
    data = numbers(tiny)
    person = data.names.index(name)
    for seed in range(3):
        luck = np.random.default_rng(seed).integers(-9, 9, (tiny.days, 2)).astype(float)
        cost = np.where(data.cost[person] > 1e8, data.cost[person], luck)
        found = Paths(data).best(person, cost)
        assert found is not None
        assert found[0] == pytest.approx(brute_force(tiny, name, np.where(cost > 1e8, 1e6, cost)))


@pytest.mark.parametrize("name", ["A", "B", "C"])
def test_the_least_cost_through_each_cell_is_that_of_trying_all_rows(tiny: Instance, name: str) -> None:
    data = numbers(tiny)
    person = data.names.index(name)
    luck = np.random.default_rng(7).integers(-9, 9, (tiny.days, 2)).astype(float)
    cost = np.where(data.cost[person] > 1e8, data.cost[person], luck)
    paths = Paths(data)
    paths.tracked[person] = tuple(int(s) for s in paths.mine[person])  # watched counts are exact
    others = {other: [""] * tiny.days for other in tiny.people if other != name}
    expected = np.full((tiny.days, 3), np.inf)
    for cells in itertools.product((0, 1, -1), repeat=tiny.days):
        named = {**others, name: [("E", "L", "")[s] for s in cells]}
        if not any(text.startswith(f"{name}:") for text in score(tiny, named).broken):
            price = sum(cost[d, s] for d, s in enumerate(cells) if s >= 0)
            for d, s in enumerate(cells):
                expected[d, s] = min(expected[d, s], price)
    assert least_through(paths, person, cost) == pytest.approx(expected)


def test_stirring_keeps_rows_lawful_and_its_total_right(tiny: Instance) -> None:
    data = numbers(tiny)
    paths = Paths(data)
    rows = first_rows(data, paths, np.random.default_rng(0), passes=1)
    stir = Stir(data, paths, rows, seed=1)
    for _ in range(60):
        stir.step(heat=50.0)
        assert stir.total == pytest.approx(total_cost(data, stir.rows))
    named = {name: [("E", "L", "")[s] for s in row] for name, row in zip(data.names, stir.rows, strict=True)}
    assert score(tiny, named).broken == ()
    assert score(tiny, named).total == stir.total


@pytest.mark.parametrize("window", [(2, 5), (1, 7), (3, 8), (0, 4)])
def test_a_window_planned_anew_leaves_a_lawful_row_and_the_best_one(
    tiny: Instance, window: tuple[int, int]
) -> None:
    data = numbers(tiny)
    standing = {"A": ".EEE..EE", "B": "E....EE.", "C": "LL.LL..."}
    others = {name: ["" if cell == "." else cell for cell in row] for name, row in standing.items()}
    for p, name in enumerate(data.names):
        row = np.array(["EL".find(cell) if cell != "." else -1 for cell in standing[name]])
        assert not [text for text in score(tiny, others).broken if text.startswith(name)]
        for seed in range(4):
            luck = np.random.default_rng(seed).integers(-9, 9, (tiny.days, 2)).astype(float)
            cost = np.where(data.cost[p] > 1e8, data.cost[p], luck)
            found = Paths(data).best(p, cost, row=row, first=window[0], last=window[1])
            assert found is not None
            best = np.inf
            for cells in itertools.product((-1, 0, 1), repeat=window[1] - window[0]):
                price = sum(cost[window[0] + i, s] for i, s in enumerate(cells) if s >= 0)
                if price < best:
                    trial = row.copy()
                    trial[window[0] : window[1]] = cells
                    named = {**others, name: [("E", "L", "")[s] for s in trial]}
                    if not [text for text in score(tiny, named).broken if text.startswith(name)]:
                        best = price
            # A part is planned with dearer shifts instead of exact counts: never below the best.
            planned = sum(cost[window[0] + i, s] for i, s in enumerate(found[1]) if s >= 0)
            trial = row.copy()
            trial[window[0] : window[1]] = found[1]
            named = {**others, name: [("E", "L", "")[s] for s in trial]}
            assert not [text for text in score(tiny, named).broken if text.startswith(name)]
            assert found[0] <= best + 1e-9 <= planned + 1e-6


def test_the_bench_proves_a_small_optimum_and_writes_a_lawful_assignment(
    file: Path, tiny: Instance, tmp_path: Path
) -> None:
    out = tmp_path / "assignment.csv"
    ended = subprocess.run(
        [sys.executable, str(BENCH / "shift_scheduling.py"), str(file), "--seconds", "60", "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "proven optimal" in ended.stdout
    found = score(tiny, read_assignment(tiny, out))
    assert found.broken == ()
    assert f"objective {found.total} " in ended.stdout


def test_the_bench_ends_with_a_clear_error_on_a_broken_file(tmp_path: Path) -> None:
    path = tmp_path / "broken.txt"
    path.write_text("SECTION_HORIZON\n14\n", encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, str(BENCH / "shift_scheduling.py"), str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 3
    assert "SECTION_STAFF is missing or empty" in ended.stderr
    assert "Traceback" not in ended.stderr
