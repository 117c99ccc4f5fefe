"""A scenario's changes put into a shop's inputs, and told apart: what was, what is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from forecast.config import Stream, parse_tables
from forecast.errors import ConfigError, PlanError, Problem, nearest
from forecast.replies.rules import rule_book
from forecast.replies.service_parameters import ServiceParameters
from scheduling.config import Labour, Limit, Pay, PoolLimit, Settings, ShiftTemplate
from scheduling.inputs import Inputs
from scheduling.roster.people import Employee
from scheduling.scenarios.keys import (
    SERVICE_KEYS,
    STREAM_KEYS,
    AddedAgents,
    added_agents,
    as_list,
    removed_agents,
)

SOURCE = "scenarios.toml"
MOST_BOTS = 0.99
PLANNED_ANEW = ("template", "drop_templates", "pool", "open")  # no plan of other shapes can be kept


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that differs from the base: a key, where it acts, what it was and is."""

    key: str
    where: str
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A shop's inputs under a scenario, and what acts outside them.

    Attributes
    ----------
    inputs
        The shop with other settings and people.
    volume, events
        Factors on the consultations of a stream, and of the hours that an event's phases cover.
    bots, bots_add
        Streams whose bot share the scenario sets, also in promotion hours; what it changes by, there too.
    caps, cap_add
        Streams in which everybody has the stream's own reception cap; what each person's cap changes by.
    added
        People who come on top of the plan.
    removed
        Names of those who are missing.
    fewer
        People missing a day by pool, where the shop names nobody.
    pay
        Factor on the pay of duties by template and pool.
    changes
        What differs, in words of the file.
    """

    inputs: Inputs
    volume: Mapping[str, float]
    events: Mapping[str, float]
    bots: frozenset[str] = frozenset()
    bots_add: Mapping[str, float] = field(default_factory=dict)
    caps: frozenset[str] = frozenset()
    cap_add: Mapping[str, int]
    added: tuple[AddedAgents, ...] = ()
    removed: frozenset[str] = frozenset()
    fewer: Mapping[str, int]
    pay: Mapping[tuple[str, str], float]
    changes: tuple[Change, ...] = ()

    @property
    def keys(self) -> set[str]:
        """Keys that say anything."""
        return {change.key for change in self.changes}

    @property
    def is_planned_anew(self) -> bool:
        """Whether the base's shifts cannot be kept."""
        return bool(self.keys & set(PLANNED_ANEW))

    @property
    def is_rostered_anew(self) -> bool:
        """Whether the same shifts must be given to people again."""
        return "labour" in self.keys


def apply(inputs: Inputs, changes: Mapping[str, Any], *, streams: list[str], name: str) -> Applied:
    """Return a shop's inputs under a scenario.

    Parameters
    ----------
    inputs
        The base. A shop that names no streams gets those of `streams` with the defaults.
    changes
        Keys of `keys.CHANGES` and their values. What acts on a stream is one value for all streams, or a
        table by stream.
    streams
        The streams of the base's forecast.
    name
        The scenario's, for messages.

    Raises
    ------
    ConfigError
        With every value that is out of range or names something unknown.
    """
    return _Applying(inputs, changes, streams=streams, name=name).applied()


