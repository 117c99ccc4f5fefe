"""What one agent can do, reply by reply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class ServiceParameters:
    """One agent's handling capacity in one stream.

    Attributes
    ----------
    rounds
        Mean rounds (question and reply) a session; their number is 1 + Poisson(rounds - 1).
    reply_s, reply_cv
        Mean work on one reply [s] and its coefficient of variation (lognormal).
    think_s
        Mean time from a reply to the buyer's next question [s] (exponential).
    auto_close_s
        Time a session keeps its slot after its last reply [s], exactly.
    reception_cap
        Sessions open at once per agent.
    patience_s
        Mean wait before a buyer gives up [s] (exponential); 0: never.
    sessions_per_buyer_day
        Mean sessions of one buyer on one day; their number is 1 + Poisson(it - 1).
    bot_share
        Share of consultations that the bot settles alone, in [0, 1).
    leave
        What happens to open sessions at the end of a duty or a break.
    no_new_last_min
        Minutes before a duty's end or a break in which no new session is given.
    sessions_per_hour
        Throughput of a fully loaded agent. Where given, ``reply_s`` is scaled to it
        (`scheduling.service.agent.scaled_to_throughput`).
    """

    rounds: float = 5.0
    reply_s: float = 25.0
    reply_cv: float = 0.8
    think_s: float = 45.0
    auto_close_s: float = 120.0
    reception_cap: int = 8
    patience_s: float = 0.0
    sessions_per_buyer_day: float = 1.2
    bot_share: float = 0.30
    leave: Literal["finish", "handover"] = "finish"
    no_new_last_min: float = 0.0
    sessions_per_hour: float | None = None

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  (read by pydantic when TOML is parsed)

    def __post_init__(self) -> None:
        """Raise `ValueError` for a value outside its range."""
        for name in ("rounds", "sessions_per_buyer_day", "reception_cap"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name):g}")
        if self.reply_s <= 0:
            raise ValueError(f"reply_s must be above 0 seconds, got {self.reply_s:g}")
        for name in ("reply_cv", "think_s", "auto_close_s", "patience_s", "no_new_last_min"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name):g}")
        if not 0 <= self.bot_share < 1:
            raise ValueError(f"bot_share must be in [0, 1), got {self.bot_share:g}")
        if self.sessions_per_hour is not None and self.sessions_per_hour <= 0:
            raise ValueError(f"sessions_per_hour must be above 0, got {self.sessions_per_hour:g}")
