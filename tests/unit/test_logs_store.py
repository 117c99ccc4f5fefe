"""The archive: the same file twice, overlapping files, conflicts, privacy, what covers a day."""

from __future__ import annotations

import datetime as dt
import random

import pandas as pd
import pytest
from builders_exports import (
    CONTRACT_LOG,
    ZONE,
    build_shop,
    daily_history,
    hourly_history,
    imported,
    write_text,
)

from forecast.config import read_shop
from forecast.errors import DataError
from forecast.logs.shop_logs import imported_history, shop_log, with_imported
from forecast.logs.store import open_store, register_hash
from forecast.replies.conversations import conversations
from forecast.replies.measure import measure
from forecast.replies.rules import Period, ReplyRule


@pytest.fixture
def shop(tmp_path):
    return build_shop(tmp_path / "shop")


def messages_of(shop):
    with shop_log(read_shop(shop)) as log:
        return log.messages()


def random_log(seed: int, *, sessions: int = 60, days: int = 4) -> list[str]:
    """Return lines of a message log, several messages of one second among them."""
    chance = random.Random(seed)
    lines = []
    for number in range(sessions):
        moment = dt.datetime(2026, 11, 1) + dt.timedelta(
            days=chance.randrange(days), seconds=chance.randrange(80_000)
        )
        for _ in range(chance.randrange(1, 9)):
            sender = chance.choice(["buyer", "buyer", "human", "welcome"])
            agent = "" if sender == "buyer" else f"a{number % 3}"
            lines.append(f"s{number},b{number % 40},{agent},{sender},{moment}")
            moment += dt.timedelta(seconds=chance.choice([0, 0, 5, 40, 200]))
    return sorted(lines, key=lambda line: line.rsplit(",", 1)[1])


HEAD = "session_id,buyer,agent,sender,time\n"


def test_importing_a_file_again_changes_nothing(shop, tmp_path):
    path = write_text(tmp_path / "log.csv", CONTRACT_LOG)
    imported(shop, path)
    before = messages_of(shop)
    again = imported(shop, path).tables[0]
    assert (again.known, again.rows_used, again.duplicates) == (True, 0, 7)
    copied = imported(shop, write_text(tmp_path / "copy.csv", CONTRACT_LOG)).tables[0]
    assert copied.rows_used == 0
    pd.testing.assert_frame_equal(messages_of(shop), before)


@pytest.mark.parametrize("seed", range(6))
def test_overlapping_files_are_the_whole_log_counted_once(tmp_path, seed):
    lines = random_log(seed)
    whole = build_shop(tmp_path / "whole")
    imported(whole, write_text(tmp_path / "whole.csv", HEAD + "\n".join(lines) + "\n"))
    chance = random.Random(seed)
    first, second = sorted(chance.sample(range(len(lines)), 2))
    parts = [lines[: second + 1], lines[first:], lines[first : second + 1]]
    chance.shuffle(parts)
    shop = build_shop(tmp_path / "parts")
    for number, part in enumerate(parts):
        report = imported(shop, write_text(tmp_path / f"{number}.csv", HEAD + "\n".join(part) + "\n"))
        assert report.tables[0].conflicts == 0
    assert _counts(messages_of(shop)) == _counts(messages_of(whole))
    assert daily_history(shop) == daily_history(whole)


def _counts(messages: pd.DataFrame) -> list[tuple[object, ...]]:
    """Return messages without the salted names, in order."""
    rows = messages[["time", "sender", "agent"]].astype(str)
    return sorted(map(tuple, rows.to_numpy().tolist()))


def test_an_export_in_finer_time_is_the_same_log(shop, tmp_path):
    imported(shop, write_text(tmp_path / "a.csv", CONTRACT_LOG))
    finer = CONTRACT_LOG.replace(":00\n", ":00.437\n").replace(":20\n", ":20.900\n")
    report = imported(shop, write_text(tmp_path / "b.csv", finer)).tables[0]
    assert (report.rows_used, report.duplicates, report.conflicts) == (0, 7, 0)


def test_a_log_put_together_from_two_exports_is_counted_once(shop, tmp_path):
    body = CONTRACT_LOG.removeprefix(HEAD)
    report = imported(shop, write_text(tmp_path / "log.csv", CONTRACT_LOG + body)).tables[0]
    assert (report.rows_used, report.duplicates) == (7, 7)


