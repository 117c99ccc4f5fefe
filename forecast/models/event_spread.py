"""How far past events of each kind lay from what their kind does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from forecast.models.event_outlook import EventSpread, event_spread
from forecast.models.promotion_columns import LIVE, rows_touched
from forecast.models.regression_fit import RegressionFit
from forecast.models.usable_hours import UsableHours
from forecast.promotions import Event

LEAST_LIVE_SD = 0.04
TYPICAL_LIVE_SD = 0.12
TYPICAL_LIVES = 4.0  # how many live streams the typical spread counts for


def find_spreads(fit: RegressionFit, usable: UsableHours, past: Sequence[Event]) -> Mapping[str, EventSpread]:
    """Return the spread of one more event, by kind; the kind "" stands for one never seen."""
    beta = dict(zip(fit.coefficients.names, fit.coefficients.solution.beta.tolist(), strict=True))
    sizes: dict[str, list[float]] = {}
    for event in past:
        if event.kind != LIVE and (term := f"event:{event.id}") in beta:
            sizes.setdefault(event.kind, []).append(beta[term])
    spreads = {kind: event_spread(sizes, kind) for kind in [*sizes, ""]}
    return spreads | {LIVE: _live_spread(fit, usable, [e for e in past if e.kind == LIVE])}


def _live_spread(fit: RegressionFit, usable: UsableHours, lives: Sequence[Event]) -> EventSpread:
    """Return how far live streams lay from the fit, counting noise taken off."""
    moments, counts = usable.starts.as_unit("s").asi8, usable.hours
    excess = []
    for event in lives:
        rows = rows_touched(event, moments)
        rows = rows[fit.used[rows]]
        said = float(fit.fitted[rows].sum())
        if said > 0:
            gap = np.log((counts[rows].sum() + 0.5) / (said + 0.5))
            noise = (said + fit.promotion_dispersion * float((fit.fitted[rows] ** 2).sum())) / said**2
            excess.append(gap**2 - noise)
    total = float(np.sum(excess)) + TYPICAL_LIVES * TYPICAL_LIVE_SD**2
    variance = max(total / (len(excess) + TYPICAL_LIVES), LEAST_LIVE_SD**2)
    return EventSpread(examples=len(lives), sd=float(np.sqrt(variance)))
