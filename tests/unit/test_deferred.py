"""What a forecast does not use is not loaded for it, and is there all the same when it is asked for."""

from __future__ import annotations

import subprocess
import sys

FORECAST = """
import sys
import forecast.selection
assert "scipy.stats" in sys.modules
assert "scipy.stats._stats_py" not in sys.modules, "scipy.stats was loaded"
assert "matplotlib" not in sys.modules
import scipy.stats.distributions
from scipy.stats import norm
assert round(float(norm.cdf(1.96)), 3) == 0.975
"""


def test_models_are_loaded_without_scipy_stats_which_loads_when_it_is_asked_for():
    done = subprocess.run([sys.executable, "-c", FORECAST], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
