"""`paiban import`: exports and logs as they are, into the shop's archive."""

from __future__ import annotations

from pathlib import Path

import click

from reports.cli.options import Run, run_as_one, speaking_options


@click.command("import", short_help="Read exports and logs as they are.")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option(
    "--shop", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The shop folder."
)
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="ROLE=HEADER",
    help="Which column is which: time=SentAt, offered=Chats. Also sender:owner=human for a word of the "
    "sender's "
    "column, unit:first_reply_s=min for a duration without unit, date_order:short=ymd for short dates. "
    "Kept in "
    "the shop for files with the same headers.",
)
@click.option("--stream", metavar="ID", help="Stream of every row, whatever the files name.")
@click.option(
    "--timezone", metavar="ZONE", help="Zone of times without offset, where it is not the shop's (UTC ...)."
)
@click.option("--keep-text", is_flag=True, help="Store what was said, too; otherwise it is never stored.")
@speaking_options(
    json="Print the import report as one JSON object.", quiet="No warnings on stderr, no questions."
)
@run_as_one
def command(
    files: tuple[Path, ...],
    shop: Path,
    mapping: tuple[str, ...],
    stream: str | None,
    timezone: str | None,
    keep_text: bool,
    run: Run,
) -> int:
    """Read message logs, session lists, hourly counts and daily tables into the shop's archive.

    CSV and TSV (UTF-8, UTF-16, GB18030, gzip), Excel, Parquet, JSON lines and copied chats are told apart by
    what they hold; a folder stands for its files, and without FILE the shop's logs/ is read. Importing a file
    again changes nothing; overlapping files are not counted twice. Buyers are stored as salted hashes, text
    is not stored. If one file is refused, nothing of the import is stored.

    \b
    Example:
      paiban import 客服绩效.xlsx 聊天记录.csv.gz --shop my-shop
      paiban import export.csv --shop my-shop --map time=发送时间 --map sender=角色
    """
    from forecast.config import read_shop
    from forecast.errors import DataError, Problem
    from forecast.logs.importing import ImportOptions, import_files
    from forecast.logs.shop_logs import accounts_of
    from forecast.timegrid import zone
    from reports.cli.outcomes import ExitCode
    from reports.cli.planning import screen
    from reports.cli.speech import language, tell_json
    from reports.log_tables import print_import, question
    from reports.notes import problem_words
    from reports.words import words

    if not shop.is_dir():
        raise DataError(Problem(file=str(shop), message="no such shop folder; make one with paiban init"))
    settings = read_shop(shop)
    zone(timezone or settings.shop.timezone)
    say = words(language(run.lang, settings.shop.language))
    report = import_files(
        shop,
        files or [shop / "logs"],
        ImportOptions(
            mapping=_pairs(mapping),
            timezone=timezone or settings.shop.timezone,
            stream=stream,
            keep_text=keep_text,
        ),
        accounts=accounts_of(shop),
        ask=None if run.quiet or run.as_json else question(say),
    )
    if not run.quiet:
        for warning in report.warnings:
            click.echo(say("log.warning", text=problem_words(warning, say)), err=True)
    if run.as_json:
        tell_json(report.to_dict())
    else:
        print_import(report, screen(), say)
    return ExitCode.FINE


def _pairs(mapping: tuple[str, ...]) -> dict[str, str]:
    """Return ``--map`` options by role."""
    pairs = {}
    for text in mapping:
        role, found, header = text.partition("=")
        if not found or not role.strip() or not header.strip():
            raise click.UsageError(f"--map {text}: write ROLE=HEADER, for example --map time=SentAt")
        pairs[role.strip()] = header.strip()
    return pairs
