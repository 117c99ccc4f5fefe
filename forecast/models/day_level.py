"""The day level: a slowly walking level and a memory of some days, by a state space model.

Observed is each day's log ratio of what came to what the calendar alone would have said. Its noise is known
from the counts, so that a thin shop's luck is not taken for a level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, special
from statsmodels.tsa.statespace.kalman_smoother import KalmanSmoother

from forecast.randomness import mirrored_normals

Floats = npt.NDArray[np.float64]

LONGEST_DAYS = 364
SMOOTH_DAYS = 28
WALK_SD = 0.015  # a day's step of the level; centre of its prior
WALK_PRIOR_SD, MEMORY_PRIOR_SD = 1.6, 0.7  # of the log standard deviations
MEMORY_CENTRE, MEMORY_SD = -0.4, 1.0  # of the logit of the memory's correlation from day to day
SMALLEST_SD, LARGEST_MEMORY = 1e-3, 0.8
FARTHEST, ROBUST_PASSES = 2.5, 4  # standard deviations a day may be off what was foreseen
ONE_OFF = 4.0  # standard deviations from which a day tells nothing about how days usually move
SHIFT_DAYS, SHIFT_SURE, SMALLEST_SHIFT, SMALLEST_SHIFT_SD = (3, 15), 3.0, 0.12, 0.03
SHIFT_WORTH = 2.5  # log likelihood that a shift must gain: on a given day it is a rare thing
MEDIAN_VARIANCE = 1.6  # of a median, in terms of a mean's
RECENT_DAYS = 28  # half-life of what days' surprises say about how lively days are now
USUAL_DAYS = 10  # days' worth of trust in the year's liveliness
LEAST_LIVELY, MOST_LIVELY = 0.25, 2.25  # variance, over the year's
LIKELY_WALKS = np.linspace(-1.5, 1.5, 7)  # log, around the likeliest
AHEAD_DAYS = 7  # a forecast is for a week or two
MOST_EVALUATIONS = 120
VAGUE = 1.0  # variance of the first day's level around the mean of the first weeks


@dataclass(frozen=True, kw_only=True)
class DayLevel:
    """The level and the memory at the end of the history, and how they move on.

    Attributes
    ----------
    last_day
        Day (since 1970) that `state` and `covariance` stand at.
    state, covariance
        Of (level, memory), log scale.
    walk_sd, memory_sd, memory
        A day's step of the level, of the memory, and the memory's correlation from day to day.
    smooth
        Level plus memory of each past day from `first_day` on, with all the data.
    foreseen, foreseen_variance
        Mean and variance of each past day's level plus memory, as seen a week before; NaN in the first week.
    """

    first_day: int
    last_day: int
    state: Floats
    covariance: Floats
    walk_sd: float
    memory_sd: float
    memory: float
    smooth: Floats
    foreseen: Floats
    foreseen_variance: Floats

    def moments(self, days: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Return mean and variance of the log level of each day; past days are taken as known."""
        ahead = np.maximum(days - self.last_day, 0)
        fade = self.memory**ahead
        mean = self.state[0] + fade * self.state[1]
        variance = (
            self.covariance[0, 0]
            + 2 * fade * self.covariance[0, 1]
            + fade**2 * self.covariance[1, 1]
            + ahead * self.walk_sd**2
            + self.memory_sd**2 * (1 - fade**2) / (1 - self.memory**2)
        )
        past = days <= self.last_day
        position = np.clip(days - self.first_day, 0, len(self.smooth) - 1)
        return np.where(past, self.smooth[position], mean), np.where(past, 0.0, variance)

    def mean_variance(self, days: npt.NDArray[np.int64], weights: Floats) -> float:
        """Return the variance of days' mean memory where nothing but the weights of their hours is known."""
        weight = weights / weights.sum()
        stationary = self.memory_sd**2 / (1 - self.memory**2)
        apart = np.abs(days[:, None] - days[None, :])
        return float(stationary * (weight @ self.memory**apart @ weight))

    def draw(self, days: npt.NDArray[np.int64], draws: int, rng: np.random.Generator) -> Floats:
        """Return joint paths of the log level over consecutive or single days, draws x days."""
        reach = max(int(days.max()) - self.last_day, 0)
        start = self.state + mirrored_normals(rng, draws, 2) @ np.linalg.cholesky(self.covariance).T
        level = start[:, :1] + self.walk_sd * np.cumsum(mirrored_normals(rng, draws, reach), axis=1)
        steps = self.memory_sd * mirrored_normals(rng, draws, reach)
        memory = np.empty((draws, reach))
        state = start[:, 1]
        for day in range(reach):
            state = self.memory * state + steps[:, day]
            memory[:, day] = state
        paths = np.empty((draws, len(days)))
        past = days <= self.last_day
        paths[:, past] = self.moments(days[past])[0]
        paths[:, ~past] = (level + memory)[:, days[~past] - self.last_day - 1]
        return paths


