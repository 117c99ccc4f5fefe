"""Estimates of service parameters: their containers, and what logs of every kind share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.replies.conversations import codes_of
from forecast.replies.estimates import Estimate, mean_estimate
from forecast.replies.reception import CapInUse
from forecast.replies.work import WorkFit

LEAST_VALUES = 30  # a parameter is not estimated from fewer
SAME_CLOSE_S = 2.0  # closings this near to their median are one setting of the platform

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class StreamCalibration:
    """What the log says about one stream: estimates by parameter, and from how many values each."""

    id: str
    service: Mapping[str, Estimate]
    values: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class AgentCalibration:
    """What the log says about one agent.

    ``cap_is_binding`` says whether buyers queued for a slot of the agent's: only then is the cap more than
    the most sessions seen at once.
    """

    employee: str
    speed: Estimate | None
    reception_cap: int | None
    cap_is_binding: bool
    replies: int


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Estimated service parameters, by stream and agent.

    ``notes`` say in words what could not be estimated and why.
    """

    streams: tuple[StreamCalibration, ...]
    agents: tuple[AgentCalibration, ...]
    notes: tuple[str, ...] = field(default=())

    def to_toml(self) -> dict[str, Any]:
        """Return the content of ``service.toml``: tables `stream` and `agent`.

        What could not be estimated is left out: defaults and ``shop.toml`` hold then.
        """
        return {
            "stream": [
                {
                    "id": stream.id,
                    "service": {name: _plain(name, one.value) for name, one in stream.service.items()},
                    "service_se": {name: _rounded(one.se) for name, one in stream.service.items()},
                }
                for stream in self.streams
            ],
            "agent": [_agent_table(agent) for agent in self.agents],
        }


def _agent_table(agent: AgentCalibration) -> dict[str, Any]:
    table: dict[str, Any] = {"employee": agent.employee}
    if agent.speed is not None:
        table |= {"speed": _rounded(agent.speed.value), "speed_se": _rounded(agent.speed.se)}
    if agent.reception_cap is not None:
        table |= {"reception_cap": agent.reception_cap, "reception_cap_reached": agent.cap_is_binding}
    return table


def _plain(name: str, value: float) -> float | int:
    return round(value) if name == "reception_cap" else _rounded(value)


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def agents_of(fit: WorkFit | None, caps: Mapping[str, CapInUse]) -> tuple[AgentCalibration, ...]:
    """Return the agents of a log, by name."""
    speeds = {} if fit is None else fit.speed
    return tuple(
        AgentCalibration(
            employee=name,
            speed=speeds.get(name),
            reception_cap=caps[name].cap if name in caps else None,
            cap_is_binding=name in caps and caps[name].binding,
            replies=0 if fit is None else fit.replies.get(name, 0),
        )
        for name in sorted(set(speeds) | set(caps))
    )


def enough_for(values: Floats, days: Codes) -> tuple[Estimate | None, int]:
    """Return the mean of the values and their number; no mean of too few."""
    return (mean_estimate(values, days) if len(values) >= LEAST_VALUES else None), len(values)


def closing_time(held: Floats, resolution_s: float) -> tuple[Estimate | None, int]:
    """Return how long sessions hold their slot after the last reply.

    Where most close after the same time that is the platform's setting (others were closed by hand or at the
    end of a duty); else the mean is taken, which keeps the load right.
    """
    if len(held) < LEAST_VALUES:
        return None, len(held)
    same = np.abs(held - np.median(held)) <= SAME_CLOSE_S
    values = held[same] if same.mean() > 0.5 else held
    value = float(np.median(values)) if same.mean() > 0.5 else float(values.mean())
    error = float(values.std(ddof=1)) / len(values) ** 0.5
    return Estimate(value=value, se=max(error, resolution_s / 12**0.5)), len(values)


def shared_cap(slots: pd.DataFrame, caps: Mapping[str, CapInUse]) -> tuple[Estimate | None, int]:
    """Return the reception cap of a stream's agents, from those who reached it while buyers queued."""
    names = [name for name in pd.unique(slots["agent"]) if name in caps and caps[name].binding]
    values = np.array([caps[name].cap for name in names], dtype=float)
    if len(values) == 0:
        return None, 0
    error = float(values.std(ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return Estimate(value=float(np.median(values)), se=error), len(values)


def sessions_per_buyer_day(buyers: npt.NDArray[np.object_], day: Codes) -> tuple[Estimate | None, int]:
    """Return the mean number of sessions of a buyer on one day."""
    if len(buyers) == 0:
        return None, 0
    key = codes_of(buyers, day)
    count = np.bincount(key).astype(float)
    return enough_for(count, day[np.unique(key, return_index=True)[1]])
