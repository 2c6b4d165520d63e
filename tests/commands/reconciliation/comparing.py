"""What tests of reconciliations share: people put into a register, the other side of the line, and a naive comparison.

People are put in as rows, past the transition table: a comparison has to hold for whatever is there.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.contract.endpoint import Endpoint
from daemon.errors import StateError
from daemon.register.codes import juminhyo_digit
from daemon.register.items import FUHYO as FUHYO_ITEMS
from daemon.register.items import HONNIN as HONNIN_ITEMS
from daemon.register.rows import FuhyoRecord, HonninRecord, Record, Register
from daemon.register.versions import next_row
from daemon.rehearsal.comparing import Comparison
from daemon.store.draft import Draft
from daemon.store.engine import Table
from daemon.store.index import Known, known_of, projected
from daemon.store.rows import OWN, ROW_ID, Stored, row_id
from tests.conftest import Bench
from tests.register.people import FUHYO, HONNIN

TODAY = "20261124"
HERE, THERE = "35203", "35201"
NOT_COMPARED = {"reason", "event_date", "former_code", "notice_kind", "municipality"}


def code_of(number: int) -> str:
    base = f"{number * 7919 % 10**10:010}"
    return base + juminhyo_digit(base)


def person(register: Register, number: int, **changes: Any) -> Record:
    """An invented person, different for each number."""
    return replace(
        HONNIN if register is Register.HONNIN else FUHYO,
        juminhyo_code=code_of(number),
        **({"kojin_bango": ""} if register is Register.HONNIN else {}),
        **({"municipality": HERE, "kana": f"じゅうみん　{'あ' * (number % 9 + 1)}"} | changes),
    )


async def put(bench: Bench, *lives: Sequence[Record]) -> None:
    """Each life is the records of one person, from the first to the last."""

    async def work(draft: Draft) -> None:
        for life in lives:
            _live(bench, draft, life)

    await bench.open.writer.write(work)


async def append(bench: Bench, record: Record) -> None:
    """One more version of somebody."""

    async def work(draft: Draft) -> None:
        where = (await draft.latest([record.juminhyo_code]))[record.juminhyo_code]
        codec = bench.open.store.codec
        sealed = (await draft.get_many(Table.ROWS, [where.row]))[where.row]
        _next(bench, draft, record, codec.open(where.row, sealed), where.known)

    await bench.open.writer.write(work)


def _live(bench: Bench, draft: Draft, life: Sequence[Record]) -> None:
    last: Stored | None = None
    known: Known | None = None
    for record in life:
        last, known = _next(bench, draft, record, last, known)


def _next(
    bench: Bench, draft: Draft, record: Record, last: Stored | None, known: Known | None
) -> tuple[Stored, Known]:
    codec = bench.open.store.codec
    row = next_row(record, last.row if last else None, received=draft.now, terminal="CS")
    who = last.person if last else secrets.token_bytes(ROW_ID)
    new = Stored(row_id(who, secrets.token_bytes(OWN)), who, row)
    draft.add(Table.ROWS, new.id, codec.seal(new))
    version = projected(new, known)
    draft.index(version)
    if last is not None:
        superseded = Stored(last.id, last.person, last.row, successor_on=row.received_on)
        draft.put(Table.ROWS, last.id, codec.seal(superseded))
    return new, known_of(version)


Before = Callable[[], Awaitable[None]]


@dataclass
class Direct:
    """A line without a wire: the acts themselves, as one municipality."""

    bench: Bench
    sender: str = HERE
    cuts: list[int] = field(default_factory=list)
    """How many records go through before the line is cut, each time; then no more."""
    before: dict[Endpoint, Before] = field(default_factory=dict)
    """What happens once, before something is asked for the first time."""
    after_records: Before | None = None
    """What happens after the first half of the records."""

    async def ask(self, endpoint: Endpoint, message: object) -> Any:
        if endpoint in self.before:
            await self.before.pop(endpoint)()
        return await self.bench.open.reconciliations.counter.acts[endpoint](self.sender, message)

    async def send(self, endpoint: Endpoint, lines: AsyncIterator[bytes]) -> Any:
        act = self.bench.open.reconciliations.counter.streams[endpoint]
        return await act(self.sender, self._cut(lines))

    async def _cut(self, lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        held = [line async for line in lines]
        left = self.cuts.pop(0) if self.cuts else len(held)
        for number, line in enumerate(held):
            if number > left:
                raise StateError("municipality.no_answer")
            if self.after_records is not None and number > len(held) // 2:
                happens, self.after_records = self.after_records, None
                await happens()
            yield line


async def raw(*lines: bytes) -> AsyncIterator[bytes]:
    """The lines of a body."""
    for line in lines:
        yield line


def comparison(bench: Bench, records: Sequence[Record], *, sender: str = HERE, **line: Any) -> Comparison:
    return Comparison(Direct(bench, sender, **line), bench.config.register, sender, records)


def present(record: Record) -> bool:
    """Whether the last thing that was said of somebody leaves them present today; told from the words alone."""
    if isinstance(record, FuhyoRecord):
        return record.notice_kind != "2"
    if record.reason in {"21", "22"}:
        return record.event_date.code > TODAY
    return record.reason not in {"23", "24", "25"}


def items(register: Register) -> list[str]:
    """What is compared, from the list of items."""
    listed = HONNIN_ITEMS if register is Register.HONNIN else FUHYO_ITEMS
    kinds = HonninRecord if register is Register.HONNIN else FuhyoRecord
    sent = [item.name for item in listed if item.origin == "sender" and item.name not in NOT_COMPARED]
    return sent + [name for name in kinds.__struct_fields__ if name.endswith("_unified")]


def naive(
    register: Register, ours: Sequence[Record], theirs: Sequence[Record]
) -> set[tuple[str, str, tuple[str, ...]]]:
    """What a comparison of two whole lists finds: kind, code, names of items."""
    here, there = ({record.juminhyo_code: record for record in side} for side in (ours, theirs))
    found: set[tuple[str, str, tuple[str, ...]]] = set()
    for code in here.keys() | there.keys():
        if code not in there:
            found.add(("only_here", code, ()))
        elif code not in here:
            found.add(("only_there", code, ()))
        else:
            names = items(register)
            differing = tuple(
                name for name in names if getattr(here[code], name) != getattr(there[code], name)
            )
            if differing:
                found.add(("differs", code, differing))
    return found


async def settled(bench: Bench) -> None:
    """Wait until nothing of an ended run is left to clear."""
    async with asyncio.timeout(20):
        while bench.open.reconciliations.running._tasks.names():
            await asyncio.sleep(0.01)


def small(patch: pytest.MonkeyPatch) -> None:
    """Let runs go forward in small steps, over several parts, chunks and commits."""
    for name, few in (
        ("transfer.BATCH", 4), ("transfer.COMMIT", 10), ("matching.PIECE", 3), ("sweeping.PAGE", 7),
        ("sweeping.PIECE", 3), ("sweeping.CANDIDATES", 3), ("sweeping.PIECES", 2), ("answering.AT_ONCE", 3),
        ("spill.PER_PART", 15), ("prints.PER_CHUNK", 5), ("clearing.AT_ONCE", 9), ("runs.PER_PAGE", 6), ("keeping.PER_PAGE", 6),
    ):  # fmt: skip
        patch.setattr(f"daemon.commands.reconciliation.{name}", few)
    patch.setattr("daemon.rehearsal.comparing.PAUSE", 0.005)
