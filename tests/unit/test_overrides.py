"""A manager's word on hours ahead reaches means, bands and draws, and every bad row is named at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.config import Shop, ShopSettings, Stream
from forecast.draws import draws_table, forecast_table
from forecast.errors import DataError
from forecast.frames import DRAWS, FORECAST, QUANTILES, check_frame
from forecast.overrides import Override, apply_overrides, read_overrides
from forecast.promotions import PromotionCalendar
from forecast.selection import forecast_demand
from forecast.timegrid import slots, zone

ZONE = "Asia/Shanghai"
SETTINGS = ShopSettings(folder=Path(), shop=Shop(holidays="none"), streams=(Stream(id="a"), Stream(id="b")))
HEAD = "stream,start,end,factor,value,note\n"


def written(folder: Path, *rows: str, head: str = HEAD) -> Path:
    path = folder / "overrides.csv"
    path.write_text(head + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz=zone(ZONE))


def shop_forecast(mean: float = 40.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return table and draws of the streams a and b, 8 to 24 of 2026-12-11."""
    starts = slots(pd.Timestamp("2026-12-11").date(), 1, 60, ZONE)[8:]
    rng = np.random.default_rng(5)
    tables, drawn = [], []
    for stream in ("a", "b"):
        paths = rng.poisson(mean, (300, len(starts))).astype(float)
        tables.append(forecast_table(stream, starts, paths, mean=np.full(len(starts), mean), model="m"))
        drawn.append(draws_table(stream, starts, paths))
    return pd.concat(tables, ignore_index=True), pd.concat(drawn, ignore_index=True)


def applied(*overrides: Override, mean: float = 40.0):
    table, draws = shop_forecast(mean)
    return table, draws, apply_overrides(table, draws, overrides, timezone=ZONE, seed=0)


def test_a_factor_moves_mean_bands_and_draws_of_its_hours_and_no_others():
    one = Override(stream="a", start=at("2026-12-11 20:00"), end=at("2026-12-11 22:00"), factor=1.5, row=2)
    table, draws, found = applied(one)
    check_frame(found.table, FORECAST)
    check_frame(found.draws, DRAWS)
    inside = (table["stream"] == "a") & table["start"].dt.hour.isin([20, 21])
    columns = ["mean", *QUANTILES]
    assert inside.sum() == 2
    np.testing.assert_allclose(found.table.loc[inside, columns], 1.5 * table.loc[inside, columns])
    pd.testing.assert_frame_equal(found.table.loc[~inside, columns], table.loc[~inside, columns])
    drawn = (draws["stream"] == "a") & draws["start"].dt.hour.isin([20, 21])
    np.testing.assert_allclose(found.draws["offered"], draws["offered"] * np.where(drawn, 1.5, 1.0))


def test_a_value_stands_in_place_of_the_forecast_and_keeps_its_relative_spread():
    one = Override(stream="b", start=at("2026-12-11 09:00"), end=at("2026-12-11 10:00"), value=100.0)
    table, _, found = applied(one)
    hour = (found.table["stream"] == "b") & (found.table["start"].dt.hour == 9)
    assert found.table.loc[hour, "mean"].item() == pytest.approx(100.0)
    width = (found.table["p90"] - found.table["p10"])[hour].item()
    assert width == pytest.approx(2.5 * (table["p90"] - table["p10"])[hour].item())


def test_half_an_hour_changes_by_half():
    one = Override(stream="a", start=at("2026-12-11 20:30"), end=at("2026-12-11 21:00"), factor=2.0)
    _, _, found = applied(one)
    hour = (found.table["stream"] == "a") & (found.table["start"].dt.hour == 20)
    assert found.table.loc[hour, "mean"].item() == pytest.approx(60.0)


def test_the_second_of_two_acts_on_what_the_first_left_and_both_are_marked():
    span = {"start": at("2026-12-11 20:00"), "end": at("2026-12-11 21:00")}
    _, _, found = applied(
        Override(stream="a", value=10.0, note="quiet", row=2, **span),
        Override(stream="", factor=3.0, note="live", row=3, **span),
    )
    hour = found.table["start"].dt.hour == 20
    assert found.table.loc[hour, "mean"].tolist() == pytest.approx([30.0, 120.0])
    assert found.table.loc[hour, "override"].tolist() == pytest.approx([0.75, 3.0])
    assert found.table.loc[hour, "override_note"].tolist() == ["→10 quiet; ×3 live", "×3 live"]
    assert (found.table.loc[~hour, "override"] == 1).all()
    assert [one.kind for one in found.effects["a"]] == ["override", "override"]
    assert found.notes["b"] == (
        "override ×3 of row 3, 2026-12-11 20:00 to 2026-12-11 21:00: 40 -> 120 consultations (live)",
    )


