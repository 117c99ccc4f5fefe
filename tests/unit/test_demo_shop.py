"""The synthetic shops: complete, readable, seeded, and true to what their README says."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.config import read_shop
from forecast.demo_shop import DEMO_START, DemoShop, simulate_shop, write_demo_shop
from forecast.demo_shop.people import demo_agents, demo_wishes
from forecast.demo_shop.promotion_years import kick_off
from forecast.frames import HISTORY, check_frame
from forecast.logs.history import read_history
from forecast.table_files import read_contract_table
from scheduling.config import read_settings


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> DemoShop:
    return write_demo_shop(tmp_path_factory.mktemp("demo"))


def test_every_input_of_a_shop_is_written(shop: DemoShop) -> None:
    names = {path.name for path in shop.folder.iterdir()}
    assert names == {
        "shop.toml",
        "promotions.toml",
        "agents.csv",
        "wishes.csv",
        "scenarios.toml",
        "history.csv",
    }


def test_the_shop_says_that_it_is_synthetic(shop: DemoShop) -> None:
    for name in ("shop.toml", "promotions.toml", "scenarios.toml"):
        assert "合成数据" in (shop.folder / name).read_text(encoding="utf-8").splitlines()[0]
    assert "合成数据" in read_shop(shop.folder).shop.name


def test_settings_read_without_a_complaint(shop: DemoShop) -> None:
    settings = read_settings(shop.folder)
    assert [stream.id for stream in settings.demand.streams] == ["taobao-presale", "taobao-aftersale"]
    assert {template.form for template in settings.templates} == {"early", "late", "half"}
    assert settings.max_people("part_time") == 7


def test_same_seed_gives_the_same_bytes_and_another_seed_others(shop: DemoShop, tmp_path: Path) -> None:
    write_demo_shop(tmp_path / "again")
    write_demo_shop(tmp_path / "other", seed=1)
    for path in shop.folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name
    history = (shop.folder / "history.csv").read_bytes()
    assert history != (tmp_path / "other" / "history.csv").read_bytes()


def test_history_file_is_the_contract_table_and_ends_the_day_before_the_plan(shop: DemoShop) -> None:
    path = shop.folder / "history.csv"
    table = read_contract_table(path, HISTORY, timezone="Asia/Shanghai")
    loose = read_history(path, timezone="Asia/Shanghai", stream="unused")
    assert len(table) == len(loose) == len(check_frame(shop.history, HISTORY))
    assert table["start"].max() == pd.Timestamp("2026-12-06T23:00", tz="Asia/Shanghai")
    assert shop.start == DEMO_START == dt.date(2026, 12, 7)


def test_a_lost_log_is_missing_rows_and_an_outage_is_declared(shop: DemoShop) -> None:
    per_stream = shop.true_mean[shop.true_mean["start"] < shop.history["start"].max()]
    assert len(shop.history) < len(per_stream)
    calendar = tomllib.loads((shop.folder / "promotions.toml").read_text(encoding="utf-8"))
    (ignored,) = calendar["ignore"]
    local = shop.history["start"].dt.tz_localize(None)
    down = shop.history[(local >= ignored["from"]) & (local < ignored["to"])]
    joined = down.merge(shop.true_mean, on=["stream", "start"])
    assert len(joined) == 8
    assert joined["offered"].sum() < 0.2 * joined["mean"].sum()


def test_one_promotion_kicks_off_inside_the_plan_and_many_did_before(shop: DemoShop) -> None:
    calendar = tomllib.loads((shop.folder / "promotions.toml").read_text(encoding="utf-8"))
    big = [event for event in calendar["event"] if event["kind"] == "big_promo"]
    ahead = [event for event in big if kick_off(event).date() >= shop.start]
    assert [event["id"] for event in ahead] == ["d12-2026"]
    assert ahead[0]["like"] == [event["id"] for event in big[:-1]]
    assert len(big) >= 3
    assert {event["confidence"] for event in big} == {"assumed", "reported"}
    for entry in ahead[0]["phase"]:
        factors = entry["multiplier"]
        assert 1 <= factors["low"] <= factors["mid"] <= factors["high"]


def test_a_start_far_from_any_big_promotion_gets_a_brand_day(tmp_path: Path) -> None:
    shop = write_demo_shop(tmp_path, start=dt.date(2026, 3, 2))
    calendar = tomllib.loads((tmp_path / "promotions.toml").read_text(encoding="utf-8"))
    ahead = [event for event in calendar["event"] if kick_off(event).date() >= shop.start]
    assert {event["kind"] for event in ahead} == {"brand_day", "live"}


def test_demand_peaks_at_the_kick_off_and_the_after_sales_wave_comes_days_later(shop: DemoShop) -> None:
    mean = shop.true_mean.set_index(["stream", "start"])["mean"]
    presale, aftersale = mean["taobao-presale"], mean["taobao-aftersale"]
    at_eight = pd.Timestamp("2026-12-10T20:00", tz="Asia/Shanghai")
    assert presale[at_eight] > 2.5 * presale[at_eight - pd.Timedelta(days=1)]
    daily = aftersale.groupby(aftersale.index.date).sum()[dt.date(2026, 12, 7) :]
    assert dt.date(2026, 12, 14) <= daily.idxmax() <= dt.date(2026, 12, 17)


def test_counts_scatter_around_the_true_mean_as_the_parameters_say(shop: DemoShop) -> None:
    joined = shop.history.merge(shop.true_mean, on=["stream", "start"])
    presale = joined[joined["stream"] == "taobao-presale"]
    noise = shop.parameters.noise
    z = (presale["offered"] - presale["mean"]) / np.sqrt(
        presale["mean"] + (noise.overdispersion + noise.day_sd**2) * presale["mean"] ** 2
    )
    assert abs(z.mean()) < 0.1
    assert 0.85 < z.std() < 1.2


def test_people_have_known_streams_pools_and_templates(shop: DemoShop) -> None:
    agents = demo_agents(shop.parameters, shop.start, 0)
    settings = read_settings(shop.folder)
    names = {template.name for template in settings.templates}
    assert 20 <= len(agents) <= 40
    assert agents["employee"].is_unique
    assert {name for cell in agents["templates"] for name in cell.split(";")} <= names
    assert {name for cell in agents["streams"] for name in cell.split(";")} == {
        "taobao-presale",
        "taobao-aftersale",
    }
    assert set(agents["pool"]) == {"staff", "part_time", "outsourced"}
    assert agents["speed"].between(0.6, 1.4).all()


def test_wishes_are_of_known_people_and_of_every_kind(shop: DemoShop) -> None:
    wishes = demo_wishes(shop.start, shop.days)
    agents = demo_agents(shop.parameters, shop.start, 0)
    assert set(wishes["employee"]) <= set(agents["employee"])
    assert set(wishes["kind"]) == {"leave", "off", "prefer", "avoid", "fixed"}
    assert not wishes.duplicated(["employee", "date"]).any()


@pytest.mark.parametrize("per_hour", [7.0, 100.0])
def test_a_bench_shop_has_the_asked_volume_its_promotions_and_its_faults(per_hour: float) -> None:
    shop = simulate_shop(per_hour=per_hour, weeks=104, seed=3)
    assert shop.truth["mean"].median() == pytest.approx(per_hour, rel=0.2)
    assert {event["kind"] for event in shop.promotions} == {"big_promo", "brand_day", "gift_day", "live"}
    assert len(shop.history) < len(shop.truth)
    odd = shop.truth[shop.truth["is_odd"]].merge(shop.history, on=["stream", "start"])
    ratio = odd["offered"] / odd["mean"]
    assert ratio.min() == 0
    assert ratio.max() > 3


def test_a_bench_shop_is_the_same_for_the_same_seed() -> None:
    one, two = simulate_shop(per_hour=20, weeks=8, seed=5), simulate_shop(per_hour=20, weeks=8, seed=5)
    pd.testing.assert_frame_equal(one.history, two.history)
    assert one.promotions == two.promotions


def test_impossible_volumes_are_refused() -> None:
    with pytest.raises(ValueError, match="per_hour must be above 0"):
        simulate_shop(per_hour=0)
