"""How searching, loading and storing grow with the population: `search.py` at several sizes, as a table and a plot.

    growth.py [--sizes 10000,100000,1350000] [--asks 1000] [--seed 1] [--history ROWS] [--folder F] [--no-plain]
              [--json FILE] [--svg FILE] [--document FILE]

`--history` adds one point: the largest size with so many older versions besides the newest (30,000,000: what 150 years leave).
Prints Markdown, which also takes its place in a document (between the two marks); the plot has the 99th percentile of each
kind of question over the number of residents.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import search
from filling import SEALED
from host import INDEX, TRUTH
from plot import Line, drawn
from questions import KINDS, LIMITS

from daemon.clock import SystemClock, day_of
from daemon.rehearsal.history import ROWS_PER_RESIDENT

MIB = 2**20
BEGIN, END = "<!-- growth.py: begin -->\n", "<!-- growth.py: end -->\n"
"""Between these the table stands in a document."""


def measured(
    residents: int, rows: int, given: argparse.Namespace, *, plain: bool, sizes: bool
) -> dict[str, Any]:
    """One size."""
    asked = search.Asked(
        residents, rows, given.asks, given.seed, day_of(SystemClock().now()), plain, sizes, not sizes
    )
    sys.stderr.write(f"{residents:,} residents, {rows:,} versions\n")
    with TemporaryDirectory(prefix="bench-", dir=given.folder) as folder:
        return search.run(asked, Path(folder))


def points(given: argparse.Namespace) -> list[dict[str, Any]]:
    """Every size that is asked for, the smallest first."""
    sizes = sorted(int(size) for size in given.sizes.split(","))
    found = [
        measured(size, round(size * ROWS_PER_RESIDENT), given, plain=given.plain, sizes=True)
        for size in sizes
    ]
    if given.history:
        # Each resident has one newest version, and so has everybody who was struck off: the others are history.
        rows = round(given.history + sizes[-1] * 7 / 5)
        found.append(measured(sizes[-1], rows, given, plain=False, sizes=False))
    return found


def table(found: Sequence[dict[str, Any]]) -> str:
    """Figures as rows, sizes as columns."""
    lines = [
        ["residents", *(f"{one['residents']:,}" for one in found)],
        ["people", *(f"{one['load']['people']:,}" for one in found)],
        ["versions", *(f"{one['load']['versions']:,}" for one in found)],
        ["first load, versions/s", *(f"{one['load']['versions_per_second']:,}" for one in found)],
        ["start to READY, s", *(str(one["start"]["process_seconds"]) for one in found)],
        *(
            [f"memory {when}, MiB", *(f"{one['memory'][name] / MIB:.0f}" for one in found)]
            for when, name in (
                ("at rest", "rest"),
                ("while searching", "searching"),
                ("while loading", "load"),
            )
        ),
        *(
            [f"bytes per person: {name}", *(_bytes(one, name) for one in found)]
            for name in ("all", TRUTH, INDEX)
        ),
        *([kind, *(_waited(one, kind) for one in found)] for kind in KINDS),
    ]
    rule = ["---", *("--:" for _ in found)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])


def _bytes(one: dict[str, Any], name: str) -> str:
    return f"{one['sizes']['bytes_per_person'][name]:,}" if "sizes" in one else "-"


def _waited(one: dict[str, Any], kind: str) -> str:
    """p50 / p99 in milliseconds, and how many times what plaintext takes."""
    told = one["searches"].get(kind)
    if told is None:
        return "-"
    sealed = told[SEALED]
    waited = f"{sealed['p50']:.1f} / {sealed['p99']:.1f}"
    if "ratio" in told:
        waited += f" (×{told['ratio']['p50']:.2f} / ×{told['ratio']['p99']:.2f})"
    return waited


def plot(found: Sequence[dict[str, Any]]) -> str:
    """The 99th percentile of each kind that has a limit, over residents."""
    grown = [one for one in found if one["load"]["versions"] <= one["residents"] * ROWS_PER_RESIDENT * 2]
    lines = [
        Line(
            f"{kind} (limit {limit:g} ms)",
            [
                (one["residents"], one["searches"][kind][SEALED]["p99"])
                for one in grown
                if kind in one["searches"]
            ],
        )
        for kind, limit in LIMITS.items()
    ]
    return drawn(lines, across="residents", up="99th percentile, milliseconds")


def told(found: Sequence[dict[str, Any]]) -> str:
    """The machine, then the table."""
    machine = found[0]["machine"]
    on = (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB; Linux {machine['kernel']}, "
        f"Python {machine['python']}, SQLite {machine['sqlite']}; seed {found[0]['seed']}, {found[0]['day']}."
    )
    return f"{on}\n\n{table(found)}\n"


def put_into(document: Path, text: str) -> None:
    """Put `text` between the marks of `document`."""
    before, _, rest = document.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}{text}{END}{after}", "utf-8")


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="10000,100000,1350000")
    parser.add_argument("--asks", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--history", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--document", type=Path)
    parser.add_argument("--no-plain", dest="plain", action="store_false")
    given = parser.parse_args()
    found = points(given)
    sys.stdout.write(told(found))
    if given.document:
        put_into(given.document, told(found))
    if given.svg:
        given.svg.write_text(plot(found), "utf-8")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
