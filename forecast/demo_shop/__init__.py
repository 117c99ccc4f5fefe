"""Synthetic shops: a whole demo shop folder, and histories with a known truth to test forecasts on.

No public data set has Chinese shop chats with promotions, so these are made up, and say so.
"""

from forecast.demo_shop.folder import DEMO_START, DemoShop, write_demo_shop
from forecast.demo_shop.parameters import DemoParameters, NoiseParameters, StreamTruth
from forecast.demo_shop.simulated import SimulatedShop, simulate_shop

__all__ = [
    "DEMO_START",
    "DemoParameters",
    "DemoShop",
    "NoiseParameters",
    "SimulatedShop",
    "StreamTruth",
    "simulate_shop",
    "write_demo_shop",
]
