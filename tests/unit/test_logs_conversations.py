"""Traps of session lists and message logs: read as meant, or refused with file, row, column, what to do."""

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
