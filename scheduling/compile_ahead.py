"""Compile the inner loops once, so that the first plan does not wait for it.

``python -m scheduling.compile_ahead`` plans one short day of a made-up shop with two people; what is compiled
on the way is kept beside the modules. Set-up runs it; without it the first plan takes half a minute longer.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.config import ShopSettings, Stream
from forecast.promotions import PromotionCalendar
from forecast.timegrid import slots
from scheduling.config import Settings
from scheduling.inputs import Inputs
from scheduling.outlook import Outlook
from scheduling.pipeline import make_plan
from scheduling.roster.people import Employee

DAY = dt.date(2026, 1, 5)
ZONE = "Asia/Shanghai"


def compile_all() -> None:
    """Plan a day that goes through every compiled function."""
    grid = slots(DAY, 1, 60, ZONE)[9:18]
    table = pd.DataFrame({"stream": "shop", "start": grid, "mean": 20.0})
    draws = pd.DataFrame(
        {
            "stream": "shop",
            "start": grid.repeat(3),
            "draw": np.tile(np.arange(3), len(grid)),
            "offered": np.tile([18.0, 20.0, 22.0], len(grid)),
        }
    )
    inputs = Inputs(
        settings=Settings(
            demand=ShopSettings(folder=Path(), streams=(Stream(id="shop", absence_rate=0.01, target=0.8),))
        ),
        history=pd.DataFrame(),
        calendar=PromotionCalendar(),
        employees=tuple(Employee(employee=name) for name in "AB"),
        hashes={},
    )
    make_plan(
        inputs,
        start=DAY,
        days=1,
        effort="quick",
        outlook=Outlook(table=table, draws=draws),
        with_baselines=False,
    )


if __name__ == "__main__":
    compile_all()
