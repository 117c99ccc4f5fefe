"""Sample paths from a forecast that came with bands only.

Bands say how far each hour may be off, not how hours move together. Within a day they mostly do (a
promotion does well or not, a day is busy or not), so an hour's rank in its band is the day's rank and its
own, `WITHIN_DAY` of the variance being the day's.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from forecast.frames import QUANTILES
from forecast.randomness import generator

Floats = npt.NDArray[np.float64]

WITHIN_DAY = 0.8
TAIL_Z = 3.0  # beyond the outermost bands a path goes on as straight as between the last two


def draws_from_bands(table: pd.DataFrame, *, timezone: str, draws: int, seed: int) -> pd.DataFrame | None:
    """Return ``draws.parquet`` for a forecast table, or None where it has no bands.

    Parameters
    ----------
    table
        `FORECAST` table: one row per stream and interval, `mean` and any of the band columns.
    timezone
        The shop's: days are its wall days.
    draws, seed
        Number of paths and seed.

    Returns
    -------
    pd.DataFrame or None
        `stream, start, draw, offered`; every hour's paths average to its `mean`.
    """
    bands = [name for name in QUANTILES if name in table.columns]
    if len(bands) < 2:
        return None
    parts = []
    for stream, rows in table.groupby("stream", sort=True):
        ordered = rows.sort_values("start", ignore_index=True)
        dates = ordered["start"].dt.tz_convert(timezone).dt.date
        ranks = _ranks(pd.factorize(dates)[0], draws, seed, str(stream))
        paths = _paths(ordered, bands, ranks)
        parts.append(
            pd.DataFrame(
                {
                    "stream": stream,
                    "start": ordered["start"].repeat(draws).to_numpy(),
                    "draw": np.tile(np.arange(draws), len(ordered)),
                    "offered": paths.ravel(),
                }
            ).astype({"start": ordered["start"].dtype})
        )
    return pd.concat(parts, ignore_index=True)


def _ranks(day: npt.NDArray[np.int64], draws: int, seed: int, stream: str) -> Floats:
    """Return standard normal ranks, hours x draws."""
    rng = generator(seed, "bands", stream)
    of_day = rng.standard_normal((int(day.max()) + 1, draws))
    own = rng.standard_normal((len(day), draws))
    return np.asarray(np.sqrt(WITHIN_DAY) * of_day[day] + np.sqrt(1 - WITHIN_DAY) * own)


def _paths(rows: pd.DataFrame, bands: list[str], ranks: Floats) -> Floats:
    """Return counts at the ranks by the bands, hours x draws, never negative, with the table's means."""
    at = np.asarray(ndtri(np.array([QUANTILES[name] for name in bands])))
    values = np.maximum.accumulate(rows[bands].to_numpy(dtype=float), axis=1)
    steps = np.diff(values, axis=1) / np.diff(at)
    knots = np.concatenate([[-TAIL_Z], at, [TAIL_Z]])
    low = values[:, :1] + steps[:, :1] * (-TAIL_Z - at[0])
    high = values[:, -1:] + steps[:, -1:] * (TAIL_Z - at[-1])
    levels = np.maximum(np.hstack([low, values, high]), 0.0)
    paths = np.stack([np.interp(rank, knots, level) for rank, level in zip(ranks, levels, strict=True)])
    mean = rows["mean"].to_numpy(dtype=float)[:, None]
    found = paths.mean(axis=1, keepdims=True)
    return np.where(found > 0, paths * mean / np.where(found > 0, found, 1.0), mean)
