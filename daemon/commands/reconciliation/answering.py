"""What a municipality is answered about a run: what lies in ranges, and what was found."""

import asyncio
from collections.abc import Sequence

from daemon.commands.reconciliation.keeping import Active, plus
from daemon.commands.reconciliation.prints import within
from daemon.commands.reconciliation.runs import Part, Run, Runs
from daemon.commands.reconciliation.spill import CODE
from daemon.commands.reconciliation.turns import Turns
from daemon.contract import codec
from daemon.contract.reconciliation import (
    MOST_FINDINGS,
    MOST_LISTED,
    MOST_RANGES,
    Listed,
    Print,
    Prints,
    Range,
    Result,
    Traffic,
)
from daemon.errors import InputError, TooMuchError
from daemon.register.ranges import CODE_DIGITS, CODES, fingerprint

AT_ONCE = 16  # ranges in one turn


class Answers:
    """Reads runs for those whom they are about."""

    def __init__(self, runs: Runs, turns: Turns) -> None:
        self._runs = runs
        self._turns = turns

    async def restore(self, active: Active) -> None:
        """Bring the fingerprints of the chunks that were made back into memory."""
        for number in range(active.run.chunks):
            for chunk in await self._runs.part(active.run, Part.CHUNK, [number]):
                active.prints.add(chunk)
            await asyncio.sleep(0)

    async def prints(self, active: Active, ranges: Sequence[Range]) -> Prints:
        """What lies in each range; InputError where one is none."""
        if len(ranges) > MOST_RANGES:
            raise TooMuchError("reconciliation.too_many_ranges", field="ranges")
        if not all(0 <= each.first <= each.last < CODES for each in ranges):
            raise InputError("reconciliation.bad_range", field="ranges")
        prints = []
        for at in range(0, len(ranges), AT_ONCE):
            async with self._turns.turn():
                prints += [await self._print(active, each) for each in ranges[at : at + AT_ONCE]]
        answer = Prints(prints)
        told = Traffic(
            bytes_in=len(codec.encode(ranges)),
            bytes_out=len(codec.encode(answer)),
            codes_out=sum(len(each.people or ()) for each in prints),
        )
        active.traffic = plus(active.traffic, told)
        return answer

    async def result(self, name: bytes, run: Run, page: int) -> Result:
        """State, figures and one page of findings."""
        return Result(
            run=name.hex(),
            mode=run.mode,
            phase=run.phase,
            begun=run.begun,
            ended=run.ended,
            code=run.code,
            expected=run.expected,
            received=run.received,
            counts=run.counts,
            items=run.items,
            traffic=run.traffic,
            page=page,
            pages=run.pages,
            findings=await self._runs.findings(run, page) if 0 <= page < run.pages else [],
            complete=run.findings < MOST_FINDINGS or run.findings == sum(run.counts.values()),
        )

    async def _print(self, active: Active, asked: Range) -> Print:
        whole, touched = active.prints.whole(asked.first, asked.last)
        edges = active.prints.edges(asked.first, asked.last)
        found = await self._entries(active, edges, asked)
        both = whole.and_(fingerprint(entry[CODE:] for entry in found))
        total = f"{both.total:032x}"
        if not asked.listed or both.people > MOST_LISTED:
            return Print(both.people, total)
        people = found if len(edges) == len(touched) else await self._entries(active, touched, asked)
        return Print(both.people, total, [_listed(entry) for entry in people])

    async def _entries(self, active: Active, numbers: Sequence[int], asked: Range) -> list[bytes]:
        chunks = await self._runs.part(active.run, Part.CHUNK, sorted(numbers)) if numbers else []
        return [entry for chunk in chunks for entry in within(chunk, asked.first, asked.last)]


def _listed(entry: bytes) -> Listed:
    code = int.from_bytes(entry[:CODE], "big")
    return Listed(f"{code:0{CODE_DIGITS}}", entry[CODE:].hex())
