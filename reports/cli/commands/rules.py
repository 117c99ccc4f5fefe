"""`paiban rules`: the reply-rate rules that are known, and what each of them does."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click

from reports.cli.options import Day, Run, run_as_one, speaking_options


@click.command("rules", short_help="The reply-rate rules known; rules ID explains one.")
@click.argument("rule_id", required=False, metavar="[ID]")
@click.option(
    "--shop",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The shop folder, whose own rules come first.",
)
@click.option("--date", "day", type=Day(), metavar="DATE", help="Rules in force on that day; default: all.")
@click.option("--platform", help="Rules of that platform.")
@speaking_options(json="Print the rules as one JSON object.")
@run_as_one
def command(
    rule_id: str | None,
    shop: Path,
    day: dt.date | None,
    platform: str | None,
    run: Run,
) -> int:
    """List the platforms' reply-rate rules with source and grade, or explain one of them.

    \b
    Example:
      paiban rules --date 2026-11-11
      paiban rules kuaishou.human3min.week
    """
    from forecast.config import read_shop
    from forecast.replies.rules import find_rule, rule_book
    from reports.cli.outcomes import ExitCode
    from reports.cli.planning import screen
    from reports.cli.speech import language, tell_json
    from reports.rule_tables import explain_rule, print_rules
    from reports.words import words

    settings = read_shop(shop)
    say = words(language(run.lang, settings.shop.language))
    book = rule_book(settings.rules)
    own = {rule.id for rule in settings.rules}
    if rule_id is not None:
        rule = find_rule(rule_id, book)
        if run.as_json:
            tell_json(_plain(rule))
        else:
            explain_rule(rule, screen(), say, own=rule.id in own)
        return ExitCode.FINE
    chosen = [
        rule
        for rule in book.values()
        if (day is None or rule.is_effective(day))
        and (platform is None or rule.platform in (platform, "any"))
    ]
    if run.as_json:
        tell_json({"rules": [_plain(rule) for rule in chosen]})
    else:
        print_rules(chosen, screen(), say, own=own, day=day)
    return ExitCode.FINE


def _plain(rule: Any) -> dict[str, Any]:
    """Return a rule as plain values."""
    from dataclasses import asdict

    fields = asdict(rule)
    spans = [{**span, "from": str(span["from"]), "to": str(span["to"])} for span in fields["exemptions"]]
    dates = {
        name: None if fields[name] is None else str(fields[name])
        for name in ("effective_from", "effective_to")
    }
    return {**fields, **dates, "exemptions": spans}
