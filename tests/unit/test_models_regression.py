"""The calendar regression: what it learns, what it leaves out, what it says."""

import datetime as dt
import warnings

import numpy as np
import pandas as pd
import pytest
from builders_forecast import (
    END,
    STREAM,
    hours_before,
    kick_off_effect,
    known,
    open_hours,
    plain_history,
    sale,
    true_means,
)

from forecast.errors import DataError
from forecast.models import find_model
from forecast.models.base import Known
from forecast.models.days import Days
from forecast.models.regression import CalendarRegression
from forecast.promotions import promotion_calendar
from forecast.special_days import SpecialDays

AHEAD = open_hours(END, 14)


def fit(series, knowledge=None):
    return CalendarRegression().fit(series, knowledge or known(), stream=STREAM)


def error(model, starts=AHEAD, truth=None):
    truth = true_means(starts) if truth is None else truth
    return np.abs(model.mean(starts) - truth).sum() / truth.sum()


def test_it_finds_the_week_of_a_plain_shop():
    assert error(fit(plain_history(days=70))) < 0.05


def test_the_mean_is_the_mean_of_its_paths():
    model = fit(plain_history(days=70, day_sd=0.1))
    paths = model.draw(AHEAD, 2000, np.random.default_rng(0))
    assert paths.mean() == pytest.approx(model.mean(AHEAD).mean(), rel=0.02)


def test_the_parts_multiply_to_the_mean():
    past = [sale(dt.datetime(2026, 2, 10, 20)), sale(dt.datetime(2026, 4, 2, 20))]
    model = fit(plain_history(days=70), known(past))
    np.testing.assert_allclose(model.parts(AHEAD).prod(axis=1), model.mean(AHEAD), rtol=1e-9)


def test_days_go_up_and_down_together_in_the_paths():
    model = fit(plain_history(days=120, day_sd=0.15))
    paths = model.draw(AHEAD, 500, np.random.default_rng(0))
    totals = paths[:, :15].sum(axis=1)
    independent = np.sqrt(paths[:, :15].var(axis=0).sum())
    assert totals.std() > 2 * independent


def test_closed_hours_are_zero_in_every_path():
    night = pd.DatetimeIndex([pd.Timestamp(END, tz=AHEAD.tz) + pd.Timedelta(hours=3)])
    model = fit(plain_history(days=30))
    assert model.draw(night, 50, np.random.default_rng(0)).max() == 0


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda series: _with(series, slice(-150, -105), 0.0), id="three days of zeros"),
        pytest.param(lambda series: series.drop(series.index[-150:-105]), id="three days missing"),
        pytest.param(lambda series: _with(series, slice(-66, -60), 6.0), id="burst"),
        pytest.param(lambda series: _with(series, slice(-75, -60), 2.0), id="a day logged twice"),
        pytest.param(lambda series: _with(series, slice(-30, -29), 1e4), id="one enormous hour"),
        pytest.param(lambda series: series.sample(frac=0.6, random_state=1).sort_index(), id="40 % missing"),
        pytest.param(lambda series: series.drop(series.index[-600:-390]), id="closed fortnight, no rows"),
        pytest.param(lambda series: _with(series, slice(-600, -390), 0.0), id="closed fortnight, zeros"),
    ],
)
def test_faults_in_the_log_hardly_move_the_forecast(spoil):
    series = plain_history(days=100, day_sd=0.05)
    clean = fit(series)
    spoilt = fit(spoil(series))
    moved = np.abs(spoilt.mean(AHEAD) - clean.mean(AHEAD)).sum() / clean.mean(AHEAD).sum()
    assert moved < 0.04
    assert spoilt.notes != clean.notes or "missing" not in "".join(spoilt.notes)


def _with(series, where, factor):
    changed = series.copy()
    changed.iloc[where] *= factor
    return changed


def test_a_day_without_anybody_is_empty_only_where_many_were_expected():
    days = Days(
        position=np.repeat([0, 1, 2], 8),
        first=20_000,
        count=3,
        age_days=np.repeat([2, 1, 0], 8),
        expected_hours=np.full(3, 8),
        holiday=np.zeros(3, dtype=bool),
        before_kick_off=np.zeros(24, dtype=bool),
    )
    counts = np.repeat([0.0, 2.0, 0.0], 8)
    assert days.empty(counts, np.repeat([2.0, 2.0, 1.0], 8)).tolist() == [True] * 8 + [False] * 16


def test_odd_hours_are_named_in_a_note():
    series = _with(plain_history(days=60), slice(-66, -60), 9.0)
    assert any("fit no calendar" in note and "6 hours on 1 days" in note for note in fit(series).notes)


def test_a_lasting_shift_is_followed_and_named():
    series = plain_history(days=100, day_sd=0.04)
    shifted = _with(series, slice(-7 * 15, None), 1.3)
    model = fit(shifted)
    assert any("seems to have shifted" in note for note in model.notes)
    ratio = model.mean(AHEAD).sum() / fit(series).mean(AHEAD).sum()
    assert ratio == pytest.approx(1.3, abs=0.06)


