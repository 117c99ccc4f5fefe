"""The rest of a day follows what was seen by as much as the paths have in common, and never runs away."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.backtest import Paths
from forecast.config import read_shop
from forecast.demo_shop import DemoShop, write_demo_shop
from forecast.errors import DataError
from forecast.intraday import (
    FEWEST_DAYS,
    UNTAUGHT,
    PastDay,
    forecast_now,
    learn_trust,
    moved_paths,
    past_days,
    reforecast_day,
)
from forecast.overrides import Override
from forecast.promotions import read_promotions

HOURS = np.arange(8, 24)
MIDNIGHT = pd.Timestamp("2026-12-08", tz="Asia/Shanghai")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoShop:
    return write_demo_shop(tmp_path_factory.mktemp("demo"))


def paths(rng: np.random.Generator, *, per_hour: float, day_sd: float, count: int = 800) -> np.ndarray:
    factor = np.exp(rng.normal(0, day_sd, (count, 1)))
    return rng.poisson(per_hour * factor * np.ones(len(HOURS))).astype(float)


def frames(values: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    starts = pd.DatetimeIndex([MIDNIGHT + pd.Timedelta(hours=int(hour)) for hour in HOURS])
    table = pd.DataFrame({"stream": "a", "start": starts, "mean": values.mean(axis=0)})
    for name, level in {"p10": 0.1, "p50": 0.5, "p90": 0.9}.items():
        table[name] = np.quantile(values, level, axis=0)
    draws = pd.DataFrame(
        {
            "stream": "a",
            "start": starts.repeat(len(values)),
            "draw": np.tile(np.arange(len(values)), len(starts)),
            "offered": values.T.ravel(),
        }
    )
    return table, draws


def seen_until(hour: int, count: float) -> pd.DataFrame:
    table, _ = frames(np.ones((2, len(HOURS))))
    seen = table[["stream", "start"]].assign(offered=count)
    return seen[seen["start"] < MIDNIGHT + pd.Timedelta(hours=hour)]


def share_followed(*, per_hour: float, day_sd: float, hour: int) -> float:
    """Return by how much of the log surprise of the hours seen the rest is moved."""
    values = paths(np.random.default_rng(0), per_hour=per_hour, day_sd=day_sd)
    is_seen = hour > HOURS
    actual = np.where(is_seen, values[:, is_seen].mean() * 1.2, np.nan)
    moved = moved_paths(values, actual, blocks=[is_seen], rest=~is_seen)
    return float(np.log(moved.mean() / values[:, ~is_seen].mean()) / np.log(1.2))


def test_the_rest_follows_more_the_later_it_is_and_the_larger_the_shop() -> None:
    early, late = (share_followed(per_hour=100, day_sd=0.1, hour=hour) for hour in (9, 17))
    small = share_followed(per_hour=5, day_sd=0.1, hour=17)
    assert 0 < early < late < 1.02
    assert small < late


def test_paths_without_a_common_day_factor_are_not_moved() -> None:
    assert abs(share_followed(per_hour=100, day_sd=0.0, hour=17)) < 0.12


def test_bands_narrow_once_hours_were_seen_and_days_after_stay() -> None:
    values = paths(np.random.default_rng(1), per_hour=200, day_sd=0.15)
    table, draws = frames(values)
    tomorrow = table.assign(start=table["start"] + pd.Timedelta(days=1))
    tomorrow_draws = draws.assign(start=draws["start"] + pd.Timedelta(days=1))
    result = reforecast_day(
        pd.concat([table, tomorrow]),
        pd.concat([draws, tomorrow_draws]),
        seen_until(16, 240.0),
        now=MIDNIGHT + pd.Timedelta(hours=16, minutes=20),
    )
    today = result.table[result.table["start"] < MIDNIGHT + pd.Timedelta(days=1)]
    before = table[table["start"] >= MIDNIGHT + pd.Timedelta(hours=16)]
    assert today["start"].tolist() == before["start"].tolist()
    assert (today["p90"] - today["p10"]).mean() < 0.6 * (before["p90"] - before["p10"]).mean()
    assert today["mean"].mean() == pytest.approx(240, rel=0.05)
    after = result.table[result.table["start"] >= MIDNIGHT + pd.Timedelta(days=1)]
    np.testing.assert_allclose(after["mean"], tomorrow["mean"])
    assert "240" not in result.notes[0]
    assert "1920 seen" in result.notes[0]


def test_hours_for_which_the_manager_named_a_number_stay_at_it() -> None:
    table, draws = frames(paths(np.random.default_rng(1), per_hour=200, day_sd=0.15))
    first = MIDNIGHT + pd.Timedelta(hours=18)
    word = Override(stream="a", start=first, end=first + pd.Timedelta(hours=2), value=200.0)
    seen, now = seen_until(16, 260.0), MIDNIGHT + pd.Timedelta(hours=16)
    result = reforecast_day(table, draws, seen, now=now, held=[word]).table.set_index("start")["mean"]
    before = table.set_index("start")["mean"]
    np.testing.assert_allclose(result.loc[first : first + pd.Timedelta(hours=1)], before.loc[first:].iloc[:2])
    assert (result.drop([first, first + pd.Timedelta(hours=1)]) > 230).all()


def test_an_hour_that_is_not_over_is_not_used() -> None:
    table, draws = frames(paths(np.random.default_rng(2), per_hour=50, day_sd=0.2))
    seen = seen_until(13, 50.0)
    half = pd.concat([seen, seen.tail(1).assign(start=MIDNIGHT + pd.Timedelta(hours=13), offered=4.0)])
    now = MIDNIGHT + pd.Timedelta(hours=13, minutes=5)
    pd.testing.assert_frame_equal(
        reforecast_day(table, draws, half, now=now).table, reforecast_day(table, draws, seen, now=now).table
    )


def test_zeros_from_an_outage_do_not_wipe_out_the_evening(caplog: pytest.LogCaptureFixture) -> None:
    table, draws = frames(paths(np.random.default_rng(3), per_hour=100, day_sd=0.1))
    result = reforecast_day(table, draws, seen_until(12, 0.0), now=MIDNIGHT + pd.Timedelta(hours=12))
    assert result.table["mean"].min() > 50
    assert "outside anything forecast" in caplog.text


def test_without_hours_seen_the_forecast_stands() -> None:
    table, draws = frames(paths(np.random.default_rng(4), per_hour=30, day_sd=0.2))
    result = reforecast_day(table, draws, seen_until(0, 0.0), now=MIDNIGHT + pd.Timedelta(hours=12))
    np.testing.assert_allclose(result.table["mean"], table["mean"].tail(12))
    assert "the forecast stands" in result.notes[0]


def test_the_first_hours_of_a_promotion_tell_of_the_promotion_not_of_the_day() -> None:
    rng = np.random.default_rng(5)
    is_sale = HOURS >= 20
    day, event = np.exp(rng.normal(0, 0.05, (800, 1))), np.exp(rng.normal(0, 0.4, (800, 1)))
    values = rng.poisson(100 * day * np.where(is_sale, 3 * event, 1.0)).astype(float)
    table, draws = frames(values)
    seen = seen_until(21, 100.0)
    seen.loc[seen["start"] >= MIDNIGHT + pd.Timedelta(hours=20), "offered"] = 600.0
    now, kick_off = MIDNIGHT + pd.Timedelta(hours=21), MIDNIGHT + pd.Timedelta(hours=20)
    split = reforecast_day(table, draws, seen, now=now, kick_offs=[kick_off]).table["mean"].mean()
    lumped = reforecast_day(table, draws, seen, now=now).table["mean"].mean()
    assert split == pytest.approx(600, rel=0.12)
    assert abs(lumped - 600) > abs(split - 600)


def made_up_days(count: int, *, persists: bool) -> list[PastDay]:
    """Return days whose mornings truly tell of the evening, or do not."""
    rng = np.random.default_rng(6)
    days = []
    for _ in range(count):
        rate = 80 * np.exp(rng.normal(0, 0.2, 2))
        rates = np.where(HOURS < 14, rate[0], rate[0] if persists else rate[1])
        actual = rng.poisson(rates).astype(float)
        days.append(PastDay(draws=paths(rng, per_hour=80, day_sd=0.2), actual=actual, hours=HOURS))
    return days


def test_trust_is_learnt_from_days_that_kept_what_their_mornings_promised() -> None:
    assert learn_trust(made_up_days(40, persists=True), hour=14) >= 0.75
    assert learn_trust(made_up_days(40, persists=False), hour=14) <= 0.25


def test_few_past_days_earn_half_of_the_trust() -> None:
    assert learn_trust(made_up_days(FEWEST_DAYS - 1, persists=True), hour=14) == UNTAUGHT


def test_a_day_that_is_over_is_an_error() -> None:
    table, draws = frames(paths(np.random.default_rng(7), per_hour=30, day_sd=0.2))
    with pytest.raises(DataError, match="no hour of 2026-12-09 is left"):
        reforecast_day(table, draws, seen_until(24, 1.0), now=MIDNIGHT + pd.Timedelta(hours=24))


def test_days_taken_from_past_forecasts_carry_what_came_and_their_gaps() -> None:
    starts = pd.DatetimeIndex([MIDNIGHT + pd.Timedelta(hours=h, days=d) for d in range(9) for h in (10, 11)])
    paths = Paths(starts=starts, mean=np.ones(18), draws=np.ones((4, 18)))
    history = pd.DataFrame({"start": starts[:-1], "offered": np.arange(17.0)}).drop(index=3)
    days = past_days([paths], history, "Asia/Shanghai")
    assert len(days) == 7  # the first week alone
    assert days[0].actual.tolist() == [0.0, 1.0]
    assert np.isnan(days[1].actual[1])
    assert days[0].hours.tolist() == [10, 11]


def test_a_busy_morning_of_the_demo_shop_raises_its_afternoon_and_narrows_its_bands(demo: DemoShop) -> None:
    settings, calendar = (
        read_shop(demo.folder),
        read_promotions(demo.folder / "promotions.toml", "Asia/Shanghai"),
    )
    day = pd.Timestamp("2026-12-01", tz="Asia/Shanghai")
    now = day + pd.Timedelta(hours=15, minutes=10)
    rows = demo.history[demo.history["start"] < now.floor("h")].copy()
    rows.loc[rows["start"] >= day, "offered"] *= 1.15
    morning, rest = forecast_now(rows, settings, calendar=calendar, now=now, days=2, seed=0, draws=200)
    before = morning.table.merge(rest.table, on=["stream", "start"], suffixes=("", "_now"))
    today = before[(before["start"] < day + pd.Timedelta(days=1)) & (before["stream"] == "taobao-presale")]
    assert today["start"].min() == day + pd.Timedelta(hours=15)
    assert today["mean_now"].sum() > 1.02 * today["mean"].sum()
    before_width = (today["p90"] - today["p10"]).sum() / today["mean"].sum()
    assert (today["p90_now"] - today["p10_now"]).sum() / today["mean_now"].sum() < before_width
    assert rest.notes[1].startswith("taobao-presale")