def test_where_the_models_hold_nothing_a_value_is_drawn():
    one = Override(stream="a", start=at("2026-12-11 20:00"), end=at("2026-12-11 21:00"), value=50.0)
    _, _, found = applied(one, mean=0.0)
    row = found.table[(found.table["stream"] == "a") & (found.table["start"].dt.hour == 20)].iloc[0]
    drawn = found.draws[(found.draws["stream"] == "a") & (found.draws["start"].dt.hour == 20)]["offered"]
    assert row["mean"] == 50.0
    assert drawn.mean() == pytest.approx(50.0, abs=2.0)
    assert 35 < row["p10"] < row["p50"] < row["p90"] < 65


def test_an_override_in_closed_hours_says_so_and_one_of_another_week_is_silent():
    closed = Override(stream="a", start=at("2026-12-11 03:00"), end=at("2026-12-11 04:00"), factor=2.0, row=2)
    later = Override(stream="a", start=at("2026-12-30 20:00"), end=at("2026-12-30 21:00"), factor=2.0, row=3)
    table, _, found = applied(closed, later)
    assert found.notes["a"] == (
        "override of row 2, 2026-12-11 03:00 to 2026-12-11 04:00: "
        "no open hour lies in it and nothing changes",
    )
    pd.testing.assert_frame_equal(found.table[table.columns], table)
    table, _, found = applied(later)
    assert not any(found.notes.values())
    pd.testing.assert_frame_equal(found.table, table)


def test_every_bad_row_is_named_at_once(tmp_path):
    path = written(
        tmp_path,
        "c,2026-12-11 20:00,2026-12-11 21:00,2,,",
        "a,tonight,2026-12-11 21:00,2,,",
        "a,2026-12-11 21:00,2026-12-11 20:00,2,,",
        "a,2026-12-11 20:00,2026-12-11 21:00,2,30,",
        "a,2026-12-11 20:00,2026-12-11 21:00,,,",
        "a,2026-12-11 20:00,2026-12-11 21:00,much,,",
        "a,2026-12-11 20:00,2026-12-11 21:00,,-3,",
        ",2026-12-11 20:00,2026-12-11 21:00,,30,",
    )
    with pytest.raises(DataError) as caught:
        read_overrides(path, SETTINGS)
    assert [str(problem) for problem in caught.value.problems] == [
        "overrides.csv row 2, column stream: shop.toml has no [[stream]] 'c'; known: a, b",
        "overrides.csv row 3, column start: 'tonight' is not a time; write it as 2026-11-11 20:00",
        "overrides.csv row 4, column end: the end must come after the start, "
        "got 2026-12-11 21:00 to 2026-12-11 20:00",
        "overrides.csv row 5, column factor: an override needs either a factor or a value; "
        "fill in one of the two",
        "overrides.csv row 6, column factor: an override needs either a factor or a value; "
        "fill in one of the two",
        "overrides.csv row 7, column factor: 'much' is not a number",
        "overrides.csv row 8, column value: -3 is below 0",
        "overrides.csv row 9, column stream: a value is for one stream; name it, "
        "or give a factor for all streams",
    ]


def test_unknown_and_missing_columns_are_named(tmp_path):
    path = written(tmp_path, "a,2026-12-11,2", head="stream,start,factors\n")
    with pytest.raises(DataError, match="column end: the column is missing") as caught:
        read_overrides(path, SETTINGS)
    assert "row 1, column factors: unknown column; did you mean factor" in str(caught.value)


def test_times_are_the_shops_and_no_file_or_an_empty_one_holds_none(tmp_path):
    assert read_overrides(tmp_path / "overrides.csv", SETTINGS) == ()
    assert read_overrides(written(tmp_path), SETTINGS) == ()
    path = written(tmp_path, "a,2026-12-11,2026-12-12T02:00:00+00:00,1.2,,双12")
    (one,) = read_overrides(path, SETTINGS)
    assert one == Override(
        stream="a", start=at("2026-12-11"), end=at("2026-12-12 10:00"), factor=1.2, note="双12", row=2
    )


def test_a_forecast_carries_its_overrides():
    starts = slots(pd.Timestamp("2026-11-09").date(), 28, 60, ZONE)
    starts = starts[(starts.hour >= 9) & (starts.hour < 21)]
    rows = pd.DataFrame({"stream": "a", "start": starts, "offered": 30.0 + starts.hour})
    one = Override(stream="a", start=at("2026-12-07 09:00"), end=at("2026-12-07 12:00"), factor=2.0, row=2)
    options = {"calendar": PromotionCalendar(), "start": pd.Timestamp("2026-12-07").date(), "days": 1}
    plain = forecast_demand(rows, SETTINGS, **options, seed=0, draws=50)
    changed = forecast_demand(rows, SETTINGS, **options, seed=0, draws=50, overrides=(one,))
    factor = np.where(plain.table["start"].dt.hour < 12, 2.0, 1.0)
    np.testing.assert_allclose(changed.table["mean"], plain.table["mean"] * factor)
    assert [effect.kind for effect in changed.effects["a"]] == ["override"]
    assert any(note.startswith("override ×2 of row 2") for note in changed.notes["a"])
