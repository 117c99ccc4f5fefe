"""Traps of platforms' tables of days and hours: read as meant, or refused with file, row, column."""

from __future__ import annotations

import pytest
from builders_exports import (
    build_shop,
    daily_history,
    hourly_history,
    imported,
    write_sheets,
    write_text,
)

from forecast.config import read_shop
from forecast.errors import DataError
from forecast.logs.shop_logs import shop_log


@pytest.fixture
def shop(tmp_path):
    return build_shop(tmp_path / "shop")


def daily_table(shop):
    with shop_log(read_shop(shop)) as log:
        return log.daily()


# --- 千牛, 生意参谋 ---


def test_mixed_brackets_summary_rows_and_title_rows_of_qianniu(shop, tmp_path):
    rows = [
        ["客服绩效"],
        ["统计时间：2026-11-01"],
        ["日期", "旺旺昵称", "咨询人数", "接待人数", "平均响应时长（秒)", "首次响应时长（秒)", "旺旺回复率"],
        ["2026-11-01", "小美", "1,200", "1,000", "20", "15", "99.1%"],
        ["2026-11-01", "阿强", 300, 280, 50, 30, 0.98],
        ["汇总值", "", 1500, 1280, "", "", ""],
        ["平均值", "", 750, 640, 35, 22, ""],
    ]
    report = imported(shop, write_sheets(tmp_path / "绩效.xlsx", 数据信息=rows))
    table = report.tables[0]
    assert table.granularity == "daily"
    assert (table.rows_read, table.rows_used, table.dropped) == (4, 2, {"summary": 2})
    assert daily_history(shop) == {"2026-11-01": 1500.0}
    assert daily_table(shop)["mean_reply_s"].tolist() == [20.0, 50.0]


def test_the_time_of_a_count_is_a_day_or_an_hour_as_its_cells_say(shop, tmp_path):
    hours = "统计时间,咨询人数,接待人数\n2026/11/01 9:00,15,14\n2026/11/01 10:00,20,20\n"
    report = imported(shop, write_text(tmp_path / "时.csv", hours)).tables[0]
    assert (report.granularity, report.columns["offered"]) == ("hourly", "咨询人数")
    assert [
        (start.hour, offered) for start, offered in hourly_history(shop)[["start", "offered"]].to_numpy()
    ] == [
        (9, 15.0),
        (10, 20.0),
    ]
    days = "统计时间,客服昵称,咨询人数\n2026-11-02,小美,100\n"
    assert imported(shop, write_text(tmp_path / "日.csv", days)).tables[0].granularity == "daily"
    assert daily_history(shop)["2026-11-02"] == 100.0


def test_six_tail_rows_two_header_rows_double_headers_and_gbk(shop, tmp_path):
    text = (
        "询单分析,,,,\n"
        "客服,接待,接待,转化,转化\n"
        "旺旺昵称,接待人数,接待人数,询单人数,咨询人数\n"
        "小美,10,10,3,12\n"
        "汇总值,10,10,3,12\n平均值,10,10,3,12\n全店汇总值,10,10,3,12\n全店平均值,10,10,3,12\n"
        "同行同层优秀,99,99,9,99\n同行同层均值,50,50,5,50\n"
    )
    report = imported(shop, write_text(tmp_path / "询单_20261103.csv", text, "gb18030"))
    assert report.tables[0].encoding == "gb18030"
    assert report.tables[0].dropped == {"summary": 6}
    assert daily_history(shop) == {"2026-11-03": 12.0}
    assert any("of the name serves" in str(warning) for warning in report.warnings)


def test_enquirers_are_never_a_volume(shop, tmp_path):
    path = write_text(tmp_path / "x.csv", "日期,客服昵称,询单人数,客服销售额\n2026-11-01,a,5,￥100\n")
    with pytest.raises(
        DataError, match=r"x.csv row 1: no column counts consultations; 询单人数 is not one.*--map"
    ):
        imported(shop, path)


def test_a_date_in_the_name_that_rows_contradict_does_not_count(shop, tmp_path):
    path = write_text(
        tmp_path / "客服_20260901.csv", "日期,客服昵称,咨询人数\n2026-11-03,a,12\n2026-11-04,a,10\n"
    )
    report = imported(shop, path)
    assert daily_history(shop) == {"2026-11-03": 12.0, "2026-11-04": 10.0}
    assert "the name says 2026-09-01, rows say 2026-11-03 to 2026-11-04" in str(report.warnings[0])


