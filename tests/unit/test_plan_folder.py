"""A shop's newest plan, found among everything that commands write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from forecast.errors import DataError
from scheduling.plan_folder import PLAN_FILES, find_plan


def _folder(shop: Path, name: str, files: tuple[str, ...], *, age_s: int) -> Path:
    folder = shop / "plans" / name
    folder.mkdir(parents=True)
    for file in files:
        (folder / file).write_text("{}", encoding="utf-8")
        os.utime(folder / file, (1_700_000_000 - age_s, 1_700_000_000 - age_s))
    return folder


def test_the_newest_plan_is_no_comparison(tmp_path: Path) -> None:
    """A comparison's folder was taken for a plan, and every command that needs one failed."""
    _folder(tmp_path, "2026-11-30", PLAN_FILES, age_s=20)
    newest = _folder(tmp_path, "promo", PLAN_FILES, age_s=10)
    _folder(tmp_path, "compare-2026-12-07", ("run.json", "compare.csv"), age_s=0)
    assert find_plan(tmp_path) == newest
    assert find_plan(newest) == newest


def test_a_shop_without_a_plan_is_told_to_make_one(tmp_path: Path) -> None:
    _folder(tmp_path, "compare-2026-12-07", ("run.json", "compare.csv"), age_s=0)
    with pytest.raises(DataError, match="no finished plan"):
        find_plan(tmp_path)
