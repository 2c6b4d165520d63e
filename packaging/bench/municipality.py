"""The municipalities of a bench, in a process of their own: what each has of a whole prefecture, and its comparisons.

    municipality.py FOLDER MODE PORT AT_ONCE DAMAGE

FOLDER has everybody (`people`), as the register took them in, and the certificates; PORT is where the register listens. MODE is `full`
or `ranges`; AT_ONCE municipalities compare at the same time; of every DAMAGE people one is lost, one differs and one is unknown to the
register. Prints one JSON object: seconds, people, what was found, and what crossed the line.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from feed import fed
from filling import PEOPLE
from msgspec.structs import replace

from daemon.clock import SystemClock, day_of
from daemon.contract.reconciliation import Traffic
from daemon.register.codes import juminhyo_digit
from daemon.register.municipalities import keeper
from daemon.register.reasons import standing_of
from daemon.register.rows import HonninRecord, HonninRow, Register
from daemon.register.transitions import Standing
from daemon.rehearsal.comparing import Comparison, Outcome
from daemon.rehearsal.municipality import Door
from daemon.rehearsal.peer_line import PeerLine
from daemon.rehearsal.pki import PEER_NAMES, Pki
from daemon.rehearsal.tls import client_context

_FIELDS = HonninRecord.__struct_fields__


async def held(folder: Path, today: date) -> dict[str, list[HonninRecord]]:
    """What each municipality has today."""
    found: dict[str, list[HonninRecord]] = {}
    with fed(folder / PEOPLE, ()) as people:
        async for history in people:
            row = history[-1]
            if standing_of(row, on=today) is Standing.PRESENT:
                place = keeper(row.municipality, today)
                found.setdefault(place, []).append(replace(record_of(row), municipality=place))
    return found


def record_of(row: HonninRow) -> HonninRecord:
    """What the municipality says of whoever the register has so."""
    return HonninRecord(**{name: getattr(row, name) for name in _FIELDS})


def damaged(records: list[HonninRecord], one_in: int) -> Iterator[HonninRecord]:
    """Of each `one_in` people one is lost, one differs, and one unknown is there."""
    for number, record in enumerate(records):
        turn = number % one_in if one_in else -1
        if turn == 1:
            yield replace(record, town="999999" if record.town != "999999" else "000001")
        elif turn == 2:  # noqa: PLR2004 - the third of them
            base = f"{10**10 - 1 - number:010}"
            yield record
            yield replace(record, juminhyo_code=base + juminhyo_digit(base))
        elif turn != 0:
            yield record


async def compare(folder: Path, mode: str, port: int, at_once: int, one_in: int) -> dict[str, Any]:
    """Every municipality's comparison."""
    pki = Pki(folder / "pki")
    records = await held(folder, day_of(SystemClock().now()))
    theirs = {place: list(damaged(sorted(some, key=_scattered), one_in)) for place, some in records.items()}
    gate, outcomes = asyncio.Semaphore(at_once), list[Outcome]()

    async def one(place: str) -> None:
        context = client_context(pki.municipality(place), pki.register_ca)
        async with gate, PeerLine(Door("127.0.0.1", port, PEER_NAMES[Register.HONNIN]), context) as line:
            comparison = Comparison(line, Register.HONNIN, place, theirs[place])
            outcomes.append(await (comparison.full() if mode == "full" else comparison.ranges()))

    began = time.perf_counter()
    await asyncio.gather(*map(one, theirs))
    took = time.perf_counter() - began
    people = sum(map(len, records.values()))
    found = Counter[str]()
    crossed = Counter[str]()
    for outcome in outcomes:
        found.update(outcome.result.counts)
        crossed.update({name: getattr(outcome.result.traffic, name) for name in Traffic.__struct_fields__})
    return {
        "people": people,
        "seconds": round(took, 1),
        "people_per_second": round(people / took),
        "found": dict(found),
        "crossed": dict(crossed),
        "bytes_per_person": round((crossed["bytes_in"] + crossed["bytes_out"]) / people, 1),
    }


def _scattered(record: HonninRecord) -> str:
    """Not in the order of codes: a municipality's own order is another."""
    return record.juminhyo_code[::-1]


def main() -> None:
    """Entry point."""
    folder, mode, port, at_once, one_in = sys.argv[1:]
    result = asyncio.run(compare(Path(folder), mode, int(port), int(at_once), int(one_in)))
    json.dump(result, sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
