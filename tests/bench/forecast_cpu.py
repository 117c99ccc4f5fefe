"""What one forecast costs: `paiban forecast` against peers on the same series, whole processes.

    python tests/bench/forecast_cpu.py [ROUNDS]     about a minute a round on a quiet machine

Every run is a fresh process, interpreter and imports included, with one thread; the programs take turns,
after one round that is not counted. Our modules are compiled as set-up leaves them, the peers' by pip.
Prints medians and ranges of CPU seconds (the process and all that it started), peak memory of the largest
process, the medians of the ratios within each round, and how busy the machine was.
"""

from __future__ import annotations

import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import tomli_w
from forecast_peers import ONE_THREAD, PEER_PYTHON, ROOT
from forecast_series import BenchSeries, nyc_taxi, peer_table, shop

from forecast.accuracy import SCORED_LEVELS

OURS = "paiban forecast"
MEASURED = """
import os, resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
if code.returncode:
    sys.exit(code.stderr.decode())
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def main(rounds: int) -> None:
    """Run the bench and print its table."""
    for package in ("forecast", "scheduling", "reports"):
        compileall.compile_dir(str(ROOT / package), quiet=1)
    for series in (shop(per_hour=100, origins=1, seed=0), nyc_taxi(origins=1)):
        with tempfile.TemporaryDirectory() as name:
            commands = write_jobs(series, Path(name))
            found: dict[str, list[tuple[float, float]]] = {label: [] for label in commands}
            fits: dict[str, list[float]] = {}
            for command in commands.values():
                measured(command)
            for _ in range(rounds):
                for label, command in commands.items():
                    found[label].append(measured(command))
                    times = Path(name) / label / "out.json"
                    if times.exists():
                        spent = json.loads(times.read_text(encoding="utf-8"))["cpu_s"]
                        fits.setdefault(label, []).append(float(sum(spent)))
        print(f"\n== {series.name}: {len(series.history)} hours, {series.days_ahead} days ahead ==")
        print_table(found, fits)


def write_jobs(series: BenchSeries, folder: Path) -> dict[str, list[str]]:
    """Write the series as a shop folder and as a peer's job; return each program's command line."""
    origin = series.origin_days[-1]
    home = folder / "shop"
    home.mkdir()
    series.history.to_csv(home / "history.csv", index=False)
    write_toml(
        {"shop": {"timezone": series.timezone, "holidays": series.holidays, "language": "en"}},
        home / "shop.toml",
    )
    if series.promotions:
        write_toml({"event": [dict(event) for event in series.promotions]}, home / "promotions.toml")
    span = ["--start", str(origin), "--days", str(series.days_ahead), "-q", "--out", str(folder / "results")]
    start = [sys.executable, "-c", "from reports.cli.app import main; main()", "forecast", str(home), *span]
    commands = {OURS: start, f"{OURS} --compare": [*start, "--compare"]}
    if not PEER_PYTHON.exists():
        print("no peers: .venv-peers is missing, `make peers` sets it up", file=sys.stderr)
        return commands
    job = {
        "origins": [f"{origin}T00:00:00"],
        "horizon_h": series.days_ahead * series.day_h,
        "levels": list(SCORED_LEVELS),
        "day_h": series.day_h,
    }
    for peer in ("MSTL+AutoETS statsforecast", "Prophet"):
        own = folder / peer
        own.mkdir()
        peer_table(series).to_csv(own / "series.csv", index=False)
        (own / "job.json").write_text(json.dumps(job), encoding="utf-8")
        script = str(Path(__file__).with_name("peer_models.py"))
        commands[peer] = [str(PEER_PYTHON), script, peer, str(own), str(own / "out.csv")]
    return commands


def write_toml(content: dict[str, Any], path: Path) -> None:
    """Write a TOML file."""
    path.write_text(tomli_w.dumps(content), encoding="utf-8")


def measured(command: list[str]) -> tuple[float, float]:
    """Return CPU seconds of a command with all that it started, and the largest process's memory. [MB]"""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *command],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=os.environ | ONE_THREAD,
    )
    cpu, memory = map(float, done.stdout.split())
    return cpu, memory


def print_table(found: dict[str, list[tuple[float, float]]], fits: dict[str, list[float]]) -> None:
    """Print one line a program, with our CPU over its, round by round."""
    for label, runs in found.items():
        spent = [cpu for cpu, _ in runs]
        line = f"{label:28} CPU {statistics.median(spent):5.2f} s ({min(spent):.2f}-{max(spent):.2f}), "
        line += f"peak {max(memory for _, memory in runs):.0f} MB"
        if label in fits:
            line += f", of which the fit {statistics.median(fits[label]):.2f} s; over it: "
            ours = (name for name in found if name.startswith(OURS))
            line += ", ".join(f"{name} {ratio(found[name], runs):.2f}" for name in ours)
        print(line)
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {len(spent)} rounds")


def ratio(ours: list[tuple[float, float]], theirs: list[tuple[float, float]]) -> float:
    """Return our CPU over theirs, the median over rounds."""
    return statistics.median(own / other for (own, _), (other, _) in zip(ours, theirs, strict=True))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