class _Applying:
    """One scenario being applied; problems are gathered."""

    def __init__(self, inputs: Inputs, changes: Mapping[str, Any], *, streams: list[str], name: str) -> None:
        self.inputs, self.asked, self.name = inputs, changes, name
        demand = inputs.settings.demand
        if not demand.streams:
            demand = replace(demand, streams=tuple(Stream(id=stream) for stream in streams))
        self.settings = replace(inputs.settings, demand=demand)
        self.streams = streams
        self.problems: list[str | Problem] = []
        self.changes: list[Change] = []

    def applied(self) -> Applied:
        volume = self._factors("volume", self.streams)
        events = self._factors("promotion_multiplier", self._events(), spoken="event")
        settings = self._with_streams(self.settings)
        settings = self._tried(self._with_templates, settings)
        settings = self._tried(self._with_labour, settings)
        settings = self._tried(self._with_pools, settings)
        settings, pay = self._with_pay(settings)
        employees, added, removed, fewer = self._people()
        settings = _with_room(settings, added)
        if self.problems:
            raise ConfigError(self.problems)
        caps = frozenset(self._named("reception_cap")) if "reception_cap" in self.asked else frozenset()
        return Applied(
            inputs=replace(self.inputs, settings=settings, employees=employees),
            volume=volume,
            events=events,
            bots=frozenset(self._named("bot_share")) if "bot_share" in self.asked else frozenset(),
            bots_add=self._numbers("bot_share_add", self.streams),
            caps=caps,
            cap_add={k: int(v) for k, v in self._numbers("reception_cap_add", self.streams).items()},
            added=added,
            removed=removed,
            fewer=fewer,
            pay=pay,
            changes=tuple(self.changes),
        )

    # --- words and numbers

    def _complain(self, message: str) -> None:
        problem = Problem(file=SOURCE, message=f"[[scenario]] {self.name}: {message}")
        if problem not in self.problems:
            self.problems.append(problem)

    def _note(self, key: str, where: str, before: Any, after: Any) -> None:
        if before != after:
            self.changes.append(Change(key=key, where=where, before=before, after=after))

    def _tried(self, step: Callable[[Settings], Settings], settings: Settings) -> Settings:
        try:
            return step(settings)
        except PlanError as error:
            self.problems += error.problems
        except ValueError as error:
            self._complain(str(error))
        return settings

    def _named(self, key: str) -> list[str]:
        value = self.asked[key]
        return list(value) if isinstance(value, Mapping) else self.streams

    def _events(self) -> list[str]:
        return [event.id for event in self.inputs.calendar.events]

    def _numbers(self, key: str, known: list[str], *, spoken: str = "stream") -> dict[str, float]:
        """Return a number for each name that a key speaks of."""
        value = self.asked.get(key)
        if value is None:
            return {}
        table = dict(value) if isinstance(value, Mapping) else dict.fromkeys(known, value)
        found: dict[str, float] = {}
        for name, number in table.items():
            if name not in known:
                self._complain(f"{key}: no {spoken} is called {name!r}{nearest(name, known)}")
            elif isinstance(number, bool) or not isinstance(number, int | float):
                self._complain(f"{key} must be a number, got {number!r}")
            else:
                found[name] = float(number)
        return found

    def _factors(self, key: str, known: list[str], *, spoken: str = "stream") -> dict[str, float]:
        found = self._numbers(key, known, spoken=spoken)
        for name, factor in found.items():
            if factor <= 0:
                self._complain(f"{key} must be above 0, got {factor:g}")
            elif isinstance(self.asked[key], Mapping):
                self._note(key, name, 1.0, factor)
        if found and not isinstance(self.asked[key], Mapping):
            self._note(key, "", 1.0, float(self.asked[key]))
        return found

    # --- streams

    def _with_streams(self, settings: Settings) -> Settings:
        demand = settings.demand
        ids = [stream.id for stream in demand.streams]
        for key in (*STREAM_KEYS, *SERVICE_KEYS):
            for name in self._named(key) if isinstance(self.asked.get(key), Mapping) else ():
                if name not in ids:
                    self._complain(f"{key}: no stream is called {name!r}{nearest(name, ids)}")
        self._note_caps()
        new = tuple(self._changed(stream) for stream in demand.streams)
        return replace(settings, demand=replace(demand, streams=new))

    def _note_caps(self) -> None:
        for name, number in self._numbers("reception_cap_add", self.streams).items():
            if not number.is_integer():
                self._complain(f"reception_cap_add must be a whole number, got {number:g}")
            self._note("reception_cap_add", name, 0, int(number))

    def _changed(self, stream: Stream) -> Stream:
        """Return a stream under the scenario."""
        own = {key: self._of(key, stream.id) for key in STREAM_KEYS if self._of(key, stream.id) is not None}
        service = {
            key: self._of(key, stream.id) for key in SERVICE_KEYS if self._of(key, stream.id) is not None
        }
        factor = self._of("reply_factor", stream.id)
        if factor is not None and isinstance(factor, int | float):
            service["reply_s"] = float(service.get("reply_s", stream.service.reply_s)) * float(factor)
            if stream.service.sessions_per_hour is not None and "sessions_per_hour" not in service:
                service["sessions_per_hour"] = stream.service.sessions_per_hour / float(factor)
        add = self._of("reception_cap_add", stream.id)
        if isinstance(add, int | float):
            cap = int(service.get("reception_cap", stream.service.reception_cap)) + int(add)
            service["reception_cap"] = max(1, cap)
        bots = self._of("bot_share_add", stream.id)
        if isinstance(bots, int | float):
            share = float(service.get("bot_share", stream.service.bot_share)) + float(bots)
            service["bot_share"] = round(min(MOST_BOTS, max(0.0, share)), 10)
        if "rule" in own:
            book = rule_book(self.settings.demand.rules)
            if own["rule"] not in book:
                self._complain(f"no rule is called {own['rule']!r}{nearest(str(own['rule']), list(book))}")
                return stream
            if "target" not in own and own["rule"] != stream.rule:
                own["target"] = None  # another rule has its own pass line
        bare = {f.name: getattr(stream, f.name) for f in fields(Stream) if f.name != "service"} | own
        section = f"scenario]] {self.name}: [stream"
        worked = {f.name: getattr(stream.service, f.name) for f in fields(ServiceParameters)} | service
        try:
            found = parse_tables(Stream, [bare], source=SOURCE, section=section)[0]
            parameters = parse_tables(
                ServiceParameters, [worked], source=SOURCE, section=f"scenario]] {self.name}: [service"
            )[0]
        except ConfigError as error:
            self.problems += [problem for problem in error.problems if problem not in self.problems]
            return stream
        changed = replace(found, service=parameters)
        for key in STREAM_KEYS:
            self._note(key, stream.id, getattr(stream, key), getattr(changed, key))
        for key in SERVICE_KEYS:
            if key == "reception_cap" and key in self.asked:
                self._note(key, stream.id, self._caps_in_force(stream), changed.service.reception_cap)
            elif key != "reception_cap":
                self._note(key, stream.id, getattr(stream.service, key), getattr(changed.service, key))
        return changed

    def _caps_in_force(self, stream: Stream) -> Any:
        """Return the cap of everybody who may serve a stream; a range where people have their own."""
        own = {
            stream.service.reception_cap if person.reception_cap is None else person.reception_cap
            for person in self.inputs.employees
            if not person.streams or stream.id in person.streams
        } or {stream.service.reception_cap}
        return own.pop() if len(own) == 1 else f"{min(own)}–{max(own)}"

    def _of(self, key: str, stream: str) -> Any:
        """Return what a key says of a stream, or None."""
        value = self.asked.get(key)
        return value.get(stream) if isinstance(value, Mapping) else value

    # --- shifts, rules, pools, pay

    def _with_templates(self, settings: Settings) -> Settings:
        known = {template.name: template for template in settings.templates}
        for name in as_list(self.asked.get("drop_templates", [])):
            if name not in known:
                self._complain(
                    f"drop_templates: no template is called {name!r}{nearest(str(name), list(known))}"
                )
                continue
            self._note("drop_templates", str(name), True, False)
            del known[name]
        for row in as_list(self.asked.get("template", [])):
            if not isinstance(row, Mapping) or "name" not in row:
                self._complain("template is written as [[scenario.template]] with a name")
                continue
            before = known.get(str(row["name"]))
            table = {f.name: getattr(before, f.name) for f in fields(ShiftTemplate)} if before else {}
            after = parse_tables(
                ShiftTemplate, [{**table, **row}], source=SOURCE, section=f"scenario]] {self.name}: [template"
            )[0]
            known[after.name] = after
            for key in row:
                if key != "name":
                    old = None if before is None else getattr(before, key)
                    self._note("template", f"{after.name}.{key}", old, getattr(after, key))
        if settings.templates and not known:
            self._complain("drop_templates leaves no template to work")
        return replace(settings, templates=tuple(known.values()))

    def _with_labour(self, settings: Settings) -> Settings:
        asked = self.asked.get("labour", {})
        names = [f.name for f in fields(Labour)]
        before = _as_they_bind(settings.labour)
        table = {name: _spelt_out(getattr(settings.labour, name)) for name in names}
        for key, value in asked.items():
            if key not in names:
                self._complain(f"labour: unknown key {key}{nearest(key, names)}")
            elif isinstance(before[key], Limit | Pay):
                short = (
                    {"value": value, "mode": "hard"} if isinstance(before[key], Limit) else {"rate": value}
                )
                wanted = dict(value) if isinstance(value, Mapping) else short
                table[key] = _spelt_out(before[key]) | wanted
            else:
                table[key] = value
        section = f"scenario]] {self.name}: [labour"
        labour = parse_tables(Labour, [table], source=SOURCE, section=section)[0]
        for name, value in _as_they_bind(labour).items():
            self._note("labour", name, _limit_text(before[name]), _limit_text(value))
        return replace(settings, labour=labour)

    def _with_pools(self, settings: Settings) -> Settings:
        pools = {pool.name: pool for pool in settings.pools}
        for name, table in self.asked.get("pool", {}).items():
            after = parse_tables(
                PoolLimit,
                [{"name": name, **(table if isinstance(table, Mapping) else {"max_people": table})}],
                source=SOURCE,
                section=f"scenario]] {self.name}: [pool",
            )[0]
            self._note("pool", f"{name}.max_people", settings.max_people(name), after.max_people)
            pools[after.name] = after
        return replace(settings, pools=tuple(pools.values()))

    def _with_pay(self, settings: Settings) -> tuple[Settings, dict[tuple[str, str], float]]:
        """Return settings with other wages, and the factor on pay by template and pool."""
        names = [template.name for template in settings.templates]
        wages = self._numbers("cost_per_hour", names, spoken="template")
        pools = ["staff", "part_time", "outsourced"]
        factors = self._factors("cost_factor", pools, spoken="pool")
        pay: dict[tuple[str, str], float] = {}
        new = []
        for template in settings.templates:
            wage = wages.get(template.name, template.cost_per_hour)
            if wage < 0:
                self._complain(f"cost_per_hour must be 0 or more, got {wage:g}")
                wage = template.cost_per_hour
            self._note("cost_per_hour", template.name, template.cost_per_hour, wage)
            base = wage / template.cost_per_hour if template.cost_per_hour > 0 else 1.0
            for pool in pools:
                pay[template.name, pool] = base * factors.get(pool, 1.0)
            uniform = {factors.get(pool, 1.0) for pool in template.pools}
            scale = uniform.pop() if len(uniform) == 1 else 1.0
            new.append(replace(template, cost_per_hour=wage * scale))
        return replace(settings, templates=tuple(new)), pay

    # --- people

    def _people(
        self,
    ) -> tuple[tuple[Employee, ...], tuple[AddedAgents, ...], frozenset[str], dict[str, int]]:
        employees = self.inputs.employees
        added: list[AddedAgents] = []
        gone: list[str] = []
        fewer: dict[str, int] = {}
        label = f"scenario]] {self.name}: [add_agents"
        try:
            if "add_agents" in self.asked:
                added = added_agents(self.asked["add_agents"], SOURCE, label)
            removed = (
                removed_agents(self.asked["remove_agents"], SOURCE, label.replace("add", "remove"))
                if "remove_agents" in self.asked
                else []
            )
        except ConfigError as error:
            self.problems += error.problems
            return employees, (), frozenset(), {}
        self._check_added(added)
        names = [person.employee for person in employees]
        for one in removed:
            gone += [name for name in one.names if name in names]
            for name in one.names:
                if name not in names:
                    self._complain(f"remove_agents: agents.csv has no {name!r}{nearest(name, names)}")
            if one.pool is not None and employees:
                pool = [p.employee for p in employees if p.pool == one.pool and p.employee not in gone]
                if one.count > len(pool):
                    self._complain(f"remove_agents: there are only {len(pool)} of pool {one.pool}")
                gone += pool[-one.count :]
            elif one.pool is not None:
                fewer[one.pool] = fewer.get(one.pool, 0) + one.count
        for people in added:
            self._note("add_agents", people.pool, 0, people.count)
        for name in gone:
            self._note("remove_agents", name, True, False)
        for of, count in fewer.items():
            self._note("remove_agents", of, 0, -count)
        left = tuple(person for person in employees if person.employee not in gone)
        return left, tuple(added), frozenset(gone), fewer

    def _check_added(self, added: list[AddedAgents]) -> None:
        templates = [template.name for template in self.settings.templates]
        for people in added:
            for name in people.streams:
                if name not in self.streams:
                    self._complain(f"add_agents: no stream is called {name!r}{nearest(name, self.streams)}")
            for name in people.templates:
                if templates and name not in templates:
                    self._complain(f"add_agents: no template is called {name!r}{nearest(name, templates)}")


