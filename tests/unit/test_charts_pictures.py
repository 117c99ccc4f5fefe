"""Charts: drawn on the axes given, with letters for every label, the same for the same plan."""

from __future__ import annotations

import datetime as dt

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from builders_plan import START, STREAMS, ZONE, build_plan
from matplotlib import font_manager

from reports import findings
from reports.charts.colours import FONT_FILE
from reports.charts.cover import gap_table, plot_gaps, plot_need_and_cover, plot_reply_rate
from reports.charts.forecast import plot_forecast
from reports.charts.pictures import stream_pictures, write_pictures
from reports.charts.style import font_family, house_style, new_figure, svg_text
from reports.words import words


@pytest.fixture(scope="module")
def plan():
    return build_plan(days=7)


@pytest.fixture(scope="module")
def cover(plan):
    frame = findings.local_cover(plan)
    return frame[frame["stream"] == STREAMS[0]]


def test_the_font_has_rare_characters_of_names_and_the_minus_sign():
    font_family()
    path = next(entry.fname for entry in font_manager.fontManager.ttflist if entry.fname.endswith(FONT_FILE))
    characters = font_manager.get_font(path).get_charmap()
    assert [letter for letter in "喆堃垚镕玥翀赟−–→≤客服排班" if ord(letter) not in characters] == []


def test_settings_are_put_back_after_drawing():
    before = mpl.rcParams["font.family"]
    with house_style():
        assert mpl.rcParams["font.family"][0] == font_family()
    assert mpl.rcParams["font.family"] == before


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pictures_draw_without_a_missing_letter(plan, lang):
    # pytest turns matplotlib's warning about a missing glyph into an error.
    pictures = stream_pictures(plan, STREAMS[0], words(lang))
    assert list(pictures) == ["forecast", "cover", "gaps", "rate", "parts"]


def test_the_same_plan_gives_the_same_picture(plan):
    first, second = (stream_pictures(plan, STREAMS[0], words("zh")) for _ in range(2))
    assert first == second


def test_the_forecast_breaks_where_the_shop_is_closed(plan):
    forecast = plan.forecast[plan.forecast["stream"] == STREAMS[0]]
    wall = forecast["start"].dt.tz_convert(ZONE)
    open_ = forecast[wall.dt.hour >= 8]
    _, axes = new_figure()
    plot_forecast(axes, open_, plan.history.iloc[:0], promotions=(), timezone=ZONE, say=words("zh"))
    (line,) = [one for one in axes.get_lines() if len(one.get_xdata()) > len(open_) / 2]
    drawn = np.asarray(line.get_ydata(), dtype=float)
    assert np.isnan(drawn).sum() == 8 * 6
    assert drawn[~np.isnan(drawn)] == pytest.approx(open_["mean"].to_numpy())


def test_a_missing_hour_of_history_is_a_gap_in_the_line(plan):
    history = plan.history[plan.history["stream"] == STREAMS[0]].drop(index=plan.history.index[5])
    forecast = plan.forecast[plan.forecast["stream"] == STREAMS[0]]
    with house_style():
        _, axes = new_figure()
        assert plot_forecast(axes, forecast, history, promotions=[], timezone=ZONE, say=words("zh")) is axes
    assert np.isnan(axes.lines[0].get_ydata()).sum() == 1


def test_only_phases_inside_the_span_are_shaded(plan, cover):
    with house_style():
        _, axes = new_figure()
        away = ("双12", "返场", pd.Timestamp("2027-01-01", tz=ZONE), pd.Timestamp("2027-01-02", tz=ZONE))
        plot_need_and_cover(axes, cover, promotions=[*plan.promotions, away], timezone=ZONE, say=words("zh"))
    assert [text.get_text() for text in axes.texts] == ["双12 预热", "双12 现货"]


def test_the_line_of_need_breaks_where_the_shop_closes(cover):
    with house_style():
        _, axes = new_figure()
        plot_need_and_cover(axes, cover, promotions=[], timezone=ZONE, say=words("zh"))
    drawn = axes.lines[0].get_ydata()
    assert np.isnan(drawn).sum() == 2 * 16 * 6  # eight closed hours between seven days, two edges a half-hour


def test_the_map_of_gaps_numbers_every_short_cell(cover):
    with house_style():
        figure, axes = new_figure()
        plot_gaps(axes, cover, window=(540, 1380), say=words("zh"))
        svg_text(figure)
    table = gap_table(cover)
    assert table.shape == (7, 32)
    assert len(axes.texts) == (table.to_numpy() < 0).sum()
    assert table.loc[START, 480] == -1


@pytest.mark.parametrize(("metric", "top"), [("share", 1.02), ("mean_seconds", None)])
def test_reply_rates_are_percent_and_reply_times_seconds(plan, metric, top):
    hours = findings.hour_rows(plan, STREAMS[0])
    with house_style():
        figure, axes = new_figure()
        plot_reply_rate(axes, hours, target=0.9, window=(540, 1380), metric=metric, say=words("zh"))
        svg_text(figure)
    if top is not None:
        assert axes.get_ylim() == (0, top)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert any(label.endswith("%") for label in labels) == (metric == "share")


def test_pictures_are_written_as_files(plan, tmp_path):
    files = write_pictures(build_plan(days=2, people=6), tmp_path / "pictures", "zh")
    assert len(files) == 11
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in files)
    assert (tmp_path / "pictures" / "roster.png").exists()


def test_a_plan_of_one_day_can_be_drawn():
    plan = build_plan(days=1)
    assert dt.date(2026, 12, 7) == plan.start
    assert stream_pictures(plan, STREAMS[1], words("en"))["gaps"].alt.startswith("Heat map")
