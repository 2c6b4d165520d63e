"""Taking in the records of a run as they come: read, compared, and put down every few thousand, so that a cut costs no more.

Memory: one batch of lines, and since the last commit the codes that came and what was found; both are bounded, whatever comes.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from daemon.clock import Clock, day_of
from daemon.commands.reconciliation.keeping import Active, Keeper
from daemon.commands.reconciliation.matching import Matching, Side
from daemon.commands.reconciliation.runs import Part, Run
from daemon.commands.reconciliation.spill import Spill
from daemon.commands.reconciliation.turns import Turns
from daemon.contract import codec
from daemon.contract.reconciliation import MOST_RECORDS, Finding, Head, Mode, Traffic
from daemon.errors import ConflictError, InputError, TooMuchError

BATCH = 1_024  # lines compared at once
COMMIT = 2_500  # records, or some more, put down at once
FOUND = 1_000  # findings, or a few more: fewer records then
MOST_COMMITS = 10_000  # of one run: whoever sends a record at a time is told to send more
_RUN = re.compile(r"[0-9a-f]{32}")


@dataclass
class _Pending:
    """What was compared, and not put down yet."""

    spill: Spill
    records: int = 0
    findings: list[Finding] = field(default_factory=list)
    bytes: int = 0


class Transfers:
    """Takes records in."""

    def __init__(self, matching: Matching, keeper: Keeper, turns: Turns, clock: Clock) -> None:
        self._matching = matching
        self._keeper = keeper
        self._turns = turns
        self._clock = clock

    async def take(self, active: Active, lines: AsyncIterator[bytes]) -> None:
        """Take in what comes. Whatever ends it, what came before is in; TooMuchError where more comes than was announced."""
        pending, batch = _Pending(Spill(active.run.parts)), list[bytes]()
        limit = active.run.expected if active.run.mode is Mode.FULL else MOST_RECORDS
        try:
            async for line in lines:
                if active.run.received + pending.records + len(batch) >= limit:
                    raise TooMuchError("reconciliation.too_many")  # noqa: TRY301 - what came is kept below
                batch.append(line)
                if len(batch) == BATCH:
                    pending = await self._compare(active, pending, batch)
                    batch = []
        except Exception:
            await self._put_down(active, await self._compare(active, pending, batch))
            raise
        await self._put_down(active, await self._compare(active, pending, batch))

    async def _compare(self, active: Active, pending: _Pending, batch: list[bytes]) -> _Pending:
        """Compare a batch; what is pending then."""
        if not batch:
            return pending
        run = active.run
        async with self._turns.turn():
            side = Side(run.municipality, run.begun, day_of(self._clock.now()))
            first = run.received + pending.records + 1
            matched = await self._matching.batch(side, batch, first=first)
            if run.mode is Mode.FULL:
                for code in matched.codes:
                    pending.spill.add(code)
            pending.records += matched.records
            pending.findings += matched.findings
            pending.bytes += sum(map(len, batch)) + len(batch)
            if pending.records < COMMIT and len(pending.findings) < FOUND:
                return pending
            await self._put_down(active, pending)
        return _Pending(Spill(run.parts))

    async def _put_down(self, active: Active, pending: _Pending) -> None:
        run = active.run
        if not pending.records:
            return
        if run.commits >= MOST_COMMITS:
            raise TooMuchError("reconciliation.too_many_parts")
        seen = {(Part.SEEN, run.commits, part): piece for part, piece in pending.spill.pieces().items()}
        await self._keeper.keep(
            active,
            findings=pending.findings,
            pieces=seen,
            traffic=Traffic(bytes_in=pending.bytes, records_in=pending.records),
            received=run.received + pending.records,
            commits=run.commits + 1,
        )


async def head_of(lines: AsyncIterator[bytes]) -> Head:
    """The first line of a transfer; InputError where it is none."""
    line = await anext(lines, b"")
    head = codec.decode(line, Head)
    if not _RUN.fullmatch(head.run):
        raise InputError("reconciliation.unknown_run", field="run")
    return head


def require_place(run: Run, head: Head) -> None:
    """ConflictError unless the transfer begins where the last one ended."""
    if head.at != run.received:
        raise ConflictError("reconciliation.other_place", field="at")
