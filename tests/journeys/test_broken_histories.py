"""Histories broken in every usual way: a sane forecast that says what it did, or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builders_forecast import END, hours_before, plain_history, true_means

from reports.cli.app import app

pytestmark = pytest.mark.slow

DAYS_AHEAD = 7
NEAR = 0.12  # a week's total may be so far from the truth
LAST_FORTNIGHT = (END - pd.Timedelta(days=30), END - pd.Timedelta(days=16))
A_DAY = END - pd.Timedelta(days=9)


def between(rows: pd.Series, first: object, last: object) -> np.ndarray:
    local = pd.DatetimeIndex(rows.index).tz_localize(None)
    return np.asarray((local >= pd.Timestamp(first)) & (local < pd.Timestamp(last)))


def three_weeks(rows: pd.Series) -> pd.Series:
    return rows[between(rows, END - pd.Timedelta(days=21), END)]


def two_fifths_missing(rows: pd.Series) -> pd.Series:
    return rows[np.random.default_rng(4).random(len(rows)) > 0.4]


def closed_fortnight(rows: pd.Series) -> pd.Series:
    return rows[~between(rows, *LAST_FORTNIGHT)]


def missing_as_zeros(rows: pd.Series) -> pd.Series:
    lost = between(rows, A_DAY, A_DAY + pd.Timedelta(days=3))
    return rows.where(~lost, 0.0)


def two_fifths_as_zeros(rows: pd.Series) -> pd.Series:
    return rows.where(np.random.default_rng(4).random(len(rows)) > 0.4, 0.0)


def day_logged_twice(rows: pd.Series) -> pd.Series:
    doubled = between(rows, A_DAY, A_DAY + pd.Timedelta(days=1))
    return rows.where(~doubled, 2 * rows)


def enormous_outlier(rows: pd.Series) -> pd.Series:
    spoilt = rows.copy()
    spoilt.iloc[-40] = 1e6
    return spoilt


CASES: dict[str, tuple[Callable[[pd.Series], pd.Series], str]] = {
    "three weeks": (three_weeks, "weeks of history are too few to compare models"),
    "40 % of hours missing": (two_fifths_missing, "of the open hours are missing; they are left as gaps"),
    "closed fortnight": (closed_fortnight, "model"),
    "missing written as zeros": (missing_as_zeros, "not learnt from"),
    "40 % of hours written as zeros": (two_fifths_as_zeros, "zeros in hours that never see few otherwise"),
    "a day logged twice": (day_logged_twice, "not learnt from"),
    "one enormous outlier": (enormous_outlier, "not learnt from"),
}


def forecast(folder: Path, rows: pd.Series, *, start: str = str(END)) -> pd.DataFrame:
    """Forecast a folder with a history and nothing else; return forecast.csv."""
    folder.mkdir(exist_ok=True)
    table = pd.DataFrame({"stream": "shop", "start": rows.index.strftime("%Y-%m-%dT%H:%M:%S+08:00")})
    table.assign(offered=rows.to_numpy()).to_csv(folder / "history.csv", index=False)
    asked = [
        "forecast",
        folder,
        "--start",
        start,
        "--days",
        DAYS_AHEAD,
        "--out",
        folder / "out",
        "--lang",
        "en",
    ]
    assert app.main([str(part) for part in asked], standalone_mode=False) in (0, None)
    return pd.read_csv(folder / "out" / "forecast.csv", encoding="utf-8-sig", parse_dates=["start"])


@pytest.mark.parametrize("case", CASES)
def test_a_broken_history_is_forecast_as_if_it_were_whole_and_says_what_was_done(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, said = CASES[case]
    found = forecast(tmp_path, spoil(plain_history(days=180)))
    ahead = hours_before(END + pd.Timedelta(days=DAYS_AHEAD), days=DAYS_AHEAD)
    assert len(found) == len(ahead)
    assert found["mean"].sum() == pytest.approx(true_means(ahead).sum(), rel=NEAR)
    assert (found["p10"] <= found["p90"]).all()
    assert (found["p025"] >= 0).all()
    assert found["p90"].max() < 4 * true_means(ahead).max()
    assert said in " ".join(capsys.readouterr().out.split())


def test_two_consultations_an_hour_keep_their_total_and_a_band_of_whole_counts(tmp_path: Path) -> None:
    found = forecast(tmp_path, plain_history(days=180, per_hour=2.0))
    ahead = hours_before(END + pd.Timedelta(days=DAYS_AHEAD), days=DAYS_AHEAD)
    assert found["mean"].sum() == pytest.approx(true_means(ahead, 2.0).sum(), rel=NEAR)
    assert (found["p90"] >= found["mean"]).mean() > 0.9


def test_all_zeros_are_forecast_as_zero_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = forecast(tmp_path, 0 * plain_history(days=60))
    assert (found[["mean", "p50", "p975"]] == 0).all(axis=None)
    assert "no consultation at all" in " ".join(capsys.readouterr().out.split())


def test_a_year_whose_holidays_are_not_published_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = plain_history(days=180)
    rows.index = rows.index + pd.Timedelta(days=364)  # up to the end of March 2027
    found = forecast(tmp_path, rows, start="2027-03-29")
    assert found["mean"].sum() > 0
    assert "2027" in capsys.readouterr().out.split("Note", 1)[1]


def test_five_days_of_history_are_refused_with_what_is_needed(tmp_path: Path) -> None:
    from forecast.errors import DataError

    with pytest.raises(DataError, match="at least 7"):
        forecast(tmp_path, plain_history(days=5))
    assert not (tmp_path / "out").exists()
