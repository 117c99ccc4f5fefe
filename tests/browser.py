"""A headless Chromium for tests of pages; where there is none it is installed, or the tests say why not."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--lang=zh-CN",
)
DESKTOP, PHONE = (1280, 900), (390, 844)


@cache
def programs() -> tuple[str, str] | None:
    """Return browser and driver, installed from the system's packages where root may; None without them."""
    found = _found()
    if found is None and shutil.which("apt-get") and os.geteuid() == 0:
        quiet = {"check": False, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "timeout": 900}
        subprocess.run(["apt-get", "update", "-q"], **quiet)  # type: ignore[call-overload]
        subprocess.run(["apt-get", "install", "-y", "-q", "chromium", "chromium-driver"], **quiet)  # type: ignore[call-overload]
        found = _found()
    return found


def _found() -> tuple[str, str] | None:
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


@contextmanager
def chromium(size: tuple[int, int], *, scripts: bool = True) -> Iterator[Any]:
    """Give a browser with a window of that size and a profile of its own."""
    there = programs()
    if there is None:
        pytest.skip("no chromium with chromedriver here, and not root to install them with apt-get")
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    with tempfile.TemporaryDirectory(prefix="paiban-browser-", ignore_cleanup_errors=True) as profile:
        options = Options()
        options.binary_location = there[0]
        for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        if not scripts:
            options.add_experimental_option(
                "prefs", {"profile.managed_default_content_settings.javascript": 2}
            )
        browser = webdriver.Chrome(options=options, service=Service(there[1]))
        try:
            browser.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 600},
            )
            browser.set_page_load_timeout(60)
            yield browser
        finally:
            browser.quit()


def complaints(browser: Any) -> list[str]:
    """Return what the console has said so far that is a warning or worse."""
    return [
        entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")
    ]


def overflow(browser: Any) -> int:
    """Return by how many pixels the page is wider than the window."""
    return int(
        browser.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
    )
