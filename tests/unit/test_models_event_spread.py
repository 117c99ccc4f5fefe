"""How far the next event of a kind may lie from its kind."""

import numpy as np
import pytest

from forecast.models.event_spread import PastSize, event_spread

NOISE = 0.08**2


def sizes(spread, count=12, seed=0):
    gaps = np.random.default_rng(seed).normal(0, np.hypot(spread, NOISE**0.5), count) / 1.2**0.5
    return [PastSize(gap=gap, noise=NOISE) for gap in gaps]


def test_the_luck_of_their_days_is_no_spread_of_events():
    assert event_spread({"big_promo": sizes(0.0, 40)}, "big_promo").sd < 0.06


def test_the_spread_of_many_events_is_found():
    assert event_spread({"big_promo": sizes(0.2, 40)}, "big_promo").sd == pytest.approx(0.2, rel=0.25)


def test_the_fewer_examples_the_less_sure_and_a_kind_never_seen_least():
    steady = [PastSize(gap=0.1, noise=NOISE)]
    found = [event_spread({"a": steady * 20, "b": steady * k}, "b") for k in (0, 1, 4)]
    assert [one.examples for one in found] == [0, 1, 4]
    assert found[0].sd > found[1].sd > found[2].sd