def test_two_messages_of_one_second_are_two(shop, tmp_path):
    twice = CONTRACT_LOG + "s3,b3,,buyer,2026-11-11 11:31:00\ns3,b3,,buyer,2026-11-11 11:31:00\n"
    assert imported(shop, write_text(tmp_path / "log.csv", twice)).tables[0].rows_used == 9


def test_other_figures_for_a_session_are_a_conflict_counted_once(shop, tmp_path):
    imported(shop, write_text(tmp_path / "a.csv", CONTRACT_LOG))
    other = CONTRACT_LOG.replace("human,2026-11-11 10:01:00", "human,2026-11-11 10:03:30")
    report = imported(shop, write_text(tmp_path / "b.csv", other))
    assert report.tables[0].conflicts == 1
    assert report.tables[0].rows_used == 0
    assert "b.csv row 3" in str(report.warnings[0])
    assert "a.csv has with other figures; counted once" in str(report.warnings[0])
    assert len(messages_of(shop)) == 7


def test_a_file_with_more_of_a_session_adds_to_it(shop, tmp_path):
    lines = CONTRACT_LOG.splitlines(keepends=True)
    cut = "".join(line for line in lines if "10:06:00" not in line)
    imported(shop, write_text(tmp_path / "a.csv", cut))
    report = imported(shop, write_text(tmp_path / "b.csv", CONTRACT_LOG)).tables[0]
    assert (report.rows_used, report.duplicates, report.conflicts) == (1, 6, 0)


def test_a_later_export_tells_when_open_chats_closed(shop, tmp_path):
    imported(shop, write_text(tmp_path / "a.csv", CONTRACT_LOG))
    lines = CONTRACT_LOG.strip().split("\n")
    later = [f"{lines[0]},closed", *(f"{line},2026-11-11 12:00:00" for line in lines[1:])]
    report = imported(shop, write_text(tmp_path / "b.csv", "\n".join(later) + "\n")).tables[0]
    assert (report.rows_used, report.duplicates, report.conflicts) == (0, 7, 0)
    assert set(messages_of(shop)["closed"]) == {pd.Timestamp("2026-11-11 12:00", tz=ZONE)}


SESSIONS = (
    "session_id,buyer,agent,start,first_reply_s,closed\n"
    "1,b1,a1,2026-11-11 10:00:00,20,2026-11-11 10:05:00\n"
    "2,b2,a2,2026-11-11 11:00:00,,\n"
)


def test_sessions_are_counted_once_and_conflicts_name_both_files(shop, tmp_path):
    imported(shop, write_text(tmp_path / "a.csv", SESSIONS))
    other = SESSIONS.replace(",20,", ",90,") + "3,b3,a1,2026-11-11 12:00:00,5,\n"
    report = imported(shop, write_text(tmp_path / "b.csv", other))
    table = report.tables[0]
    assert (table.rows_used, table.duplicates, table.conflicts) == (1, 1, 1)
    assert "b.csv row 2" in str(report.warnings[0])
    assert "a.csv" in str(report.warnings[0])
    with shop_log(read_shop(shop)) as log:
        assert log.sessions()["first_reply_s"].fillna(-1).tolist() == [20.0, -1.0, 5.0]


def test_sessions_without_ids_are_the_same_by_buyer_agent_and_start(shop, tmp_path):
    nameless = SESSIONS.replace("session_id,", "").replace("\n1,", "\n").replace("\n2,", "\n")
    imported(shop, write_text(tmp_path / "a.csv", nameless))
    report = imported(
        shop, write_text(tmp_path / "b.csv", nameless + "b4,a1,2026-11-11 12:00:00,5,\n")
    ).tables[0]
    assert (report.rows_used, report.duplicates) == (1, 2)


def test_a_file_read_with_other_options_replaces_its_rows(shop, tmp_path):
    path = write_text(tmp_path / "log.csv", CONTRACT_LOG)
    imported(shop, path, timezone="UTC")
    report = imported(shop, path)
    assert "imported before with other options" in str(report.warnings[0])
    assert len(messages_of(shop)) == 7
    assert messages_of(shop)["time"].min() == pd.Timestamp("2026-11-11 10:00", tz=ZONE)


def test_a_refused_import_stores_nothing_of_the_command(shop, tmp_path):
    imported(shop, write_text(tmp_path / "a.csv", CONTRACT_LOG))
    good = write_text(tmp_path / "b.csv", CONTRACT_LOG.replace("11-11", "11-12"))
    bad = write_text(tmp_path / "c.csv", "a,b,c\n1,2,3\n")
    with pytest.raises(DataError, match=r"c.csv row 1: no row has headers that are known"):
        imported(shop, good, bad)
    assert daily_history(shop) == {"2026-11-11": 3.0}
    with open_store(shop, writing=True) as store:
        assert store.execute("SELECT count(*) FROM messages").fetchone() == (7,)


