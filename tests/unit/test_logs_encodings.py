"""Files in every encoding and shape, and files that are no tables: read, or refused with what they are."""

from __future__ import annotations

import gzip

import pytest
from builders_exports import (
    CONTRACT_LOG,
    build_shop,
    daily_history,
    imported,
    write_text,
)

from forecast.config import read_shop
from forecast.errors import DataError
from forecast.logs.shop_logs import shop_log


@pytest.fixture
def shop(tmp_path):
    return build_shop(tmp_path / "shop")


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