# --- 赤兔 ---


def test_a_table_over_several_days_without_dates_is_refused(shop, tmp_path):
    text = (
        "客服昵称,聊天人数(原咨询人数),接待人数,直接接入人数,转发接入人数,最大同时聊天数\n"
        "小美,100,90,80,5,6\n"
    )
    path = write_text(tmp_path / "2026-11-01至2026-11-07.csv", text)
    with pytest.raises(
        DataError, match=r"rows have no date; the name says 2026-11-01 to 2026-11-07.*day by day"
    ):
        imported(shop, path)


def test_a_row_over_several_days_is_refused(shop, tmp_path):
    text = "时间段,客服昵称,咨询量\n2026-11-01~2026-11-07,小美,100\n"
    with pytest.raises(
        DataError, match=r"t.csv row 2, column 时间段: '2026-11-01~2026-11-07' covers several days"
    ):
        imported(shop, write_text(tmp_path / "t.csv", text))


def test_transferred_buyers_are_not_counted_twice(shop, tmp_path):
    text = (
        "日期,客服昵称,聊天人数(原咨询人数),接待人数,直接接入人数,转发接入人数\n"
        "2026-11-01,小美,100,95,80,20\n2026-11-01,阿强,60,55,50,10\n汇总,,160,150,130,30\n"
    )
    report = imported(shop, write_text(tmp_path / "赤兔.csv", text))
    assert report.tables[0].columns["offered"] == "直接接入人数"
    assert daily_history(shop) == {"2026-11-01": 130.0}


# --- 飞鸽, 拼多多, 京东, 小红书 ---


def test_feige_counts_sessions_served_and_reads_a_space_before_the_bracket(shop, tmp_path):
    text = (
        "日期,店铺,客服昵称,账号名称,人工已接待人数,人工已接待会话量,3分钟人工回复率 (会话),3分钟人工回复率,"
        "首次响应时长（秒）,平均响应时长（秒）,新平均响应时长（秒）,询单人数,PC在线时长（时）\n"
        "2026-11-01,店,小美,acc1,80,100,95%,96%,20,30,25,9,8\n"
    )
    report = imported(shop, write_text(tmp_path / "飞鸽.csv", text))
    assert report.tables[0].columns["offered"] == "人工已接待会话量"
    assert daily_history(shop) == {"2026-11-01": 100.0}
    assert daily_table(shop)["online_h"].tolist() == [8.0]
    assert any(
        "several columns may be agent: 客服昵称, 账号名称" in str(warning) for warning in report.warnings
    )


def test_two_accounts_of_one_name_are_not_one_row_twice(shop, tmp_path):
    text = "日期,客服昵称,账号名称,人工已接待会话量\n20261101,小美,a1,100\n20261101,小美,a2,50\n"
    report = imported(shop, write_text(tmp_path / "飞鸽.csv", text)).tables[0]
    assert (report.duplicates, report.conflicts) == (0, 0)
    assert daily_history(shop) == {"2026-11-01": 150.0}


def test_empty_cells_are_missing_and_no_reason_to_refuse(shop, tmp_path):
    text = "日期,0,1,2,3,4,5,6\n2026-11-01,0,0,0,0,1,2,3\n2026-11-02,,,,,1,2,3\n"
    report = imported(shop, write_text(tmp_path / "t.csv", text)).tables[0]
    assert (report.rows_read, report.rows_used, report.dropped) == (14, 10, {"empty": 4})
    assert len(hourly_history(shop)) == 10


def test_pdd_writes_month_day_year_and_total_rows(shop, tmp_path):
    text = (
        "序号,客服账号,咨询人数,询单人数,需要人工回复的咨询人数,3分钟人工回复率(8-23点),统计日期\n"
        "1,小美,50,10,45,0.9,12-29-25\n2,阿强,30,5,25,0.8,12-30-25\n总计,,80,15,70,,\n平均,,40,7,35,,\n"
    )
    report = imported(shop, write_text(tmp_path / "pdd.csv", text))
    assert report.tables[0].dropped == {"summary": 2}
    assert daily_history(shop) == {"2025-12-29": 50.0, "2025-12-30": 30.0}


