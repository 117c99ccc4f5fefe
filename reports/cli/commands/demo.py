"""`paiban demo`: a seeded synthetic shop, planned end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from reports.cli.options import run_options


@click.command("demo", short_help="Make a synthetic demo shop and plan it.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("demo-shop"))
@run_options
def command(
    folder: Path,
    out: Path | None,
    effort: Literal["quick", "normal", "thorough"],
    seed: int,
    lang: str | None,
    as_json: bool,
    quiet: bool,
    debug: bool,  # noqa: ARG001  (read by the program's entry point)
) -> int:
    """Write a synthetic shop with a promotion ahead and plan its fortnight.

    \b
    Example:
      paiban demo my-demo
    """
    from forecast.demo_shop import write_demo_shop
    from reports.cli.outcomes import ExitCode
    from reports.cli.planning import plan_shop

    shop = write_demo_shop(folder, seed=seed)
    code = plan_shop(
        folder,
        start=shop.start,
        days=shop.days,
        out=out,
        lang=lang,
        seed=seed,
        effort=effort,
        as_json=as_json,
        quiet=quiet,
        synthetic=True,
    )
    return ExitCode.FINE if code is ExitCode.TARGET_NOT_MET else code
