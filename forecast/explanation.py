"""Why a forecast is as high as it is: every hour's mean as a product of named factors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

FACTORS = ("week_shape", "calendar", "holiday", "promotion", "override")


def forecast_parts(table: pd.DataFrame, parts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the factors of every hour of a forecast.

    Parameters
    ----------
    table
        As ``forecast.csv``: `stream, start, mean`, with `override` where a manager changed it.
    parts
        By stream, the models' factors, index the hours' starts (`forecast.models.base.FittedModel.parts`).

    Returns
    -------
    DataFrame
        One row an hour, in the order of `table`: `stream, start, mean`, `level` [consultations an hour] and
        the factors `week_shape, calendar, holiday, promotion, override` (1: the part does not act), whose
        product with `level` is `mean`. `level` takes up what a mean of several models leaves over; an hour
        that the models hold to be empty has its mean as level and nothing else.
    """
    rows = []
    for stream, own in table.groupby("stream", sort=False):
        known = parts[str(stream)].reindex(pd.DatetimeIndex(own["start"]))
        factors = known.drop(columns="level").reset_index(drop=True).set_index(own.index)
        said = own["override"] if "override" in own else pd.Series(1.0, index=own.index)
        factors = factors.reindex(columns=list(FACTORS)).assign(override=said)
        product = factors.prod(axis=1, skipna=False)
        acts = np.isfinite(product) & (product > 0)
        is_zero = np.isfinite(product) & (product == 0) & (said == 0)
        level = own["mean"].where(~acts, own["mean"] / product.where(acts, 1.0))
        level = level.where(~is_zero, known["level"].to_numpy())
        kept = factors.mask(pd.Series(~(acts | is_zero), index=factors.index), 1.0)
        rows.append(own[["stream", "start", "mean"]].assign(level=level).join(kept))
    return pd.concat(rows).loc[table.index]
