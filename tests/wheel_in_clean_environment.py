"""Build the wheel, install it into a fresh environment, and run the command from there."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Fail if the wheel cannot be built, installed or run."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", scratch, str(ROOT)], check=True)
        wheel = next(folder.glob("paiban-*.whl"))
        venv.create(folder / "env", with_pip=True)
        binaries = folder / "env" / "bin"
        install = [binaries / "python", "-m", "pip", "install", "--quiet", "--no-compile", str(wheel)]
        subprocess.run(install, check=True)  # modules are compiled as they are imported, which few are
        subprocess.run([binaries / "paiban", "--help"], check=True, cwd=scratch)
    print("the wheel installs and runs in a clean environment")


if __name__ == "__main__":
    main()
