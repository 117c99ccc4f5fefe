"""A comparison for readers: its grids, sentences and headline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from reports.comparison_tables import COLUMNS, has_anew, outcome_of
from reports.grids import Grid
from reports.notes import in_words
from reports.words import NOTHING, Words

if TYPE_CHECKING:
    from scheduling.scenarios.comparison import Comparison, Row
    from scheduling.scenarios.overrides import Change

SHARES = ("bot_share", "target", "confidence", "floor", "max_unanswered", "shrinkage", "absence_rate")
FACTORS = ("volume", "promotion_multiplier", "reply_factor", "cost_factor")
MOST_HOURS = 12


def state_of(row: Row, figures: Mapping[str, Any] | None = None) -> str:
    """Return met, certified, unanswered (on time, but too many left without an answer), missed or failed."""
    if not row.is_done:
        return "failed"
    seen = outcome_of(row) if figures is None else figures
    if seen["certified"]:
        return "met" if seen["met"] else "certified"
    return "missed" if unanswered(seen) is None else "unanswered"


def unanswered(figures: Mapping[str, Any]) -> float | None:
    """Return the share of sessions never answered where that alone breaks the target, None elsewhere."""
    failed = [one for one in figures["streams"].values() if not one["certified"]]
    on_time = all(
        one["simulated_ci"][0] >= one["target"]
        if one["target"] <= 1
        else one["simulated_ci"][1] <= one["target"]  # a mean in seconds
        for one in failed
    )
    return max(one["unanswered"] for one in failed) if failed and on_time else None


# --- grids


def scenario_grid(found: Comparison, say: Words, *, narrow: bool = False) -> Grid:
    """Return the one table; a narrow one leaves intervals out."""
    shown: list[str] = ["scenario", *(n for n in COLUMNS if n != "paid_hours"), "verdict"]
    anew = has_anew(found)
    shown += ["anew_cost", "anew_on_time", "anew_verdict"] if anew else []
    names = ["on_time_short" if narrow and name == "on_time" else name for name in shown]
    rows = []
    for row in found.rows:
        seen = outcome_of(row)
        if not row.is_done:
            cells = [row.name, *[NOTHING] * (len(names) - 1)]
            cells[shown.index("verdict")] = say("compare.state_failed")
            rows.append(tuple(cells))
            continue
        metric = seen["metric"]
        low, high = (say.share(bound, metric) for bound in seen["on_time_ci"])
        cells = [
            row.name,
            say.number(seen["agent_days"]),
            say.money(seen["cost"]),
            say.share(seen["on_time"], metric) + ("" if narrow else f" ({low}–{high})"),
            say.share(seen["probability"], decimals=0),
            say.number(seen["gap_hours"], 1),
            worst_text(seen, say),
            say(f"compare.state_{state_of(row)}"),
        ]
        if anew:
            cells += _anew_cells(row, say)
        rows.append(tuple(cells))
    return Grid(head=tuple(say(f"compare.{name}") for name in names), rows=tuple(rows), words=(0, 7, 10))


def _anew_cells(row: Row, say: Words) -> list[str]:
    seen = outcome_of(row).get("anew")
    if not seen:
        return [NOTHING] * 3
    return [
        say.money(seen["cost"]),
        say.share(seen["on_time"], seen["metric"]),
        say(f"compare.state_{state_of(row, seen)}"),
    ]


def worst_text(seen: Mapping[str, Any], say: Words) -> str:
    """Return the worst hour and its share."""
    if not seen.get("worst_hour"):
        return NOTHING
    at = pd.Timestamp(seen["worst_hour"])
    share = say.share(seen["worst_share"], seen["metric"], 0)
    return f"{say.short_day(at.date())} {at:%H:%M} {share}"


def worth_grid(found: Comparison, say: Words) -> Grid:
    """Return the hours in which one more agent is worth most."""
    best = sorted(found.worth, key=lambda row: -row["points"])[:MOST_HOURS]
    scale, gained = worth_scale(found)
    rows = [
        (
            stream_name(found, row["stream"], say),
            f"{say.day(pd.Timestamp(row['start']).date())} {pd.Timestamp(row['start']):%H:%M}",
            say.number(scale * row["points"], 3),
            NOTHING if row["simulated"] is None else say.number(scale * row["simulated"], 3),
        )
        for row in best
    ]
    head = tuple(say(f"compare.{name}") for name in ("stream", "hour", gained, "worth_simulated"))
    return Grid(head=head, rows=tuple(rows), words=(0, 1))


def worth_scale(found: Comparison) -> tuple[int, str]:
    """Return by what a worth is multiplied for readers, and the name of its unit."""
    in_seconds = outcome_of(found.rows[0]).get("metric") == "mean_seconds"
    return (1, "worth_seconds") if in_seconds else (100, "worth_points")


def tornado_grid(found: Comparison, say: Words) -> Grid:
    """Return the levers, widest first."""
    metric = outcome_of(found.rows[0]).get("metric", "share")
    rows = [
        (
            say(f"compare.key_{row['lever']}"),
            *(
                f"{move_text(row['lever'], row[side], say)}{say('format.colon')}"
                f"{say.share(row[f'on_time_{side}'], metric)}"
                for side in ("low", "high")
            ),
        )
        for row in found.tornado
    ]
    head = tuple(say(f"compare.{name}") for name in ("lever", "lever_low", "lever_high"))
    return Grid(head=head, rows=tuple(rows))


def move_text(lever: str, step: str, say: Words) -> str:
    """Return how far an input is moved, as readers write it: ×1.1, −1, 4 × 1 h, +5 points of a share."""
    if lever in SHARES:
        points = say.number(100 * float(step))
        return say("compare.move_points", points=f"+{points}" if float(step) > 0 else points)
    return step.replace("-", "−").replace(" x ", " × ")


def frontier_grid(found: Comparison, say: Words) -> Grid:
    """Return the points of cost against rate."""
    metric = outcome_of(found.rows[0]).get("metric", "share")
    rows = [
        (
            say.money(row["cost"]),
            say.number(row["paid_hours"]),
            "{} ({}–{})".format(*(say.share(row[name], metric) for name in ("on_time", "low", "high"))),
        )
        for row in found.frontier
    ]
    head = tuple(say(f"compare.{name}") for name in ("cost", "paid_hours", "on_time"))
    return Grid(head=head, rows=tuple(dict.fromkeys(rows)), words=())


def baseline_grid(found: Comparison, say: Words) -> Grid:
    """Return the usual methods beside the plan in force."""
    base = outcome_of(found.rows[0])
    metric = base.get("metric", "share")
    rows = [
        (say(f"names.baseline_{name}"), say.number(seen["paid_hours"]), say.share(seen["simulated"], metric))
        for name, seen in found.baselines.items()
    ]
    if base:
        rows.insert(
            0, (say("compare.ours"), say.number(base["paid_hours"]), say.share(base["on_time"], metric))
        )
    head = tuple(say(f"compare.{name}") for name in ("method", "paid_hours", "simulated"))
    return Grid(head=head, rows=tuple(rows))


def stream_name(found: Comparison, stream: str, say: Words) -> str:
    """Return a stream's platform and skill, or its id."""
    known = {one.id: one for one in found.inputs.settings.demand.streams}
    if stream not in known:
        return stream
    one = known[stream]
    platform = say.either(f"names.platform_{one.platform}", one.platform)
    return f"{platform} {say.either(f'names.skill_{one.skill}', one.skill)}".strip()


