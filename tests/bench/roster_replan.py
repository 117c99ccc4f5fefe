"""One person away for five days: repair of the published roster against a new one.

``python tests/bench/roster_replan.py [people] [days]``

The repair takes effort quick, as `paiban replan` does; new rosters take that effort, and normal.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from roster_team import START, TEMPLATES, ZONE, need_of, team, wishes_of

from forecast.config import Shop, ShopSettings, Stream
from forecast.randomness import generator
from scheduling.config import Settings
from scheduling.roster.assign import make_roster
from scheduling.roster.case import RosterCase
from scheduling.roster.improve import Effort
from scheduling.roster.people import Wish
from scheduling.roster.replan import replan

EFFORTS: tuple[Effort, ...] = ("quick", "normal")


def main() -> None:
    """Publish, lose a person, repair at several prices, and start anew for comparison."""
    count, days = (int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 2 else (30, 14)
    rng = generator(1, "team", count, days)
    people = team(count, rng)
    wishes = wishes_of(people, days, rng)
    requirement = need_of(people, days, 0.72)
    settings = Settings(
        demand=ShopSettings(
            folder=Path("bench"),
            shop=Shop(timezone=ZONE),
            streams=(Stream(id="pre", skill="presale"), Stream(id="after", skill="aftersale")),
        ),
        templates=TEMPLATES,
    )
    case = RosterCase(
        employees=people, wishes=wishes, settings=settings, start=START, days=days, requirement=requirement
    )
    published = make_roster(case)
    assert published.roster is not None
    print(f"published: {published.objective:.1f}, {len(published.roster)} duties, gap {published.gap:.2%}")
    away = published.roster["employee"].iloc[0]
    first = START + dt.timedelta(days=days // 2)
    absences = [Wish(employee=away, date=first + dt.timedelta(days=i), kind="leave") for i in range(5)]
    old = set(zip(*(published.roster[c] for c in ("employee", "date", "template", "start")), strict=True))
    late = {row for row in old if row[1] >= first}
    for effort in EFFORTS:
        cpu = time.process_time()
        anew = make_roster(
            replace(
                case,
                wishes=[*wishes, *absences],
                start=first,
                days=days - days // 2,
                last_roster=published.roster[published.roster["date"] < first],
            ),
            effort=effort,
        )
        assert anew.roster is not None
        new = set(zip(*(anew.roster[c] for c in ("employee", "date", "template", "start")), strict=True))
        changed = {row[:2] for row in new ^ late}
        print(
            f"anew, effort {effort}: cost {anew.objective:.1f}, {len(changed)} cells changed, "
            f"CPU {time.process_time() - cpu:.1f} s"
        )
    for price in (1.0, 5.0, 20.0, 100.0, 400.0):
        cpu, began = time.process_time(), time.perf_counter()
        answer = replan(published.roster, case, absences=absences, change_price=price)
        assert answer.result.objective is not None
        cost = answer.result.objective - answer.result.terms["changes"]
        print(
            f"repair, price {price:3.0f}: cost {cost:.1f}, {len(answer.changes)} cells changed, "
            f"{answer.people} people touched, gap {answer.result.gap:.2%}, "
            f"CPU {time.process_time() - cpu:.1f} s, wall {time.perf_counter() - began:.1f} s"
        )


if __name__ == "__main__":
    main()
