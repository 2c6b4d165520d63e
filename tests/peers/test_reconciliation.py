"""整合性確認 over real mutual TLS: both modes by the rehearsal's municipality, and a line that breaks off in the middle."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.contract.codec import encode
from daemon.contract.endpoint import Endpoint
from daemon.contract.reconciliation import BEGIN, RECORDS, RESULT, Begin, Begun, Head, Mode, ResultQuery
from daemon.errors import InputError, StateError, TooMuchError
from daemon.register.rows import Record, Register
from daemon.rehearsal.comparing import Comparison
from daemon.rehearsal.municipality import Door
from daemon.rehearsal.peer_line import PeerLine
from daemon.rehearsal.pki import Pki
from daemon.rehearsal.tls import client_context
from tests.commands.reconciliation.comparing import HERE, naive, person, put, settled, small
from tests.commands.reconciliation.test_reconciliation import shown
from tests.conftest import Bench
from tests.peers.test_server import Line, received, served

OURS = [person(Register.HONNIN, number) for number in range(1, 40)]
THEIRS = [replace(OURS[0], sex="2"), *OURS[1:35], person(Register.HONNIN, 99)]


@pytest.fixture
async def line(honnin: Bench, pki: Pki, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    small(monkeypatch)
    monkeypatch.setattr("daemon.rehearsal.peer_line.PAUSE", 0.01)
    await put(honnin, *([one] for one in OURS))
    async for made in served(honnin, pki):
        yield made


def peer(line: Line) -> PeerLine:
    context = client_context(line.pki.municipality(HERE), line.pki.register_ca)
    return PeerLine(Door("127.0.0.1", line.port, "honnin.jukura.test"), context)


def comparison(there: PeerLine, records: list[Record]) -> Comparison:
    return Comparison(there, Register.HONNIN, HERE, records)


async def test_both_modes_find_the_same(line: Line) -> None:
    async with peer(line) as there:
        full = await comparison(there, THEIRS).full()
        ranges = await comparison(there, THEIRS).ranges()
    expected = naive(Register.HONNIN, OURS, THEIRS)
    assert shown(full.findings) == shown(ranges.findings) == expected
    assert len(expected) == 6
    kinds = {name for entry in await received(line) for name in entry.header.counts}
    assert {"reconciliations", "reconciliations_records", "reconciliations_ranges"} <= kinds
    await settled(line.bench)


class Broken(PeerLine):
    """Breaks off its first transfer."""

    broke = False

    async def send(self, endpoint: Endpoint, lines: AsyncIterator[bytes]) -> object:
        if self.broke:
            return await super().send(endpoint, lines)
        self.broke = True

        async def some() -> AsyncIterator[bytes]:
            number = 0
            async for each in lines:
                yield each + b"\n"
                number += 1
                if number == 24:
                    # What came so far is taken in before the line goes.
                    await asyncio.sleep(0.3)
                    raise ConnectionResetError

        try:
            await self.requested(endpoint, data=some(), headers={"Content-Type": "application/x-ndjson"})
        except Exception as error:
            raise StateError("municipality.no_answer") from error
        raise AssertionError("the line held")


async def test_a_line_that_breaks_off_goes_on_where_it_was(line: Line) -> None:
    context = client_context(line.pki.municipality(HERE), line.pki.register_ca)
    async with Broken(Door("127.0.0.1", line.port, "honnin.jukura.test"), context) as there:
        outcome = await comparison(there, THEIRS).full()
    assert there.broke
    assert shown(outcome.findings) == naive(Register.HONNIN, OURS, THEIRS)
    assert outcome.result.traffic.records_in == len(THEIRS)
    await settled(line.bench)


async def test_a_line_too_long_keeps_what_came_before(line: Line) -> None:
    async with peer(line) as there:
        begun: Begun = await there.ask(BEGIN, Begin(mode=Mode.FULL, records=9))

        async def lines() -> AsyncIterator[bytes]:
            for each in (Head(begun.run, 0), *OURS[:7]):
                yield encode(each)
            await asyncio.sleep(0.1)
            yield b"x" * 20_000

        with pytest.raises(TooMuchError) as refused:
            await there.send(RECORDS, lines())
        assert refused.value.code == "peer.line_too_large"
        assert (await there.ask(RESULT, ResultQuery())).received == 7


async def test_nothing_is_decompressed_and_no_run_is_unknown(line: Line) -> None:
    async with peer(line) as there:
        with pytest.raises(InputError) as refused:
            await there.ask(RESULT, ResultQuery("0" * 32))
        assert refused.value.code == "reconciliation.unknown_run"
        headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        status, _ = await there.requested(RECORDS, data=b"x", headers=headers)
        assert status in {400, 415}
    actions = [entry.header.action for entry in await received(line)]
    assert Action.PEER_RECEIVED in actions
