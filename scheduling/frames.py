"""Contracts of the tables this package hands on; checks are those of `forecast.frames`."""

from __future__ import annotations

from forecast.frames import Column, Contract

REQUIREMENT = Contract(
    name="requirement",
    columns=(
        Column(name="stream", kind="text"),
        Column(name="start", kind="instant"),
        Column(name="agents_net", kind="number", unit="agents on duty", least=0.0),
        Column(name="agents_gross", kind="number", unit="agents to be scheduled", least=0.0, optional=True),
        Column(name="offered", kind="number", unit="consultations before bots", least=0.0, optional=True),
        Column(name="on_time", kind="number", unit="share 0-1", optional=True),
    ),
    key=("stream", "start"),
)

SHIFT_PLAN = Contract(
    name="shift_plan",
    columns=(
        Column(name="stream", kind="text"),
        Column(name="date", kind="date"),
        Column(name="template", kind="text"),
        Column(name="start", kind="instant"),
        Column(name="end", kind="instant"),
        Column(name="breaks", kind="text"),  # HH:MM-HH:MM, ;-separated
        Column(name="pool", kind="text"),
        Column(name="agents", kind="number", unit="people", least=0.0),
        Column(name="paid_hours", kind="number", unit="hours of the whole row", least=0.0),
        Column(name="cost", kind="number", unit="money of the whole row", least=0.0),
    ),
    key=("stream", "date", "template", "start", "breaks", "pool"),
)

ROSTER = Contract(
    name="roster",
    columns=(
        Column(name="employee", kind="text"),
        Column(name="date", kind="date"),
        Column(name="template", kind="text"),
        Column(name="stream", kind="text"),
        Column(name="start", kind="instant"),
        Column(name="end", kind="instant"),
        Column(name="breaks", kind="text"),
        Column(name="paid_hours", kind="number", unit="hours", least=0.0),
        Column(name="cost", kind="number", unit="money", least=0.0),
        Column(name="premium", kind="number", unit="money, part of cost", least=0.0, optional=True),
        Column(name="meetings", kind="text", optional=True),  # times off the chats, written as breaks are
    ),
    key=("employee", "date"),
)

COVER = Contract(
    name="cover",
    columns=(
        Column(name="stream", kind="text"),
        Column(name="start", kind="instant"),
        Column(name="required", kind="number", unit="agents", least=0.0),
        Column(name="on_duty", kind="number", unit="agents", least=0.0),
        Column(name="offered", kind="number", unit="consultations before bots", least=0.0),
        Column(name="on_time", kind="number", unit="share 0-1"),
        Column(name="open_sessions", kind="number", unit="sessions", least=0.0),
    ),
    key=("stream", "start"),
)
