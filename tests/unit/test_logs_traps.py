"""Traps of real exports, each in a file: read as meant, or refused with file, row, column, what to do."""

from __future__ import annotations

import datetime as dt
import gzip

import pytest
from builders_exports import (
    CONTRACT_LOG,
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


# --- session lists ---


QIYU = (
    "会话ID,客服组,在列队时间,客服昵称,开始时间,客户ID,会话关闭原因,结束时间,客服首次响应的时间,客服首次响应时长,"
    "对话回合数,访客首条消息时间,客服平均响应时长(秒)\n"
    "1001,售前,5,小美,2026-11-01 10:00:10,c1,超时,2026-11-01 10:10:00,2026-11-01 10:00:30,20,4,2026-11-01 "
    "09:59:58,15\n"
    "1002,售前,0,阿强,2026-11-01 11:00:00,c2,超时,2026-11-01 11:05:00,,,1,2026-11-01 11:00:00,\n"
)


def test_qiyu_waits_count_from_the_buyers_first_message(shop, tmp_path):
    report = imported(shop, write_text(tmp_path / "七鱼.csv", QIYU))
    assert report.tables[0].granularity == "session"
    with shop_log(read_shop(shop)) as log:
        sessions = log.sessions()
    assert sessions["first_reply_s"].fillna(-1).tolist() == [32.0, -1.0]
    assert sessions["rounds"].tolist() == [4.0, 1.0]
    assert (sessions["assigned"] - sessions["start"]).dt.total_seconds().tolist() == [12.0, 0.0]
    hours = hourly_history(shop)
    busy = hours[hours["offered"] > 0]
    assert busy["start"].dt.strftime("%H").tolist() == ["09", "11"]
    assert len(hours) == 24  # the others are true zeros


def test_a_session_list_with_words_for_durations(shop, tmp_path):
    text = (
        "客服,客户,会话开始时间,排队时长(秒),首次响应时长,会话时长(秒),会话消息数\n"
        "小美,c1,2026/11/01 10:00,5,1分20秒,600,9\n阿强,c2,2026/11/01 10:30,0,00:00:30,300,4\n"
    )
    imported(shop, write_text(tmp_path / "千鹿.csv", text))
    with shop_log(read_shop(shop)) as log:
        sessions = log.sessions()
    assert sessions["first_reply_s"].tolist() == [80.0, 30.0]
    assert (sessions["closed"] - sessions["start"]).dt.total_seconds().tolist() == [600.0, 300.0]


def test_a_duration_without_unit_is_taken_as_seconds_and_said(shop, tmp_path):
    text = "客服,客户,会话开始时间,首次响应时长\n小美,c1,2026-11-01 10:00:00,2\n"
    report = imported(shop, write_text(tmp_path / "t.csv", text))
    assert "no unit is named; taken as seconds" in str(report.warnings[0])
    imported(shop, tmp_path / "t.csv", mapping={"unit:first_reply_s": "min"})
    with shop_log(read_shop(shop)) as log:
        assert log.sessions()["first_reply_s"].tolist() == [120.0]


# --- message logs ---

SCRIPT_HEAD = ["客户名", "消息序号", "发送时间", "发送内容", "发送账号", "账号类型"]


def test_messages_with_a_time_but_no_date_are_refused(shop, tmp_path):
    path = write_sheets(
        tmp_path / "聊天_20261101.xlsx", 张三=[SCRIPT_HEAD, ["张三", 1, "10:00:00", "在吗", "张三", "买家"]]
    )
    with pytest.raises(
        DataError, match=r"聊天_20261101.xlsx row 2, column 发送时间: '10:00:00' has no date.*--map date"
    ):
        imported(shop, path)
    assert not (shop / ".paiban" / "store.duckdb").exists()


def test_one_sheet_a_customer_and_accounts_of_the_one_who_speaks(shop, tmp_path):
    head = SCRIPT_HEAD[1:]
    path = write_sheets(
        tmp_path / "聊天.xlsx",
        张三=[
            head,
            [1, "2026-11-01 10:00:00", "在吗", "张三", "买家"],
            [2, "2026-11-01 10:00:30", "在", "小美", "客服"],
        ],
        李四=[head, [1, dt.datetime(2026, 11, 1, 11), "在吗", "李四", "买家"]],
        说明=[["这张表没有数据"]],
    )
    report = imported(shop, path)
    assert [table.sheet for table in report.tables] == ["张三", "李四"]
    assert any(
        "sheet 说明 has no header that is known; left out" in str(warning) for warning in report.warnings
    )
    with shop_log(read_shop(shop)) as log:
        messages = log.messages()
    assert messages["buyer"].nunique() == 2
    assert messages["agent"].dropna().tolist() == ["小美"]
    assert daily_history(shop) == {"2026-11-01": 2.0}


def test_day_and_clock_in_two_columns_of_a_spreadsheet(shop, tmp_path):
    day = dt.datetime(2026, 11, 1)
    rows = [
        ["日期", "时间", "买家", "客服", "角色"],
        [day, dt.time(10, 0), "张三", "", "买家"],
        [day, dt.time(10, 0, 40), "张三", "小美", "客服"],
    ]
    imported(shop, write_sheets(tmp_path / "log.xlsx", 表=rows))
    with shop_log(read_shop(shop)) as log:
        times = log.messages()["time"].dt.tz_convert("Asia/Shanghai")
    assert times.dt.strftime("%Y-%m-%d %H:%M:%S").tolist() == ["2026-11-01 10:00:00", "2026-11-01 10:00:40"]


def test_a_copied_chat_tells_agents_by_their_accounts(tmp_path):
    shop = build_shop(tmp_path / "shop", agents="employee,accounts\n小美,店铺:小美;店铺:客服1\n")
    text = (
        "[张三] 2024-01-01 10:00:00\n在吗\n有货吗\n[店铺:小美] 2024-01-01 10:00:20\n有的\n"
        "[张三] 2024-01-01 10:20:00\n发货了吗\n[店铺:客服1] 2024-01-01 10:21:00\n发了\n"
    )
    report = imported(shop, write_text(tmp_path / "聊天.txt", text))
    assert report.tables[0].rows_used == 4
    assert daily_history(shop) == {"2024-01-01": 2.0}  # silent for more than ten minutes: a new session
    with shop_log(read_shop(shop)) as log:
        assert log.messages()["agent"].dropna().unique().tolist() == ["小美"]


def test_a_copied_chat_without_accounts_says_where_to_list_them(shop, tmp_path):
    text = "[张三] 2024-01-01 10:00:00\n在吗\n[小美] 2024-01-01 10:00:20\n有的\n"
    with pytest.raises(
        DataError, match=r"chat.txt row 1: who of them is an agent\? .*agents.csv, column accounts"
    ):
        imported(shop, write_text(tmp_path / "chat.txt", text))


def test_an_unknown_sender_is_asked_for(shop, tmp_path):
    text = CONTRACT_LOG.replace("a2,human", "a2,店长")
    path = write_text(tmp_path / "log.csv", text)
    with pytest.raises(
        DataError, match=r"log.csv row 8, column sender: '店长' is no sender.*--map sender:店长=human"
    ):
        imported(shop, path)
    imported(shop, path, mapping={"sender:店长": "human"})
    again = write_text(tmp_path / "next.csv", text.replace("2026-11-11", "2026-11-12"))
    assert imported(shop, again).tables[0].rows_used == 7  # the answer was kept


def test_messages_that_nobody_sent_are_refused(shop, tmp_path):
    text = "买家,时间,内容\nb1,2026-11-01 10:00:00,在吗\n"
    with pytest.raises(DataError, match=r"no column says who wrote them.*--map sender=HEADER"):
        imported(shop, write_text(tmp_path / "t.csv", text))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (CONTRACT_LOG + "s4,b4,,buyer,2026-11-11 1", "row 9"),
        (CONTRACT_LOG + "s4,b4,,buyer,2026-11-11 12:3", "row 9"),
        (CONTRACT_LOG + "s4,b4,,buyer,2026-11-11 12:30", "row 9"),  # its seconds are gone
        (CONTRACT_LOG + "s4,b4", "row 9"),
    ],
)
def test_a_cut_row_is_left_out_and_named(shop, tmp_path, text, where):
    report = imported(shop, write_text(tmp_path / "log.csv", text))
    assert report.tables[0].rows_used == 7
    assert sum(report.tables[0].dropped.values()) == 1
    assert f"log.csv {where}" in str(report.warnings[0])