def test_every_bad_file_is_named_at_once(shop, tmp_path):
    bad = [write_text(tmp_path / f"{name}.csv", "a,b,c\n1,2,3\n") for name in "xy"]
    with pytest.raises(DataError) as caught:
        imported(shop, *bad, tmp_path / "none.csv")
    assert [name in str(caught.value) for name in ("x.csv", "y.csv", "none.csv")] == [True] * 3


def test_neither_buyers_nor_text_are_in_the_store(shop, tmp_path):
    text = "session_id,buyer,sender,text,time\n张三-1,张三丰,buyer,我的电话是一三八,2026-11-01 10:00:00\n"
    imported(shop, write_text(tmp_path / "log.csv", text))
    raw = b"".join(path.read_bytes() for path in (shop / ".paiban").rglob("*") if path.is_file())
    for secret in ("张三丰", "张三-1", "一三八"):
        assert secret.encode() not in raw


def test_text_is_stored_where_it_is_asked_for(shop, tmp_path):
    text = "session_id,buyer,sender,text,time\n1,b,buyer,在吗,2026-11-01 10:00:00\n"
    imported(shop, write_text(tmp_path / "log.csv", text), keep_text=True)
    with open_store(shop) as store:
        assert store.execute("SELECT text FROM messages").fetchall() == [("在吗",)]


def test_what_a_later_file_knows_besides_stands_beside_an_earlier_one(shop, tmp_path):
    imported(shop, write_text(tmp_path / "a.csv", HEAD + "s1,b1,a1,buyer,2026-11-01 10:00:00\n"))
    assert "tag" not in messages_of(shop)
    head = "session_id,buyer,agent,sender,time,stream,tag,assigned\n"
    row = "s2,b2,a1,buyer,2026-11-02 10:00:00,presale,ads,2026-11-02 10:00:05\n"
    imported(shop, write_text(tmp_path / "b.csv", head + row))
    table = messages_of(shop).sort_values("time")
    assert table["stream"].tolist() == ["shop", "presale"]
    assert table["tag"].isna().tolist() == [True, False]
    assert table["assigned"].isna().tolist() == [True, False]


def test_two_shops_hide_a_buyer_under_different_names(tmp_path):
    path = write_text(tmp_path / "log.csv", CONTRACT_LOG)
    hidden = []
    for name in ("one", "two"):
        shop = build_shop(tmp_path / name)
        imported(shop, path)
        hidden.append(set(messages_of(shop)["buyer"]))
    assert not hidden[0] & hidden[1]


def test_the_finest_granularity_serves_a_day_alone(shop, tmp_path):
    imported(shop, write_text(tmp_path / "m.csv", CONTRACT_LOG))
    imported(shop, write_text(tmp_path / "s.csv", SESSIONS + "9,b9,a1,2026-11-12 09:00:00,5,\n"))
    imported(
        shop, write_text(tmp_path / "d.csv", "日期,咨询量\n2026-11-11,500\n2026-11-12,500\n2026-11-13,77\n")
    )
    assert daily_history(shop) == {"2026-11-11": 3.0, "2026-11-12": 1.0, "2026-11-13": 77.0}
    report = imported(shop, tmp_path / "m.csv")
    assert {name: facts["serves_days"] for name, facts in report.archive.items()} == {
        "message": 1,
        "session": 1,
        "daily": 1,
    }


def test_streams_are_served_each_by_its_own_finest(shop, tmp_path):
    imported(shop, write_text(tmp_path / "m.csv", CONTRACT_LOG), stream="taobao")
    imported(shop, write_text(tmp_path / "d.csv", "日期,咨询量\n2026-11-11,80\n"), stream="jd")
    hours = hourly_history(shop)
    assert hours.groupby("stream")["offered"].sum().round(6).to_dict() == {"jd": 80.0, "taobao": 3.0}


def test_an_empty_hour_of_a_covered_day_is_zero_and_an_uncovered_day_has_no_row(shop, tmp_path):
    later = CONTRACT_LOG.removeprefix(HEAD).replace("11-11", "11-13").replace("s", "t")
    imported(shop, write_text(tmp_path / "m.csv", CONTRACT_LOG + later))
    hours = hourly_history(shop)
    assert len(hours) == 48
    assert set(hours["start"].dt.day) == {11, 13}
    assert hours.loc[hours["start"].dt.hour == 3, "offered"].tolist() == [0.0, 0.0]


