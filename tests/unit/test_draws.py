"""The forecast tables of a shop."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builders_forecast import END, TIMEZONE, hours_before, known, plain_history, true_means

from forecast.config import ShopSettings, Stream
from forecast.draws import day_correlation, forecast_shop, ordinary_skill_volumes
from forecast.errors import DataError, ModelError
from forecast.frames import DRAWS, FORECAST, QUANTILES, check_frame
from forecast.models import find_model
from forecast.special_days import SpecialDays

SETTINGS = ShopSettings(
    folder=Path(), streams=(Stream(id="a", skill="presale"), Stream(id="b", skill="aftersale"))
)


def two_streams(days=120, common=0.2):
    rng = np.random.default_rng(0)
    starts = hours_before(days=days)
    luck = rng.normal(0, common, days)[(starts - starts[0]).days]
    rows = [
        pd.DataFrame(
            {
                "stream": stream,
                "start": starts,
                "offered": rng.poisson(true_means(starts, size) * np.exp(luck)),
            }
        )
        for stream, size in (("a", 80.0), ("b", 40.0))
    ]
    return pd.concat(rows, ignore_index=True).astype({"offered": float})


def forecast(history, name="regression", **changes):
    models = {str(stream): find_model(name) for stream in history["stream"].unique()}
    options = {"start": END, "days": 7, "models": models, "seed": 1, "draws": 200} | changes
    return forecast_shop(history, SETTINGS, options.pop("known", known()), **options)


def test_tables_keep_their_contracts():
    found = forecast(two_streams())
    check_frame(found.table, FORECAST)
    check_frame(found.draws, DRAWS)
    assert len(found.table) == 2 * 7 * 15
    assert len(found.draws) == 200 * len(found.table)


def test_bands_are_ordered_and_never_negative():
    table = forecast(two_streams()).table
    bands = table[list(QUANTILES)].to_numpy()
    assert (np.diff(bands, axis=1) >= 0).all()
    assert bands.min() >= 0


def test_the_same_seed_gives_the_same_draws():
    history = two_streams(days=40)
    pd.testing.assert_frame_equal(forecast(history).draws, forecast(history).draws)
    assert not forecast(history).draws.equals(forecast(history, seed=2).draws)


def test_streams_that_moved_together_do_so_in_the_draws():
    def correlation(common):
        found = forecast(two_streams(common=common))
        totals = found.draws.pivot_table(index="draw", columns="stream", values="offered", aggfunc="sum")
        return totals.corr().loc["a", "b"], day_correlation(
            two_streams(common=common), found.models, TIMEZONE
        )

    drawn, measured = correlation(0.2)
    assert measured[0, 1] > 0.7
    assert drawn > 0.5
    assert correlation(0.0)[0] < 0.4


def test_a_stream_whose_model_fails_gets_the_yardstick_and_the_others_carry_on():
    class Unfit:
        name = "unfit"

        def fit(self, *_, **__):
            raise ModelError("does not settle")

    history = two_streams(days=40)
    found = forecast(history, models={"a": Unfit(), "b": find_model("regression")})
    assert found.table.groupby("stream")["model"].first().to_dict() == {
        "a": "seasonal-naive",
        "b": "regression",
    }
    assert any("unfit cannot be fitted: does not settle" in note for note in found.notes["a"])


def test_an_unpublished_year_is_noted():
    special = SpecialDays(unpublished=frozenset({2026}))
    notes = forecast(two_streams(days=40), known=known(special_days=special)).notes["a"]
    assert any("make-up workdays are not published" in note for note in notes)


def test_no_history_is_an_input_error():
    with pytest.raises(DataError, match="no rows before"):
        forecast(two_streams(days=20).iloc[:0], models={})


def test_skill_volumes_are_medians_of_the_wall_hour():
    volumes = ordinary_skill_volumes(two_streams(), SETTINGS, TIMEZONE)
    assert volumes["presale"][3] == 0
    assert volumes["presale"][12] / volumes["aftersale"][12] == pytest.approx(2, rel=0.15)


def test_a_plain_history_gives_a_plain_table():
    series = plain_history(days=40)
    history = pd.DataFrame({"stream": "a", "start": series.index, "offered": series.to_numpy()})
    assert set(forecast(history, "seasonal-mean").table["model"]) == {"seasonal-mean"}
