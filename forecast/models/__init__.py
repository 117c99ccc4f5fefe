"""Forecast models behind one protocol."""

from __future__ import annotations

import forecast.deferred  # noqa: F401  # first: the models import what imports spare packages
from forecast.errors import ConfigError, nearest
from forecast.models.base import ForecastModel
from forecast.models.combination import Combination
from forecast.models.naive import SeasonalMean, SeasonalNaive
from forecast.models.regression import CalendarRegression

YARDSTICK = SeasonalNaive().name
DEFAULT = CalendarRegression().name


def known_models() -> dict[str, ForecastModel]:
    """Return every model by name; a new one is added here."""
    models: tuple[ForecastModel, ...] = (CalendarRegression(), SeasonalMean(), SeasonalNaive())
    return {model.name: model for model in models}


def find_model(name: str) -> ForecastModel:
    """Return the model of that name; names joined by ``+`` are a combination of equal weights.

    Raises
    ------
    ConfigError
        If there is none.

    Examples
    --------
    >>> find_model("regression+seasonal-mean").name
    'regression + seasonal-mean'
    """
    models = known_models()
    names = [part.strip() for part in name.split("+")]
    for one in names:
        if one not in models:
            raise ConfigError(f"model: no forecast model is called {one!r}{nearest(one, list(models))}")
    members = tuple(models[one] for one in names)
    return members[0] if len(members) == 1 else Combination(members=members)
