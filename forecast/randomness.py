"""Random numbers: one seed a run, a child generator for each named use."""

from __future__ import annotations

import zlib

import numpy as np


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return the generator of one named use of a run's seed.

    Two runs with the same seed see the same luck under the same name, whatever other names are
    drawn from in between: scenarios are compared on common random numbers.

    Examples
    --------
    >>> a, b = generator(7, "arrivals", 3), generator(7, "arrivals", 3)
    >>> bool(a.random() == b.random())
    True
    """
    words = [zlib.crc32(str(name).encode()) for name in names]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))
