"""The pictures of the two READMEs: the top of the demo shop's report, in each language.

::

    make demo
    python docs/report_pictures.py demo-shop/plans/2026-12-07/report.html docs/zh/report.png

The English one is taken from a demo made with ``paiban demo DIR --lang en``. Needs Chromium.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

WIDTH, HEIGHT = 1040, 1790  # [pixel]
DRAWN_MS = 4000  # of the browser's own clock, until the charts are there


def take(page: Path, picture: Path) -> None:
    """Photograph the top of a page."""
    with tempfile.TemporaryDirectory() as profile:
        options = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={profile}",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--virtual-time-budget={DRAWN_MS}",
            f"--screenshot={picture.resolve()}",
        ]
        subprocess.run(
            ["chromium", *options, page.resolve().as_uri()], check=True, capture_output=True, timeout=300
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path, help="a report.html")
    parser.add_argument("picture", type=Path, help="the PNG to write")
    asked = parser.parse_args()
    take(asked.page, asked.picture)
