"""A roster problem with everything that searching it needs."""

from __future__ import annotations

from dataclasses import dataclass

from scheduling.roster.constraints import post_rules
from scheduling.roster.constraints_hours import price_premium
from scheduling.roster.lawful import lawful_choices
from scheduling.roster.objective import (
    CellPrices,
    FairGroup,
    Prices,
    Published,
    fair_groups,
    price_cells,
    price_cover,
    price_fairness,
)
from scheduling.roster.problem import Cell, RosterProblem
from scheduling.roster.score import fair_level, score
from scheduling.roster.variables import Assignment, Choices, RosterModel


@dataclass(frozen=True, kw_only=True)
class Search:
    """A problem with its lawful duties, prices and groups of fairness."""

    problem: RosterProblem
    choices: Choices
    prices: Prices
    cells: CellPrices
    groups: tuple[FairGroup, ...]

    def terms(self, assignment: Assignment) -> dict[str, int]:
        """Return every term of an assignment's cost, in the model's units."""
        return score(
            self.problem,
            assignment,
            prices=self.prices,
            cells=self.cells,
            groups=self.groups,
            choices=self.choices,
        )

    def cost(self, assignment: Assignment) -> int:
        """Return the sum of the terms."""
        return sum(self.terms(assignment).values())

    def whole_model(self, *, priced: bool = True) -> RosterModel:
        """Return the model of the whole roster, every cell free; unpriced, any lawful roster will do."""
        model = RosterModel(self.problem, self.choices)
        if priced:
            return self._posted(model, None)
        post_rules(model)
        return model

    def partial_model(self, assignment: Assignment, free: list[Cell]) -> RosterModel:
        """Return the model in which only some cells are free; the levels of fairness stay as they are."""
        levels = {
            group.name: fair_level(self.problem, group, assignment, self.prices)[0] for group in self.groups
        }
        model = RosterModel(self.problem, self.choices, frozen=assignment, free=free)
        return self._posted(model, levels)

    def _posted(self, model: RosterModel, levels: dict[str, int] | None) -> RosterModel:
        post_rules(model)
        price_cells(model, self.cells)
        price_premium(model, self.prices)
        price_cover(model, self.prices)
        price_fairness(model, self.groups, self.prices, levels)
        model.minimise()
        return model


def prepare(
    problem: RosterProblem, *, prices: Prices | None = None, published: Published | None = None
) -> Search:
    """Return a problem ready to be searched."""
    prices = Prices() if prices is None else prices
    choices = lawful_choices(problem)
    return Search(
        problem=problem,
        choices=choices,
        prices=prices,
        cells=CellPrices(problem, prices, Published() if published is None else published),
        groups=fair_groups(problem, choices),
    )
