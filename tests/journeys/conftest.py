"""One plan of the demo shop for all journeys that begin with a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.demo_shop import write_demo_shop
from reports.cli.app import app


@pytest.fixture(scope="session")
def planned_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo shop with a plan of its first two days in ``plans/2026-12-07``; to be copied, not changed."""
    shop = write_demo_shop(tmp_path_factory.mktemp("demo")).folder
    words = ["plan", str(shop), "--start", "2026-12-07", "--days", "2", "--effort", "quick", "-q"]
    assert app.main(words, standalone_mode=False) in (None, 0, 7)
    return shop
