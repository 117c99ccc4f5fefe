"""How inner loops are compiled, and kept for the next run.

numba looks at a function's own file alone when it asks whether what it kept still holds, so that a loop goes
on calling what stood in another file before an upgrade. Here all is kept under a name that the content of
every file gives on which compiled code may rest.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

from numba import njit
from numba.core import config
from platformdirs import user_cache_path

__all__ = ["compiled", "compiled_apart", "njit"]

PACKAGE = Path(__file__).parent
KEPT = "compiled-"
numba_config: Any = config  # carries no types

# Measured 2026-11-25 on one day of a shop, million events a second: 4.2 as numba compiles by default, 10 with
# `_nrt` off (these functions allocate nothing, so that counting references to the arrays they hand to each
# other is waste), 13 with `forceinline` too (calls with a dozen arrays are dear); compiling takes as long.
_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "forceinline": True,
    "_nrt": False,
}


def sources(package: Path = PACKAGE) -> list[Path]:
    """Return the files of a package with compiled functions, and all that they import from it."""
    mark = f"from {package.name}.compiled import"
    imported = re.compile(rf"^\s*from ({package.name}[\w.]*) import", re.MULTILINE)
    waiting = [path for path in package.rglob("*.py") if mark in path.read_text("utf-8")]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [_file_of(name, package) for name in imported.findall(path.read_text("utf-8"))]
    return sorted(found)


def _file_of(module: str, package: Path) -> Path:
    """Return the file of a module or package of that name."""
    path = package.parent.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def stamp(package: Path = PACKAGE) -> str:
    """Return a short name for the content of `sources`."""
    digest = hashlib.sha256()
    for path in sources(package):
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _keep_by_content() -> None:
    """Let numba keep what it compiles in a folder of this content's own; older ones beside it are removed."""
    name = f"{KEPT}{stamp()}"
    beside = Path(numba_config.CACHE_DIR or PACKAGE / "__pycache__")
    for parent in (beside, user_cache_path("paiban")):
        folder = parent / name
        try:
            if not folder.is_dir():
                for old in parent.glob(f"{KEPT}*"):
                    shutil.rmtree(old, ignore_errors=True)
                folder.mkdir(parents=True, exist_ok=True)
        except OSError:  # an installation that its user may not write to
            continue
        numba_config.CACHE_DIR = str(folder)
        return


_keep_by_content()
compiled = njit(**_OPTIONS)
compiled_apart = njit(
    **(_OPTIONS | {"forceinline": False})
)  # seldom called: the loop that calls it stays small