def test_ignored_hours_are_not_learnt_from():
    series = _with(plain_history(days=60), slice(-20 * 15, None), 1.6)
    first = pd.Timestamp(END) - pd.Timedelta(days=20)
    calendar = promotion_calendar(
        [],
        ignored=[{"from": first.to_pydatetime(), "to": pd.Timestamp(END).to_pydatetime()}],
        timezone="Asia/Shanghai",
    )
    model = CalendarRegression().fit(
        series, Known(timezone="Asia/Shanghai", promotions=calendar), stream=STREAM
    )
    assert error(model) < 0.05


def history_with_sales(moments, *, days=150):
    starts = hours_before(days=days)
    factor = np.prod([kick_off_effect(starts, moment) for moment in moments], axis=0)
    counts = np.random.default_rng(5).poisson(true_means(starts) * factor).astype(float)
    return pd.Series(counts, index=starts)


PAST = [dt.datetime(2025, 11, 20, 20), dt.datetime(2025, 12, 30, 20), dt.datetime(2026, 2, 12, 20)]
NEXT = dt.datetime(2026, 4, 2, 20)


def sale_hours():
    return AHEAD[(kick_off_effect(AHEAD, NEXT) > 1)]


def test_a_kick_off_is_learnt_from_past_events_of_its_kind():
    calendar = known([sale(moment) for moment in [*PAST, NEXT]])
    model = fit(history_with_sales(PAST), calendar)
    hours = sale_hours()
    truth = true_means(hours) * kick_off_effect(hours, NEXT)
    assert error(model, hours, truth) < 0.12
    (effect,) = model.effects(AHEAD)
    assert effect.examples == 3
    assert "learnt from 3 past big_promo events" in effect.source


def test_a_burst_in_the_calm_of_a_sale_makes_no_promotion_wider():
    series = history_with_sales(PAST)
    calm = pd.Timestamp(PAST[-1], tz=series.index.tz) + pd.Timedelta(hours=24)
    burst = (series.index >= calm) & (series.index < calm + pd.Timedelta(hours=3))
    calendar = known([sale(moment) for moment in PAST])
    plain, spoilt = (fit(one, calendar).learnt.fit for one in (series, series.where(~burst, series * 6)))
    assert plain.used[burst].all()
    assert not spoilt.used[burst].any()
    assert spoilt.promotion_dispersion < plain.promotion_dispersion + 0.005


def test_hours_that_are_unsteady_otherwise_are_so_in_a_sale():
    series = history_with_sales(PAST)
    luck = np.random.default_rng(7).normal(0, np.where(series.index.hour >= 20, 0.3, 0.0))
    model = fit(np.round(series * np.exp(luck)), known([sale(moment) for moment in [*PAST, NEXT]]))
    day = sale_hours()[
        sale_hours().normalize() == pd.Timestamp(NEXT.date(), tz=AHEAD.tz) + pd.Timedelta(days=1)
    ]
    paths = model.draw(day, 2000, np.random.default_rng(0))
    spread = pd.Series(paths.std(axis=0) / paths.mean(axis=0), index=day.hour)
    assert spread.loc[21] > 1.5 * spread.loc[15]


def test_a_kind_never_seen_borrows_the_shape_of_the_others():
    calendar = known([*(sale(moment) for moment in PAST), sale(NEXT, kind="brand_day")])
    model = fit(history_with_sales(PAST), calendar)
    hours = sale_hours()
    truth = true_means(hours) * kick_off_effect(hours, NEXT)
    assert error(model, hours, truth) < 0.2
    assert "no past brand_day event" in model.effects(AHEAD)[0].source


def test_multipliers_decide_where_no_event_was_ever_seen():
    given = {"multiplier": {"low": 2.0, "mid": 2.5, "high": 3.1}}
    model = fit(plain_history(days=70), known([sale(NEXT, **given)]))
    hours = sale_hours()
    plain = fit(plain_history(days=70)).mean(hours)
    factor = model.mean(hours) / plain
    assert model.mean(hours).sum() / plain.sum() == pytest.approx(2.5, rel=0.03)
    assert factor[0] > 1.5 * factor[-1]  # a spike at the kick-off
    assert "no past event in the history; multipliers given" in model.effects(AHEAD)[0].source


def test_multipliers_meet_what_was_learnt_in_between():
    events = [sale(moment) for moment in PAST]
    wide = {"multiplier": {"low": 2.0, "mid": 4.0, "high": 8.0}}
    sure = {"multiplier": {"low": 3.8, "mid": 4.0, "high": 4.2}}
    hours, series = sale_hours(), history_with_sales(PAST)
    learnt, vague, certain = (
        fit(series, known([*events, sale(NEXT, **given)])).mean(hours).sum() for given in ({}, wide, sure)
    )
    assert learnt < vague < certain


def test_multipliers_that_overlap_stay_below_the_highest_high():
    given = {"multiplier": {"low": 2.0, "mid": 3.0, "high": 4.0}, "kernel": {"shape": "flat"}}
    events = [sale(NEXT, **given), sale(NEXT, kind="brand_day", **given)]
    hours = sale_hours()
    both = fit(plain_history(days=70), known(events)).parts(hours)["promotion"]
    assert both.max() < 4.0 * 1.1  # beside the mean's share of the events' luck


