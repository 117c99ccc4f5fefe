"""Promotions of the synthetic shops: the calendar as tables, and what they truly do to demand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.demo_shop.parameters import Skill

Floats = npt.NDArray[np.float64]
EventTable = dict[str, Any]  # an [[event]] of promotions.toml

STRENGTH = {"big_promo": 1.0, "brand_day": 0.55, "new_year": 0.6, "gift_day": 0.45, "live": 0.35}
SELLING = ("presale_deposit", "tail", "warmup", "spot", "last_day")
AFTERSALE_SHARE = 0.30  # an after-sales stream feels selling phases by this much of their log effect
WAVE_PEAK_DAYS = 3.0  # the after-sales wave peaks this long after the selling ends
WAVE_DAYS = 10.0


def phase(kind: str, name: str, start: dt.datetime, end: dt.datetime) -> dict[str, Any]:
    """Return a phase's table without its multipliers."""
    return {"name": name, "kind": kind, "start": start, "end": end}


def log_effect(
    events: Sequence[EventTable], local: pd.DatetimeIndex, *, skill: Skill, sizes: Mapping[str, float]
) -> Floats:
    """Return the true log effect of promotions in each hour; effects of several events add up.

    Parameters
    ----------
    events
        Tables as in ``promotions.toml``; times are local.
    local
        Starts of hours, local and without zone.
    skill
        What the stream does.
    sizes
        Log size of each event, by id, beyond its kind's.
    """
    total = np.zeros(len(local))
    for event in events:
        strength = STRENGTH[event["kind"]] * float(np.exp(sizes[event["id"]]))
        selling = [entry for entry in event["phase"] if entry["kind"] in SELLING]
        effect = np.zeros(len(local))
        for entry in selling:
            effect += _selling_effect(entry, local, strength, event["kind"])
        if event["kind"] != "live":
            since_end = _hours(local, max(entry["end"] for entry in selling))
            total += _aftermath(since_end, strength, skill)
        total += effect * (AFTERSALE_SHARE if skill == "aftersale" else 1.0)
    return total


def _hours(local: pd.DatetimeIndex, moment: dt.datetime) -> Floats:
    return ((local - pd.Timestamp(moment)) / pd.Timedelta(hours=1)).to_numpy()


def _selling_effect(entry: Mapping[str, Any], local: pd.DatetimeIndex, strength: float, kind: str) -> Floats:
    """Return what one phase adds on the log scale: a spike that decays, a climb, or a last rush."""
    since = _hours(local, entry["start"])
    length = (entry["end"] - entry["start"]) / dt.timedelta(hours=1)
    inside = (since > -1) & (since < length)
    since = since.clip(min=0)
    position = (since / length).clip(0, 1)
    if kind == "live":
        effect = np.log1p(strength * (0.3 + 0.9 * 0.5 ** (since / 2)))
    elif entry["kind"] == "warmup":
        effect = strength * (0.06 + 0.30 * position**3)
    elif entry["kind"] == "last_day":
        effect = strength * (0.30 + 0.40 * position**3)
    elif entry["kind"] == "spot":
        effect = np.log1p(strength * (0.55 + 2.0 * 0.5 ** (since / 3)))
    else:
        effect = np.log1p(strength * (0.25 + 0.8 * 0.5 ** (since / 4)))
    return np.where(inside, effect, 0.0)


def _aftermath(since_end: Floats, strength: float, skill: Skill) -> Floats:
    """Return what comes after the selling: fewer presale questions for a day and a half, then the wave."""
    if skill == "presale":
        return np.where((since_end >= 0) & (since_end < 36), -0.12 * strength, 0.0)
    lag = (since_end / 24 / WAVE_PEAK_DAYS).clip(min=0)
    wave = 0.42 * strength * lag * np.exp(1 - lag)
    return np.where(since_end < WAVE_DAYS * 24, wave, 0.0)
