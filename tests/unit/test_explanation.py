"""The parts of a forecast multiply to its mean, whatever the model, a holiday or a manager did to it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.config import Shop, ShopSettings, Stream
from forecast.explanation import FACTORS, forecast_parts
from forecast.overrides import Override
from forecast.promotions import PromotionCalendar
from forecast.selection import forecast_demand
from forecast.timegrid import slots, zone
from reports.charts.explanation import part_layers, plot_parts, write_part_pictures
from reports.charts.style import house_style, new_figure
from reports.words import words

ZONE = "Asia/Shanghai"
SETTINGS = ShopSettings(folder=Path(), shop=Shop(holidays="none"), streams=(Stream(id="a"),))


def made(*overrides: Override, model: str = "regression") -> pd.DataFrame:
    starts = slots(dt.date(2026, 10, 12), 56, 60, ZONE)
    starts = starts[(starts.hour >= 9) & (starts.hour < 21)]
    offered = np.random.default_rng(1).poisson(30.0 + starts.hour).astype(float)
    found = forecast_demand(
        pd.DataFrame({"stream": "a", "start": starts, "offered": offered}),
        SETTINGS,
        calendar=PromotionCalendar(),
        start=dt.date(2026, 12, 7),
        days=3,
        seed=0,
        draws=30,
        model=model,
        overrides=overrides,
    )
    return forecast_parts(found.table, found.parts)


def override(hours: tuple[int, int], **change: float) -> Override:
    first, last = (pd.Timestamp(2026, 12, 8, hour, tz=zone(ZONE)) for hour in hours)
    return Override(stream="a", start=first, end=last, **change)


@pytest.mark.parametrize("model", ["regression", "seasonal-naive", "regression+seasonal-naive"])
@pytest.mark.parametrize("change", [{"factor": 1.7}, {"value": 99.0}, {"factor": 0.0}])
def test_level_times_factors_is_the_mean(model, change):
    parts = made(override((10, 12), **change), model=model)
    product = parts["level"] * parts[list(FACTORS)].prod(axis=1)
    np.testing.assert_allclose(product, parts["mean"], rtol=1e-12)
    assert (parts["override"] != 1).sum() == 2
    assert np.isfinite(parts[["level", *FACTORS]].to_numpy()).all()


def test_an_override_leaves_the_other_parts_as_they_were():
    plain, changed = made(), made(override((10, 12), factor=1.7))
    columns = ["level", "week_shape", "calendar", "holiday", "promotion"]
    np.testing.assert_allclose(changed[columns], plain[columns])


def test_an_hour_that_the_models_hold_to_be_empty_is_its_own_level():
    starts = slots(dt.date(2026, 12, 7), 1, 60, ZONE)[:2]
    table = pd.DataFrame({"stream": "a", "start": starts, "mean": [50.0, 0.0], "override": [np.nan, 1.0]})
    models = pd.DataFrame(
        {"level": 0.0, "week_shape": 0.0, "calendar": 1.0, "holiday": 1.0, "promotion": 1.0}, index=starts
    )
    parts = forecast_parts(table, {"a": models})
    assert parts["level"].tolist() == [50.0, 0.0]
    assert (parts[list(FACTORS)] == 1).all(axis=None)


def test_the_picture_shows_parts_that_act_and_no_others(tmp_path):
    say = words("zh")
    parts = made(override((10, 12), factor=1.7))
    names = [layer.name for layer in part_layers(parts)]
    assert "override" in names
    assert "promotion" not in names
    np.testing.assert_allclose(part_layers(parts)[-1].high, parts["mean"])
    with house_style():
        _, axes = new_figure()
        plot_parts(axes, parts, timezone=ZONE, say=say)
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert say("chart.part_override") in labels
    assert say("chart.part_promotion") not in labels
    (path,) = write_part_pictures(parts, tmp_path, titles={"a": "淘宝 售前"}, timezone=ZONE, say=say)
    assert path.name == "forecast_parts-1.png"
    assert path.stat().st_size > 10_000


def test_the_picture_has_every_hour_of_a_day_on_which_clocks_go_back():
    starts = slots(dt.date(2026, 11, 1), 1, 60, "America/New_York")
    assert len(starts) == 25
    parts = pd.DataFrame({"start": starts, "mean": 5.0, "level": 5.0} | dict.fromkeys(FACTORS, 1.0))
    with house_style():
        _, axes = new_figure()
        plot_parts(axes, parts, timezone="America/New_York", say=words("en"))
    usual, mean, _ = (patch.get_data() for patch in axes.patches)
    assert len(usual.values) == len(mean.values) == 25
    assert np.isfinite(mean.values).all()


def test_closed_hours_stay_empty_and_long_spans_name_some_days():
    starts = slots(dt.date(2026, 11, 1), 40, 60, ZONE)
    starts = starts[(starts.hour >= 9) & (starts.hour < 23)]
    parts = pd.DataFrame({"start": starts, "mean": 5.0, "level": 5.0} | dict.fromkeys(FACTORS, 1.0))
    with house_style():
        _, axes = new_figure()
        plot_parts(axes, parts, timezone=ZONE, say=words("zh"))
    values = axes.patches[1].get_data()[0]
    assert np.isfinite(values).sum() == len(starts)
    assert len(values) == 40 * 24 - 10
    assert [label.get_text() for label in axes.get_xticklabels()][:2] == ["11/1\n日", "11/3\n二"]
