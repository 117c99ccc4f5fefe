"""Which column is which, where somebody said so: kept beside the store and used silently from then on."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from forecast.errors import ConfigError, Problem
from forecast.logs.store import FOLDER

FILE = "columns.toml"
HEAD = "# Which column is which, as you answered paiban import. Edit or delete freely.\n\n"


@dataclass
class Answers:
    """Answers by the headers of the tables that they were given for."""

    path: Path
    tables: dict[tuple[str, ...], dict[str, str]] = field(default_factory=dict)
    changed: bool = False

    @classmethod
    def of(cls, shop: Path) -> Answers:
        """Read a shop's answers.

        Raises
        ------
        ConfigError
            If the file is no TOML.
        """
        path = shop / FOLDER / FILE
        if not path.is_file():
            return cls(path)
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("table", [])
            return cls(path, {tuple(entry["headers"]): dict(entry["map"]) for entry in entries})
        except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
            raise ConfigError(
                Problem(file=f"{FOLDER}/{FILE}", message=f"not readable ({error}); mend or delete it")
            ) from None

    def for_headers(self, headers: Sequence[str]) -> dict[str, str]:
        """Return what was answered for tables with these headers."""
        return dict(self.tables.get(tuple(headers), {}))

    def keep(self, headers: Sequence[str], said: Mapping[str, str]) -> None:
        """Keep answers for tables with these headers; later ones win."""
        if not said:
            return
        former = self.tables.get(tuple(headers), {})
        self.tables[tuple(headers)] = {**former, **said}
        self.changed |= self.tables[tuple(headers)] != former

    def write(self) -> None:
        """Write the answers, where there are new ones."""
        if not self.changed:
            return
        import tomli_w

        entries = [{"headers": list(headers), "map": said} for headers, said in sorted(self.tables.items())]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(HEAD + tomli_w.dumps({"table": entries}), encoding="utf-8")
