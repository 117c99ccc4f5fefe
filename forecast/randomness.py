"""Random numbers: one seed a run, a child generator for each named use."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt


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


def mirrored_normals(rng: np.random.Generator, draws: int, *shape: int) -> npt.NDArray[np.float64]:
    """Return standard normals, draws x shape, whose second half is the first half's mirror image.

    What is common to the hours of a path is as often above as below its mean then, and medians of few paths
    are surer: half of the error that a seed makes in `nyc_taxi` falls away (antithetic variates [1]_).

    References
    ----------
    .. [1] J. M. Hammersley and K. W. Morton, "A new Monte Carlo technique: antithetic variates", Mathematical
       Proceedings of the Cambridge Philosophical Society 52(3), 1956, doi:10.1017/S0305004100031455.

    Examples
    --------
    >>> paths = mirrored_normals(generator(7, "days"), 5, 2)
    >>> paths.shape, bool((paths[0] == -paths[3]).all())
    ((5, 2), True)
    """
    half = rng.standard_normal(((draws + 1) // 2, *shape))
    return np.concatenate([half, -half])[:draws]
