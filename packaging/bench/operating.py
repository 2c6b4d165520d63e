"""An operator who searches while something else is measured: a process of its own (`searching.py`), as the console's user."""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from daemon.contract import codec
from daemon.contract.console import Match, Search
from daemon.register.dates import is_complete
from daemon.register.rows import HonninRecord, Register
from daemon.rehearsal.stage import Stage

SEARCHING = Path(__file__).with_name("searching.py")
OPERATOR, AFFAIR = "kunren01", "ryoken"
GAP = 0.2  # seconds from one search to the next
LOOKED_FOR = 500  # people, in turn


@asynccontextmanager
async def searched(stage: Stage, people: Sequence[bytes]) -> AsyncIterator[dict[str, Any]]:
    """An operator at work; what came of it is in what was given once this ends."""
    root = stage.layout.register(Register.HONNIN).root
    told: dict[str, Any] = {}
    descriptor = os.open(stage.passwords[OPERATOR], os.O_RDONLY)
    words = [str(SEARCHING), str(root), OPERATOR, str(descriptor), str(GAP)]
    try:
        child = await asyncio.create_subprocess_exec(
            *stage.users.command("jukura-console", [sys.executable, *words]),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=[descriptor],
        )
    finally:
        os.close(descriptor)
    if child.stdin is None:
        raise SystemExit("no pipe")
    child.stdin.write(b"\n".join(searches(people)) + b"\n\n")
    yield told
    child.stdin.write_eof()
    out, _ = await child.communicate()
    told |= json.loads(out)


def searches(people: Sequence[bytes]) -> list[bytes]:
    """Questions about some of them, evenly from the largest municipality: a small one may send nothing."""
    records = [msgspec.json.decode(line, type=HonninRecord) for line in people]
    ((largest, _),) = Counter(record.municipality for record in records).most_common(1)
    whole = [one for one in records if one.municipality == largest and is_complete(one.birth)]
    return [
        codec.encode(
            Search(
                affair=AFFAIR, purpose="測定", application="測定",
                kana=record.kana, kana_match=Match.WHOLE, birth=record.birth.code,
            )
        )
        for record in whole[:: max(len(whole) // LOOKED_FOR, 1)]
    ]  # fmt: skip
