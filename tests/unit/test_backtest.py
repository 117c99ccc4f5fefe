"""Backtests: no look ahead, pooled sums, honest buckets."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from forecast.backtest import (
    BacktestPlan,
    Paths,
    backtest_table,
    before,
    bucket_table,
    paired_gap,
    rolling_origins,
    run_backtest,
)
from forecast.errors import DataError, ModelError
from forecast.timegrid import slots

ZONE = "Asia/Shanghai"
FIRST = dt.date(2026, 3, 2)


def history(weeks: int = 8, *, noise: float = 0.0) -> pd.DataFrame:
    """Return 9-18 h of a shop that is busier at weekends."""
    starts = slots(FIRST, 7 * weeks, 60, ZONE)
    starts = starts[(starts.hour >= 9) & (starts.hour < 18)]
    shape = 50.0 + 5 * starts.hour + 40 * (starts.day_of_week >= 5)
    luck = np.random.default_rng(0).normal(0, noise, len(starts))
    return pd.DataFrame({"start": starts, "offered": np.maximum(shape + luck, 0)})


class WeekAgo:
    """Forecasts last week's counts plus a shift; notes the last row that it was shown."""

    def __init__(self, shift: float = 0.0, spread: float = 5.0) -> None:
        self.shift, self.spread = shift, spread
        self.last_seen: list[pd.Timestamp] = []

    def __call__(self, history: pd.DataFrame, *, start: dt.date, days: int, draws: int, seed: int) -> Paths:
        self.last_seen.append(history["start"].max())
        counts = history.set_index("start")["offered"]
        ahead = slots(start, days, 60, ZONE)
        week_ago = ahead - pd.to_timedelta(7 * np.ceil((np.arange(len(ahead)) // 24 + 1) / 7), unit="D")
        mean = counts.reindex(week_ago).to_numpy() + self.shift
        is_open = ~np.isnan(mean)
        rng = np.random.default_rng(seed)
        paths = mean[is_open] + rng.normal(0, self.spread, (draws, int(is_open.sum())))
        return Paths(starts=ahead[is_open], mean=mean[is_open], draws=paths)


def broken(history: pd.DataFrame, *, start: dt.date, days: int, draws: int, seed: int) -> Paths:
    raise ModelError("too short for this model")


def plan(count: int = 3, days: int = 7) -> BacktestPlan:
    return rolling_origins(history(), days_ahead=days, timezone=ZONE, count=count)


def test_the_last_origin_leaves_the_whole_horizon_as_data_and_origins_are_a_week_apart() -> None:
    assert plan(3, 14).origins == (dt.date(2026, 3, 30), dt.date(2026, 4, 6), dt.date(2026, 4, 13))
    long = rolling_origins(history(weeks=70), days_ahead=42, timezone=ZONE, count=2)
    assert (long.origins[1] - long.origins[0]).days == 21


def test_a_short_history_has_fewer_origins_and_a_very_short_one_is_an_error() -> None:
    short = rolling_origins(history(weeks=5), days_ahead=7, timezone=ZONE, count=6)
    assert len(short.origins) == 2
    with pytest.raises(DataError, match="21 days are too few to backtest 14 days ahead; it needs 35"):
        rolling_origins(history(weeks=3), days_ahead=14, timezone=ZONE)


def test_no_model_sees_a_row_of_its_origin_day_or_later() -> None:
    model = WeekAgo()
    chosen = plan()
    run_backtest(history(), {"week ago": model}, chosen, stream="a", seed=0)
    for origin, last in zip(chosen.origins, model.last_seen, strict=True):
        assert last == pd.Timestamp(origin, tz=ZONE) - pd.Timedelta(hours=7)


def test_rows_after_an_origin_do_not_change_its_forecast() -> None:
    changed = history()
    origin = plan().origins[0]
    later = changed["start"] >= pd.Timestamp(origin, tz=ZONE)
    changed.loc[later, "offered"] *= 10
    one, two = before(history(), origin, ZONE), before(changed, origin, ZONE)
    pd.testing.assert_frame_equal(one, two)


def test_the_seasonal_naive_is_exact_on_a_periodic_series() -> None:
    result = run_backtest(history(), {"week ago": WeekAgo(spread=0.0)}, plan(), stream="a", seed=0)
    table = backtest_table(result, 7)
    assert table["wape"].tolist() == [0.0, 0.0, 0.0]
    assert table["cover80"].tolist() == [1.0, 1.0, 1.0]
    assert table["horizon_h"].unique().tolist() == [168]


def test_a_missing_hour_is_not_scored_and_its_day_has_no_total() -> None:
    chosen = plan(1)
    hole = history()["start"] == pd.Timestamp("2026-04-21T12:00", tz=ZONE)
    full = run_backtest(history(), {"m": WeekAgo()}, chosen, stream="a", seed=0)
    holed = run_backtest(history()[~hole], {"m": WeekAgo()}, chosen, stream="a", seed=0)
    assert len(full.hours) - len(holed.hours) == 1
    assert len(full.days) - len(holed.days) == 1


def test_consultations_in_hours_held_to_be_closed_count_as_missed() -> None:
    late = pd.Timestamp("2026-04-22T20:00", tz=ZONE)
    rows = pd.concat([history(), pd.DataFrame({"start": [late], "offered": [30.0]})], ignore_index=True)
    result = run_backtest(rows, {"m": WeekAgo(spread=0.0)}, plan(1), stream="a", seed=0)
    extra = result.hours[result.hours["start"] == late]
    assert extra["miss"].tolist() == [30.0]
    assert extra["forecast"].tolist() == [0.0]
    assert backtest_table(result, 7)["wape"].iloc[0] > 0


def test_outages_are_not_scored() -> None:
    odd = pd.DatetimeIndex([pd.Timestamp("2026-04-22T10:00", tz=ZONE)])
    result = run_backtest(history(), {"m": WeekAgo()}, plan(1), stream="a", seed=0, unscored=odd)
    assert odd[0] not in set(result.hours["start"])
    assert len(result.hours) == 7 * 9 - 1


def test_a_model_that_fails_is_left_out_with_its_reason_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    result = run_backtest(history(), {"bad": broken, "good": WeekAgo()}, plan(), stream="a", seed=0)
    assert result.failures == {"bad": "too short for this model"}
    assert set(result.hours["model"]) == {"good"}
    assert "bad is left out" in caplog.text


def test_if_every_model_fails_the_error_says_why() -> None:
    with pytest.raises(ModelError, match=r"no model could be backtested.*too short"):
        run_backtest(history(), {"bad": broken}, plan(), stream="a", seed=0)


def test_buckets_part_the_hours_by_week_ahead_and_by_kind() -> None:
    result = run_backtest(history(), {"m": WeekAgo(shift=9.0)}, plan(2, 14), stream="a", seed=0)
    kinds = pd.DataFrame(
        {"weekend": history()["start"].dt.day_of_week.to_numpy() >= 5}, index=history()["start"]
    )
    table = bucket_table(result, kinds).set_index("bucket")
    assert table.loc["week 1", "hours"] == table.loc["week 2", "hours"] == 2 * 7 * 9
    assert table.loc["all", "hours"] == 4 * 7 * 9
    assert table.loc["weekend", "hours"] == 2 * 4 * 9
    assert table.loc["day totals", "hours"] == 2 * 14
    assert table["origins"].eq(2).all()
    assert table.loc["all", "wape"] == pytest.approx(9 / history()["offered"].mean(), rel=0.05)


def test_the_top_hours_are_chosen_by_forecast_not_by_what_came() -> None:
    spiked = history()
    spike = spiked["start"] == pd.Timestamp("2026-04-21T10:00", tz=ZONE)
    spiked.loc[spike, "offered"] = 5000.0
    result = run_backtest(spiked, {"m": WeekAgo()}, plan(1), stream="a", seed=0)
    table = bucket_table(result).set_index("bucket")
    assert table.loc["all", "wape"] > 0.3
    assert table.loc["top 5 %", "wape"] < 0.1


def test_day_totals_are_scored_from_joint_draws() -> None:
    noisy = history(noise=5.0)
    result = run_backtest(noisy, {"m": WeekAgo(spread=5 * np.sqrt(2))}, plan(3), stream="a", seed=0)
    row = bucket_table(result).set_index("bucket").loc["day totals"]
    assert row["hours"] == 21
    assert 0.6 <= row["cover80"] <= 1.0


def test_models_are_compared_by_paired_differences() -> None:
    models = {"good": WeekAgo(), "biased": WeekAgo(shift=20.0)}
    result = run_backtest(history(noise=5.0), models, plan(3), stream="a", seed=0)
    gap, error = paired_gap(result, "biased", "good")
    assert gap > 1
    assert 0 <= error < gap
    assert paired_gap(result, "good", "good") == (0.0, 0.0)
