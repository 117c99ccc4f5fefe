"""How far past events of each kind lay from what their kind does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from forecast.models.event_outlook import EventSpread, event_spread
from forecast.models.odd_hours import Ints
from forecast.models.promotion_columns import LIVE, rows_touched
from forecast.models.regression_fit import RegressionFit
from forecast.models.usable_hours import UsableHours
from forecast.promotions import Event

LEAST_LIVE_SD = 0.04
TYPICAL_LIVE_SD = 0.12
REST_HOURS = 6  # of the same day, before the stream
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
    """Return how far live streams lay from the fit and the hours before them, counting noise taken off."""
    moments = usable.starts.as_unit("s").asi8
    excess = []
    for event in lives:
        rows = rows_touched(event, moments)
        near = np.arange(max(rows[0] - REST_HOURS, 0), rows[0]) if len(rows) else rows
        (came, said, noise), (before, foreseen, doubt) = (
            _sums(fit, usable, some[fit.used[some]]) for some in (rows, near)
        )
        if said > 0 and foreseen > 0:
            gap = np.log((came + 0.5) / (said + 0.5)) - np.log((before + 0.5) / (foreseen + 0.5))
            excess.append(gap**2 - noise - doubt)
    total = float(np.sum(excess)) + TYPICAL_LIVES * TYPICAL_LIVE_SD**2
    variance = max(total / (len(excess) + TYPICAL_LIVES), LEAST_LIVE_SD**2)
    return EventSpread(examples=len(lives), sd=float(np.sqrt(variance)))


def _sums(fit: RegressionFit, usable: UsableHours, rows: Ints) -> tuple[float, float, float]:
    """Return what came, what was fitted, and the variance of the log ratio that counting explains."""
    fitted = fit.fitted[rows]
    said = float(fitted.sum())
    noise = (said + fit.promotion_dispersion * float((fitted**2).sum())) / max(said, 0.5) ** 2
    return float(usable.hours[rows].sum()), said, noise
