"""Comparing a whole prefecture with its municipalities' records, in both modes, while operators search.

    reconciliation.py [--residents 20000] [--seed 1] [--damage 1000] [--at-once 1] [--share 0.8] [--modes full,ranges]
                      [--folder F | --filled F]

A register filled through the migration, its key service and the nineteen municipalities (`municipality.py`) are processes of their
own; the municipalities compare over mutual TLS, AT_ONCE of them at the same time. Meanwhile this process searches, one question after the
other. Of every DAMAGE people one is lost, one differs and one is unknown to the register, and all of them must be found. `--filled` names a folder
that stays: where there is no register in it, it is filled first (from its file `people`, if that is there), and the next run with the
same residents, seed and day uses it as it is. Prints one JSON object: seconds, waits of searches in milliseconds (before, and
meanwhile), what crossed the line, the most memory, and seconds of CPU of the register (`loop` is the one thread that computes).
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from asking import Waits, ask, client
from feed import write
from filled import filled
from filling import PEOPLE, SEALED
from machine import machine
from questions import Question, questions
from stage import key_service

from daemon.clock import SystemClock, day_of
from daemon.rehearsal.history import ROWS_PER_RESIDENT, Histories
from tests.hsm.kit import MODULE

HERE = Path(__file__)
QUIET = 5.0  # seconds until a register that was just opened is at rest
ASKS = 200  # questions
KIND = "kana + birth"
SEARCH_LIMIT = 150.0  # ms, p99
SECONDS_LIMIT = 180.0  # for the 1.35 million people of a prefecture
PREFECTURE = 1_350_000
MODES = ("full", "ranges")


@contextmanager
def hosted(folder: Path, share: float) -> Iterator["subprocess.Popen[bytes]"]:
    """The register at work."""
    (folder / "console.sock").unlink(missing_ok=True)
    argv = [sys.executable, str(HERE.with_name("compared.py")), str(folder), str(share)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:  # noqa: S603
        try:
            yield child
        finally:
            if child.stdin is not None:
                child.stdin.close()
            child.wait(timeout=120)


def told(child: "subprocess.Popen[bytes]", word: str = "") -> dict[str, Any]:
    """One line of its output, after one line of input if there is a `word`."""
    if child.stdin is None or child.stdout is None:
        raise SystemExit("no pipe")
    if word:
        child.stdin.write(f"{word}\n".encode())
        child.stdin.flush()
    line: dict[str, Any] = json.loads(child.stdout.readline())
    return line


def searched(folder: Path, asks: Sequence[Question], until: threading.Event) -> Waits:
    """Questions, one after the other, until it is enough."""
    waits = Waits()
    with client(folder) as console:
        number = 0
        while not until.is_set():
            took, _ = ask(console, asks[number % len(asks)], SEALED)
            waits.seconds[SEALED].append(took)
            number += 1
            time.sleep(0.01)
    return waits


def compared(folder: Path, asked: argparse.Namespace, mode: str, asks: Sequence[Question]) -> dict[str, Any]:
    """One mode, with a register that was just started."""
    with hosted(folder, asked.share) as register:
        port = told(register)["port"]
        time.sleep(QUIET)
        enough = threading.Event()
        threading.Timer(QUIET, enough.set).start()
        before = searched(folder, asks, enough).figures(None)
        told(register, "peak")
        done = threading.Event()
        words = (str(folder), mode, str(port), str(asked.at_once), str(asked.damage))
        argv = [sys.executable, str(HERE.with_name("municipality.py")), *words]
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as cities:  # noqa: S603 - our own program
            threading.Thread(target=lambda: (cities.wait(), done.set())).start()
            meanwhile = searched(folder, asks, done).figures(SEARCH_LIMIT)
            if cities.stdout is None or cities.returncode:
                raise SystemExit(f"municipalities: {cities.returncode}")
            result: dict[str, Any] = json.loads(cities.stdout.read())
        most = told(register, "peak")
    _require_all_found(result, asked.damage)
    limit = SECONDS_LIMIT * result["people"] / PREFECTURE
    return {
        **result,
        "limit_seconds": round(limit, 1),
        "met": result["seconds"] <= limit,
        "searches_before": before,
        "searches_meanwhile": meanwhile,
        "peak_memory": most["peak"],
        "register_cpu_seconds": {"all": most["cpu"], "loop": most["loop"]},
        "loop_microseconds_per_person": round(most["loop"] / result["people"] * 1_000_000),
    }


def _require_all_found(result: dict[str, Any], damage: int) -> None:
    """Each municipality has about so many of each kind, give or take one."""
    expected = result["people"] // damage if damage else 0
    for kind in ("only_here", "differs", "only_there"):
        if abs(result["found"].get(kind, 0) - expected) > 19:  # noqa: PLR2004 - one a municipality
            raise SystemExit(f"{kind}: {result['found']}, not about {expected}")


def run(asked: argparse.Namespace, folder: Path) -> dict[str, object]:
    """The whole bench in `folder`."""
    day = day_of(SystemClock().now())
    rows = round(asked.residents * ROWS_PER_RESIDENT)
    words = (str(asked.seed), str(asked.residents), str(rows), day.isoformat())
    asks = questions(KIND, Histories(asked.seed, asked.residents, day, rows=rows), day, ASKS)
    if not (folder / PEOPLE).exists():
        write(folder / PEOPLE, words)
    with key_service(folder, MODULE, {}):
        loaded = filled(folder, words)
        wanted = [mode for mode in asked.modes.split(",") if mode in MODES]
        modes = {mode: compared(folder, asked, mode, asks) for mode in wanted}
    return {"machine": machine(), "versions": loaded["versions"], "share": asked.share, **modes}


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--residents", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--damage", type=int, default=1000, help="of so many people one of each kind")
    parser.add_argument("--at-once", type=int, default=1, help="municipalities at the same time")
    parser.add_argument("--share", type=float, default=0.8, help="of the time that comparisons work")
    parser.add_argument("--folder", type=Path, help="where the files lie; a temporary folder if not given")
    parser.add_argument("--modes", default="full,ranges", help="none: only fill")
    parser.add_argument("--filled", type=Path, help="a folder that stays, and is filled where it is not")
    asked = parser.parse_args()
    if asked.filled is not None:
        asked.filled.mkdir(exist_ok=True)
        json.dump(run(asked, asked.filled), sys.stdout, indent=1, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    with TemporaryDirectory(prefix="bench-", dir=asked.folder) as folder:
        result = run(asked, Path(folder))
    json.dump(result, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