def test_mix_moves_the_volume_between_skills():
    volumes = {"presale": tuple(3.0 * np.ones(24)), "aftersale": tuple(np.ones(24))}
    given = {"multiplier": {"low": 2.0, "mid": 2.4, "high": 3.0}, "kernel": {"shape": "flat"}}
    even = {"mix": {"presale": 0.75, "aftersale": 0.25}}
    tilted = {"mix": {"presale": 0.5, "aftersale": 0.5}}
    hours, series = sale_hours(), plain_history(days=70)
    same, moved = (
        fit(series, known([sale(NEXT, **given, **mix)], skill_volumes=volumes)).mean(hours).sum()
        for mix in (even, tilted)
    )
    assert moved / same == pytest.approx(2 / 3, rel=0.03)


def test_expected_growth_is_measured_against_the_event_it_is_like():
    events = [sale(moment) for moment in PAST]
    like = {"like": [events[-1]["id"]]}
    series, hours = history_with_sales(PAST), sale_hours()
    usual = fit(series, known([*events, sale(NEXT) | like])).mean(hours).sum()
    grown = fit(series, known([*events, sale(NEXT) | like | {"expected": {"growth": 1.6}}])).mean(hours).sum()
    assert 1.05 < grown / usual < 1.6


def test_a_closed_event_has_no_consultations():
    closed = {
        "id": "spring",
        "kind": "closed",
        "phase": [{"kind": "spot", "start": dt.datetime(2026, 4, 4), "end": dt.datetime(2026, 4, 7)}],
    }
    model = fit(plain_history(days=60), known([closed]))
    inside = AHEAD[(AHEAD.date >= dt.date(2026, 4, 4)) & (AHEAD.date < dt.date(2026, 4, 7))]
    assert model.mean(inside).sum() == 0
    assert model.draw(inside, 20, np.random.default_rng(0)).sum() == 0


def test_a_holiday_never_seen_is_wider_than_an_ordinary_day():
    special = SpecialDays(holidays={dt.date(2026, 4, 8): "A", dt.date(2026, 2, 4): "B"})
    model = fit(plain_history(days=100), known(special_days=special))
    paths = model.draw(AHEAD, 1500, np.random.default_rng(0))
    day = pd.Series(AHEAD.date)
    spread = {
        date: np.log(paths[:, (day == date).to_numpy()].sum(axis=1)).std()
        for date in (dt.date(2026, 4, 1), dt.date(2026, 4, 8))
    }
    assert spread[dt.date(2026, 4, 8)] > spread[dt.date(2026, 4, 1)] + 0.1
    assert "not in the history" in model.effects(AHEAD)[0].source


def test_a_make_up_workday_is_a_workday():
    special = SpecialDays(makeup_workdays=frozenset({dt.date(2026, 4, 4)}))
    saturday = AHEAD[AHEAD.date == dt.date(2026, 4, 4)]
    series = plain_history(days=60)
    assert (
        fit(series, known(special_days=special)).mean(saturday).sum() > 1.1 * fit(series).mean(saturday).sum()
    )


def test_ten_days_of_history_get_the_yardstick_and_a_note():
    model = fit(plain_history(days=10))
    assert model.name == "seasonal-naive"
    assert any("10 days of history are too few" in note for note in model.notes)


def test_less_than_a_week_of_history_is_an_input_error():
    with pytest.raises(DataError, match=r"spans 6 days.*at least 7"):
        fit(plain_history(days=6))
    with pytest.raises(DataError, match="has no rows"):
        fit(plain_history(days=10)[:0])


def test_a_history_of_zeros_forecasts_zero_and_says_so():
    model = fit(plain_history(days=60) * 0)
    assert model.mean(AHEAD).sum() == 0
    assert any("no consultation at all" in note for note in model.notes)


@pytest.mark.parametrize("per_hour", [0.1, 2.0, 5000.0])
def test_thin_and_large_shops_get_a_sane_forecast(per_hour):
    series = plain_history(days=60, per_hour=per_hour)
    model = fit(series)
    assert model.mean(AHEAD).sum() == pytest.approx(true_means(AHEAD, per_hour).sum(), rel=0.25)


def test_three_weeks_of_history_have_wider_bands_than_a_year():
    rng = np.random.default_rng
    short, long = (fit(plain_history(days=days, day_sd=0.1)) for days in (21, 360))
    width = [
        np.subtract(*np.quantile(model.draw(AHEAD, 600, rng(0)), [0.9, 0.1], axis=0)).mean()
        for model in (short, long)
    ]
    assert width[0] > 1.1 * width[1]


def test_it_warns_of_nothing_on_stderr():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(plain_history(days=60)).draw(AHEAD, 10, np.random.default_rng(0))


def test_models_are_found_by_name():
    assert find_model("regression") == CalendarRegression()
    assert find_model("regression + seasonal-naive").name == "regression + seasonal-naive"
