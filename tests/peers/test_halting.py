"""緊急遮断 over real TLS, while a transfer and a large batch are under way: both end, and no batch is taken by half."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec import to_builtins

from daemon.audit.action import Action
from daemon.commands.caller import Caller, Role
from daemon.commands.notices.batch import Batch
from daemon.contract.codec import encode
from daemon.contract.halt import ConfirmResumption, ProposeResumption, StopService
from daemon.contract.reconciliation import BEGIN, RECORDS, RESULT, Begin, Begun, Head, Mode, ResultQuery
from daemon.register.rows import Register
from daemon.rehearsal.municipality import Door
from daemon.rehearsal.peer_line import PeerLine
from daemon.rehearsal.pki import Pki
from daemon.rehearsal.tls import client_context
from daemon.store.engine import Table
from tests.commands.notices.test_notices import entries, size
from tests.commands.reconciliation.comparing import HERE, person, small
from tests.conftest import Bench
from tests.peers.test_decode import body
from tests.peers.test_server import Line, served

OFFICER = Caller("sekinin", "名前", "市町課", frozenset({Role.OFFICER}), {}, "T01")
CHIEF = Caller("tokatsu", "名前", "市町課", frozenset({Role.CHIEF}), {}, "T01")
MANY = 400


@pytest.fixture
async def line(honnin: Bench, pki: Pki, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    small(monkeypatch)
    monkeypatch.setattr("daemon.peers.bodies.GLANCE", 0.05)
    async for made in served(honnin, pki):
        yield made


async def stop(line: Line) -> None:
    await line.bench.open.halt.stop(OFFICER, StopService("訓練"))


async def resume(line: Line) -> None:
    proposed = (await line.bench.open.halt.propose(OFFICER, ProposeResumption("訓練"))).resumption
    assert proposed is not None
    await line.bench.open.halt.confirm(CHIEF, ConfirmResumption(proposed.id))


def peer(line: Line) -> PeerLine:
    context = client_context(line.pki.municipality(HERE), line.pki.register_ca)
    return PeerLine(Door("127.0.0.1", line.port, "honnin.jukura.test"), context)


def many() -> bytes:
    people = (person(Register.HONNIN, number) for number in range(MANY))
    plain = ({name: value for name, value in to_builtins(one).items() if value is not None} for one in people)
    return body(*({"id": f"n{number}", "sender_seq": 1, "record": one} for number, one in enumerate(plain)))


async def codes(line: Line, action: Action) -> list[str]:
    return [each.header.code for each in await entries(line.bench) if each.header.action is action]


@pytest.mark.parametrize("silent", [True, False], ids=["silent", "talking"])
async def test_a_transfer_ends_at_once_and_goes_on_after_the_stop_where_it_was(
    line: Line, monkeypatch: pytest.MonkeyPatch, *, silent: bool
) -> None:
    monkeypatch.setattr("daemon.rehearsal.peer_line.PAUSE", 0.01)
    records = [person(Register.HONNIN, number) for number in range(MANY)]
    came, going = asyncio.Event(), asyncio.Event()
    async with peer(line) as there:
        begun: Begun = await there.ask(BEGIN, Begin(mode=Mode.FULL, records=MANY))

        async def lines() -> AsyncIterator[bytes]:
            yield encode(Head(begun.run, 0)) + b"\n"
            for number, each in enumerate(records):
                yield encode(each) + b"\n"
                if number == 40:
                    came.set()
                    await going.wait()
                    await asyncio.sleep(20 if silent else 0.1)
                elif number > 40:
                    await asyncio.sleep(0.02)

        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            headers = {"Content-Type": "application/x-ndjson"}
            answer = group.create_task(there.requested(RECORDS, data=lines(), headers=headers))
            await came.wait()
            while not line.bench.open.reconciliations.running.of(HERE).run.received:  # type: ignore[union-attr]
                await asyncio.sleep(0.01)
            await stop(line)
            going.set()
            status, told = await answer
        assert status == 503
        assert b"state.stopped" in told
        assert await codes(line, Action.PEER_RECEIVED) == ["", "state.stopped"]
        await resume(line)
        async with asyncio.timeout(10):
            received = (await there.ask(RESULT, ResultQuery())).received
        assert 0 < received < MANY

        async def rest() -> AsyncIterator[bytes]:
            yield encode(Head(begun.run, received))
            for each in records[received:]:
                yield encode(each)

        assert (await there.send(RECORDS, rest())).records == MANY


async def test_a_batch_that_waits_is_refused_as_a_whole(line: Line) -> None:
    writer, held, asked = line.bench.open.writer, asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        asked.set()
        await held.wait()

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(writer.between(hold))
        await asked.wait()
        answer = group.create_task(line.post(many()))
        while len(writer._queue) < MANY // 50:
            await asyncio.sleep(0.01)
        stopped = group.create_task(stop(line))
        while line.bench.open.halt.running():
            await asyncio.sleep(0.01)
        held.set()
        await stopped
        status, told = await answer
    assert (status, told["code"]) == (503, "state.stopped")
    assert [await size(line.bench, table) for table in (Table.ROWS, Table.OUTBOX)] == [0, 0]
    assert await codes(line, Action.PEER_REFUSED) == ["state.stopped"]


async def test_a_batch_that_was_begun_is_taken_to_its_end_and_answered(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, parts, run = asyncio.Event(), 0, Batch.run

    async def slowly(self: Batch, part: object) -> object:
        nonlocal parts
        parts += 1
        begun.set()
        while line.bench.open.halt.running():
            await asyncio.sleep(0.01)
        return await run(self, part)  # type: ignore[arg-type]

    monkeypatch.setattr(Batch, "run", slowly)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        answer = group.create_task(line.post(many()))
        await begun.wait()
        await stop(line)
        status, told = await answer
    assert (status, parts) == (200, MANY // 50)
    verdicts = told["verdicts"]
    assert isinstance(verdicts, list)
    assert {verdict["outcome"] for verdict in verdicts} == {"applied"}
    assert [await size(line.bench, table) for table in (Table.ROWS, Table.OUTBOX)] == [MANY, MANY]
    status, told = await line.post(many())
    assert (status, told["code"]) == (503, "state.stopped")


async def test_a_request_that_came_whole_too_late_is_not_taken(line: Line) -> None:
    held, content = asyncio.Event(), encode(Begin(mode=Mode.FULL, records=1))

    async def slowly() -> AsyncIterator[bytes]:
        yield content[:5]
        await held.wait()
        yield content[5:]

    async with asyncio.timeout(10), peer(line) as there, asyncio.TaskGroup() as group:
        headers = {"Content-Type": "application/json"}
        answer = group.create_task(there.requested(BEGIN, data=slowly(), headers=headers))
        await asyncio.sleep(0.1)
        await stop(line)
        held.set()
        status, told = await answer
    assert status == 503
    assert b"state.stopped" in told
    assert line.bench.open.reconciliations.running.of(HERE) is None
