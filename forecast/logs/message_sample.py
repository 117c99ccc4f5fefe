"""How a message log writes its cells, told from its first rows: times, dates, words for senders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from forecast.errors import DataError, Problem
from forecast.logs.cells import quoted
from forecast.logs.headers import plain, sender_names
from forecast.logs.loading import SAMPLED, Task, date_column, day_and_clock
from forecast.logs.wall_times import AWARE_KINDS, moment_sql
from forecast.replies.conversations import SENDERS

UNKNOWN = 255
BUYER, HUMAN = SENDERS.index("buyer"), SENDERS.index("human")


class Sample:
    """The first rows of a log, which say how its cells are written."""

    def __init__(self, task: Task) -> None:
        self.task, self.table, self.columns = task, task.table, task.columns
        if "time" not in self.columns.place:
            raise DataError(
                Problem(
                    file=self.table.name,
                    row=max(1, self.table.header_row),
                    message="which column is the time of each message? Give --map time=HEADER",
                )
            )
        rows = f"SELECT * FROM ({self.table.relation}) LIMIT {SAMPLED}"
        texts = ", ".join(
            f"coalesce({self.table.text(at)}, '') AS c{at}" for at in range(len(self.table.headers))
        )
        self.frame = task.run.connection.execute(f"SELECT row, {texts} FROM ({rows})").df()
        self.clock_with = date_column(task, self.texts("time"), self.frame["row"], "time")

    def texts(self, role: str) -> pd.Series:
        """Return the sampled cells of a role."""
        return self.frame[f"c{self.columns.place[role]}"]

    def moment(self, role: str) -> str:
        """Return SQL for a moment, as the sample writes it."""
        at = self.columns.place[role]
        kind = self.table.kind(at)
        if kind != "VARCHAR":
            return moment_sql(f"c{at}", kind, self.task.run.timezone)
        text = self.table.text(at)
        if role == "time" and self.clock_with is not None:
            text = day_and_clock(self.table, self.clock_with, at)
        elif (self.texts(role).str[4:5].isin(["/", "."])).mean() > 0.5:
            text = f"replace(replace(substr({text}, 1, 10), '/', '-'), '.', '-') || substr({text}, 11)"
        return moment_sql(f"({text})", kind, self.task.run.timezone)

    def sender_words(self) -> dict[str, int]:
        """Return the code of each word that the sample has for a sender."""
        if "sender" not in self.columns.place:
            return {}
        return sender_codes(self.task, self.texts("sender").unique().tolist())

    def has_offset(self) -> bool:
        """Whether times carry their offset."""
        if self.table.kind(self.columns.place["time"]).startswith(AWARE_KINDS):
            return True
        return bool(self.texts("time").str.contains(r"(?:Z|[+-]\d\d(?::?\d\d)?)$", regex=True).mean() > 0.5)


def sender_codes(task: Task, words: Sequence[str]) -> dict[str, int]:
    """Return the sender codes of the words that are known; asked-for ones win."""
    asked = {
        plain(key.partition(":")[2]): kind for key, kind in task.mapping.items() if key.startswith("sender:")
    }
    wrong = sorted({kind for kind in asked.values() if kind not in SENDERS})
    if wrong:
        raise DataError(
            Problem(
                file=task.table.name,
                message=f"--map sender:...={wrong[0]}: no such kind of sender; known: {', '.join(SENDERS)}",
            )
        )
    known = {**sender_names(), **{plain(name): name for name in SENDERS}, **asked}
    return {word: SENDERS.index(known[plain(word)]) for word in words if plain(word) in known}


def sender_sql(task: Task, words: Mapping[str, int]) -> str:
    """Return SQL for a message's sender: a code, `UNKNOWN`, or NULL where nothing says it."""
    table, at = task.table, task.columns.place
    if "sender" in at:
        raw = table.text(at["sender"])
        cases = " ".join(f"WHEN {quoted(word)} THEN {code}" for word, code in words.items() if word)
        # Most cells are plainly one of the words; the others are looked at with more patience.
        plainly = f"CASE {table.cell(at['sender'])} {cases or 'WHEN NULL THEN 0'} ELSE {UNKNOWN} END"
        code = f"CASE {raw} {cases or 'WHEN NULL THEN 0'} ELSE {UNKNOWN} END"
        patiently = f"CASE WHEN {raw} IS NULL THEN NULL ELSE ({code}) END"
        return f"CASE WHEN ({plainly}) <> {UNKNOWN} THEN ({plainly}) ELSE ({patiently}) END"
    account = table.text(at["sender_account"])
    accounts = ", ".join(quoted(account) for account in sorted(task.run.accounts)) or "NULL"
    is_agent = f"{account} IN ({accounts})"
    return f"CASE WHEN {account} IS NULL THEN NULL WHEN {is_agent} THEN {HUMAN} ELSE {BUYER} END"
