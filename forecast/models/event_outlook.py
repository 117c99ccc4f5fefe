"""What an event ahead will do: learnt from past events, told by the manager, or both; and how surely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from forecast.models.base import Floats
from forecast.models.promotion_columns import LIVE, seconds
from forecast.promotions import BAND_SD, Event, Kernel, Multiplier, Phase

Ints = npt.NDArray[np.int64]

GROWTH_SD = 0.15  # log; how surely a manager knows an event's growth
LEAST_GIVEN_SD = 0.05
WITHIN_EVENT_SD = 0.12  # an event under way has shown most of its size
FLAT = Kernel(shape="flat")
KICK_OFF = Kernel(shape="kickoff", peak_hours=1.0, half_life_h=3.0)

# Where neither the history nor the manager knows anything: orders of magnitude, assumed, with wide bands.
ASSUMED: Mapping[str, Multiplier] = {
    "presale_deposit": Multiplier(low=1.1, mid=1.6, high=2.6),
    "tail": Multiplier(low=1.1, mid=1.5, high=2.5),
    "warmup": Multiplier(low=1.0, mid=1.2, high=1.6),
    "spot": Multiplier(low=1.3, mid=2.2, high=4.5),
    "last_day": Multiplier(low=1.1, mid=1.5, high=2.5),
    "return": Multiplier(low=1.0, mid=1.2, high=1.8),
    "aftersale": Multiplier(low=1.0, mid=1.2, high=1.6),
}
ASSUMED_LIVE = Multiplier(low=1.1, mid=1.4, high=2.2)


@dataclass(frozen=True, kw_only=True)
class EventSpread:
    """How far single events of a kind lie from what their kind does, and from how many that is known.

    ``sd`` is on the log scale, for one event ahead.
    """

    examples: int
    sd: float


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """An event's part of the log mean in the hours that it touches.

    Attributes
    ----------
    rows
        Positions of the hours.
    log_effect
        What it adds to the log mean.
    sd
        Standard deviation of its luck, common to the whole event.
    high, given
        Highest `high` of the multipliers that decide in the hour, and how many do; none where what was learnt
        has its say.
    source
        Where it comes from, in words.
    """

    event: Event
    rows: Ints
    log_effect: Floats
    sd: Floats
    high: Floats
    given: Ints
    examples: int
    source: str

    def at(self, place: Ints) -> Outlook:
        """Return the outlook where its hours stand at other positions, or at none (below 0)."""
        rows = place[self.rows]
        kept = rows >= 0
        return replace(
            self,
            rows=rows[kept],
            log_effect=self.log_effect[kept],
            sd=self.sd[kept],
            high=self.high[kept],
            given=self.given[kept],
        )


def event_outlook(
    event: Event,
    *,
    moments: Ints,
    rows: Ints,
    learnt: Floats,
    feels: Floats,
    base: Floats,
    spread: EventSpread,
    is_learnt: bool,
    skill_factor: Mapping[int, float],
    growth_log: float | None,
) -> Outlook:
    """Return what an event does to the hours at `rows`.

    Parameters
    ----------
    event
        The event.
    moments
        Starts of those hours. [s since 1970]
    learnt
        Log effect that past events teach, 0 throughout where there were none.
    feels
        How much of the event's own size each hour feels, in [0, 1].
    base
        Mean of the hours without the event, for weighting.
    spread
        Of single events around their kind.
    is_learnt
        Whether any past event taught a shape.
    skill_factor
        By position of the phase: the stream's share of the phase's volume over its ordinary share.
    growth_log
        Log of the size that the manager's expected growth asks for over what was learnt; None: not given.

    Notes
    -----
    Learnt effect and given multiplier meet by precision: with variances v and g² of the phase's log mean,
    the effect moves by v/(v + g²) of the gap and keeps the variance v g²/(v + g²). A multiplier's low and
    high are read as its 10 % and 90 % quantile, g = log(high/low)/2.56.
    """
    effect = learnt.copy()
    variance = (feels * spread.sd) ** 2 if is_learnt else np.zeros(len(rows))
    high, count = np.zeros(len(rows)), np.zeros(len(rows), dtype=np.int64)
    said: list[str] = []
    if growth_log is not None:
        weight = spread.sd**2 / (spread.sd**2 + GROWTH_SD**2)
        effect = effect + feels * weight * growth_log
        variance = variance * (1 - weight)
        said.append("growth given")
    for position, phase in enumerate(event.phase):
        covered = _covered(phase, moments)
        inside = covered > 0
        given = phase.multiplier or (None if is_learnt else _assumed(event, phase))
        if given is None or not inside.any():
            continue
        factor = skill_factor.get(position, 1.0)
        g = max(float(np.log(given.high / given.low)) / BAND_SD, LEAST_GIVEN_SD)
        if is_learnt:
            mean_log = float(np.log((base * np.exp(effect))[inside].sum() / base[inside].sum()))
            v = max(float(np.mean(variance[inside])), 1e-6)
            weight = v / (v + g**2)
            effect[inside] += weight * (np.log(given.mid * factor) - mean_log) * covered[inside]
            variance[inside] *= 1 - weight
        else:
            shape = _kernel_multiplier(event, phase, given.mid * factor, moments[inside], base[inside])
            effect[inside] += np.log1p((shape - 1) * covered[inside]) - g**2 / 2  # `mid` is the mean
            variance[inside] += g**2
            high[inside] = np.maximum(high[inside], given.high * factor)
            count[inside] += 1
        said.append("multipliers given" if phase.multiplier else "multipliers assumed, none given")
    return Outlook(
        event=event,
        rows=rows,
        log_effect=effect,
        sd=np.sqrt(variance),
        high=high,
        given=count,
        examples=spread.examples,
        source=_source(event, spread, is_learnt, said),
    )


def _source(event: Event, spread: EventSpread, is_learnt: bool, said: list[str]) -> str:
    if not is_learnt:
        learnt = "no past event in the history"
    elif spread.examples:
        learnt = f"learnt from {spread.examples} past {event.kind} events"
    else:
        learnt = f"no past {event.kind} event; shape of the other promotions"
    return "; ".join([learnt, *dict.fromkeys(said)])


def _assumed(event: Event, phase: Phase) -> Multiplier:
    return ASSUMED_LIVE if event.kind == LIVE else ASSUMED[phase.kind]


def _covered(phase: Phase, moments: Ints) -> Floats:
    """Return the share of each hour that lies inside a phase."""
    first, last = seconds(phase.start), seconds(phase.end)
    overlap = np.minimum(moments + 3600, last) - np.maximum(moments, first)
    return np.asarray(np.clip(overlap / 3600, 0, 1))


def _kernel_multiplier(event: Event, phase: Phase, mid: float, moments: Ints, base: Floats) -> Floats:
    """Return the phase's multiplier in each hour, so that its mean over the phase's volume is `mid`.

    1 + (mid - 1) c (1 + r 2^(-t/h)), r the kernel's rise, h its half-life, t counted from the end of its top.
    """
    spiky = event.kind == LIVE or phase.kind in ("spot", "presale_deposit", "tail")
    kernel = phase.kernel or (KICK_OFF if spiky else FLAT)
    if kernel.shape == "flat":
        return np.full(len(moments), mid)
    since = np.maximum((moments - seconds(phase.start)) / 3600, 0.0)
    shape = 1 + kernel.rise * np.exp2(-np.maximum(since - kernel.peak_hours, 0) / kernel.half_life_h)
    scale = base.sum() / (base * shape).sum()
    return np.asarray(np.maximum(1 + (mid - 1) * scale * shape, 0.02))
