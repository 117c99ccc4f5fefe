"""One plan of the demo shop for all journeys that begin with a plan."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from filelock import FileLock

from forecast.demo_shop import write_demo_shop
from reports.cli.app import app


@pytest.fixture(scope="session")
def planned_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo shop with a plan of its first two days in ``plans/2026-12-07``; to be copied, not changed."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own  # one plan for all workers
    shop = shared / "planned" / "demo-shop"
    with FileLock(shared / "planned.lock"):
        if not shop.exists():
            made = write_demo_shop(own / "demo-shop").folder
            words = ["plan", str(made), "--start", "2026-12-07", "--days", "2", "--effort", "quick", "-q"]
            assert app.main(words, standalone_mode=False) in (None, 0, 7)
            shop.parent.mkdir()
            made.rename(shop)
    return shop
