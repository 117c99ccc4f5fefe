"""What `compare` does: ask every scenario, write the tables and the page, show the table."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.cli.options import Run
from reports.cli.outcomes import ExitCode, check_replaceable, whole_folder
from reports.notes import in_words

if TYPE_CHECKING:
    from reports.words import Words
    from scheduling.scenarios.comparison import Comparison

CODES = {
    "ConfigError": ExitCode.CONFIGURATION,
    "DataError": ExitCode.DATA,
    "ModelError": ExitCode.DATA,
    "PlanError": ExitCode.NO_ROSTER,
}


def compare_shop(
    shop: Path,
    *,
    scenarios: Path | None,
    start: dt.date | None,
    days: int,
    history: Path | None,
    anew: bool,
    beside: bool,
    jobs: int | None,
    run: Run,
) -> ExitCode:
    """Compare scenarios and write what was found; return how it ended."""
    from platformdirs import user_cache_path

    from reports.cli.planning import screen
    from reports.cli.speech import language, tell_json
    from reports.comparison import headline, scenario_grid
    from reports.comparison_tables import compare_table, has_anew
    from reports.progress import Stages
    from reports.tables import grid_table
    from reports.words import words
    from scheduling.inputs import read_inputs
    from scheduling.scenarios.comparison import compare
    from scheduling.scenarios.keys import read_scenarios

    began = time.monotonic()
    if run.out is not None:
        check_replaceable(run.out)  # before the minutes that the scenarios take
    asked = read_scenarios(shop / "scenarios.toml" if scenarios is None else scenarios)
    inputs = read_inputs(shop, history=history, needs_history=asked.base is None)
    say = words(language(run.lang, inputs.settings.demand.shop.language))
    stages = Stages(say, quiet=run.quiet)
    found = compare(
        shop,
        inputs,
        asked,
        start=start,
        days=days,
        cache_folder=user_cache_path("paiban") / "scenarios",
        history=history,
        seed=run.seed,
        effort=run.effort,
        anew=anew,
        beside=beside,
        processes=jobs or os.cpu_count() or 1,
        say=stages,
    )
    target = run.out if run.out is not None else shop / "plans" / f"compare-{found.start.isoformat()}"
    with whole_folder(target) as folder:
        _write(found, folder, say.lang, began=began)
    stages.end()
    if run.as_json:
        table = compare_table(found)
        tell_json({"scenarios": json.loads(table.to_json(orient="records", double_precision=6))})
    else:
        console = screen()
        console.print(grid_table(scenario_grid(found, say, narrow=True), headline(found, say)))
        if has_anew(found):
            console.print(say("compare.anew_note"), markup=False)
        for note in found.notes:
            click.echo(in_words(note, say), err=True)
        console.print(say("compare.next"), markup=False)
        click.echo(str(target / "compare.html"))
    return _code(found, say)


def _write(found: Comparison, folder: Path, lang: str, *, began: float) -> None:
    from reports.comparison_page import write_comparison_page
    from reports.comparison_tables import write_tables
    from reports.plan_files import write_json

    write_tables(found, folder)
    write_comparison_page(found, folder / "compare.html", lang)
    if found.is_own:
        shutil.copytree(found.base.folder, folder / "base")
    write_json(
        {
            "start": found.start.isoformat(),
            "days": found.days,
            "seed": found.seed,
            "base": "base" if found.is_own else str(found.base.folder),
            "inputs": found.inputs.hashes,
            "versions": found.base.summary.get("versions", {}),
            "python": platform.python_version(),
            "wall_seconds": round(time.monotonic() - began, 1),
        },
        folder / "run.json",
    )


def _code(found: Comparison, say: Words) -> ExitCode:
    """Return fine, or why the first failed scenario failed."""
    failed = [row for row in found.rows if not row.is_done]
    if not failed:
        return ExitCode.FINE
    for row in failed:
        reason = in_words(getattr(row.outcome, "reason", ""), say)
        click.echo(f"paiban: {row.name}{say('format.colon')}{reason}", err=True)
    return CODES.get(getattr(failed[0].outcome, "kind", ""), ExitCode.BUG)
