"""Equal-weight combination: members' quantiles are averaged by the hour; the first keeps the order.

Averaging quantiles keeps bands as sharp as the members'; averaging densities widens them. The paths of the
first member say which hours go together.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.config import Stream
from forecast.errors import ModelError
from forecast.models.base import Effect, FittedModel, Floats, ForecastModel, Known
from forecast.open_hours import OpenHours

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Combination:
    """Several models with equal weights."""

    members: tuple[ForecastModel, ...]

    def __post_init__(self) -> None:
        """Raise `ValueError` without members."""
        if not self.members:
            raise ValueError("a combination needs at least one model")

    @property
    def name(self) -> str:
        """Names of the members."""
        return " + ".join(member.name for member in self.members)

    def fit(self, series: pd.Series, known: Known, *, stream: Stream) -> FittedModel:
        """Fit every member; one that cannot be fitted is left out with a warning."""
        fitted: list[FittedModel] = []
        reasons = []
        for member in self.members:
            try:
                fitted.append(member.fit(series, known, stream=stream))
            except ModelError as error:
                log.warning("%s: %s is left out of the combination: %s", stream.id, member.name, error)
                reasons.append(f"{member.name}: {error}")
        if not fitted:
            raise ModelError(f"{stream.id}: no model of the combination can be fitted: {'; '.join(reasons)}")
        return fitted[0] if len(fitted) == 1 else FittedCombination(members=tuple(fitted))


@dataclass(frozen=True, kw_only=True)
class FittedCombination:
    """Several fitted models with equal weights; parts and effects are the first one's."""

    members: tuple[FittedModel, ...]

    @property
    def name(self) -> str:
        """Names of the members."""
        return " + ".join(member.name for member in self.members)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the members say, each sentence once."""
        return tuple(dict.fromkeys(note for member in self.members for note in member.notes))

    @property
    def open_hours(self) -> OpenHours:
        """When the stream is open."""
        return self.members[0].open_hours

    def mean(self, starts: pd.DatetimeIndex) -> Floats:
        """Return the mean of the members' means."""
        return np.asarray(np.mean([member.mean(starts) for member in self.members], axis=0))

    def draw(self, starts: pd.DatetimeIndex, draws: int, rng: np.random.Generator) -> Floats:
        """Return joint sample paths, draws x hours, with averaged quantiles."""
        return average_quantiles([member.draw(starts, draws, rng) for member in self.members], rng)

    def parts(self, starts: pd.DatetimeIndex) -> pd.DataFrame:
        """Return the first member's factors, the level scaled so that the product is the mean."""
        parts = self.members[0].parts(starts)
        own = parts.prod(axis=1).to_numpy()
        ratio = np.where(own > 0, self.mean(starts) / np.maximum(own, 1e-12), 1.0)
        return parts.assign(level=parts["level"] * ratio)

    def effects(self, starts: pd.DatetimeIndex) -> tuple[Effect, ...]:
        """Return the first member's effects."""
        return self.members[0].effects(starts)


def average_quantiles(paths: Sequence[Floats], rng: np.random.Generator) -> Floats:
    """Return paths whose sorted values in each hour are the mean of the members' sorted values.

    Examples
    --------
    >>> import numpy as np
    >>> one, two = np.array([[3.0], [1.0]]), np.array([[4.0], [8.0]])
    >>> average_quantiles([one, two], np.random.default_rng(0)).ravel().tolist()
    [5.5, 2.5]
    """
    leader = paths[0] + 1e-6 * rng.random(paths[0].shape)  # ties of counts in random order
    order = np.argsort(leader, axis=0)
    averaged = np.mean([np.sort(one, axis=0) for one in paths], axis=0)
    result: Floats = np.empty_like(leader)
    np.put_along_axis(result, order, averaged, axis=0)
    return result
