"""Builds jukura-verify as one file that runs with Python 3.11 and `cryptography`: make verifier, or this program with a target.

The same sources give the same bytes, so that an auditor can compare a file that was handed over with one that was built here.
"""

import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "daemon" / "audit" / "verify"
PACKAGE = "jukura_verify"
MAIN = f"import sys\n\nfrom {PACKAGE}.program import main\n\nsys.exit(main())\n"
LONG_AGO = (1980, 1, 1, 0, 0, 0)


def build(target: Path) -> None:
    """Write the program to `target`."""
    with target.open("wb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(file, "w") as packed:
            packed.writestr(zipfile.ZipInfo("__main__.py", LONG_AGO), MAIN)
            for source in sorted(SOURCES.glob("[!_]*.py")):
                packed.writestr(zipfile.ZipInfo(f"{PACKAGE}/{source.name}", LONG_AGO), source.read_bytes())
            packed.writestr(
                zipfile.ZipInfo(f"{PACKAGE}/__init__.py", LONG_AGO), (SOURCES / "__init__.py").read_bytes()
            )
    target.chmod(0o755)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
