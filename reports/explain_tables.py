"""Answers of `paiban explain` on the screen."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from reports.grids import Grid
from reports.readable_names import stream_name
from reports.roster_rules import breach_words, rule_words
from reports.tables import grid_table
from reports.words import NOTHING, Words

if TYPE_CHECKING:
    from scheduling.config import Settings
    from scheduling.roster.reasons import Alternative, DayOffReasons, DutyReasons, GapReasons, WishReasons
    from scheduling.roster.wishes import RefusedWish

MOST_OTHERS = 8
TELLING = ("none", "rule")  # outcomes worth a row: who could, and whom a rule alone keeps from it
LEAST_TERM = 0.5  # what a term must change by to be told of [money]
LEAST_SLACK = 1.0  # what a better roster must save to be told of [money]


class Answers:
    """Prints answers in one language for one shop."""

    def __init__(self, settings: Settings, console: Console, say: Words) -> None:
        self.settings, self.console, self.say = settings, console, say

    def title(self, plan: str, first: dt.date, last: dt.date, duties: int, people: int) -> None:
        """Print which roster is asked."""
        say = self.say
        self.head("title", plan=plan, span=say.span(first, last), duties=duties, people=people)

    def duty(self, found: DutyReasons) -> None:
        """Print why somebody works a duty, and who else could."""
        say = self.say
        self.head(
            "duty",
            employee=found.employee,
            date=say.day(found.date),
            template=found.template,
            start=f"{found.start:%H:%M}",
            stream=self._stream(found.stream),
        )
        sign = "without" if found.cost_without >= 0 else "without_less"
        self.line(sign, cost=say.money(abs(found.cost_without)))
        shown = [one for one in found.alternatives if one.bar in TELLING][:MOST_OTHERS]
        if shown:
            rows = tuple((one.employee, self._outcome(one), self._cost(one)) for one in shown)
            head = tuple(say(f"explain.{name}") for name in ("employee", "outcome", "cost"))
            self.console.print(grid_table(Grid(head=head, rows=rows, words=(0, 1)), say("explain.others")))
        counts = Counter(
            one.bar if one.breach is None else one.breach.rule
            for one in found.alternatives
            if one not in shown
        )
        if counts:
            line = "more_others" if shown else "no_others"
            self.line(line, count=counts.total(), kinds=self._kinds(counts))

    def day_off(self, found: DayOffReasons) -> None:
        """Print why somebody is off."""
        self.head("day_off", employee=found.employee, date=self.say.day(found.date))
        if found.cheapest is None:
            self.line("every_duty_barred", kinds=self._kinds(found.bars))
            return
        self._way("cheapest_duty", "useful_duty", found.cheapest)
        if found.bars:
            self.line("other_duties", kinds=self._kinds(found.bars))

    def gap(self, found: GapReasons) -> None:
        """Print where everybody is who could close a gap."""
        self.head(
            "gap",
            stream=self._stream(found.stream),
            when=f"{self.say.day(found.at.date())} {found.at:%H:%M}",
            required=_agents(found.required),
            on_duty=_agents(found.on_duty),
        )
        if not found.people:
            self.line("gap_nobody")
            return
        self.line("gap_people", count=sum(found.people.values()), kinds=self._kinds(found.people))
        if found.required <= found.on_duty:
            return
        if found.cheapest is None:
            self.line("gap_open")
        else:
            self._way("gap_closed_by", "gap_saved_by", found.cheapest)

    def wish(self, found: WishReasons) -> None:
        """Print whether a wish is granted, else what granting it costs."""
        say = self.say
        self.head(
            "wish",
            employee=found.employee,
            date=say.day(found.date),
            kind=say.either(f"names.wish_{found.kind}", found.kind),
            template=f" {found.template}" if found.template else "",
        )
        if found.is_granted:
            self.line("wish_granted")
        elif found.extra_cost is None:
            self.line("wish_unlawful")
        else:
            terms = say("format.clause_gap").join(
                f"{say(f'explain.term_{name}')} {say.number(value)}"
                for name, value in found.terms.items()
                if abs(value) >= LEAST_TERM
            )
            if terms:
                self.line("wish_costs", cost=say.money(found.extra_cost), terms=terms)
            else:
                self.line("wish_free")
            if found.slack >= LEAST_SLACK:
                self.line("slack", cost=say.money(found.slack))

    def refused(self, found: Sequence[RefusedWish], reasons: Sequence[str]) -> None:
        """Print the wishes refused, each with its reason in words."""
        say = self.say
        if not found:
            self.line("all_granted")
            return
        rows = tuple(
            (
                wish.employee,
                say.day(wish.date),
                f"{say.either(f'names.wish_{wish.kind}', wish.kind)} {wish.template}".strip(),
                reason,
                say.money(wish.extra_cost),
            )
            for wish, reason in zip(found, reasons, strict=True)
        )
        head = tuple(say(f"explain.{name}") for name in ("employee", "date", "kind", "reason", "price"))
        title = say("explain.wishes", count=len(found))
        self.console.print(grid_table(Grid(head=head, rows=rows, words=(0, 1, 2, 3)), title))

    def _way(self, costs: str, saves: str, way: Alternative) -> None:
        extra = way.extra_cost or 0.0
        self.line(
            costs if extra >= 0 else saves,
            employee=way.employee,
            template=way.template,
            start="" if way.start is None else f"{way.start:%H:%M}",
            stream=self._stream(way.stream),
            cost=self.say.money(abs(extra)),
        )

    def head(self, name: str, **values: object) -> None:
        """Print a heading of the catalogue."""
        self.console.print(Text(self.say(f"explain.{name}", **values), style="bold"))

    def line(self, name: str, **values: object) -> None:
        """Print a line of the catalogue."""
        self.console.print(Text("  " + self.say(f"explain.{name}", **values)))

    def _stream(self, name: str) -> str:
        return stream_name(self.settings.demand, name, self.say)

    def _outcome(self, one: Alternative) -> str:
        if one.breach is not None:
            return breach_words(one.breach, self.say)
        return self.say("explain.yes") if one.bar == "none" else rule_words(one.bar, self.say)

    def _cost(self, one: Alternative) -> str:
        return NOTHING if one.extra_cost is None else self.say.money(one.extra_cost)

    def _kinds(self, counts: Mapping[str, Any]) -> str:
        say = self.say
        parts = [
            say("explain.counted", what=rule_words(kind, say), count=count)
            for kind, count in sorted(counts.items(), key=lambda item: -item[1])
        ]
        return say("format.clause_gap").join(parts)


def _agents(count: float) -> str:
    """Return a number of people to a tenth, whole where it is."""
    return f"{round(count, 1):g}"