class _LevelAndMemory(KalmanSmoother):  # type: ignore[misc]  # statsmodels carries no types
    """statsmodels state space: observation = level + memory + noise of known variance."""

    def __init__(self, observed: Floats, noise: Floats, jumps: Floats) -> None:
        super().__init__(observed[:, None], k_states=2, k_posdef=2)
        self._jumps = jumps
        self["design"] = np.array([[1.0, 1.0]])
        self["selection"] = np.eye(2)
        self["obs_cov"] = noise[None, None, :]
        self._centre = float(np.mean(observed[~np.isnan(observed)][:SMOOTH_DAYS]))

    def at(self, params: Floats) -> _LevelAndMemory:
        """Return the model itself, moving as `params` say."""
        walk, memory_sd, memory = natural(params)
        self["transition"] = np.diag([1.0, memory])
        state_cov = np.zeros((2, 2, len(self._jumps)))
        state_cov[0, 0] = walk**2 + self._jumps
        state_cov[1, 1] = memory_sd**2
        self["state_cov"] = state_cov
        stationary = memory_sd**2 / (1 - memory**2)
        self.initialize_known(np.array([self._centre, 0.0]), np.diag([VAGUE, stationary]))
        return self


def natural(params: Floats) -> tuple[float, float, float]:
    """Return (walk sd, memory sd, memory) of the unbounded parameters."""
    walk, memory_sd = np.exp(params[:2]) + SMALLEST_SD
    return float(walk), float(memory_sd), float(LARGEST_MEMORY / (1 + np.exp(-params[2])))


def fit_day_level(
    observed: Floats,
    noise: Floats,
    *,
    first_day: int,
    shift: tuple[int, float] | None = None,
    spent: float = 0.0,
) -> DayLevel:
    """Fit level and memory to the log ratios of consecutive days.

    Parameters
    ----------
    observed
        Log ratio of each day, NaN where it tells nothing; at most the last 52 weeks are used.
    noise
        Variance of each day's log ratio that is due to counting alone.
    first_day
        Day of the first ratio, counted since 1970.
    shift
        A suspected shift, from `find_shift`: the level is free to jump by about as much on that day.
    spent
        Share of the days' own variance that the calendar's coefficients took for theirs: ahead it comes back.

    Notes
    -----
    Maximises the likelihood of statsmodels' Kalman filter times priors: log standard deviations within a
    factor two of the spread around a 28-day mean and of `WALK_SD`. Without priors a short or thin history
    ends up with all of its movement in one of the two parts.
    """
    skipped = max(len(observed) - LONGEST_DAYS, 0)
    observed, noise, first_day = observed[skipped:], noise[skipped:] * (1 - spent), first_day + skipped
    known = ~np.isnan(observed)
    if not known.any():
        observed, known = np.zeros_like(observed), np.ones_like(known)
        noise = np.full_like(noise, VAGUE)
    model = _LevelAndMemory(observed, noise, _jumps(len(observed), shift))
    loss, centres = _loss(model, observed, noise)
    params = _most_likely(loss, centres)
    _robust_smooth(model, params, noise, farthest=ONE_OFF)
    if np.any(model["obs_cov"][0, 0] > noise):  # one-offs are neither memory nor level: without them anew
        params = _most_likely(loss, params)
    result = _robust_smooth(model, params, noise, farthest=FARTHEST)
    _, memory_sd, memory = natural(params)
    walk, state, covariance = _over_walks(model, params)
    foreseen, foreseen_variance = _foreseen(result, walk, memory_sd, memory)
    lively = _liveliness(result, np.asarray(model["obs_cov"][0, 0]), known)
    return DayLevel(
        first_day=first_day,
        last_day=first_day + len(observed) - 1,
        state=state,
        covariance=lively * covariance + 1e-12 * np.eye(2),
        walk_sd=walk * lively**0.5,
        memory_sd=memory_sd * (lively / (1 - spent)) ** 0.5,
        memory=memory,
        smooth=np.asarray(result.smoothed_state.sum(axis=0)),
        foreseen=foreseen,
        foreseen_variance=foreseen_variance,
    )


