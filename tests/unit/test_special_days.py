"""Holidays, make-up workdays, unpublished years, and the shop's own file."""

import datetime as dt

import pytest

from forecast.errors import ConfigError, DataError
from forecast.special_days import find_special_days, read_special_days

# State Council notices as collected by NateScarlet/holiday-cn (MIT): Spring Festival and National Day.
PUBLISHED_2025 = [
    *[(dt.date(2025, 1, 28) + dt.timedelta(days=k), "春节") for k in range(8)],
    *[(dt.date(2025, 5, 1) + dt.timedelta(days=k), "劳动节") for k in range(5)],
]
MAKEUP_2025 = [dt.date(2025, 1, 26), dt.date(2025, 2, 8), dt.date(2025, 4, 27), dt.date(2025, 9, 28)]


def days_of(setting, year=2025, folder=None):
    span = {"first": dt.date(year, 1, 1), "last": dt.date(year, 12, 31)}
    return find_special_days(setting, **span, **({} if folder is None else {"folder": folder}))


@pytest.mark.parametrize(("day", "name"), PUBLISHED_2025)
def test_chinese_holidays_are_those_of_the_notice(day, name):
    assert days_of("CN").holidays[day] == name


@pytest.mark.parametrize("day", MAKEUP_2025)
def test_make_up_workdays_are_those_of_the_notice(day):
    days = days_of("CN")
    assert day in days.makeup_workdays
    assert day not in days.holidays


def test_a_year_without_notice_is_said_to_be_unpublished():
    days = days_of("CN", 2027)
    assert days.holidays[dt.date(2027, 2, 6)] == "春节"
    assert 2027 in days.unpublished
    assert "not published" in days.note(dt.date(2026, 12, 20), dt.date(2027, 1, 10))
    assert days.note(dt.date(2026, 11, 1), dt.date(2026, 11, 30)) is None


def test_a_holiday_moved_to_monday_keeps_its_name():
    assert days_of("US", 2021).holidays[dt.date(2021, 7, 5)] == "Independence Day"


def test_none_has_no_special_days():
    assert not days_of("none").holidays


def test_the_shops_file_wins_and_settles_an_unpublished_year(tmp_path):
    rows = (
        "date,name,type\n"
        "2027-02-05,春节,holiday\n"
        "2027-02-20,春节,makeup_workday\n"
        "2026-10-01,盘点,makeup_workday\n"
    )
    (tmp_path / "own.csv").write_text(rows, encoding="utf-8-sig")
    days = days_of("CN, own.csv", 2027, tmp_path)
    assert 2027 not in days.unpublished
    assert dt.date(2027, 2, 6) not in days.holidays
    assert dt.date(2027, 2, 20) in days.makeup_workdays
    assert dt.date(2026, 10, 1) in days.makeup_workdays
    assert days.holidays[dt.date(2026, 10, 2)] == "国庆节"


def test_every_bad_row_is_named_at_once(tmp_path):
    (tmp_path / "own.csv").write_text("date,name,type\n2027/2/5,x,holiday\n2027-02-06,x,holidy\n")
    with pytest.raises(DataError) as caught:
        read_special_days(tmp_path / "own.csv")
    assert "row 2, column date" in str(caught.value)
    assert "did you mean holiday?" in str(caught.value)


def test_an_unknown_country_and_a_missing_file_are_configuration_errors(tmp_path):
    with pytest.raises(ConfigError, match="'XX' is no country code"):
        days_of("XX")
    with pytest.raises(ConfigError, match=r"own\.csv does not exist"):
        days_of("own.csv", folder=tmp_path)
