"""The report and the local page in a real browser: desktop and phone, without scripts, end to end."""

from __future__ import annotations

import datetime as dt
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import DESKTOP, PHONE, chromium, complaints, overflow

pytestmark = pytest.mark.slow
PROGRAM = "from reports.cli.app import main; main()"
PATIENCE_S = 240.0
PROMOTIONS = """# 我们的日历
[[event]]
id = "live"
name = "直播"
kind = "live"

  [[event.phase]]
  name = "开播"
  kind = "spot"
  start = 2026-03-02T19:00:00
  end = 2026-03-02T22:00:00
  multiplier = { low = 1.2, mid = 1.5, high = 2.0 }
"""


def _paiban(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 7), done.stderr


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a shop with eight weeks of history, four agents, a promotion, and a plan of two days."""
    folder = tmp_path_factory.mktemp("browser") / "shop"
    folder.mkdir()
    rows = ["time,count"]
    for day in range(56):
        date = dt.date(2026, 1, 5) + dt.timedelta(days=day)
        counts = {hour: 12 + (hour * 7 + day * 3) % 9 + (hour >= 19) * 8 for hour in range(9, 22)}
        rows += [f"{date} {hour:02d}:00,{count}" for hour, count in counts.items()]
    (folder / "history.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "shop.toml").write_text('[shop]\nname = "小店"\nlanguage = "zh"\n', encoding="utf-8")
    (folder / "promotions.toml").write_text(PROMOTIONS, encoding="utf-8")
    (folder / "scenarios.toml").write_text('[[scenario]]\nname = "现状"\n', encoding="utf-8")
    names = "".join(f"{name},staff\n" for name in ("张三", "李四", "王五", "赵六"))
    (folder / "agents.csv").write_text("employee,pool\n" + names, encoding="utf-8")
    _paiban("plan", str(folder), "--start", "2026-03-02", "--days", "2", "--effort", "quick", "-q")
    return folder


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_report_draws_its_charts_and_fits_the_window(shop: Path, size: tuple[int, int]) -> None:
    with chromium(size) as browser:
        browser.get((shop / "plans" / "2026-03-02" / "report.html").as_uri())
        assert overflow(browser) <= 0
        assert complaints(browser) == []
        drawn = "return document.querySelectorAll('.live canvas, .live svg').length"
        assert browser.execute_script(drawn) >= 4
        assert browser.execute_script("return Array.from(document.images).every((one) => one.alt.length > 0)")


def test_the_report_can_be_read_without_scripts(shop: Path) -> None:
    with chromium(PHONE, scripts=False) as browser:
        browser.get((shop / "plans" / "2026-03-02" / "report.html").as_uri())
        from selenium.webdriver.common.by import By

        pictures = browser.find_elements(By.CSS_SELECTOR, "figure img")
        assert len(pictures) >= 4
        assert all(picture.is_displayed() and picture.size["height"] > 50 for picture in pictures)
        assert not browser.find_elements(By.CSS_SELECTOR, ".live canvas")
        assert "张三" in browser.find_element(By.TAG_NAME, "body").text


@pytest.fixture
def address(shop: Path) -> Iterator[str]:
    """Serve the shop; give the page's address."""
    server = subprocess.Popen(
        [sys.executable, "-u", "-c", PROGRAM, "serve", str(shop), "--port", "0", "-q"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert server.stdout is not None
    try:
        found = server.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", found)
        yield found
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
        server.stdout.close()


def _until(said: Callable[[], Any], what: str) -> Any:
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE_S:
        if found := said():
            return found
        time.sleep(0.2)
    raise AssertionError(f"waited in vain for {what}")


def _state(browser: Any, section: str) -> str:
    return str(browser.execute_script(f"return document.getElementById('{section}').dataset.state || ''"))


def _drawn(browser: Any, after: str = "") -> str:
    def said() -> str:
        now = _state(browser, "charts")
        return now if now.startswith("drawn") and now != after else ""

    return str(_until(said, "the charts"))


def _gap(browser: Any) -> str:
    return str(browser.execute_script("return document.getElementById('answer').textContent"))


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_fits_the_window_in_both_languages(address: str, size: tuple[int, int]) -> None:
    with chromium(size) as browser:
        for lang, words in (("zh", "开始排班"), ("en", "Start the plan")):
            browser.get(f"{address}?lang={lang}")
            _drawn(browser)
            browser.execute_script(
                "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
            )
            assert overflow(browser) <= 0
            assert words in browser.page_source
            assert complaints(browser) == []


def test_a_manager_edits_sees_saves_plans_imports_and_fetches(
    address: str, shop: Path, tmp_path: Path
) -> None:
    from selenium.webdriver.common.by import By

    with chromium(DESKTOP) as browser:

        def one(css: str) -> Any:
            return browser.find_element(By.CSS_SELECTOR, css)

        def put(place: str, value: str) -> None:
            browser.execute_script(
                "const one = document.querySelector(arguments[0]); one.closest('details').open = true;"
                "one.value = arguments[1]; one.dispatchEvent(new Event('input', { bubbles: true }));",
                f'[data-place="{place}"]',
                value,
            )

        browser.get(address + "?lang=zh")
        first = _drawn(browser)
        before = _gap(browser)

        put("0.phases.0.mid", "40")  # more than high: told beside the field, the file untouched
        wrong = _drawn(browser, first)
        assert one('[data-place="0.phases.0.mid"]').get_attribute("aria-invalid") == "true"
        put("0.phases.0.high", "60")
        second = _drawn(browser, wrong)
        assert one('[data-place="0.phases.0.mid"]').get_attribute("aria-invalid") == "false"
        assert _gap(browser) != before  # redrawn under forty times the volume
        assert (shop / "promotions.toml").read_text(encoding="utf-8") == PROMOTIONS

        put("0.phases.0.mid", "1.6")
        put("0.phases.0.high", "2.0")
        _drawn(browser, second)
        one("#promotions .save").click()
        _until(lambda: "promotions.toml" in one("#promotions .told").text, "the saved form")
        saved = (shop / "promotions.toml").read_text(encoding="utf-8")
        assert saved == PROMOTIONS.replace("mid = 1.5", "mid = 1.6")

        one("#scenarios .add").click()
        put("1.name", "量多")
        put("1.volume", "1.3")
        one("#scenarios .save").click()
        _until(lambda: "scenarios.toml" in one("#scenarios .told").text, "the saved scenario")
        assert "volume = 1.3" in (shop / "scenarios.toml").read_text(encoding="utf-8")

        assert one('[data-place="promo.event"]').get_attribute("value") == "live"
        one("#start-replan").click()  # nobody has said from when
        _until(lambda: "要填日期" in one("#absences").text, "what is missing, beside its field")
        assert _state(browser, "run") == "none"

        was = (shop / "plans" / "2026-03-02" / "run.json").stat().st_mtime_ns
        one("#start-plan").click()
        _until(lambda: _state(browser, "run") == "running", "the run")
        with chromium(PHONE) as other:  # a second browser sees it and cannot start another
            other.get(address + "?lang=en")
            _until(lambda: _state(other, "run") == "running", "the run in the other browser")
            assert not other.find_element(By.ID, "start-plan").is_enabled()
        _until(lambda: _state(browser, "run") == "ended", "the plan")
        assert "已完成" in one("#run-state").text
        assert (shop / "plans" / "2026-03-02" / "run.json").stat().st_mtime_ns > was

        export = tmp_path / "sessions.csv"
        lines = [f"s{i},b{i},张三,2026-03-01 {10 + i % 8}:{i % 60:02d}:00" for i in range(40)]
        export.write_text("session_id,buyer,agent,start\n" + "\n".join(lines) + "\n", encoding="utf-8")
        one("#exports").send_keys(str(export))
        _until(lambda: "import" in one("#run-state").text and _state(browser, "run") == "ended", "the import")
        assert "已完成" in one("#run-state").text

        browser.execute_cdp_cmd(
            "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
        )
        browser.find_element(By.LINK_TEXT, "排班表.xlsx").click()
        _until(lambda: (tmp_path / "排班表.xlsx").is_file(), "the workbook")
        assert (tmp_path / "排班表.xlsx").read_bytes()[:2] == b"PK"
        browser.get(browser.find_element(By.LINK_TEXT, "report.html").get_attribute("href"))
        _until(lambda: "小店" in browser.page_source, "the report")
        assert [text for text in complaints(browser) if "422" not in text] == []
