"""The reference pages say what commands and settings are today."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
_spec = importlib.util.spec_from_file_location("reference_pages", DOCS / "reference_pages.py")
assert _spec is not None
assert _spec.loader is not None
reference_pages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference_pages)


@pytest.mark.parametrize("name", sorted(reference_pages.PAGES))
def test_the_reference_is_up_to_date(name: str) -> None:
    written = (DOCS / "reference" / name).read_text(encoding="utf-8")
    assert written == reference_pages.PAGES[name](), "run: python docs/reference_pages.py"
