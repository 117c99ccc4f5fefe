"""A public shift-scheduling instance solved: objective, bound, gap to the best known value, seconds.

``python tests/bench/shift_scheduling.py INSTANCE --seconds 60 --out assignment.csv``

Reads any file of the format (T. Curtois and R. Qu, University of Nottingham, 2014), writes the best
assignment found (`employee, day, shift`) and checks the file written with code that no search shares. Ends
with 0, or with 3 where the file is no instance or nobody's rules can be kept.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from shift_instance import InstanceError, read_assignment, read_instance, score, write_assignment
from shift_paths import numbers
from shift_search import Outcome, search

# Best known values, proven optimal for 1-12: schedulingbenchmarks.org/nrp, table as of 2023.
BEST_KNOWN = {
    "Instance1": 607,
    "Instance2": 828,
    "Instance3": 1001,
    "Instance4": 1716,
    "Instance5": 1143,
    "Instance6": 1950,
    "Instance7": 1056,
    "Instance8": 1300,
    "Instance9": 439,
    "Instance10": 4631,
    "Instance11": 3443,
    "Instance12": 4040,
}
MARGIN = 1.5  # seconds kept for writing and checking


def main() -> int:
    """Solve the instance named on the command line."""
    began = time.monotonic()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("instance", type=Path, help="file of the public format")
    parser.add_argument("--seconds", type=float, default=60.0, help="wall time, at least 5 (default: 60)")
    parser.add_argument("--out", type=Path, default=Path("assignment.csv"), help="default: assignment.csv")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress on stderr")
    options = parser.parse_args()

    def told(seconds: float, outcome: Outcome) -> None:
        if not options.quiet:
            print(f"{seconds:7.1f} s  {outcome.total:.0f}  bound {outcome.bound:.2f}", file=sys.stderr)

    try:
        instance = read_instance(options.instance)
        data = numbers(instance)
        left = max(3.0, options.seconds - MARGIN) - (time.monotonic() - began)
        outcome = search(data, seconds=left, seed=options.seed, told=told)
        assert outcome.rows is not None
        rows = {
            name: [data.shift_names[s] if s >= 0 else "" for s in row]
            for name, row in zip(data.names, outcome.rows, strict=True)
        }
        write_assignment(instance, rows, options.out)
        is_file = options.out.is_file()  # not so of /dev/null
        found = score(instance, read_assignment(instance, options.out) if is_file else rows)
    except (InstanceError, ValueError) as error:
        print(f"shift_scheduling: {error}", file=sys.stderr)
        return 3
    best = BEST_KNOWN.get(instance.name)
    against = "-" if best is None else f"{(found.total - best) / best:.2%}"
    bound = outcome.bound
    parts = (
        f"{instance.name}: objective {found.total}",
        f"on {found.on}, off {found.off}, under {found.under}, over {found.over}",
        f"bound {bound:.2f}, gap {max(0.0, found.total - bound) / max(found.total, 1):.2%}",
        "proven optimal" if outcome.is_proven else "not proven",
        f"best known {best or '-'}, gap {against}",
        f"{time.monotonic() - began:.1f} s",
        f"broken rules {len(found.broken)}",
    )
    print(" | ".join(parts))
    for text in found.broken:
        print(f"  broken: {text}", file=sys.stderr)
    return 1 if found.broken or found.total != outcome.total else 0


if __name__ == "__main__":
    sys.exit(main())
