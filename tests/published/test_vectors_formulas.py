"""Published and computed values of queueing models (vectors.json, each with source and tolerance)."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isclose
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vector_days import staffed_chats, staffed_queue

from scheduling.service import chats, erlang

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))["vectors"]
SIMULATION_MODELS = {"simulation"}  # intervals of event simulations: the simulator's tests take these
FORMULAS = [vector for vector in VECTORS if vector["model"] not in SIMULATION_MODELS]

Inputs = dict[str, Any]
Outputs = dict[str, Any]


def rate_of(inputs: Inputs) -> float:
    """Return arrivals per second, or per minute where the vector counts in minutes."""
    if "lam_per_h" in inputs:
        return inputs["lam_per_h"] / 3600
    if "arrivals_per_30min" in inputs:
        return inputs["arrivals_per_30min"] / (1800 if "mean_s" in inputs else 30)
    return inputs["lam_per_min"]


def mean_of(inputs: Inputs) -> float:
    return inputs["mean_s"] if "mean_s" in inputs else inputs.get("mean_min", inputs.get("mean_work_min"))


def threshold_of(inputs: Inputs) -> float:
    return inputs["T_s"] if "T_s" in inputs else inputs.get("T_min", 0.0)


def erlang_c(inputs: Inputs) -> Outputs:
    waits = erlang.erlang_c(rate_of(inputs), mean_of(inputs), inputs["n"], threshold_of(inputs))
    seconds = 1.0 if "mean_s" in inputs else 60.0
    return {
        "p_wait": waits.p_wait,
        "sl": waits.served_within,
        "asa_s": waits.mean_wait * seconds,
        "asa_min": waits.mean_wait * seconds / 60,
        "occupancy": waits.occupancy,
        "load": rate_of(inputs) * mean_of(inputs),
    }


def erlang_c_required(inputs: Inputs) -> Outputs:
    rate, mean = rate_of(inputs), mean_of(inputs)
    agents = erlang.required_agents(
        rate, mean, threshold_of(inputs), inputs["target_sl"], max_occupancy=inputs.get("max_occupancy", 1.0)
    )
    waits = erlang.erlang_c(rate, mean, agents, threshold_of(inputs))
    return {"n": agents, "sl": waits.served_within, "occupancy": waits.occupancy, "p_wait": waits.p_wait}


def erlang_a(inputs: Inputs) -> Outputs:
    patience = inputs["patience_s"] if "patience_s" in inputs else inputs["patience_min"]
    waits = erlang.erlang_a(rate_of(inputs), mean_of(inputs), inputs["n"], patience, threshold_of(inputs))
    return {
        "p_wait": waits.p_wait,
        "p_abandon": waits.p_abandon,
        "occupancy": waits.occupancy,
        "ew_all_s": waits.mean_wait,
        "ew_all_min": waits.mean_wait,
        "ew_served_s": waits.mean_wait_served,
        "p_served_within_T": waits.served_within,
        "p_abandon_within_T": waits.abandoned_within,
        "mean_virtual_wait_min": waits.mean_virtual_wait,
        "p_virtual_wait_within_T": waits.virtual_within,
    }


def erlang_c_and_a(inputs: Inputs) -> Outputs:
    a = erlang_a(inputs)
    c = erlang_c(inputs)
    return {
        "C_asa_s": c["asa_s"],
        "C_occ": c["occupancy"],
        "A_p_abandon": a["p_abandon"],
        "A_ew_all_s": a["ew_all_s"] * 60,
        "A_occ": a["occupancy"],
        "A_p_wait": a["p_wait"],
    }


def chat_service(inputs: Inputs) -> chats.ChatService:
    if "wall_aht_min_by_concurrency" in inputs:
        times = inputs["wall_aht_min_by_concurrency"]
        pace, mean = tuple(times[0] / t for t in times), times[0]
    else:
        pace, mean = tuple(inputs["per_chat_rate"]), inputs["mean_work_min"]
    return chats.ChatService(
        agents=inputs["agents"], per_chat_rate=pace, mean=mean, patience=inputs["patience_min"]
    )


def chat_figures(figures: chats.ChatFigures) -> Outputs:
    waits = figures.waits
    return {
        "p_delay": waits.p_wait,
        "p_accepted_within_T": waits.served_within,
        "p_virtual_wait_within_T": waits.virtual_within,
        "mean_virtual_wait": waits.mean_virtual_wait,
        "mean_virtual_wait_min": waits.mean_virtual_wait,
        "p_abandon": waits.p_abandon,
        "mean_queue": figures.mean_queue,
        "slot_occupancy": figures.slot_occupancy,
        "mean_chats_per_agent": figures.chats_per_agent,
        "share_of_agents_busy": figures.agents_busy,
    }


def chat_balanced(inputs: Inputs) -> Outputs:
    return chat_figures(chats.balanced_chats(chat_service(inputs), inputs["lam_per_min"], inputs["T_min"]))


def chat_least_loaded(inputs: Inputs) -> Outputs:
    return chat_figures(
        chats.least_loaded_chats(chat_service(inputs), inputs["lam_per_min"], inputs["T_min"])
    )


def uncertain_level(inputs: Inputs) -> Outputs:
    def served(level: float) -> float:
        return erlang.erlang_a(
            level * rate_of(inputs), inputs["mean_s"], inputs["n"], inputs["patience_s"], inputs["T_s"]
        ).served_within

    return {"volume_weighted_p_served_within_T": erlang.mixed_over_level(served, inputs["cv"])}


MODELS: dict[str, Callable[[Inputs], Outputs]] = {
    "erlang_b": lambda v: {"p_block": erlang.blocking_probability(v["n"], v["load"])},
    "erlang_b_load": lambda v: {"load": erlang.load_for_blocking(v["n"], v["blocking"])},
    "erlang_c": erlang_c,
    "erlang_c_required": erlang_c_required,
    "erlang_a": erlang_a,
    "erlang_c vs erlang_a": erlang_c_and_a,
    "halfin_whitt": lambda v: {"alpha": erlang.halfin_whitt_delay(v["beta"])},
    "halfin_whitt_inverse": lambda v: {"beta": erlang.halfin_whitt_beta(v["alpha"])},
    "garnett": lambda v: {"p_wait": erlang.garnett_delay(v["beta"], v["theta_over_mu"])},
    "mt_over_m_infinite_periodic": lambda v: {
        "offered_load": erlang.periodic_load(v["a"], v["b"], v["c"], v["mean_service"], v["t"])
    },
    "mt_m_infinite_from_empty": lambda v: {
        "offered_load_at_interval_ends": erlang.load_from_empty(
            np.array(v["rates_per_h"]) / 3600, v["interval_s"], v["mean_s"]
        )
    },
    "mg1_fifo": lambda v: {"ew_s": erlang.mean_wait_fifo(rate_of(v), v["mean_s"], v["cv"])},
    "mg1_ps": lambda v: {"mean_sojourn_s": erlang.mean_time_shared(rate_of(v), v["mean_s"])},
    "erlang_a mixed over a gamma rate factor": uncertain_level,
    "negative binomial day": lambda v: {"sd": erlang.day_count_sd(v["mean"], v["cv_factor"])},
    "chat_balanced": chat_balanced,
    "chat_least_loaded_exact": chat_least_loaded,
    "chat_least_loaded_transient": staffed_chats,
    "chat_staff_change_handback": staffed_chats,
    "mt_m_st_plus_m_exhaustive": staffed_queue,
    "mt_m_st_preemptive": staffed_queue,
}


@pytest.mark.parametrize("vector", FORMULAS, ids=[vector["id"] for vector in FORMULAS])
def test_formula_reproduces_the_vector(vector: dict[str, Any]) -> None:
    found = MODELS[vector["model"]](vector["inputs"])

    for name, wanted in vector["outputs"].items():
        for value, expected in zip(np.atleast_1d(found[name]), np.atleast_1d(wanted), strict=True):
            assert isclose(value, expected, rel_tol=vector["tol"], abs_tol=vector["tol"] + 1e-14), name


def test_every_vector_is_a_formula_or_left_to_the_simulator() -> None:
    assert {vector["model"] for vector in VECTORS} == set(MODELS) | SIMULATION_MODELS