def _with_room(settings: Settings, added: tuple[AddedAgents, ...]) -> Settings:
    """Return settings whose limits on a pool's people grow by those who come on top."""
    more: dict[str, int] = {}
    for people in added:
        more[people.pool] = more.get(people.pool, 0) + people.count
    return replace(
        settings,
        pools=tuple(
            pool
            if pool.max_people is None
            else replace(pool, max_people=pool.max_people + more.get(pool.name, 0))
            for pool in settings.pools
        ),
    )


def _as_they_bind(labour: Labour) -> dict[str, Any]:
    """Return labour rules by name, the week's hours as they hold where none are named."""
    rules = {one.name: getattr(labour, one.name) for one in fields(Labour)}
    return rules | {"max_hours_per_week": labour.week_limit}


def _limit_text(limit: Any) -> str:
    """Return a labour rule or a pay in figures; anything else as it is written."""
    if isinstance(limit, Pay):
        return f"×{limit.rate:g}" if limit.mode == "soft" else f"×{limit.rate:g} ({limit.mode})"
    if not isinstance(limit, Limit):
        return "" if limit is None else str(limit)
    return f"{limit.value:g}" if limit.mode == "hard" else f"{limit.value:g} ({limit.mode})"


def _spelt_out(value: Any) -> Any:
    """Return a labour rule or a pay as a table of its own."""
    return asdict(value) if isinstance(value, Limit | Pay) else value