def test_short_dates_of_two_readings_are_said(shop, tmp_path):
    text = "统计日期,客服账号,咨询人数\n11-10-12,小美,50\n"
    report = imported(shop, write_text(tmp_path / "pdd.csv", text))
    assert "short dates read as month-day-year" in str(report.warnings[0])
    assert daily_history(shop) == {"2012-11-10": 50.0}
    imported(shop, tmp_path / "pdd.csv", mapping={"date_order:short": "ymd"})
    assert daily_history(shop) == {"2011-10-12": 50.0}


def test_jd_writes_dates_with_dots(shop, tmp_path):
    text = (
        "日期,客服,咨询量,接待量,首次平均响应时间,平均响应时间,平均响应时长(新标)\n"
        "2025.12.31,小美,50,45,10,20,18\n"
    )
    imported(shop, write_text(tmp_path / "jd.csv", text))
    assert daily_history(shop) == {"2025-12-31": 50.0}


def test_xiaohongshu_writes_minutes(shop, tmp_path):
    text = (
        "日期,会话量,已回复会话数,会话回复率,平均回复时长(分钟),首次45秒回复率\n"
        "2026-11-01,70,66,94%,1.5,80%\n"
    )
    imported(shop, write_text(tmp_path / "xhs.csv", text))
    assert daily_table(shop)["mean_reply_s"].tolist() == [90.0]


def test_averages_of_parts_are_weighted(shop, tmp_path):
    text = (
        "日期,旺旺昵称,旺旺分组,咨询人数,平均响应(秒)\n"
        "2026-11-01,小美,售前,30,10\n"
        "2026-11-01,小美,售后,10,50\n"
    )
    imported(shop, write_text(tmp_path / "t.csv", text))
    table = daily_table(shop)
    assert table["offered"].tolist() == [40.0]
    assert table["mean_reply_s"].tolist() == [20.0]


def test_a_shops_own_row_outranks_the_sum_of_its_agents(shop, tmp_path):
    imported(
        shop, write_text(tmp_path / "a.csv", "日期,客服,咨询人数\n2026-11-01,小美,60\n2026-11-01,阿强,60\n")
    )
    imported(shop, write_text(tmp_path / "b.csv", "日期,在岗客服数,咨询次数\n2026-11-01,2,110\n"))
    assert daily_history(shop) == {"2026-11-01": 110.0}


# --- hours ---


def test_a_column_for_each_hour(shop, tmp_path):
    head = "日期,门店," + ",".join(f"{hour}:00-{hour + 1}:00" for hour in range(8, 24))
    text = (
        head
        + "\n2026-11-01,一店,"
        + ",".join(["3"] * 16)
        + "\n2026-11-01,二店,"
        + ",".join(["2"] * 16)
        + "\n"
    )
    report = imported(shop, write_text(tmp_path / "分时段.csv", text), mapping={"platform": "门店"})
    assert report.tables[0].granularity == "hourly"
    assert daily_history(shop) == {"2026-11-01": 80.0}


def test_a_period_column_is_hours_where_its_cells_are(shop, tmp_path):
    text = (
        "日期,时间段,咨询量\n2026-11-01,09:00-10:00,5\n2026-11-01,09:30-10:00,2\n2026-11-01,10:00-11:00,0\n"
    )
    imported(shop, write_text(tmp_path / "t.csv", text))
    hours = hourly_history(shop)
    assert hours["offered"].tolist() == [7.0, 0.0]  # a stated zero is a zero; no other hour has a row


def test_spreadsheet_dates_and_thousands(shop, tmp_path):
    path = write_sheets(
        tmp_path / "t.xlsx", 表=[["日期", "客服", "咨询量"], [46022, "小美", "1,234"], ["合计", "", 1234]]
    )
    imported(shop, path)
    assert daily_history(shop) == {"2025-12-31": 1234.0}


def test_hours_of_a_daily_table_add_up_to_the_day_and_are_marked(shop, tmp_path):
    imported(shop, write_text(tmp_path / "t.csv", "日期,咨询量\n2026-11-01,97\n2026-11-03,50\n"))
    hours = hourly_history(shop)
    assert set(hours["estimated"]) == {1}
    assert daily_history(shop) == {"2026-11-01": 97.0, "2026-11-03": 50.0}  # the day between is a gap
