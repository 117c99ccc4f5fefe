"""A stream's model is chosen on its own past, the reason is said, and no plan fails for want of a model."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecast.selection
from forecast.config import Shop, ShopSettings, Stream
from forecast.errors import ConfigError, DataError, ModelError
from forecast.frames import DRAWS, FORECAST, check_frame
from forecast.hour_kinds import hour_kinds
from forecast.models import DEFAULT, YARDSTICK, known_models
from forecast.models.base import FittedModel, Known
from forecast.promotions import PromotionCalendar, promotion_calendar
from forecast.selection import choose_model, forecast_demand
from forecast.shop_backtest import backtest_shop, backtest_stream, known_ahead
from forecast.timegrid import midnight, slots

ZONE = "Asia/Shanghai"
FIRST = dt.date(2026, 6, 1)
START = dt.date(2026, 8, 24)
SETTINGS = ShopSettings(folder=Path(), shop=Shop(holidays="none"), streams=(Stream(id="a"), Stream(id="b")))
EMPTY = PromotionCalendar()


def history(weeks: int = 12, *, streams: tuple[str, ...] = ("a",), end: dt.date = START) -> pd.DataFrame:
    """Return 9-21 h of streams with a weekly shape and Poisson luck, up to `end`."""
    starts = slots(end - dt.timedelta(weeks=weeks), 7 * weeks, 60, ZONE)
    starts = starts[(starts.hour >= 9) & (starts.hour < 21)]
    mean = 40 + 3.0 * starts.hour + 15 * (starts.day_of_week >= 5)
    rng = np.random.default_rng(3)
    return pd.concat(
        [pd.DataFrame({"stream": name, "start": starts, "offered": rng.poisson(mean)}) for name in streams],
        ignore_index=True,
    ).astype({"offered": float})


def known(rows: pd.DataFrame) -> Known:
    return known_ahead(rows, SETTINGS, EMPTY, last=START + dt.timedelta(days=14))


class Unfit:
    """A model that cannot be fitted."""

    name = DEFAULT

    def fit(self, series: pd.Series, known: Known, *, stream: Stream) -> FittedModel:  # noqa: ARG002
        raise ModelError("the matrix is singular")


def test_tables_keep_the_contract_and_say_which_model_made_them() -> None:
    result = forecast_demand(history(), SETTINGS, calendar=EMPTY, start=START, days=3, seed=0, draws=50)
    check_frame(result.table, FORECAST)
    check_frame(result.draws, DRAWS)
    assert result.table["model"].unique().tolist() == [result.choice["a"].model]
    assert result.table["start"].min() == midnight(START, ZONE) + pd.Timedelta(hours=9)
    assert len(result.table) == 3 * 12
    assert len(result.draws) == 3 * 12 * 50
    assert list(result.parts["a"].columns) == ["level", "week_shape", "calendar", "holiday", "promotion"]


def test_the_choice_rests_on_backtests_and_says_so() -> None:
    choice = choose_model(history(), SETTINGS, known(history()), stream="a", days=7, seed=0)
    assert set(choice.scores["hours"]) == {4 * 7 * 12}
    assert {"wape", "wql", "cover80"} <= set(choice.scores.columns)
    assert set(known_models()) <= set(choice.scores["model"])
    assert "4 backtests of this stream's own past" in choice.reason


def test_without_backtests_the_default_is_taken() -> None:
    choice = choose_model(history(), SETTINGS, known(history()), stream="a", days=7, seed=0, origins=0)
    assert choice.model == DEFAULT
    assert choice.backtest is None
    assert "not compared" in choice.reason


def test_the_default_stays_where_another_is_not_better() -> None:
    default = known_models()[DEFAULT]
    models = {"seasonal-mean": default, DEFAULT: default}
    choice = choose_model(history(), SETTINGS, known(history()), stream="a", days=7, seed=0, models=models)
    assert choice.model == DEFAULT


def test_a_model_that_is_clearly_better_is_taken() -> None:
    models = known_models()
    worse = models[YARDSTICK]

    class Wrong:
        """A default that is off by half."""

        name = DEFAULT

        def fit(self, series: pd.Series, known: Known, *, stream: Stream) -> FittedModel:
            return worse.fit(series * 0.5, known, stream=stream)

    choice = choose_model(
        history(), SETTINGS, known(history()), stream="a", days=7, seed=0, models=models | {DEFAULT: Wrong()}
    )
    assert choice.model != DEFAULT
    assert "better than" in choice.reason


def test_means_of_quantiles_of_models_near_the_best_are_candidates() -> None:
    models = known_models()
    choice = choose_model(
        history(),
        SETTINGS,
        known(history()),
        stream="a",
        days=7,
        seed=0,
        models=models | {"seasonal-mean": models[DEFAULT]},
    )
    assert any("+" in name for name in choice.scores["model"])


def test_a_short_history_is_forecast_by_default_without_a_contest() -> None:
    choice = choose_model(history(4), SETTINGS, known(history(4)), stream="a", days=7, seed=0)
    assert choice.model == DEFAULT
    assert "4 weeks of history are too few to compare models" in choice.reason
    assert choice.scores.empty


def test_a_stream_that_cannot_be_fitted_falls_back_and_the_others_carry_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rows = history(streams=("a", "b"))
    real = forecast.selection.find_model
    chosen = iter([Unfit(), real(DEFAULT)])
    monkeypatch.setattr(forecast.selection, "find_model", lambda _: next(chosen))
    monkeypatch.setattr(
        forecast.selection,
        "choose_model",
        lambda *_, stream, **__: forecast.selection.Choice(stream=stream, model=DEFAULT, reason="best"),
    )
    result = forecast_demand(rows, SETTINGS, calendar=EMPTY, start=START, days=2, seed=0, draws=20)
    assert result.choice["a"].model == YARDSTICK
    assert "the matrix is singular" in result.choice["a"].reason
    assert result.choice["b"].model == DEFAULT
    assert len(result.table[result.table["stream"] == "b"]) == 24
    assert "the yardstick stands in" in caplog.text


def test_if_no_default_can_be_fitted_the_best_of_the_others_is_chosen() -> None:
    choice = choose_model(
        history(),
        SETTINGS,
        known(history()),
        stream="a",
        days=7,
        seed=0,
        models=known_models() | {DEFAULT: Unfit()},
    )
    assert choice.model in ("seasonal-mean", "seasonal-naive") or "+" in choice.model
    assert "could not be fitted (the matrix is singular)" in choice.reason


def test_rows_from_the_first_day_on_change_nothing() -> None:
    rows = history(12)
    later = history(14, end=START + dt.timedelta(weeks=2))
    later = later[later["start"] >= midnight(START, ZONE)].assign(offered=9999.0)
    one = forecast_demand(rows, SETTINGS, calendar=EMPTY, start=START, days=2, seed=0, draws=20)
    two = forecast_demand(
        pd.concat([rows, later]), SETTINGS, calendar=EMPTY, start=START, days=2, seed=0, draws=20
    )
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(one.draws, two.draws)


def test_the_same_seed_gives_the_same_forecast_and_an_asked_for_model_is_used() -> None:
    def run() -> forecast.selection.Forecast:
        return forecast_demand(
            history(), SETTINGS, calendar=EMPTY, start=START, days=2, seed=5, draws=20, model="seasonal-mean"
        )

    pd.testing.assert_frame_equal(run().draws, run().draws)
    assert run().choice["a"].reason == "as asked for"
    assert run().table["model"].unique().tolist() == ["seasonal-mean"]


def test_an_unknown_model_and_an_empty_history_are_errors_of_their_kind() -> None:
    with pytest.raises(ConfigError, match="no forecast model is called 'regresion'"):
        forecast_demand(history(), SETTINGS, calendar=EMPTY, start=START, days=2, seed=0, model="regresion")
    with pytest.raises(DataError, match="no rows before 2020-01-01"):
        forecast_demand(history(), SETTINGS, calendar=EMPTY, start=dt.date(2020, 1, 1), days=2, seed=0)


def test_a_shops_backtest_covers_every_stream_model_and_bucket() -> None:
    result = backtest_shop(history(streams=("a", "b")), SETTINGS, calendar=EMPTY, days_ahead=7, origins=2)
    assert set(zip(result.table["stream"], result.table["model"], strict=True)) == {
        (stream, model) for stream in ("a", "b") for model in known_models()
    }
    assert list(result.table.columns)[:10] == [
        "stream", "model", "origin", "horizon_h", "wape", "mase", "bias", "pinball", "cover80", "cover95",
    ]  # fmt: skip
    assert {"all", "week 1", "day totals", "ordinary"} <= set(result.buckets["bucket"])


def test_ignored_hours_are_not_scored() -> None:
    rows = history()
    calendar = promotion_calendar(
        [], ignored=[{"from": dt.datetime(2026, 8, 19), "to": dt.datetime(2026, 8, 20)}], timezone=ZONE
    )
    ahead = known_ahead(rows, SETTINGS, calendar, last=START)
    found = backtest_stream(
        rows,
        SETTINGS,
        ahead,
        stream="a",
        models={"m": known_models()["seasonal-mean"]},
        days_ahead=7,
        origins=1,
        seed=0,
    )
    assert len(found.hours) == 6 * 12
    assert len(found.days) == 6


def test_hours_are_sorted_into_kinds_by_the_calendar() -> None:
    phases = [
        {"kind": "warmup", "start": dt.datetime(2026, 8, 24), "end": dt.datetime(2026, 8, 24, 20)},
        {"kind": "spot", "start": dt.datetime(2026, 8, 24, 20), "end": dt.datetime(2026, 8, 26)},
        {"kind": "aftersale", "start": dt.datetime(2026, 8, 26), "end": dt.datetime(2026, 8, 28)},
    ]
    event = {"id": "e", "kind": "big_promo", "channels": ["taobao"], "phase": phases}
    ahead = Known(timezone=ZONE, promotions=promotion_calendar([event], timezone=ZONE))
    starts = slots(dt.date(2026, 8, 23), 6, 60, ZONE)
    kinds = hour_kinds(starts, ahead, platform="tmall")
    assert kinds["promotion"].sum() == 48
    assert kinds["kick-off 4 h"].sum() == 4
    assert kinds["after-sales"].sum() == 48
    assert kinds["ordinary"].sum() == 48
    assert not hour_kinds(starts, ahead, platform="jd")["promotion"].any()
