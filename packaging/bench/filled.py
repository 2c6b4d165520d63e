"""A register that is filled once, and used again by the next bench that is given its folder."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HOST = Path(__file__).with_name("host.py")
FILLED = "filled.json"


def filled(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """What the process that filled the register in `folder` said, now or then; `words` are what the maker of histories is told."""
    there = folder / FILLED
    if there.exists():
        said: dict[str, Any] = json.loads(there.read_bytes())
        if said["words"] != list(words):
            raise SystemExit(f"{folder} was filled with {said['words']}, not with {list(words)}")
        return said
    argv = [sys.executable, str(HOST), "load", str(folder), *words]
    out = subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout  # noqa: S603 - our own program
    said = {**json.loads(out), "words": list(words)}
    there.write_text(json.dumps(said))
    return said
