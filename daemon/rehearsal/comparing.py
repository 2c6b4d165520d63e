"""A municipality's side of 整合性確認: both modes, over whatever line; it goes on where a line was cut.

What it has is a list of records as they stand in its own register, present people only. Its way through the ranges: one that agrees
is done; one that differs is divided, or, once few people are left in it, listed; then records are sent for whoever differs.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from msgspec import Struct

from daemon.contract.codec import encode
from daemon.contract.endpoint import Endpoint
from daemon.contract.reconciliation import (
    BEGIN,
    FINISH,
    LACKING,
    MOST_LACKING,
    MOST_RANGES,
    RANGES,
    RECORDS,
    RESULT,
    Begin,
    Begun,
    Finding,
    Head,
    Lacking,
    Mode,
    Phase,
    Range,
    Ranges,
    Result,
    ResultQuery,
    RunName,
)
from daemon.errors import ConflictError, InputError, StateError
from daemon.register.ranges import NONCE, run_key
from daemon.register.reconcile import RECORDS as RECORD_TYPES
from daemon.register.rows import FuhyoRecord, HonninRecord, Record, Register
from daemon.rehearsal.own import Own

SOON = 0.01  # seconds until the first question how far the register is; each next one waits twice as long
PAUSE = 0.1  # seconds between two of them at the most


class Line(Protocol):
    """How a register is asked; raises what it answers, or StateError where it cannot be reached."""

    async def ask(self, endpoint: Endpoint, message: Struct) -> Any:  # noqa: ANN401 - the endpoint's response
        """One question."""
        ...

    async def send(self, endpoint: Endpoint, lines: AsyncIterator[bytes]) -> Any:  # noqa: ANN401 - the endpoint's response
        """A body of lines."""
        ...


@dataclass(frozen=True)
class Outcome:
    """How a comparison ended, with everything that was found."""

    result: Result
    findings: list[Finding]


class Comparison:
    """Compares one municipality's records with one register."""

    def __init__(self, line: Line, register: Register, municipality: str, records: Sequence[Record]) -> None:
        if not all(isinstance(record, RECORD_TYPES[register]) for record in records):
            raise InputError("history.other_register")
        self._line = line
        self._register = register
        self._municipality = municipality
        self._records = records

    async def full(self) -> Outcome:
        """The standard procedure: every record."""
        begun: Begun = await self._line.ask(BEGIN, Begin(mode=Mode.FULL, records=len(self._records)))
        await self._send(begun.run, self._records)
        return await self.finish(begun.run)

    async def ranges(self) -> Outcome:
        """Digests first; records of those alone who differ, or whom the register does not have."""
        nonce = secrets.token_bytes(NONCE)
        asked = Begin(mode=Mode.RANGES, records=len(self._records), nonce=nonce.hex())
        begun: Begun = await self._line.ask(BEGIN, asked)
        key = run_key(
            bytes.fromhex(begun.nonce), nonce, register=self._register, municipality=self._municipality, run=begun.run
        )  # fmt: skip
        own = Own(self._records, self._register, key)
        await self._until(begun.run, Phase.RECEIVING)
        there, here = await self._differing(begun.run, own)
        await self._send(
            begun.run, [record for record in self._records if int(record.juminhyo_code) in there]
        )
        for some in _runs(sorted(here), MOST_LACKING):
            await self._line.ask(LACKING, Lacking(begun.run, [f"{code:011}" for code in some]))
        return await self.finish(begun.run)

    async def finish(self, run: str) -> Outcome:
        """Say that everything came, wait, and fetch what was found."""
        await self._line.ask(FINISH, RunName(run))
        return await self.fetch(run)

    async def fetch(self, run: str) -> Outcome:
        """Wait for the end of a run, and fetch what was found."""
        result = await self._until(run, Phase.DONE)
        pages = [await self._result(run, page) for page in range(result.pages)]
        return Outcome(result, [finding for page in pages for finding in page.findings])

    async def go_on(self, run: str) -> Outcome:
        """A full transfer that was begun, wherever it was cut."""
        await self._send(run, self._records)
        return await self.finish(run)

    async def _send(self, run: str, records: Sequence[Record]) -> None:
        """Send records until all are taken in; what was cut goes on where the register says that it is."""
        while (at := (await self._result(run)).received) < len(records):
            try:
                await self._line.send(RECORDS, _lines(Head(run, at), records))
            except (StateError, ConflictError) as error:
                if error.code not in {
                    "municipality.no_answer",
                    "reconciliation.busy",
                    "reconciliation.other_place",
                }:
                    raise
                await asyncio.sleep(PAUSE)

    async def _until(self, run: str, phase: Phase) -> Result:
        pause = SOON
        while (result := await self._result(run)).phase is not phase:
            if result.phase is Phase.STOPPED:
                raise StateError(result.code)
            await asyncio.sleep(min(pause, PAUSE))
            pause *= 2
        return result

    async def _result(self, run: str, page: int = 0) -> Result:
        result: Result = await self._line.ask(RESULT, ResultQuery(run, page))
        return result

    async def _differing(self, run: str, own: Own) -> tuple[set[int], set[int]]:
        """Codes of people of ours who differ or whom the register does not have, and of those whom it alone has."""
        there, here = set[int](), set[int]()
        left = [Range()]
        while left:
            asked, left = left[:MOST_RANGES], left[MOST_RANGES:]
            answer = await self._line.ask(RANGES, Ranges(run, asked))
            for each, print_ in zip(asked, answer.prints, strict=True):
                if print_.people is not None:
                    theirs = {int(one.code): bytes.fromhex(one.digest) for one in print_.people}
                    ours = own.within(each)
                    there |= {code for code, print_of in ours.items() if theirs.get(code) != print_of}
                    here |= theirs.keys() - ours.keys()
                elif own.differs(each, print_):
                    left += own.divided(each, print_.count)
        return there, here


async def _lines(head: Head, records: Sequence[HonninRecord | FuhyoRecord]) -> AsyncIterator[bytes]:
    yield encode(head)
    for record in records[head.at :]:
        yield encode(record)


def _runs(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (items[at : at + size] for at in range(0, len(items), size))