# --- sentences


def change_texts(found: Comparison, changes: Sequence[Change], say: Words) -> list[str]:
    """Return what a scenario changes, one text a change; what is the same in all streams stands once."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for change in changes:
        before, after = (value_text(change.key, value, say) for value in (change.before, change.after))
        places.setdefault((change.key, before, after), []).append(change.where)
    several = len(found.base.forecast["stream"].unique()) > 1
    texts = []
    for (key, old, new), where in places.items():
        named = [_where(found, place, say) for place in where if place]
        everywhere = len(named) > 1 and len(named) == len(found.base.forecast["stream"].unique())
        values = {"key": say(f"compare.key_{key}"), "before": old, "after": new}
        if named and not everywhere and (several or key not in SHARES):
            texts.append(say("compare.change_where", where=say("format.list_gap").join(named), **values))
        else:
            texts.append(say("compare.change", **values))
    return texts


def _where(found: Comparison, name: str, say: Words) -> str:
    if say.has(f"names.pool_{name}"):
        return say(f"names.pool_{name}")
    return stream_name(found, name, say)


def value_text(key: str, value: Any, say: Words) -> str:
    """Return a setting's value for readers."""
    if value is None:
        return say("compare.pass_line") if key == "target" else NOTHING
    if isinstance(value, bool):
        return say("format.yes" if value else "format.no")
    if isinstance(value, int | float):
        if key in SHARES and abs(value) <= 1:
            return say.share(float(value), decimals=0 if float(value) * 100 % 1 < 1e-9 else 1)
        return f"×{value:g}" if key in FACTORS else f"{value:g}"
    if isinstance(value, list | tuple):
        return "–".join(str(part) for part in value)
    return str(value)


