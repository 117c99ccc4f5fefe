"""Laws are tried on the same examples in every run: what passed here passes there."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")
