"""The plan that scenarios are compared with: found among a shop's plans, or planned now and kept."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path

from forecast.errors import DataError
from forecast.table_files import write_csv, write_parquet
from scheduling.inputs import Inputs
from scheduling.pipeline import LIBRARIES, Plan, make_plan
from scheduling.plan_folder import PlanFolder, find_plan, read_plan
from scheduling.shifts.effort import EffortName

ANSWERED_FROM = (
    "forecast.csv",
    "draws.parquet",
    "requirement.csv",
    "shift_plan.csv",
    "roster.csv",
)
OF_PROMOTIONS = ("reserves.csv", "training.csv")  # inputs that `promo` alone reads

Say = Callable[[str], None]


def find_base(
    shop: Path, inputs: Inputs, named: str | None, *, start: dt.date | None, days: int
) -> tuple[PlanFolder | None, list[str]]:
    """Return the plan to compare with where there is one: the one named, of the same span, or the newest."""
    timezone, notes = inputs.settings.demand.shop.timezone, []
    if named is not None and (shop / named / "run.json").is_file():
        plan = read_plan(shop / named, timezone=timezone)
        if start is None or _covers(plan, start, days):
            if changed := _changed_inputs(plan.summary.get("inputs", {}), inputs):
                files = ", ".join(changed)
                notes.append(f"{named} was planned before these inputs changed: {files}")
            return plan, notes
        notes.append(f"{named} does not cover the span; the base is another plan")
    if start is None:
        try:
            newest = find_plan(shop)
        except DataError:
            return None, notes
        notes.append(f"base: the newest finished plan, {newest.relative_to(shop)}")
        return read_plan(newest, timezone=timezone), notes
    finished = sorted((shop / "plans").glob("*/run.json"), key=lambda path: path.parent.name)
    for record in finished:
        about = json.loads(record.read_text(encoding="utf-8"))
        same_span = about.get("start") == start.isoformat() and about.get("days") == days
        if (
            same_span
            and not _changed_inputs(about.get("inputs", {}), inputs)
            and (record.parent / "summary.json").is_file()
        ):
            notes.append(f"base: the finished plan {record.parent.relative_to(shop)}")
            return read_plan(record.parent, timezone=timezone), notes
    return None, notes


def _changed_inputs(before: Mapping[str, str], inputs: Inputs) -> list[str]:
    """Return the inputs that differ from those a plan was made from; what only promotions read does not."""
    now = inputs.hashes
    names = [*now, *(name for name in before if name not in now and name not in OF_PROMOTIONS)]
    return [name for name in names if before.get(name) != now.get(name)]


def _covers(plan: PlanFolder, start: dt.date, days: int) -> bool:
    last = start + dt.timedelta(days=days)
    return plan.start <= start and last <= plan.start + dt.timedelta(days=plan.days)


def planned_base(
    inputs: Inputs,
    cache_folder: Path,
    *,
    start: dt.date,
    days: int,
    seed: int,
    effort: EffortName,
    say: Say,
) -> PlanFolder:
    """Return the base, planned now and kept, or as an earlier run kept it."""
    content = [inputs.hashes, start.isoformat(), days, seed, effort, code_hash()]
    key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:24]
    folder = cache_folder / f"base-{key}"
    if not (folder / "run.json").is_file():
        plan = make_plan(inputs, start=start, days=days, seed=seed, effort=effort, say=say)
        write_base(plan, folder)
    return read_plan(folder, timezone=inputs.settings.demand.shop.timezone)


def write_base(plan: Plan, folder: Path) -> None:
    """Write a plan's tables and summary so that `read_plan` reads them; ``run.json`` comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(plan.forecast, folder / "forecast.csv")
    if plan.draws is not None:
        write_parquet(plan.draws, folder / "draws.parquet")
    write_csv(plan.requirement, folder / "requirement.csv")
    write_csv(plan.shift_plan, folder / "shift_plan.csv")
    if plan.roster is not None:
        write_csv(plan.roster, folder / "roster.csv")
    record = {
        "start": plan.start.isoformat(),
        "days": plan.days,
        "seed": plan.seed,
        "inputs": plan.summary["inputs"],
    }
    for name, table in (("summary.json", plan.summary), ("run.json", record)):
        (folder / name).write_text(json.dumps(table, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def hash_of(folder: Path) -> str:
    """Return a hash of the tables of a plan that answers depend on."""
    found = hashlib.sha256()
    for name in ANSWERED_FROM:
        if (folder / name).is_file():
            found.update(name.encode() + (folder / name).read_bytes())
    return found.hexdigest()


@cache
def code_hash() -> str:
    """Return a hash of this program's code and its libraries' versions: answers of another are not ours."""
    found = hashlib.sha256(json.dumps({name: version(name) for name in LIBRARIES}).encode())
    for package in ("forecast", "scheduling"):
        root = Path(str(resources.files(package)))
        for path in sorted(root.rglob("*.py")):
            found.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return found.hexdigest()