def _over_walks(model: _LevelAndMemory, params: Floats) -> tuple[float, Floats, Floats]:
    """Return the walk's standard deviation and the last state with its covariance, over all likely walks.

    A year of days says little about how fast the level walks, a factor of two either way, and the likeliest
    value is surer of the days ahead than the days are: the posterior's mean variances stand for it.
    """
    tried = [params + np.array([step, 0.0, 0.0]) for step in LIKELY_WALKS]
    filtered = [model.at(one).filter() for one in tried]
    likely = np.array([result.llf for result in filtered])
    likely -= 0.5 * ((np.array(tried)[:, 0] - np.log(WALK_SD)) / WALK_PRIOR_SD) ** 2
    weight = np.exp(likely - likely.max())
    weight /= weight.sum()
    states = np.array([result.filtered_state[:, -1] for result in filtered])
    mean = weight @ states
    covariance = np.einsum("k,kij->ij", weight, [result.filtered_state_cov[:, :, -1] for result in filtered])
    covariance += np.einsum("k,ki,kj->ij", weight, states - mean, states - mean)
    walks = np.array([natural(one)[0] for one in tried])
    return float(np.sqrt(weight @ walks**2)), mean, covariance


def shift_gain(observed: Floats, noise: Floats, shift: tuple[int, float]) -> float:
    """Return by how much a shift (`find_shift`) makes the days likelier than their usual moves do. [log]"""
    observed, noise = observed[-LONGEST_DAYS:], noise[-LONGEST_DAYS:]
    models = [_LevelAndMemory(observed, noise, _jumps(len(observed), one)) for one in (shift, None)]
    usual = _most_likely(*_loss(models[1], observed, noise))
    shifted, plain = (float(model.at(usual).loglike()) for model in models)
    return shifted - plain


def _jumps(days: int, shift: tuple[int, float] | None) -> Floats:
    """Return the variance of the level's free jump into each day."""
    jumps = np.zeros(days)
    if shift is not None:
        jumps[-shift[0] - 1] = shift[1] ** 2
    return jumps


def _loss(
    model: _LevelAndMemory, observed: Floats, noise: Floats
) -> tuple[Callable[[Floats], float], Floats]:
    """Return minus the log likelihood times priors, and where the priors have their middle."""
    spread = _spread_around_smooth(observed, noise)
    centres = np.array([np.log(WALK_SD), np.log(spread), MEMORY_CENTRE])
    widths = np.array([WALK_PRIOR_SD, MEMORY_PRIOR_SD, MEMORY_SD])

    def loss(params: Floats) -> float:
        prior = 0.5 * float((((params - centres) / widths) ** 2).sum())
        return prior - float(model.at(params).loglike())

    return loss, centres


def _foreseen(result: Any, walk: float, memory_sd: float, memory: float) -> tuple[Floats, Floats]:
    """Return mean and variance of each day's level plus memory, seen a week ahead; NaN for the first week."""
    fade = memory**AHEAD_DAYS
    state, cov = np.asarray(result.filtered_state), np.asarray(result.filtered_state_cov)
    mean = state[0] + fade * state[1]
    variance = cov[0, 0] + 2 * fade * cov[0, 1] + fade**2 * cov[1, 1] + AHEAD_DAYS * walk**2
    variance += memory_sd**2 * (1 - fade**2) / (1 - memory**2)
    nothing = np.full(min(AHEAD_DAYS, len(mean)), np.nan)
    return (
        np.concatenate([nothing, mean[:-AHEAD_DAYS]])[: len(mean)],
        np.concatenate([nothing, variance[:-AHEAD_DAYS]])[: len(mean)],
    )


def _liveliness(result: Any, noise: Floats, known: npt.NDArray[np.bool_]) -> float:
    """Return the variance of days' moves of late over the year's: winters are livelier than summers.

    From one-day-ahead errors less the noise of counting, recent days first; the less days move beyond that
    noise, the more of the year is believed.
    """
    error, total = np.asarray(result.forecasts_error[0]), np.asarray(result.forecasts_error_cov[0, 0])
    age = np.arange(len(error))[::-1]
    weight = np.where(known & (np.arange(len(error)) >= SMOOTH_DAYS), np.exp2(-age / RECENT_DAYS), 0.0)
    moves = np.maximum(total - noise, 1e-9)
    square = np.minimum(np.nan_to_num(error) ** 2, FARTHEST**2 * total)
    if weight.sum() <= 0:
        return 1.0
    usual = USUAL_DAYS * np.average((total / moves) ** 2, weights=weight) * np.average(moves, weights=weight)
    ratio = ((weight * (square - noise)).sum() + usual) / ((weight * moves).sum() + usual)
    return float(np.clip(ratio, LEAST_LIVELY, MOST_LIVELY))


