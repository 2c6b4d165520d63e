"""The fault run at any length, with its figures as JSON.

python -m tests.faults --cycles 200
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests.faults.cycles import Cycle
from tests.faults.figures import figures
from tests.faults.run import Plan, go


def main() -> int:
    """0 where nothing was lost or doubled and the log verifies."""
    parser = argparse.ArgumentParser("python -m tests.faults", description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=12)
    parser.add_argument("--rate", type=float, default=30.0, help="notices a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave the folder behind")
    given = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="jukura-faults-", dir="/tmp"))
    root.chmod(0o755)
    done = 0

    def told(cycle: Cycle) -> None:
        nonlocal done
        done += 1
        say(f"{done}/{given.cycles} {cycle.fault} held {cycle.held:.2f} s, well after {cycle.recovery:.2f} s")

    try:
        left = go(root, Plan(given.cycles, given.rate, given.seed), told=told)
    finally:
        if given.keep:
            say(str(root))
        else:
            shutil.rmtree(root)
    found = figures(left)
    sys.stdout.write(json.dumps(found.json(), indent=2) + "\n")
    if not found.verified:
        say(left.verify.stdout)
    return 0 if found.verified and not found.lost and not found.doubled else 1


def say(text: str) -> None:
    """How it goes, beside the figures."""
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