def test_a_chat_past_midnight_does_not_cover_the_next_day(shop, tmp_path):
    late = "s9,b9,,buyer,2026-11-11 23:59:00\ns9,b9,a1,human,2026-11-12 00:03:00\n"
    imported(shop, write_text(tmp_path / "m.csv", CONTRACT_LOG + late))
    assert daily_history(shop) == {"2026-11-11": 4.0}


def test_bot_settled_consultations_are_offered_and_told_apart(shop, tmp_path):
    bot = "s8,b8,,buyer,2026-11-11 15:00:00\ns8,b8,bot,bot_auto,2026-11-11 15:00:01\n"
    imported(shop, write_text(tmp_path / "m.csv", CONTRACT_LOG + bot))
    hours = hourly_history(shop)
    at_three = hours[hours["start"].dt.hour == 15]
    assert at_three[["offered", "bot_settled"]].to_numpy().tolist() == [[1.0, 1.0]]
    assert hours["bot_settled"].sum() == 1.0


def test_a_day_on_which_clocks_change_has_its_real_hours(tmp_path):
    shop = build_shop(tmp_path / "shop", '[shop]\ntimezone = "Europe/Berlin"\n')
    text = CONTRACT_LOG.replace("2026-11-11", "2026-03-29")
    imported(shop, write_text(tmp_path / "m.csv", text), timezone="Europe/Berlin")
    assert len(hourly_history(shop)) == 23


def test_imported_hours_win_over_history_csv(shop, tmp_path):
    imported(shop, write_text(tmp_path / "m.csv", CONTRACT_LOG))
    found = imported_history(read_shop(shop))
    assert found is not None
    starts = pd.DatetimeIndex(["2026-11-10 10:00", "2026-11-11 10:00"], tz=ZONE).as_unit("ns")
    counts = pd.DataFrame({"stream": "shop", "start": starts, "offered": [50.0, 60.0]})
    both = with_imported(found[0], counts)
    assert len(both) == 25
    assert both.set_index("start")["offered"].loc[list(starts)].tolist() == [50.0, 1.0]


def test_sessions_that_a_gap_ends_are_judged_as_the_engine_does(shop, tmp_path):
    lines = [line.split(",", 1)[1] for line in random_log(3, sessions=200, days=2)]
    path = write_text(tmp_path / "m.csv", "buyer,agent,sender,time\n" + "\n".join(lines) + "\n")
    imported(shop, path)
    rule = ReplyRule(id="own", unit="session", pass_if="every_reply", period=Period(kind="natural_day"))
    table = pd.read_csv(path)
    table["time"] = pd.to_datetime(table["time"]).dt.tz_localize(ZONE)
    wanted = measure(table, [rule], timezone=ZONE)
    found = measure(messages_of(shop), [rule], timezone=ZONE)
    assert (
        found[["numerator", "denominator"]].to_numpy().tolist()
        == wanted[["numerator", "denominator"]].to_numpy().tolist()
    )
    hours = hourly_history(shop)
    talk = conversations(table)
    asked = talk[talk["sender"] == "buyer"]["code"].nunique()
    assert hours["offered"].sum() == asked


def test_a_damaged_store_says_so(shop, tmp_path):
    imported(shop, write_text(tmp_path / "m.csv", CONTRACT_LOG))
    path = shop / ".paiban" / "store.duckdb"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(DataError, match=r"store.duckdb: not readable .*import again"), open_store(shop):
        pass


def test_names_are_hidden_by_a_keyed_hash() -> None:
    import duckdb

    def hashes(salt: str, *names: str | None) -> list[int | None]:
        connection = duckdb.connect()
        register_hash(connection, salt)
        connection.execute("CREATE TABLE given (place INTEGER, name VARCHAR)")
        connection.executemany("INSERT INTO given VALUES (?, ?)", list(enumerate(names)))
        found = connection.execute("SELECT salted_hash(name) FROM given ORDER BY place").fetchall()
        return [row[0] for row in found]

    first = hashes("aa", "买家1", None, "买家2", "买家1")
    assert first[1] is None
    assert first[0] == first[3] != first[2]
    assert hashes("aa", "买家2", "买家1") == [first[2], first[0]]  # whatever stands beside it
    assert not set(first) & set(hashes("ab", "买家1", "买家2"))