def _most_likely(loss: Callable[[Floats], float], start: Floats) -> Floats:
    """Return the parameters of least loss, near `start`."""
    corners = start + np.vstack([np.zeros(3), np.diag([0.5, 0.5, 0.7])])
    found = optimize.minimize(
        loss,
        start,
        method="Nelder-Mead",
        options={"initial_simplex": corners, "xatol": 0.03, "fatol": 0.02, "maxfev": MOST_EVALUATIONS},
    )
    return np.asarray(found.x)


def log_count_bias(means: Floats, dispersion: Floats) -> Floats:
    """Return by how much log(count + ½) is low on average against log(mean + ½).

    Parameters
    ----------
    means
        Expected counts.
    dispersion
        a of their Var = μ + a μ².

    Examples
    --------
    Nothing for large counts, a fifth for a day with two consultations:

    >>> import numpy as np
    >>> log_count_bias(np.array([2.0, 5000.0]), np.zeros(2)).round(2).tolist()
    [-0.2, 0.0]
    """
    counts = np.arange(150)
    grid = np.geomspace(0.05, 60.0, 40)
    log_factorials = special.gammaln(counts + 1.0)
    chances = np.exp(special.xlogy(counts[None, :], grid[:, None]) - log_factorials[None, :] - grid[:, None])
    bias = chances @ np.log(counts + 0.5) - np.log(grid + 0.5)
    return np.asarray(np.interp(means, grid, bias, right=0.0) - dispersion / 2)


def find_shift(observed: Floats) -> tuple[int, float] | None:
    """Return since how many days the level seems shifted, and by how much (log); None if it does not.

    Compares the last 3 to 14 days with the 28 before them: by medians whether there is a shift at all, so
    that one odd day makes none, and by the least squares of two levels since when.
    """
    best: tuple[int, float] | None = None
    least = np.inf
    for recent in range(*SHIFT_DAYS):
        after = observed[-recent:]
        before = observed[-SHIFT_DAYS[1] - SMOOTH_DAYS : -recent]
        after, before = after[~np.isnan(after)], before[~np.isnan(before)]
        if len(after) < max(3, recent // 2) or len(before) < SMOOTH_DAYS // 3:
            continue
        gap = float(np.median(after) - np.median(before))
        spread = max(_robust_sd(before), _robust_sd(after), SMALLEST_SHIFT_SD)
        sure = abs(gap) / (spread * np.sqrt(MEDIAN_VARIANCE * (1 / len(after) + 1 / len(before))))
        squares = len(after) * float(after.var()) + len(before) * float(before.var())
        if abs(gap) > SMALLEST_SHIFT and sure > SHIFT_SURE and squares < least:
            best, least = (recent, gap), squares
    return best


def _robust_sd(values: Floats) -> float:
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _robust_smooth(model: _LevelAndMemory, params: Floats, noise: Floats, *, farthest: float) -> Any:
    """Return statsmodels' smoother results with days that nobody could foresee held to `farthest` sd.

    A single day far off is more often a one-off than a new level, so that its noise is raised; a new level
    goes on, and is followed within days.
    """
    noise = noise.copy()
    for _ in range(ROBUST_PASSES):
        model["obs_cov"] = noise[None, None, :]
        result = model.at(params).smooth()
        error = np.nan_to_num(result.forecasts_error[0])
        variance = result.forecasts_error_cov[0, 0]
        far = np.abs(error) > farthest * np.sqrt(variance)
        if not far.any():
            break
        noise = noise + np.where(far, (error / farthest) ** 2 - variance, 0.0)
    return result


def _spread_around_smooth(observed: Floats, noise: Floats) -> float:
    """Return the standard deviation of the ratios around a 28-day mean, counting noise taken off."""
    known = ~np.isnan(observed)
    window = np.ones(min(SMOOTH_DAYS, len(observed)))
    weight = np.convolve(known.astype(float), window, mode="same")
    smooth = np.convolve(np.where(known, observed, 0.0), window, mode="same") / np.maximum(weight, 1)
    gaps = (observed - smooth)[known]
    return float(np.sqrt(np.clip(_robust_sd(gaps) ** 2 - np.median(noise[known]), 0.02**2, 0.5**2)))
