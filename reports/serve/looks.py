"""Functions that the preview process is asked for; their module is imported there only, for it is heavy."""

from __future__ import annotations

from typing import Any

from forecast.errors import PlanError


def look(shop: str, promotions: str | None) -> dict[str, Any] | PlanError:
    """Return `reports.serve.preview.preview`, or what is wrong with the shop's inputs."""
    from reports.serve.preview import preview

    try:
        return preview(shop, promotions)
    except PlanError as error:
        return PlanError(error.problems)


def scenario_problems(shop: str, scenarios: str) -> PlanError | None:
    """Return what `reports.serve.preview.check_scenarios` finds wrong, or None."""
    from reports.serve.preview import check_scenarios

    try:
        check_scenarios(shop, scenarios)
    except PlanError as error:
        return PlanError(error.problems)
    return None
