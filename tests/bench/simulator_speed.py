"""Events a second of the simulator beside SimPy, Ciw and a small C loop, same models, same run.

    python tests/bench/simulator_speed.py [--rounds 5]

The peers are no dependencies of the project. They are looked for in ``.venv-peers``, made by

    python3 -m venv .venv-peers && .venv-peers/bin/pip install simpy ciw

and left out with a message where they are missing, as is the C loop without a compiler. Every measurement is
a process of its own; engines take turns, and ratios are taken within a turn. Event: an arrival, a question, a
reply, or a slot freed. Seconds are CPU time of one core, without import and compilation, which are shown
apart; ours with drawing the random numbers, as the peers', and without. Ours simulates days of 20 000
sessions.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PEERS = ROOT / ".venv-peers" / "bin" / "python"
SIZES = {"queue": {"ours": 2_000_000, "c": 2_000_000, "simpy": 40_000, "ciw": 20_000}}
SIZES["chat"] = {"ours": 300_000, "simpy": 6_000}
DAY = 20_000  # sessions a simulated day
GOALS = {
    ("queue", "c"): 0.5,
    ("queue", "simpy"): 60.0,
    ("queue", "ciw"): 120.0,
    ("chat", "simpy"): 60.0,
}


def ours(model: str, size: int) -> dict[str, float]:
    """Measure this process: import, first call, then the model."""
    begun = time.process_time()
    sys.path.insert(0, str(ROOT))
    import numpy as np

    from forecast.replies.rules import ReplyRule
    from forecast.replies.service_parameters import ServiceParameters
    from scheduling.day import DutySpan, ServiceDay
    from scheduling.simulation.arrivals import assemble, draw_day, round_table, session_table
    from scheduling.simulation.engine import simulate
    from scheduling.simulation.staff import staff_of, streams_of

    sys.path.insert(0, str(HERE))
    import simulator_peers as shared

    import_s = time.process_time() - begun

    def day_of(sessions: int) -> ServiceDay:
        chat = model == "chat"
        gap_s = shared.CHAT_GAP_S if chat else shared.QUEUE_GAP_S
        service = {"reception_cap": shared.CAP} if chat else {"reception_cap": 1, "auto_close_s": 0.0}
        return ServiceDay(
            first_min=0,
            interval_min=60,
            sessions=np.full(int(sessions * gap_s / 3600) + 1, 3600 / gap_s),
            service=ServiceParameters(**service),
            rule=ReplyRule(id="bench"),
            target=0.9,
        )

    def draw(day: ServiceDay, number: int):
        if model == "chat":
            return draw_day({"": day}, seed=1, number=number)
        chance = np.random.default_rng(number)
        arrival = np.cumsum(chance.standard_exponential(int(1.1 * day.sessions.sum()))) * shared.QUEUE_GAP_S
        arrival = arrival[: np.searchsorted(arrival, 60.0 * day.last_min)]
        work = chance.standard_exponential(len(arrival)) * shared.WORK_S
        table = session_table(arrival, np.ones(len(arrival), np.int64))
        return assemble([(table, round_table(work, np.zeros(len(arrival))))], luck=np.uint64(1))

    def run(days: int, sessions: int) -> dict[str, float]:
        day, totals = day_of(sessions), np.zeros(5)
        for number in range(days):
            begun = time.process_time()
            drawn = draw(day, number)
            drawn_at = time.process_time()
            duties = [DutySpan(start_min=0, end_min=day.last_min + 600)] * shared.AGENTS
            happened = simulate(drawn, staff_of(duties, {"": day}), streams_of({"": day}))
            done = time.process_time()
            rounds = happened.rounds
            wait = rounds["answered_s"] - rounds["asked_s"] - (rounds["work_s"] if model == "queue" else 0.0)
            totals += (
                happened.events,
                drawn_at - begun,
                done - drawn_at,
                np.nansum(wait),
                np.sum(~np.isnan(wait)),
            )
        events, draw_s, loop_s, waited, answered = totals
        return {
            "events": events,
            "cpu_s": draw_s + loop_s,
            "loop_s": loop_s,
            "wait_s": waited / max(answered, 1),
        }

    begun = time.process_time()
    run(1, 500)
    gc.collect()  # what importing left is looked through here, not in the middle of the model
    first_s = time.process_time() - begun
    return run(size // DAY, DAY) | {"import_s": import_s, "first_s": first_s}


def measured(command: list[str]) -> dict[str, float]:
    """Run one engine in a process of its own."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def engines(folder: Path) -> dict[tuple[str, str], list[str]]:
    """Return the command of each engine that is there."""
    found = {(m, "ours"): [sys.executable, __file__, "--ours", m, str(SIZES[m]["ours"])] for m in SIZES}
    compiler = shutil.which("cc")
    if compiler is None:
        print("no C compiler (cc): the C loop is left out")
    else:
        program = str(folder / "queue")
        subprocess.run([compiler, "-O2", "-o", program, str(HERE / "simulator_queue.c"), "-lm"], check=True)
        found["queue", "c"] = [program, str(SIZES["queue"]["c"])]
    for name, models in (("simpy", ("queue", "chat")), ("ciw", ("queue",))):
        here = (
            PEERS.exists()
            and not subprocess.run([PEERS, "-c", f"import {name}"], capture_output=True).returncode
        )
        if not here:
            print(f"{name} is left out; python3 -m venv .venv-peers && .venv-peers/bin/pip install {name}")
            continue
        for model in models:
            script = [str(PEERS), str(HERE / "simulator_peers.py"), f"{name}-{model}"]
            found[model, name] = [*script, str(SIZES[model][name])]
    return found


def main() -> None:
    """Take turns and print medians, ranges and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ours", nargs=2, metavar=("MODEL", "SIZE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ours:
        print(json.dumps(ours(options.ours[0], int(options.ours[1]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        commands = engines(Path(folder))
        measured(commands["queue", "ours"])  # fills the cache of compiled code
        turns = [{key: measured(command) for key, command in commands.items()} for _ in range(options.rounds)]
    print(f"{time.strftime('%Y-%m-%d')}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    failed = False
    for model, name in commands:
        rows = [turn[model, name] for turn in turns]
        speed = [row["events"] / row["cpu_s"] / 1e6 for row in rows]
        line = f"{model:6} {name:6} {statistics.median(speed):8.3f} M events/s"
        line += f" ({min(speed):.3f}-{max(speed):.3f})  mean wait {rows[0]['wait_s']:.2f} s"
        if name == "ours":
            loop = statistics.median(row["events"] / row["loop_s"] / 1e6 for row in rows)
            line += f"  loop alone {loop:.2f} M/s, import {rows[-1]['import_s']:.2f} s"
            line += f", compiled code loaded {rows[-1]['first_s']:.2f} s"
        else:
            own = [turn[model, "ours"]["events"] / turn[model, "ours"]["cpu_s"] / 1e6 for turn in turns]
            ratio = statistics.median(a / b for a, b in zip(own, speed, strict=True))
            line += f"  ours / this {ratio:.2f} (goal {GOALS[model, name]:g})"
            ours_wait = turns[0][model, "ours"]["wait_s"]
            if abs(rows[0]["wait_s"] / ours_wait - 1) > 0.25:
                line += f"  DIFFERENT MODEL? ours waits {ours_wait:.2f} s"
                failed = True
        print(line)
    sys.exit(failed)


if __name__ == "__main__":
    main()
