"""What a municipality is answered about a run: what lies in ranges, and what was found."""

import asyncio
from collections.abc import Mapping, Sequence

from daemon.commands.reconciliation.keeping import Active, plus
from daemon.commands.reconciliation.prints import Prints as Held
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

AT_ONCE = 32  # ranges in one turn; the chunks that they need are read together


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
                prints += await self._some(active, ranges[at : at + AT_ONCE])
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

    async def _some(self, active: Active, ranges: Sequence[Range]) -> list[Print]:
        needed = sorted({number for each in ranges for number in _needed(active.prints, each)})
        chunks = await self._runs.numbered(active.run, Part.CHUNK, needed)
        return [_print(active.prints, chunks, each) for each in ranges]


def _needed(prints: Held, asked: Range) -> Sequence[int]:
    """The numbers of the chunks that are looked into: a few, since whole ones only where few people lie in all of them."""
    whole, touched = prints.whole(asked.first, asked.last)
    listed = asked.listed and whole.people <= MOST_LISTED
    return touched if listed else prints.edges(asked.first, asked.last)


def _print(prints: Held, chunks: Mapping[int, bytes], asked: Range) -> Print:
    whole, touched = prints.whole(asked.first, asked.last)
    edges = _within(chunks, prints.edges(asked.first, asked.last), asked)
    both = whole.and_(fingerprint(entry[CODE:] for entry in edges))
    total = f"{both.total:032x}"
    if not asked.listed or both.people > MOST_LISTED:
        return Print(both.people, total)
    return Print(both.people, total, [_listed(entry) for entry in _within(chunks, touched, asked)])


def _within(chunks: Mapping[int, bytes], numbers: Sequence[int], asked: Range) -> list[bytes]:
    held = (chunks[number] for number in numbers if number in chunks)
    return [entry for chunk in held for entry in within(chunk, asked.first, asked.last)]


def _listed(entry: bytes) -> Listed:
    code = int.from_bytes(entry[:CODE], "big")
    return Listed(f"{code:0{CODE_DIGITS}}", entry[CODE:].hex())