def reason_texts(found: Comparison, row: Row, say: Words) -> list[str]:
    """Return why a scenario matters: what becomes of the plan in force, and what planning anew would take."""
    if not row.is_done:
        return [say("compare.failed", reason=in_words(getattr(row.outcome, "reason", ""), say))]
    base, seen = outcome_of(found.rows[0]), outcome_of(row)
    metric = seen["metric"]
    shown = {
        "on_time": say.share(seen["on_time"], metric),
        "probability": say.share(seen["probability"], decimals=0),
        "gap": say.number(seen["gap_hours"], 1),
        "cost": say.money(seen["cost"]),
    }
    if row is found.rows[0] or not base:
        return [say("compare.effect_base", **shown), *_anew_texts(seen.get("anew"), None, say)]
    texts = [
        say(
            "compare.effect",
            points=signed(say, 100 * (seen["on_time"] - base["on_time"]), 1)
            if metric == "share"
            else signed(say, seen["on_time"] - base["on_time"], 1),
            base_probability=say.share(base["probability"], decimals=0),
            base_gap=say.number(base["gap_hours"], 1),
            cost_change=change_of_cost(seen["cost"], base["cost"], say),
            **shown,
        )
    ]
    if (left := unanswered(seen)) is not None:
        texts.append(say("compare.left_unanswered", share=say.share(left)))
    if any(change.key == "rule" for change in row.changes):
        texts.append(say("compare.another_rule"))
    texts += _anew_texts(seen.get("anew"), base.get("anew"), say)
    return texts + [in_words(str(note), say) for note in seen.get("notes", ())]


def _anew_texts(anew: Mapping[str, Any] | None, base: Mapping[str, Any] | None, say: Words) -> list[str]:
    """Return what planning anew takes, held against the base planned anew; without it, of the base itself."""
    if not anew:
        return []
    cost = say.money(anew["cost"])
    if not anew["met"]:
        share, chance = say.share(anew["on_time"], anew["metric"]), say.share(anew["probability"], decimals=0)
        if (left := unanswered(anew)) is not None:
            return [say("compare.anew_unanswered", cost=cost, on_time=share, share=say.share(left))]
        return [say("compare.anew_missed", cost=cost, on_time=share, probability=chance)]
    if base is None:
        return [say("compare.anew_base", cost=cost)]
    if not base["met"]:
        return [say("compare.anew_met_alone", cost=cost)]
    return [say("compare.anew_met", cost=cost, change=change_of_cost(anew["cost"], base["cost"], say))]


def signed(say: Words, value: float, decimals: int = 1) -> str:
    """Return a number with its sign."""
    text = say.number(abs(value), decimals)
    if float(text.replace(",", "")) == 0:
        return text
    return f"+{text}" if value > 0 else f"−{text}"


def change_of_cost(cost: float, base: float, say: Words) -> str:
    """Return the change of cost in percent, or that there is none."""
    if base <= 0 or abs(cost - base) < 0.005 * base / 10:
        return say("compare.no_change")
    return f"{signed(say, 100 * (cost / base - 1), 1)}%"


def headline(found: Comparison, say: Words) -> str:
    """Return the answer in one sentence."""
    done = [row for row in found.rows if row.is_done]
    met = sum(state_of(row) == "met" for row in done)
    base = outcome_of(found.rows[0])
    others = [
        row
        for row in done
        if row is not found.rows[0] and base and not any(c.key in ("rule", "target") for c in row.changes)
    ]
    sign = -1 if base.get("metric") == "mean_seconds" else 1
    gains = {row.name: sign * (outcome_of(row)["on_time"] - base["on_time"]) for row in others}
    best = max(gains, key=lambda name: gains[name], default=None)
    if best is None or gains[best] <= 0:
        return say("compare.headline_none", done=len(done), met=met)
    points = signed(say, (100 if sign > 0 else 1) * gains[best])
    return say("compare.headline", done=len(done), met=met, best=best, points=points)