def test_a_cut_row_in_json_lines_is_named(shop, tmp_path):
    text = (
        '{"session_id": "s1", "buyer": "b1", "sender": "buyer", "time": "2026-11-11T10:00:00+08:00"}\n'
        * 1
        + '{"session_id": "s1", "buyer": "b1", "agent": "a1", "sender": "human", '
        '"time": "2026-11-11 10:00:20"}\n'
        + '{"session_id": "s1", "buyer": "b1", "sender": "buyer", "time": "2026-11-11T10:01:00+08:00"}\n'
        + '{"session_id": "s1", "buyer": "b1", "agent": "a1", "sender": "human", '
        '"time": "2026-11-11 10:01:20"}\n' + '{"session_id": "s1", "buy'
    )
    report = imported(shop, write_text(tmp_path / "log.jsonl", text))
    assert report.tables[0].rows_used == 4
    assert report.tables[0].dropped == {"cut": 1}
    assert "log.jsonl row 5" in str(report.warnings[0])


def test_a_cut_gzip_is_refused_and_nothing_is_stored(shop, tmp_path):
    whole = gzip.compress((CONTRACT_LOG * 2000).encode())
    (tmp_path / "log.csv.gz").write_bytes(whole[: len(whole) // 2])
    good = write_text(tmp_path / "good.csv", CONTRACT_LOG)
    with pytest.raises(DataError, match=r"log.csv.gz: the compressed file is cut or damaged"):
        imported(shop, good, tmp_path / "log.csv.gz")
    assert not (shop / ".paiban" / "store.duckdb").exists()


def test_a_row_with_two_faults_is_one_row_that_cannot_be_read(shop, tmp_path):
    text = "统计时间,咨询人数\n2026-13-41 10:00,5\n昨天,六\n"
    with pytest.raises(DataError, match=r"2 of 2 rows cannot be read"):
        imported(shop, write_text(tmp_path / "counts.csv", text))


def test_a_table_mostly_unreadable_is_refused(shop, tmp_path):
    text = CONTRACT_LOG.replace("2026-11-11 1", "Nov 11 1")
    with pytest.raises(DataError, match=r"7 of 7 rows cannot be read; the table was not understood"):
        imported(shop, write_text(tmp_path / "log.csv", text))


def test_a_header_that_stands_again_is_no_message(shop, tmp_path):
    head, body = CONTRACT_LOG.split("\n", 1)
    later = body.replace("2026-11-11", "2026-11-12").replace("s", "t")
    report = imported(shop, write_text(tmp_path / "log.csv", f"{head}\n{body}{head}\n{later}"))
    assert report.tables[0].dropped == {"header": 1}
    assert report.tables[0].rows_used == 14


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


# --- encodings ---


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_encodings_and_delimiters(shop, tmp_path, encoding, delimiter):
    text = (
        "会话ID,买家,客服,角色,时间\n1,张三,,买家,2026-11-01 10:00:00\n1,张三,小美,客服,2026-11-01 10:00:30\n"
    )
    path = write_text(tmp_path / "log.csv", text.replace(",", delimiter), encoding)
    assert imported(shop, path).tables[0].rows_used == 2
    with shop_log(read_shop(shop)) as log:
        assert log.messages()["agent"].dropna().tolist() == ["小美"]


def test_gzip_and_quoted_text_over_several_lines(shop, tmp_path):
    text = (
        "session_id,buyer,sender,text,time\n"
        '1,b,buyer,"在吗\n'
        "\n"
        '""急"",快",2026-11-01 10:00:00\n'
        "1,b,human,在,2026-11-01 10:01:00\n"
    )
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(text.encode()))
    assert imported(shop, tmp_path / "log.csv.gz").tables[0].rows_used == 2


def test_a_header_that_no_table_has_is_refused(shop, tmp_path):
    path = write_text(tmp_path / "log.csv", CONTRACT_LOG)
    with pytest.raises(DataError, match=r"log.csv: --map stream=平台: no table has such a column"):
        imported(shop, path, mapping={"stream": "平台"})


def test_a_column_of_the_shops_own_name_is_mapped_once(shop, tmp_path):
    text = "日期,客服,自定义量,咨询人数\n2026-11-01,小美,70,50\n"
    imported(shop, write_text(tmp_path / "a.csv", text), mapping={"offered": "自定义量"})
    imported(shop, write_text(tmp_path / "b.csv", text.replace("11-01", "11-02")))
    assert daily_history(shop) == {"2026-11-01": 70.0, "2026-11-02": 70.0}


def test_one_json_array_is_read_too(shop, tmp_path):
    row = '{"session_id": %d, "buyer": "b", "sender": "buyer", "time": "2026-11-01 10:00:00"}'
    rows = ",".join(row % number for number in range(6))
    report = imported(shop, write_text(tmp_path / "log.json", f"[{rows}, 7]"))
    assert (report.tables[0].rows_used, report.tables[0].dropped) == (6, {"cut": 1})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("log.xls", b"<html><table><tr><td>1</td></tr></table></html>", "a web page, whatever its name"),
        ("log.zip", b"PK\x03\x04" + bytes(100), "a zip archive; unpack it"),
        ("log.xlsx", b"PK\x03\x04" + bytes(100), "not a readable workbook"),
        ("log.parquet", b"PAR1" + bytes(100), "not a readable Parquet file"),
        ("log.csv", CONTRACT_LOG.split("\n")[0].encode(), "no rows below the header"),
        ("log.csv", b"", "the file is empty"),
    ],
)
def test_files_that_are_no_tables_say_what_they_are(shop, tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name}.*({message})"):
        imported(shop, tmp_path / name)


def test_a_tab_separated_text_that_calls_itself_a_workbook_is_read(shop, tmp_path):
    path = write_text(tmp_path / "log.xls", CONTRACT_LOG.replace(",", "\t"), "gb18030")
    assert imported(shop, path).tables[0].rows_used == 7
