"""`paiban measure`: reply rates by rule, and every other figure of the logs."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.cli.options import Run, day_range, out_option, run_as_one, shop_argument, speaking_options

if TYPE_CHECKING:
    from forecast.config import ShopSettings
    from forecast.logs.reading import ShopLog
    from forecast.replies.rules import ReplyRule

SCOPES = ("shop", "stream", "agent")


@click.command("measure", short_help="Reply rates by rule, and all else of the logs.")
@shop_argument
@click.option(
    "--rule",
    "rule_ids",
    multiple=True,
    metavar="ID",
    help="A rule's id (paiban rules lists them), or own for the shop's own rules. Default: the rules of the "
    "shop's streams.",
)
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="Whose rates. Default: all."
)
@day_range("First day of interest.", "Last day of interest.")
@out_option("Folder for measure.csv and measure.json.")
@speaking_options()
@run_as_one
def command(
    shop: Path,
    rule_ids: tuple[str, ...],
    scopes: tuple[str, ...],
    since: dt.date | None,
    until: dt.date | None,
    run: Run,
) -> int:
    """Judge the imported logs by reply-rate rules, per shop, stream and agent.

    Days with messages are judged by messages, other days by session lists (first replies only). measure.csv
    has one row per scope, rule and period; measure.json also response times, reply rate, answer/question
    ratio, handle time, concurrency and late replies by hour and cause. Results go to SHOP/plans/measure
    unless --out says otherwise.

    \b
    Example:
      paiban measure my-shop --rule taobao.human3min.30d --scope shop --from 2026-11-01 --to 2026-11-30
      paiban measure my-shop --rule own --scope shop --out results
    """
    from forecast.config import read_shop
    from forecast.logs.measuring import measure_store
    from forecast.logs.shop_logs import shop_log
    from forecast.table_files import write_csv
    from reports.cli.outcomes import ExitCode, whole_files
    from reports.cli.planning import screen
    from reports.cli.speech import language, tell_json
    from reports.log_tables import print_measures
    from reports.words import words

    settings = read_shop(shop)
    say = words(language(run.lang, settings.shop.language))
    rules = _rules(settings, rule_ids)
    target = run.out if run.out is not None else shop / "plans" / "measure"
    with shop_log(settings) as log:
        _check_replies(log, shop)
        measures = measure_store(
            log,
            rules,
            scopes=scopes or SCOPES,  # type: ignore[arg-type]  # checked by click
            since=since,
            until=until,
            shop=settings.shop.name or shop.resolve().name,
            streams=_streams(settings, rules, log),
        )
    with whole_files(target) as folder:
        write_csv(measures.rates, folder / "measure.csv")
        content = measures.to_dict()
        (folder / "measure.json").write_text(_record_a_line(content) + "\n", encoding="utf-8")
    if run.as_json:
        tell_json(_summary(content))
    else:
        print_measures(measures, rules, screen(), say)
        click.echo(str(target / "measure.csv"))
    return ExitCode.FINE


def _rules(settings: ShopSettings, ids: tuple[str, ...]) -> list[ReplyRule]:
    """Return the rules asked for: by id, ``own`` for the shop's own, by default those of its streams."""
    from forecast.config import DEFAULT_RULE
    from forecast.errors import ConfigError
    from forecast.replies.rules import find_rule, rule_book

    book = rule_book(settings.rules)
    of_streams = list(dict.fromkeys(stream.rule for stream in settings.streams)) or [DEFAULT_RULE]
    wanted: list[str] = []
    for name in ids or of_streams:
        if name != "own" or "own" in book:
            wanted.append(name)
        elif settings.rules:
            wanted += [rule.id for rule in settings.rules]
        elif settings.streams:
            wanted += of_streams
        else:
            raise ConfigError("shop.toml: no [[rule]] of the shop's own; write one, or name a rule by its id")
    return [find_rule(name, book) for name in dict.fromkeys(wanted)]


def _streams(settings: ShopSettings, rules: list[ReplyRule], log: ShopLog) -> dict[str, list[str]]:
    """Return by rule the streams that it assesses; a rule that none of the log's streams has assesses all."""
    there = set(log.days["stream"])
    assessed = {}
    for rule in rules:
        own = [stream.id for stream in settings.streams if stream.rule == rule.id and stream.id in there]
        if own:
            assessed[rule.id] = own
    return assessed


def _check_replies(log: ShopLog, shop: Path) -> None:
    """Raise where the logs have counts only."""
    from forecast.errors import DataError, Problem

    if not set(log.days["granularity"]) & {"message", "session"}:
        raise DataError(
            Problem(
                file=str(shop),
                message="only counts were imported; reply rates need messages or a session list",
            )
        )


def _record_a_line(tables: object) -> str:
    """Return tables as JSON, one row a line."""
    if isinstance(tables, dict):
        parts = [
            f"{json.dumps(name, ensure_ascii=False)}: {_record_a_line(own)}" for name, own in tables.items()
        ]
        return "{\n" + ",\n".join(parts) + "\n}"
    assert isinstance(tables, list)
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in tables) + "\n]"


def _summary(measures: dict[str, object]) -> dict[str, object]:
    """Return what ``--json`` prints: rates, and the shop's figures."""
    activity = measures["activity"]
    assert isinstance(activity, dict)
    lists = measures.get("sessions", {})
    assert isinstance(lists, dict)
    summary = {"rates": measures["rates"], "shop": activity.get("shop", []), "late": measures["late"]}
    return summary | ({"sessions": lists["shop"]} if lists else {})
