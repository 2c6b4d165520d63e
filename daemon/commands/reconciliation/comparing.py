"""The acts behind a municipality's endpoints of 整合性確認: who may do what when (`daemon.contract.reconciliation` says how a run goes).

Another municipality's run is as unknown as one that never was.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from daemon.clock import Clock, day_of
from daemon.commands.reconciliation.answering import Answers
from daemon.commands.reconciliation.keeping import Active, Keeper
from daemon.commands.reconciliation.matching import Matching, Side
from daemon.commands.reconciliation.running import Running
from daemon.commands.reconciliation.runs import Named, Run, new_id, new_secret
from daemon.commands.reconciliation.spill import parts
from daemon.commands.reconciliation.transfer import Transfers, head_of, require_place
from daemon.commands.reconciliation.turns import Turns
from daemon.contract import reconciliation as contract
from daemon.contract.endpoint import Empty, Endpoint
from daemon.contract.reconciliation import (
    MOST_LACKING,
    MOST_RECORDS,
    Begin,
    Begun,
    Lacking,
    Mode,
    Phase,
    Prints,
    Ranges,
    Received,
    Result,
    ResultQuery,
    RunName,
    Traffic,
)
from daemon.errors import ConflictError, InputError, StateError, TooMuchError
from daemon.register.codes import is_juminhyo_code
from daemon.register.dates import number_of
from daemon.register.ranges import run_key
from daemon.register.reconcile import PRESENT
from daemon.register.rows import Register
from daemon.store.reader import Reader


@dataclass(frozen=True)
class Tools:
    """What the acts lean on."""

    register: Register
    running: Running
    answers: Answers
    transfers: Transfers
    matching: Matching
    keeper: Keeper
    turns: Turns
    reader: Reader
    clock: Clock


class Counter:
    """Where municipalities ask."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._running, self._clock = tools.running, tools.clock
        self.acts: Mapping[Endpoint, Callable[[str, Any], Awaitable[Any]]] = {
            contract.BEGIN: self.begin,
            contract.RANGES: self.ranges,
            contract.LACKING: self.lacking,
            contract.FINISH: self.finish,
            contract.CANCEL: self.cancel,
            contract.RESULT: self.result,
        }
        self.streams: Mapping[Endpoint, Callable[[str, AsyncIterator[bytes]], Awaitable[Any]]] = {
            contract.RECORDS: self.records
        }

    # `sender` is the 5-digit code of a municipality.

    async def begin(self, sender: str, asked: Begin) -> Begun:
        """A new run; ConflictError while there is one already."""
        if not 0 <= asked.records <= MOST_RECORDS:
            raise TooMuchError("reconciliation.too_many", field="records")
        name, ours, ranges = new_id(), new_secret(), asked.mode is Mode.RANGES
        theirs = _nonce(asked)
        await self._running.resumed()
        now, people = self._clock.now(), await self._people()
        async with self._running.turn:
            if self._running.of(sender) is not None:
                raise ConflictError("reconciliation.runs")
            run = Run(
                municipality=sender,
                mode=asked.mode,
                phase=Phase.PREPARING if ranges else Phase.RECEIVING,
                begun=now,
                touched=now,
                secret=new_secret(),
                key=run_key(ours, theirs, register=self._tools.register, municipality=sender, run=name.hex())
                if ranges
                else b"",
                expected=asked.records,
                parts=parts(max(asked.records, people)),
            )
            await self._running.begin(name, run)
        return Begun(run=name.hex(), nonce=ours.hex() if ranges else "")

    async def records(self, sender: str, lines: AsyncIterator[bytes]) -> Received:
        """Records, as they come; what is taken in stays, whatever ends the transfer."""
        head = await head_of(lines)
        active = await self._waited(sender, head.run, Phase.RECEIVING)
        with active.taken():
            require_place(active.run, head)
            await self._tools.transfers.take(active, lines)
            return Received(head.run, active.run.received)

    async def ranges(self, sender: str, asked: Ranges) -> Prints:
        """What lies in ranges; StateError until they are prepared."""
        active = await self._waited(sender, asked.run)
        if active.run.mode is not Mode.RANGES:
            raise ConflictError("reconciliation.not_ranges")
        if active.run.phase is Phase.PREPARING:
            raise StateError("reconciliation.preparing")
        return await self._tools.answers.prints(active, asked.ranges)

    async def lacking(self, sender: str, asked: Lacking) -> Empty:
        """People of ours whom the municipality does not have."""
        if len(asked.codes) > MOST_LACKING:
            raise TooMuchError("reconciliation.too_many", field="codes")
        if not all(map(is_juminhyo_code, asked.codes)):
            raise InputError("record.bad_juminhyo_code", field="codes")
        active = await self._waited(sender, asked.run, Phase.RECEIVING)
        with active.taken():
            if active.run.mode is not Mode.RANGES:
                raise ConflictError("reconciliation.not_ranges")
            async with self._tools.turns.turn():
                side = Side(sender, active.run.begun, day_of(self._clock.now()))
                found = await self._tools.matching.lacking(side, sorted(set(asked.codes)))
                came = Traffic(codes_in=len(asked.codes), bytes_in=sum(map(len, asked.codes)))
                await self._tools.keeper.keep(active, findings=found, traffic=came)
        return Empty()

    async def finish(self, sender: str, asked: RunName) -> Received:
        """Everything came: the rest is the register's. The same again is answered as before."""
        active = await self._waited(sender, asked.run)
        if active.run.phase is not Phase.COMPARING:
            with self._found(sender, asked.run, Phase.RECEIVING).taken():
                run = active.run
                if run.mode is Mode.FULL and run.received < run.expected:
                    raise ConflictError("reconciliation.incomplete", field="records")
                await self._tools.keeper.keep(active, phase=Phase.COMPARING)
            self._running.go_on(active)
        return Received(asked.run, active.run.received)

    async def cancel(self, sender: str, asked: RunName) -> Empty:
        """Give a run up."""
        active = await self._waited(sender, asked.run)
        if active.run.phase is Phase.RECEIVING:
            with active.taken():
                active.stop = "reconciliation.cancelled"
                await self._running.end(active, Phase.STOPPED)
        else:
            active.stop = "reconciliation.cancelled"
        return Empty()

    async def result(self, sender: str, asked: ResultQuery) -> Result:
        """State, figures and findings of the run under way, or of the last one, or of a certain one of these."""
        await self._running.resumed()
        name, run = await self._run_of(sender, asked.run)
        return await self._tools.answers.result(name, run, asked.page)

    async def _waited(self, sender: str, run: str, phase: Phase | None = None) -> Active:
        await self._running.resumed()
        return self._found(sender, run, phase)

    def _found(self, sender: str, run: str, phase: Phase | None = None) -> Active:
        active = self._running.of(sender)
        if active is None or active.id.hex() != run:
            raise InputError("reconciliation.unknown_run", field="run")
        if active.stop or (phase is not None and active.run.phase is not phase):
            raise ConflictError("reconciliation.other_phase")
        return active

    async def _run_of(self, sender: str, run: str) -> Named:
        for found in await self._running.known(sender):
            if found is not None and run in {"", found[0].hex()}:
                return found
        raise InputError("reconciliation.unknown_run", field="run")

    async def _people(self) -> int:
        today = number_of(day_of(self._clock.now()))
        return await self._tools.reader.people(PRESENT[self._tools.register], on=today)


def _nonce(asked: Begin) -> bytes:
    """The municipality's random bytes; InputError where they are no hexadecimal digits, or not wanted."""
    try:
        nonce = bytes.fromhex(asked.nonce)
    except ValueError:
        nonce = b"?"
    if asked.nonce != nonce.hex() or (asked.mode is Mode.FULL and nonce):
        raise InputError("reconciliation.bad_nonce", field="nonce")
    return nonce
