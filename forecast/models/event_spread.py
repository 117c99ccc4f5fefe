"""How far past events of each kind lay from what their kind does, the luck of their days taken off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.models.event_outlook import WITHIN_EVENT_SD, EventSpread
from forecast.models.odd_hours import Ints
from forecast.models.promotion_columns import LIVE, felt_size, rows_touched
from forecast.models.regression_fit import RegressionFit
from forecast.models.usable_hours import UsableHours
from forecast.promotions import Event

LEAST_SD = 0.04
NO_KIND_SD = 0.25  # what a kind never seen may add, beyond the spread of single events
SHRUNK = 1.2  # squares of past sizes are this much too small: their kind was fitted to them
TYPICAL_EVENTS = 3.0  # how many events the spread of all kinds counts for in one kind's
TYPICAL_LIVE_SD = 0.12
REST_HOURS = 6  # of the same day, before the stream
TYPICAL_LIVES = 4.0  # how many live streams the typical spread counts for


@dataclass(frozen=True, kw_only=True)
class PastSize:
    """How far an event lay from its kind on the log scale, and the variance that luck alone explains."""

    gap: float
    noise: float

    @property
    def excess(self) -> float:
        """Variance of the size itself, as one event tells it; may be below 0."""
        return SHRUNK * self.gap**2 - self.noise


def find_spreads(fit: RegressionFit, usable: UsableHours, past: Sequence[Event]) -> Mapping[str, EventSpread]:
    """Return the spread of one more event, by kind; the kind "" stands for one never seen."""
    sizes: dict[str, list[PastSize]] = {}
    for event in past:
        if event.kind != LIVE and (size := _past_size(fit, usable, event)) is not None:
            sizes.setdefault(event.kind, []).append(size)
    spreads = {kind: event_spread(sizes, kind) for kind in [*sizes, ""]}
    return spreads | {LIVE: _live_spread(fit, usable, [e for e in past if e.kind == LIVE])}


def event_spread(sizes: Mapping[str, Sequence[PastSize]], kind: str) -> EventSpread:
    """Return the spread of one event of a kind, from past events by kind.

    Notes
    -----
    sd² = s² + (k = 0: 0.25², else (s² + v)/k); s² = (Σ own excess + 3 pooled)/(k + 3), least 0.04²; pooled:
    the mean excess of all kinds' events, 0.12² counting for three; v: the mean noise of the kind's own k. The
    last term is there because the kind's mean is itself only known from k events.
    """
    own = sizes.get(kind, ())
    every = [size.excess for kind_sizes in sizes.values() for size in kind_sizes]
    pooled = (sum(every) + TYPICAL_EVENTS * WITHIN_EVENT_SD**2) / (len(every) + TYPICAL_EVENTS)
    k = len(own)
    variance = (sum(size.excess for size in own) + TYPICAL_EVENTS * pooled) / (k + TYPICAL_EVENTS)
    variance = max(variance, LEAST_SD**2)
    doubt = (variance + float(np.mean([size.noise for size in own]))) / k if k else NO_KIND_SD**2
    return EventSpread(examples=k, sd=float(np.sqrt(variance + doubt)))


def _past_size(fit: RegressionFit, usable: UsableHours, event: Event) -> PastSize | None:
    """Return an event's size from the hours of its sale; None where it has no term or no hours."""
    term = f"event:{event.id}"
    rows = np.flatnonzero((felt_size(event, usable.starts.as_unit("s").asi8, 0.0) == 1) & fit.used)
    if term not in fit.coefficients.names or not len(rows):
        return None
    came, said, noise = _sums(fit, usable, rows)
    own = float(fit.coefficients.solution.beta[fit.coefficients.names.index(term)])
    day = usable.starts[rows].as_unit("s").asi8 // 86400
    luck = fit.day_level.mean_variance(day, fit.fitted[rows])
    return PastSize(gap=float(np.log((came + 0.5) / (said + 0.5))) + own, noise=noise + luck)


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
    variance = max(total / (len(excess) + TYPICAL_LIVES), LEAST_SD**2)
    return EventSpread(examples=len(lives), sd=float(np.sqrt(variance)))


def _sums(fit: RegressionFit, usable: UsableHours, rows: Ints) -> tuple[float, float, float]:
    """Return what came, what was fitted, and the variance of the log ratio that counting explains."""
    fitted = fit.fitted[rows]
    said = float(fitted.sum())
    noise = (said + fit.promotion_dispersion * float((fitted**2).sum())) / max(said, 0.5) ** 2
    return float(usable.hours[rows].sum()), said, noise
