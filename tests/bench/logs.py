"""Imports, measures and calibration: speed and memory beside plain scripts, and whether figures are right.

``python tests/bench/logs.py [--messages 1e7] [--rounds 3] [--peers PYTHON] [--only speed|right|calibrate]``

Every program runs in a process of its own, in turn, round after round; CPU seconds and peak memory are those
of the whole process tree as the system counts them. `--peers` is a Python that has pandas, Polars and DuckDB;
without Polars in it that row is left out.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "unit")]

PEERS = Path(__file__).with_name("logs_peers.py")
PAIBAN = [sys.executable, "-c", "from reports.cli.app import main; main()"]
SETTINGS = """[shop]
timezone = "Asia/Shanghai"
[[rule]]
id = "own"
threshold_s = 180
window = ["09:00", "23:00"]
period = { kind = "natural_month" }
"""
IBM = ROOT / "data" / "ibm_care" / "conversations.csv"


@dataclass(frozen=True)
class Run:
    """One program's run: CPU seconds, peak memory [MB], what it printed."""

    cpu_s: float
    peak_mb: float
    text: str


def run(command: list[str]) -> Run:
    """Run a program to its end; raise if it fails."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdout=out, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)


def write_log(path: Path, messages: float) -> None:
    """Write a synthetic log with quoted text: sessions of eight messages over sixty days, fifty agents."""
    import duckdb

    sessions = max(1, round(messages / 8))
    kind = "FORMAT PARQUET" if path.suffix == ".parquet" else "HEADER, DELIMITER ',', FORCE_QUOTE (text)"
    moment = "began + to_seconds((k * 90 + hash(s * 31 + k) % 80)::BIGINT)"
    if path.suffix == ".csv":
        moment = f"strftime({moment}, '%Y-%m-%d %H:%M:%S')"
    duckdb.connect().execute(
        f"""
        COPY (
            SELECT 'S' || lpad(s::VARCHAR, 10, '0') AS session_id,
                '买家' || (hash(s // 2) % {sessions})::VARCHAR AS buyer,
                'agent' || (hash(s * 3) % 50)::VARCHAR AS agent,
                CASE WHEN k = 1 AND s % 3 = 0 THEN 'welcome'
                    WHEN k % 2 = 0 OR hash(s + k) % 20 = 0 THEN 'buyer' ELSE 'human' END AS sender,
                {moment} AS time,
                '您好，这款有货，"包邮"，今天发 ' || (hash(s * 8 + k))::VARCHAR AS text
            FROM (
                SELECT s, k, TIMESTAMP '2026-03-01 08:00:00' + to_days((s * 60 // {sessions})::INTEGER)
                    + to_seconds((hash(s * 7) % 50000)::BIGINT) AS began
                FROM range({sessions}) AS a(s), range(8) AS b(k)
            ) ORDER BY s, k
        ) TO '{path}' ({kind})
        """
    )


def as_gb18030(source: Path, target: Path) -> None:
    """Write a UTF-8 text again as GB18030."""
    with (
        source.open(encoding="utf-8", newline="") as text,
        target.open("w", encoding="gb18030", newline="") as out,
    ):
        while chunk := text.read(1 << 22):
            out.write(chunk)


def checks(out: Path) -> dict[str, float]:
    """Return what the peers print too, from what `paiban measure` wrote."""
    found = json.loads((out / "measure.json").read_text(encoding="utf-8"))
    shop = found["activity"]["shop"][0]
    return {
        "sessions": shop["sessions"],
        "rounds": int(sum(row["denominator"] for row in found["rates"])),
        "on_time": int(sum(row["numerator"] for row in found["rates"])),
        "session_s": shop["session_s"],
        "most_open": shop["most_open"],
    }


def agree(one: dict[str, float], other: dict[str, float]) -> bool:
    """Whether two programs found the same."""
    return all(abs(one[name] - other[name]) <= 1e-6 * max(1.0, abs(one[name])) for name in one)


def speed(messages: float, rounds: int, peers: str) -> None:
    """Print messages per CPU second and peak memory of each program, and ratios within each round."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name)
        logs = {suffix: folder / f"log.{suffix}" for suffix in ("csv", "parquet")}
        legacy = folder / "legacy.csv"
        # A child's peak counts from its parent's size: whatever is large happens in a process of its own.
        for path in logs.values():
            run([sys.executable, __file__, "--write", str(path), "--messages", str(messages)])
        run([sys.executable, __file__, "--rewrite", str(logs["csv"]), str(legacy)])
        sizes = ", ".join(
            f"{path.name} {path.stat().st_size / 1e6:.0f} MB" for path in (*logs.values(), legacy)
        )
        print(f"{messages:.0f} messages ({sizes}), {rounds} rounds, load {os.getloadavg()[0]:.1f}")
        programs = _programs(folder, logs, legacy, peers)
        found: dict[str, list[Run]] = {name: [] for name in programs}
        values: dict[str, dict[str, float]] = {}
        for _ in range(rounds):
            for name, program in programs.items():
                done, checked = program()
                found[name].append(done)
                if checked is not None:
                    values[name] = checked
        first = next(iter(values.values()))
        for name, checked in values.items():
            if not agree(first, checked):
                raise SystemExit(f"{name} found {checked}, expected {first}")
        print(
            "  " + ", ".join(f"{name} {value:.6g}" for name, value in first.items()) + ": all programs agree"
        )
        print("  Plain scripts keep no store, hash no buyer and count the shop's five figures only.")
        print(f"  {'':42s} {'CPU s':>8s} {'range':>15s} {'messages/s':>11s} {'peak MB':>8s}")
        for name, runs in found.items():
            times = [one.cpu_s for one in runs]
            middle = statistics.median(times)
            print(
                f"  {name:42s} {middle:8.2f} {min(times):7.2f}-{max(times):7.2f} {messages / middle:11.0f} "
                f"{max(one.peak_mb for one in runs):8.0f}"
            )
        _print_ratios(found)


def _print_ratios(found: dict[str, list[Run]]) -> None:
    """Print ratios of CPU seconds within each round: median."""

    def ratio(above: list[str], below: list[str]) -> float:
        rounds = range(len(next(iter(found.values()))))
        return statistics.median(
            sum(found[name][at].cpu_s for name in above) / min(found[name][at].cpu_s for name in below)
            for at in rounds
        )

    for kind in ("csv", "parquet"):
        ours = [f"paiban import {kind}", f"paiban measure ({kind})"]
        for peer in (f"duckdb {kind}", f"polars {kind}", f"pandas {kind}"):
            if peer in found:
                print(f"  import and measure / {peer}: {ratio(ours, [peer]):.2f}")
    print(f"  GB18030 / UTF-8: {ratio(['paiban import gb18030'], ['paiban import csv']):.2f}")
    print(
        "  measure from the store / first import: "
        f"{ratio(['paiban measure (csv)'], ['paiban import csv']):.2f}"
    )
    print(f"  import again / first import: {ratio(['paiban import again'], ['paiban import csv']):.2f}")


Program = Callable[[], tuple[Run, dict[str, float] | None]]


def _programs(folder: Path, logs: dict[str, Path], legacy: Path, peers: str) -> dict[str, Program]:
    """Return the programs of a round, by name, in order."""

    def import_of(path: Path, name: str) -> Program:
        def program() -> tuple[Run, None]:
            shop = folder / name
            if (shop / ".paiban").is_dir():
                for file in (shop / ".paiban").iterdir():
                    if file.is_file():
                        file.unlink()
            shop.mkdir(exist_ok=True)
            (shop / "shop.toml").write_text(SETTINGS, encoding="utf-8")
            return run([*PAIBAN, "import", str(path), "--shop", str(shop), "-q", "--json"]), None

        return program

    def again() -> tuple[Run, None]:
        return run([*PAIBAN, "import", str(logs["csv"]), "--shop", str(folder / "csv"), "-q", "--json"]), None

    def measure_of(name: str) -> Program:
        def program() -> tuple[Run, dict[str, float]]:
            out = folder / f"out-{name}"
            words = [
                "measure",
                str(folder / name),
                "--rule",
                "own",
                "--scope",
                "shop",
                "--out",
                str(out),
                "--json",
            ]
            return run([*PAIBAN, *words]), checks(out)

        return program

    def peer(engine: str, path: Path) -> Program:
        def program() -> tuple[Run, dict[str, float]]:
            done = run([peers, str(PEERS), engine, str(path)])
            return done, json.loads(done.text)

        return program

    programs: dict[str, Program] = {}
    for kind, path in logs.items():
        programs[f"paiban import {kind}"] = import_of(path, kind)
        programs[f"paiban measure ({kind})"] = measure_of(kind)
        for engine in ("duckdb", "polars", "pandas"):
            known = subprocess.run([peers, "-c", f"import {engine}"], capture_output=True, check=False)
            if known.returncode == 0:
                programs[f"{engine} {kind}"] = peer(engine, path)
    programs["paiban import again"] = again
    programs["paiban import gb18030"] = import_of(legacy, "legacy")
    return programs


def right() -> None:
    """Print whether shares of first replies of real threads equal those counted by hand."""
    with tempfile.TemporaryDirectory() as name:
        shop, out = Path(name) / "shop", Path(name) / "out"
        for threshold in (60, 180, 3600, 86_400):
            shop.mkdir(exist_ok=True)
            rule = f'[[rule]]\nid = "own"\nunit = "session"\nthreshold_s = {threshold}\n'
            text = f'[shop]\ntimezone = "UTC"\n{rule}period = {{ kind = "natural_month" }}\n'
            (shop / "shop.toml").write_text(text, encoding="utf-8")
            run([*PAIBAN, "import", str(IBM), "--shop", str(shop), "-q", "--json"])
            run(
                [
                    *PAIBAN,
                    "measure",
                    str(shop),
                    "--rule",
                    "own",
                    "--scope",
                    "shop",
                    "--out",
                    str(out),
                    "--json",
                ]
            )
            with (out / "measure.csv").open(encoding="utf-8-sig") as file:
                rows = list(csv.DictReader(file))
            with IBM.open(encoding="utf-8") as file:
                counted = [float(row["first_reply_s"]) <= threshold for row in csv.DictReader(file)]
            ours = (
                sum(float(row["numerator"]) for row in rows),
                sum(float(row["denominator"]) for row in rows),
            )
            same = "equal" if ours == (sum(counted), len(counted)) else "DIFFERENT"
            print(
                f"  ibm_care, first reply within {threshold} s: {ours[0]:.0f} of {ours[1]:.0f}; by hand "
                f"{same}"
            )


def right_by_every_rule(seeds: range) -> None:
    """Print whether every unit, pass rule and clock agrees with a plain reading of generated message logs."""
    from test_logs_measured import COMBINATIONS, messy_log, plainly, settings_with_every_rule

    compared, equal = 0, 0
    for seed in seeds:
        with tempfile.TemporaryDirectory() as name:
            shop, log, out = Path(name) / "shop", Path(name) / "log.csv", Path(name) / "out"
            shop.mkdir()
            (shop / "shop.toml").write_text(settings_with_every_rule(), encoding="utf-8")
            messy_log(seed, log)
            run([*PAIBAN, "import", str(log), "--shop", str(shop), "-q", "--json"])
            words = ["measure", str(shop), "--rule", "own", "--scope", "shop", "--out", str(out), "--json"]
            run([*PAIBAN, *words])
            with (out / "measure.csv").open(encoding="utf-8-sig") as file:
                rows = list(csv.DictReader(file))
            for unit, pass_if, clock in COMBINATIONS:
                found = {
                    row["period_start"]: (float(row["numerator"]), float(row["denominator"]))
                    for row in rows
                    if row["rule"] == f"{unit}-{pass_if}-{clock}"
                }
                compared += 1
                equal += found == plainly(log, unit, pass_if, clock)
    print(
        f"  generated logs, {len(COMBINATIONS)} rules (unit, pass rule, clock) on each of {len(seeds)}: "
        f"{equal} of {compared} equal a plain reading, day by day"
    )


def calibration(seeds: int) -> None:
    """Print how far service parameters of simulated logs come out from the true ones, in standard errors."""
    from builders_messages import ZONE, build_simulated_log

    from forecast.replies.calibrate import calibrate
    from forecast.replies.rules import preset_rules
    from forecast.replies.service_parameters import ServiceParameters

    rule = preset_rules()["taobao.human3min.30d"]
    usual = ServiceParameters(patience_s=300.0)
    shops = {
        "usual": (usual, 40.0, (1.0, 1.2, 0.9, 0.8)),
        "small, slow, short chats": (
            replace(usual, rounds=2.5, reply_s=60.0, reply_cv=1.2, think_s=90.0, auto_close_s=300.0,
                    reception_cap=4, bot_share=0.1),
            14.0, (1.0, 0.8, 1.2),
        ),
        "large, quick, long chats": (
            replace(usual, rounds=8.0, reply_s=12.0, reply_cv=0.5, think_s=30.0, auto_close_s=60.0,
                    reception_cap=12, bot_share=0.6, patience_s=120.0),
            110.0, (1.0, 1.1, 0.9, 1.3, 0.7, 1.0, 1.0, 1.0),
        ),
    }  # fmt: skip
    for name, (service, volume, speeds) in shops.items():
        distances: dict[str, list[float]] = {}
        for seed in range(seeds):
            log, _ = build_simulated_log(
                service, rule=rule, sessions_per_half_hour=volume, speeds=speeds, days=9, seed=seed
            )
            stream = calibrate(log, timezone=ZONE).streams[0]
            for key, one in stream.service.items():
                # Speeds have mean one, so that the work is that of the average agent.
                true = getattr(service, key) / (statistics.mean(speeds) if key == "reply_s" else 1.0)
                distances.setdefault(key, []).append((one.value - true) / one.se if one.se else 0.0)
        print(f"  {name}: distance from the truth in standard errors, {seeds} seeds")
        for key, values in distances.items():
            inside = sum(abs(value) <= 2 for value in values)
            print(f"    {key:24s} mean {statistics.mean(values):6.2f}  within two: {inside} of {len(values)}")


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=float, default=1e7)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--only", choices=["speed", "right", "calibrate"])
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--rewrite", type=Path, nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write or asked.rewrite:
        _ = write_log(asked.write, asked.messages) if asked.write else as_gb18030(*asked.rewrite)
        return
    if asked.only in (None, "right"):
        print("right")
        right()
        right_by_every_rule(range(1, 6))
    if asked.only in (None, "calibrate"):
        print("calibration")
        calibration(asked.seeds)
    if asked.only in (None, "speed"):
        print("speed and memory")
        speed(asked.messages, asked.rounds, asked.peers)


if __name__ == "__main__":
    main()
