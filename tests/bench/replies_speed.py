"""CPU seconds and memory of a large message log: ``python tests/bench/replies_speed.py 1``.

The argument is the number of messages, in millions.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

import pandas as pd  # noqa: E402
from builders_messages import ZONE, build_simulated_log  # noqa: E402

from forecast.replies.activity import activity  # noqa: E402
from forecast.replies.calibrate import calibrate  # noqa: E402
from forecast.replies.events import reply_events  # noqa: E402
from forecast.replies.measure import measure  # noqa: E402
from forecast.replies.rules import preset_rules  # noqa: E402
from forecast.replies.service_parameters import ServiceParameters  # noqa: E402


def large_log(messages: float) -> pd.DataFrame:
    """Return a simulated day repeated under new names until there are so many messages."""
    service = ServiceParameters(patience_s=300.0)
    rule = preset_rules()["taobao.human3min.30d"]
    day, _ = build_simulated_log(
        service, rule=rule, sessions_per_half_hour=200.0, speeds=(1.0,) * 10, days=1, seed=1
    )
    parts = []
    for number in range(max(1, round(messages / len(day)))):
        shift = pd.Timedelta(days=number)
        moved = {name: day[name] + shift for name in ("time", "assigned", "closed")}
        names = {name: f"{number}-" + day[name] for name in ("session_id", "buyer")}
        parts.append(day.assign(**moved, **names))
    return pd.concat(parts, ignore_index=True)


def timed(name: str, work: Callable[[], object]) -> None:
    """Print a step's CPU seconds and the largest memory so far."""
    began = time.process_time()
    work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{name:28s} {time.process_time() - began:7.2f} s CPU   {peak:6.2f} GB at most")


def main() -> None:
    """Time each step."""
    log = large_log(1e6 * float(sys.argv[1]) if len(sys.argv) > 1 else 1e6)
    rules = preset_rules()
    print(f"{len(log)} messages")
    timed("reply events", lambda: reply_events(log, rules["taobao.human3min.30d"]))
    for name in ("taobao.human3min.30d", "kuaishou.human3min.week", "jd.first30s"):
        timed(name, lambda name=name: measure(log, [rules[name]], timezone=ZONE))
    timed("activity by agent and day", lambda: activity(log, timezone=ZONE, by=["agent", "day"]))
    timed("calibrate", lambda: calibrate(log, timezone=ZONE))


if __name__ == "__main__":
    main()
