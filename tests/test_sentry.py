"""What a register stands on: a disk that fills stops disclosures first, and a file that is not the one of before stops everything."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Header
from daemon.clock import ManualClock
from daemon.commands.caller import Caller, Role
from daemon.contract.console import SEARCH, Reason, Search, State
from daemon.contract.endpoint import Empty
from daemon.contract.exports import ORDER_EXPORT, OrderExport
from daemon.contract.peer import Outcome
from daemon.errors import IntegrityError, StateError
from daemon.register.rows import Register
from daemon.rehearsal.pki import Pki
from daemon.store.connection import PAGE
from daemon.store.engine import Table
from hsm.fake import FakeKeyService
from tests.commands.notices.test_notices import notice
from tests.conftest import Bench, configured
from tests.register.people import HONNIN
from tests.store.small_disk import MIB, small_disk
from tests.test_app import Scene, running, service

__all__ = ["service"]


@dataclass(frozen=True)
class Place:
    """Where a register may run, as a daemon or on a bench."""

    pki: Pki
    folder: Path
    clock: ManualClock
    service: FakeKeyService
    patch: pytest.MonkeyPatch

    def running(self, folder: Path | None = None) -> AbstractAsyncContextManager[Scene]:
        """The daemon, here or in another folder."""
        return running(self.pki, folder or self.folder, self.clock, self.service, self.patch)

    def bench(self) -> Bench:
        """The same register without its daemon."""
        config = configured(Register.HONNIN, self.pki, self.folder)
        return Bench(config, self.folder, self.clock, self.service)


@pytest.fixture
def place(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> Place:
    return Place(pki, tmp_path, clock, service, monkeypatch)


async def test_on_a_disk_that_fills_disclosures_stop_first_then_notices_and_both_come_back(
    place: Place, caller: Caller
) -> None:
    async with place.running() as scene:
        await scene.until(lambda status: status.state in {State.READY, State.DEGRADED})
        limits, desk = scene.app.config.disk, scene.app._desk()
        query = Search(affair="plain", purpose="照会", application="1", kana="やま")

        async def at(room: int, reason: Reason | None) -> None:
            place.patch.setattr(scene.app._space, "free", lambda: room)
            disk = {Reason.DISK_LOW, Reason.DISK_DISCLOSURES, Reason.DISK_NOTICES}
            await scene.until(
                lambda status: disk.intersection(status.reasons) == ({reason} if reason else set())
            )

        await at(limits.disclosures - 1, Reason.DISK_DISCLOSURES)
        with pytest.raises(StateError, match=r"state\.disk_disclosures"):
            await desk.handlers[SEARCH](caller, query)
        auditor = Caller("kansa", "名前", "監査", frozenset({Role.AUDITOR}), {}, "T01")
        with pytest.raises(StateError, match=r"state\.disk_disclosures"):
            await desk.handlers[ORDER_EXPORT](auditor, OrderExport(basis="監査"))
        (verdict,) = await scene.client.send([notice("n1")])
        assert verdict.outcome is Outcome.APPLIED
        await at(limits.notices - 1, Reason.DISK_NOTICES)
        with pytest.raises(StateError):
            await scene.client.send([notice("n2")])
        officer = Caller("sekinin", "名前", "市町課", frozenset({Role.OFFICER}), {}, "T01")
        assert scene.app._parts is not None
        await scene.app._parts.halt.show(officer, Empty())
        await at(limits.floor * 2, None)
        assert (await desk.handlers[SEARCH](caller, query)).hits is not None
        (verdict,) = await scene.client.send([notice("n1")])
        assert verdict.outcome is Outcome.DUPLICATE
        async with asyncio.timeout(15):
            while "ample" not in _stages(headers := await scene.entries()):
                await asyncio.sleep(0.02)
    refused = {(each.action, each.code) for each in headers if each.code}
    assert (Action.SEARCH_REFUSED, "state.disk_disclosures") in refused
    assert (Action.LOG_EXPORT_ORDERED, "state.disk_disclosures") in refused
    assert (Action.PEER_TURNED_AWAY, "state.disk_notices") in refused
    assert _stages(headers) == ["no_disclosures", "no_notices", "ample"]


def _stages(headers: Sequence[Header]) -> list[str]:
    """The stages of the disk that the log tells of."""
    told = [header.counts for header in headers if header.action is Action.DISK_STAGE]
    return [each for counts in told for each in counts if each != "free"]


@pytest.mark.parametrize("part", ["register.db", "register.db-wal"])
async def test_a_file_that_vanishes_under_it_seals_the_register_and_leaves_the_process(
    place: Place, part: str
) -> None:
    async with place.running() as scene:
        await scene.until(lambda status: status.state in {State.READY, State.DEGRADED})
        await scene.client.send([notice("n1")])
        (place.folder / part).unlink()
        status = await scene.until(lambda status: status.state is State.SEALED)
        assert (status.fault, Reason.STORE_UNTRUSTED in status.reasons) == ("store.file_gone", True)
        assert Reason.SIGNATURE_REFUSED not in status.reasons
        with pytest.raises(StateError, match=r"state\.untrusted"):
            scene.app._desk()
        with pytest.raises(StateError):
            await scene.client.send([notice("n2")])
        assert scene.app._parts is not None
        with pytest.raises(IntegrityError, match=r"store\.file_gone"):
            await scene.app._parts.writer.log(Act(Action.KEY_MADE, "test"))
        await asyncio.sleep(0.2)
        assert not scene.ended.done()
        assert {"outbox.pump", "log.signer"}.isdisjoint(scene.app._tasks.names())
        assert await scene.stop() == 1


async def test_a_file_that_vanishes_before_a_commit_takes_no_acknowledgement_with_it(place: Place) -> None:
    """Not even in the moment until somebody looks."""
    async with place.running() as scene:
        await scene.until(lambda status: status.state in {State.READY, State.DEGRADED})
        place.patch.setattr("daemon.sentry.LOOK", 600.0)
        await asyncio.sleep(0.1)
        (place.folder / "register.db").unlink()
        assert scene.app._parts is not None
        with pytest.raises(IntegrityError, match=r"store\.file_gone"):
            await scene.app._parts.notices.receive(HONNIN.municipality, [notice("n1")])
        with pytest.raises(IntegrityError, match=r"store\.file_gone"):
            await scene.app._parts.writer.log(Act(Action.KEY_MADE, "test"))


async def stopped_after(bench: Bench, count: int, first: int = 0) -> None:
    """A register that took in so many notices, signed its log and stopped in order."""
    parts = await bench.start()
    await parts.notices.receive(
        HONNIN.municipality, [notice(f"n{first + number}") for number in range(count)]
    )
    await parts.signer.sign()
    await bench.stop()


SEEN_AT_START = {
    "older copy": {"log.cut"},
    "deleted": {"log.cut"},
    "cut": {"store.damaged", "store.cannot_open"},
    "damaged": {"store.damaged", "store.cannot_open"},
}
"""What is done to the file, and the codes that may tell of it: of damage by which page is needed first."""


@pytest.mark.parametrize("how", SEEN_AT_START)
async def test_a_file_that_is_not_the_one_of_before_keeps_the_register_sealed_at_start(
    place: Place, how: str
) -> None:
    bench = place.bench()
    file = place.folder / "register.db"
    await stopped_after(bench, 1)
    older = file.read_bytes()
    await stopped_after(bench, 40, first=1)
    pages = file.stat().st_size // PAGE
    match how:
        case "older copy":
            file.write_bytes(older)
        case "deleted":
            file.unlink()
        case "cut":
            os.truncate(file, pages // 2 * PAGE)
        case _:
            with file.open("r+b") as raw:
                for page in range(2, pages):
                    raw.seek(page * PAGE + 100)
                    raw.write(b"\0\0")
    async with place.running() as scene:
        status = await scene.until(lambda status: Reason.STORE_UNTRUSTED in status.reasons)
        assert status.state is State.SEALED
        assert status.fault in SEEN_AT_START[how]
        await asyncio.sleep(0.1)
        assert not scene.ended.done()
        assert await scene.stop() == 1


async def test_a_log_that_was_altered_with_every_key_is_told(place: Place) -> None:
    bench = place.bench()
    await stopped_after(bench, 3)
    parts = await bench.start()
    await parts.engine.apply({Table.LOG: {(1).to_bytes(8, "big"): b"\x92\xc4\x00\xc4\x00"}})
    await bench.stop()
    async with place.running() as scene:
        status = await scene.until(lambda status: Reason.LOG_ALTERED in status.reasons)
        assert status.state is State.DEGRADED
        (verdict,) = await scene.client.send([notice("n9")])
        assert verdict.outcome is not Outcome.REFUSED


async def test_a_disk_that_is_full_at_the_start_keeps_it_sealed_until_there_is_room(place: Place) -> None:
    with small_disk(place.folder / "disk", 16 * MIB) as disk:
        disk.fill()
        async with place.running(disk.folder) as scene:
            status = await scene.until(lambda status: Reason.DISK_NOTICES in status.reasons)
            await asyncio.sleep(0.3)
            assert (await scene.app._status()).state is State.SEALED
            assert not scene.ended.done()
            disk.free_again()
            place.patch.setattr(scene.app._space, "free", lambda: 10**12)
            status = await scene.until(lambda status: status.state in {State.READY, State.DEGRADED})
            assert Reason.STORE_UNTRUSTED not in status.reasons
            (verdict,) = await scene.client.send([notice("n1")])
            assert verdict.outcome is Outcome.APPLIED
