"""`paiban check`: all inputs validated, or a hand-edited workbook scored again."""

from __future__ import annotations

from pathlib import Path

import click

from reports.cli.options import Run, run_as_one, run_options, table_option


@click.command("check", short_help="Validate all inputs, or re-score an edited 排班表.xlsx.")
@click.argument("what", type=click.Path(path_type=Path), default=Path(), metavar="[SHOP | FILE.xlsx]")
@click.option(
    "--shop",
    type=click.Path(path_type=Path, file_okay=False),
    help="The workbook's shop, if it lies elsewhere.",
)
@table_option(
    "last", "Roster of the weeks before an edited workbook; default: the one its plan was made with"
)
@run_options
@run_as_one
def command(what: Path, shop: Path | None, last: Path | None, run: Run) -> int:
    """List every problem of a shop's inputs with file, row and column.

    Of an edited 排班表.xlsx: the rules it breaks, those over the border to the weeks before included, whether
    it still meets the target, and who changed.

    \b
    Examples:
      paiban check my-shop
      paiban check my-shop/plans/2026-12-07/排班表.xlsx
      paiban check edited.xlsx --shop my-shop --last my-shop/plans/2026-11-30/roster.csv
    """
    if what.suffix.lower() == ".xlsx":
        return _check_workbook(what, shop, last, run)
    if last is not None:
        raise click.UsageError("--last belongs to an edited workbook: paiban check FILE.xlsx --last F")
    return _check_inputs(what, run)


def _check_inputs(shop: Path, run: Run) -> int:
    from reports.cli.outcomes import ExitCode
    from reports.cli.planning import screen
    from reports.cli.speech import language, tell_json
    from reports.stage_tables import inputs_summary, print_inputs
    from reports.words import words
    from scheduling.inputs import read_inputs

    inputs = read_inputs(shop)
    if run.as_json:
        tell_json(inputs_summary(inputs))
    else:
        say = words(language(run.lang, inputs.settings.demand.shop.language))
        print_inputs(inputs, screen(), say)
    return ExitCode.FINE


def _check_workbook(path: Path, shop: Path | None, last: Path | None, run: Run) -> int:
    from reports.cli.outcomes import ExitCode
    from reports.cli.planning import screen
    from reports.cli.speech import language, tell_json
    from reports.words import words
    from reports.workbook_check import check_workbook
    from reports.workbook_check_tables import print_workbook_check

    found = check_workbook(path, shop, last=last, seed=run.seed)
    if run.as_json:
        tell_json(found.summary)
    else:
        say = words(language(run.lang, found.settings.demand.shop.language))
        print_workbook_check(found, screen(), say)
    if not found.is_lawful:
        return ExitCode.NO_ROSTER
    return ExitCode.FINE if found.target_is_met else ExitCode.TARGET_NOT_MET
