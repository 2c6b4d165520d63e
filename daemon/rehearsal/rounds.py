"""A round of 整合性確認 in a rehearsal: each municipality compares with each register, one after the other, by turns in both modes."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from daemon.contract.reconciliation import CANCEL, RESULT, Mode, Phase, Result, ResultQuery, RunName
from daemon.errors import ConflictError, InputError, JukuraError
from daemon.register.codes import MUNICIPALITIES
from daemon.register.rows import Record, Register
from daemon.rehearsal.comparing import Comparison, Line, Outcome
from daemon.rehearsal.dice import Dice
from daemon.rehearsal.flaws import flawed
from daemon.rehearsal.numbers import Numbers
from daemon.rehearsal.peer_line import PeerLine
from daemon.rehearsal.shelves import Shelves

log = logging.getLogger(__name__)

SOON = 5.0  # seconds after the start
REST = 1.0  # seconds between two comparisons
DEADLINE = 900.0  # seconds for one
PAUSE = 0.2  # seconds until a run that was cut is looked at again
SPOILT = 3  # of so many municipalities one has records that differ
OVER = frozenset({Phase.DONE, Phase.STOPPED})


@dataclass(frozen=True)
class Turn:
    """One comparison."""

    register: Register
    municipality: str
    mode: Mode
    spoilt: bool


def turns() -> Iterator[Turn]:
    """Everybody's, so that both modes and both kinds of records come in each register."""
    modes = tuple(Mode)
    for place, register in enumerate(Register):
        for number, municipality in enumerate(sorted(MUNICIPALITIES)):
            mode = modes[(number + place) % len(modes)]
            yield Turn(register, municipality, mode, spoilt=number % SPOILT == 0)


async def go_round(shelves: Shelves, line: Callable[[Register, str], PeerLine], seed: int) -> None:
    """All turns once. One that fails is said in the log, and the next one has its turn."""
    await asyncio.sleep(SOON)
    numbers = Numbers(seed)
    for turn in turns():
        records = shelves.records(turn.register, turn.municipality)
        if turn.spoilt:
            records = flawed(records, Dice(seed, "flaws", turn.register, turn.municipality), numbers)
        try:
            async with asyncio.timeout(DEADLINE), line(turn.register, turn.municipality) as calls:
                outcome = await compare(calls, turn, records)
        except (JukuraError, TimeoutError) as error:
            code = error.code if isinstance(error, JukuraError) else "municipality.no_answer"
            log.warning("comparison not made", extra={"code": code, "peer": turn.municipality})
        else:
            log.info("compared", extra={"peer": turn.municipality, "count": len(outcome.findings)})
        await asyncio.sleep(REST)


async def compare(line: Line, turn: Turn, records: list[Record]) -> Outcome:
    """One turn. A run that was left over, because everything was stopped in the middle of it, is given up first."""
    comparison = Comparison(line, turn.register, turn.municipality, records)
    begin = comparison.full if turn.mode is Mode.FULL else comparison.ranges
    try:
        return await begin()
    except ConflictError as error:
        if error.code != "reconciliation.runs":
            raise
    await _give_up(line)
    return await begin()


async def _give_up(line: Line) -> None:
    result: Result = await line.ask(RESULT, ResultQuery())
    while result.phase not in OVER:
        try:
            await line.ask(CANCEL, RunName(result.run))
        except (ConflictError, InputError):
            # It ends already, or has ended meanwhile.
            await asyncio.sleep(PAUSE)
        result = await line.ask(RESULT, ResultQuery(result.run))
