"""What every forecast model offers: fit one stream, then draw joint sample paths of any hours ahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.config import Stream
from forecast.open_hours import OpenHours
from forecast.promotions import PromotionCalendar
from forecast.special_days import SpecialDays

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known ahead, and the same for every model: calendar and promotion plans, never volumes.

    Attributes
    ----------
    timezone
        The shop's.
    special_days
        Holidays and make-up workdays.
    holidays_assumed
        Nobody named them: a history that follows another country's holidays is believed.
    promotions
        Past and future events, and the hours to drop from the history.
    skill_volumes
        Ordinary consultations in each of the 24 wall hours, by skill; a phase's `mix` is read against them.
    """

    timezone: str
    special_days: SpecialDays = field(default_factory=SpecialDays)
    holidays_assumed: bool = False
    promotions: PromotionCalendar = field(default_factory=PromotionCalendar)
    skill_volumes: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A holiday, a promotion or an override that acts on the hours ahead, and where its size comes from.

    Attributes
    ----------
    name
        Holiday name, event id, or the note of an override.
    kind
        What it is.
    factor
        Mean factor on demand over its hours ahead; 1 is none.
    examples
        Past days (holiday) or events of the kind (promotion) that it was learnt from.
    source
        The same in words: learnt from 3 past events, multipliers given, ...
    """

    name: str
    kind: Literal["holiday", "promotion", "override"]
    factor: float
    examples: int
    source: str


class FittedModel(Protocol):
    """A model fitted to one stream.

    ``notes`` say what was done to the history and what to be wary of, one sentence each.
    """

    @property
    def name(self) -> str:
        """Name for the `model` column; a fallback says so."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the history, and what to be wary of."""
        ...

    @property
    def open_hours(self) -> OpenHours:
        """When the stream is open; closed hours are zero in every draw."""
        ...

    def mean(self, starts: pd.DatetimeIndex) -> Floats:
        """Return the expected consultations of each hour, given by its aware start."""
        ...

    def draw(self, starts: pd.DatetimeIndex, draws: int, rng: np.random.Generator) -> Floats:
        """Return joint sample paths, draws x hours: hours of one path share its days' and events' luck."""
        ...

    def parts(self, starts: pd.DatetimeIndex) -> pd.DataFrame:
        """Return the factors whose product is the mean, one row an hour, index `starts`.

        Columns `level` [consultations an hour] and the factors `week_shape`, `calendar`, `holiday`,
        `promotion`; 1 where a part does not act.
        """
        ...

    def effects(self, starts: pd.DatetimeIndex) -> tuple[Effect, ...]:
        """Return every holiday and promotion that acts on these hours."""
        ...


class ForecastModel(Protocol):
    """A model that can be fitted to a stream's history."""

    @property
    def name(self) -> str:
        """Name for the `model` column and the registry."""
        ...

    def fit(self, series: pd.Series, known: Known, *, stream: Stream) -> FittedModel:
        """Fit to hourly counts.

        Parameters
        ----------
        series
            Offered consultations, indexed by the aware start of each hour, sorted; lost hours are absent.
            The hours ahead begin after its last row's day.
        known
            What is known ahead.
        stream
            Its open hours, platform and skill.

        Raises
        ------
        DataError
            If the history is too short for any forecast.
        ModelError
            If this model cannot be fitted to it.
        """
        ...
