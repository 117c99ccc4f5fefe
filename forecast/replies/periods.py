"""Judged units added up over a rule's periods: the rows of ``measure.csv``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.replies.rules import Period, ReplyRule

COLUMNS = [
    "scope",
    "id",
    "rule",
    "period_start",
    "numerator",
    "denominator",
    "share",
    "target",
    "verdict",
    "period_end",
    "units",
]
ONE_DAY = pd.Timedelta(days=1)
ROUNDING = 1e-12  # a weighted share that equals its target but for rounding passes

Floats = npt.NDArray[np.float64]


def shares(
    units: pd.DataFrame,
    rule: ReplyRule,
    *,
    scope: str,
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> pd.DataFrame:
    """Return a rule's share for each of its periods.

    Parameters
    ----------
    units
        As `judging.judge_replies` returns them: `id, day, value`.
    rule
        The rule they were judged by.
    scope
        What the ids are: shop, stream or agent.
    since, until
        First and last day of interest, both included: natural periods that touch the span, rolling periods
        that end in it. Days before `since` still count where a period reaches back to them.

    Returns
    -------
    DataFrame
        One row per id and period with anything to judge, in this order: `COLUMNS`. `period_start` and
        `period_end` are the period's first and last day. `share` = `numerator` / `denominator`: of units, or
        mean seconds [s]. `units` counts without weights and is what the least sample is compared with.
        `verdict` is ``pass``, ``fail`` or ``not_assessed``.

    Notes
    -----
    A rolling period ends on each day from the first to the last with a judged unit. Weighting ``recent``
    takes a day of age a with weight 1 - a / days: platforms that say so do not publish their weights.
    """
    return shares_of_days(daily_sums(units), rule, scope=scope, since=since, until=until)


def daily_sums(units: pd.DataFrame) -> pd.DataFrame:
    """Return judged units added up by `id` and `day`: ``sum`` of values and ``count``.

    Parts of a log that share no unit may be added up apart and their sums put together (`added`).
    """
    daily = units.groupby(["id", "day"], sort=True)["value"].agg(["sum", "count"]).reset_index()
    daily["day"] = daily["day"].astype("datetime64[ns]")
    return daily


def added(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the daily sums of several parts of a log as those of the whole."""
    filled = [part for part in parts if len(part)]
    if not filled:
        return parts[0]
    return pd.concat(filled).groupby(["id", "day"], sort=True)[["sum", "count"]].sum().reset_index()


def shares_of_days(
    daily: pd.DataFrame,
    rule: ReplyRule,
    *,
    scope: str,
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> pd.DataFrame:
    """Return a rule's share for each of its periods, given its units by day (`shares`, `daily_sums`)."""
    if daily.empty:
        return _rows(
            pd.DataFrame(columns=["id", "start", "end", "numerator", "denominator", "units"]), rule, scope
        )
    kind = rule.period.kind
    table = _rolling(daily, rule.period) if kind == "rolling" else _natural(daily, kind)
    if since is not None:
        table = table[table["end"] >= pd.Timestamp(since)]
    if until is not None:
        edge = "end" if kind == "rolling" else "start"
        table = table[table[edge] <= pd.Timestamp(until)]
    return _rows(table, rule, scope)


def _natural(daily: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return sums over days, weeks from Monday, or calendar months."""
    frequency = {"natural_week": "W-SUN", "natural_month": "M"}.get(kind, "D")
    period = daily["day"].dt.to_period(frequency)
    start, end = period.dt.start_time, period.dt.end_time.dt.normalize()
    sums = daily.groupby(["id", start.rename("start"), end.rename("end")], sort=True)[["sum", "count"]].sum()
    table = sums.reset_index().rename(columns={"sum": "numerator", "count": "units"})
    return table.assign(denominator=table["units"].astype(float))


def _rolling(daily: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Return sums over the last so many days, for each day."""
    days = pd.date_range(daily["day"].min(), daily["day"].max(), freq="D")
    weights = np.ones(period.days)
    if period.weighting == "recent":
        weights = 1.0 - np.arange(period.days) / period.days
    parts = []
    for name, own in daily.groupby("id", sort=True):
        filled = own.set_index("day")[["sum", "count"]].reindex(days, fill_value=0).to_numpy(dtype=float)
        parts.append(
            pd.DataFrame(
                {
                    "id": name,
                    "start": days - (period.days - 1) * ONE_DAY,
                    "end": days,
                    "numerator": _trailing(filled[:, 0], weights),
                    "denominator": _trailing(filled[:, 1], weights),
                    "units": _trailing(filled[:, 1], np.ones(period.days)),
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    return table[table["units"] > 0]


def _trailing(values: Floats, weights: Floats) -> Floats:
    """Return for each day the weighted sum of it and the days before."""
    return np.convolve(values, weights)[: len(values)]


def _rows(table: pd.DataFrame, rule: ReplyRule, scope: str) -> pd.DataFrame:
    """Return sums as rows of ``measure.csv``."""
    denominator = table["denominator"].astype(float)
    share = table["numerator"].astype(float) / denominator
    target = rule.pass_line
    met = share <= target + ROUNDING if rule.metric == "mean_seconds" else share >= target - ROUNDING
    enough = table["units"].astype(float) >= rule.min_sample
    rows = pd.DataFrame(
        {
            "scope": scope,
            "id": table["id"],
            "rule": rule.id,
            "period_start": pd.to_datetime(table["start"]).dt.date,
            "numerator": table["numerator"].astype(float),
            "denominator": denominator,
            "share": share,
            "target": target,
            "verdict": np.where(enough, np.where(met, "pass", "fail"), "not_assessed"),
            "period_end": pd.to_datetime(table["end"]).dt.date,
            "units": table["units"].astype(np.int64),
        }
    )
    return rows.reset_index(drop=True)[COLUMNS]
