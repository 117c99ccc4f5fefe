"""The promotion calendar: what is read, what is refused, and how."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from forecast.errors import ConfigError
from forecast.promotions import promotion_calendar, read_promotions

EXAMPLE = """
schema = 1
timezone = "Asia/Shanghai"

[[event]]
id = "d11"
kind = "big_promo"
channels = ["tmall"]
like = ["618"]
expected = { gmv_yuan = 0, orders = 0, growth = 1.15 }
  [[event.phase]]
  kind = "warmup"
  start = 2025-10-17T00:00:00
  end = 2025-10-20T20:00:00
  multiplier = { low = 1.1, mid = 1.4, high = 2.0 }
  [[event.phase]]
  name = "现货第一波"
  kind = "spot"
  start = 2025-10-20T20:00:00
  end = 2025-10-24T00:00:00
  multiplier = { low = 2.0, mid = 4.0, high = 8.0 }
  kernel = { shape = "kickoff", peak_hours = 2, half_life_h = 3 }
  mix = { presale = 0.7, aftersale = 0.3 }
  bot_share = 0.35
  handle_factor = 0.9

[[ignore]]
from = 2025-03-11T00:00:00
to = 2025-03-12T00:00:00
why = "系统故障"
"""


def read(tmp_path, text):
    path = tmp_path / "promotions.toml"
    path.write_text(text, encoding="utf-8")
    return read_promotions(path, "Asia/Shanghai")


def test_times_without_offset_are_the_shops(tmp_path):
    event = read(tmp_path, EXAMPLE).event("d11")
    assert event.kick_off == dt.datetime(2025, 10, 20, 12, tzinfo=dt.UTC)
    assert event.selling_end == dt.datetime(2025, 10, 24, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_ignored_hours_are_read(tmp_path):
    (ignored,) = read(tmp_path, EXAMPLE).ignored
    assert ignored.why == "系统故障"
    assert ignored.end - ignored.start == dt.timedelta(days=1)


def test_taobao_and_tmall_buyers_write_to_the_same_chat(tmp_path):
    calendar = read(tmp_path, EXAMPLE)
    assert len(calendar.of("taobao")) == 1
    assert not calendar.of("douyin")


def test_a_missing_file_is_an_empty_calendar(tmp_path):
    assert read_promotions(tmp_path / "none.toml", "Asia/Shanghai").events == ()


def test_every_problem_is_named_at_once(tmp_path):
    text = EXAMPLE.replace("handle_factor", "handel_factor").replace("mid = 1.4", "mid = 3.4")
    text = text.replace("why =", "wy =").replace("schema = 1", "schema = 2\nevents = 3")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    for part in (
        "unknown section or key 'events'; did you mean event?",
        "schema 2 is not known",
        "did you mean handle_factor?",
        "low <= mid <= high",
        "[[ignore]] 1: unknown key wy; did you mean why?",
    ):
        assert part in message


def event(**changes):
    spot = {"kind": "spot", "start": dt.datetime(2026, 1, 1, 20), "end": dt.datetime(2026, 1, 3)}
    return {"id": "a", "kind": "brand_day", "phase": [spot]} | changes


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (event(kind="big_prmo"), "did you mean big_promo"),
        (event(phase=[]), "at least one"),
        (event(phase=[event()["phase"][0] | {"end": dt.datetime(2025, 1, 1)}]), "must start before it ends"),
        (event(phase=[event()["phase"][0] | {"mix": {"presale": 0.4}}]), "add up to 1"),
        (event(phase=[event()["phase"][0] | {"bot_share": 1.0}]), "bot_share must be in"),
        (event(phase=[event()["phase"][0] | {"kernel": {"half_life_h": 0}}]), "half_life_h must be above 0"),
    ],
)
def test_an_impossible_event_is_refused(table, message):
    with pytest.raises(ConfigError, match=message):
        promotion_calendar([table], timezone="Asia/Shanghai")


def test_a_kind_of_the_shops_own_is_welcome():
    assert promotion_calendar([event(kind="会员日")], timezone="Asia/Shanghai").events[0].kind == "会员日"


def test_doubled_ids_are_refused():
    with pytest.raises(ConfigError, match="'a' stands twice"):
        promotion_calendar([event(), event()], timezone="Asia/Shanghai")


def test_an_unknown_event_names_the_nearest():
    calendar = promotion_calendar([event(id="d11-2025")], timezone="Asia/Shanghai")
    with pytest.raises(ConfigError, match=r"did you mean d11-2025\?"):
        calendar.event("d11-2052")
