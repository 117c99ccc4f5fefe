"""From a platform's message log to a plan, as a shop would: import, look, calibrate, plan."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from builders_exports import build_shop
from builders_messages import ZONE, build_simulated_log
from click.testing import CliRunner

from forecast.replies.rules import preset_rules
from forecast.replies.service_parameters import ServiceParameters
from forecast.table_files import write_csv
from reports.cli.app import app
from reports.cli.outcomes import ExitCode

pytestmark = pytest.mark.slow


def run(*words: object) -> int:
    """Run a command; return its code."""
    result = CliRunner().invoke(
        app, [str(word) for word in words], standalone_mode=False, catch_exceptions=False
    )
    return int(result.return_value or 0)


def test_a_shop_plans_from_its_message_log(tmp_path):
    shop = build_shop(tmp_path / "shop", f'[shop]\ntimezone = "{ZONE}"\nholidays = "none"\n')
    log, _ = build_simulated_log(
        ServiceParameters(reply_s=40.0, patience_s=300.0),
        rule=preset_rules()["taobao.human3min.30d"],
        sessions_per_half_hour=8.0,
        speeds=(1.0, 1.0),
        days=21,
        seed=1,
    )
    write_csv(log, tmp_path / "log.csv")
    assert run("import", tmp_path / "log.csv", "--shop", shop) == ExitCode.FINE
    assert run("history", shop, "--out", tmp_path) == ExitCode.FINE
    assert run("calibrate", shop) == ExitCode.FINE
    code = run(
        "plan", shop, "--start", "2026-03-23", "--days", "2", "--effort", "quick", "--out", tmp_path / "plan"
    )
    assert code in (ExitCode.FINE, ExitCode.TARGET_NOT_MET)
    summary = json.loads((tmp_path / "plan" / "summary.json").read_text(encoding="utf-8"))
    assert {"imported logs", "service.toml"} <= set(summary["inputs"])
    history = pd.read_csv(tmp_path / "history.csv", encoding="utf-8-sig")
    forecast = pd.read_csv(tmp_path / "plan" / "forecast.csv", encoding="utf-8-sig")
    usual = history["offered"].sum() / 21
    assert forecast["mean"].sum() / 2 == pytest.approx(usual, rel=0.15)
