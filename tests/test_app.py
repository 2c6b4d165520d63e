"""The daemon as a whole, in this process: sealed without its token, degraded but working when it goes, stopped in stages."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.app import App
from daemon.audit.action import Action
from daemon.audit.entry import Header, header_of
from daemon.audit.journal import leaf_of
from daemon.clock import ManualClock
from daemon.commands.caller import Caller, Role
from daemon.config import Timestamps
from daemon.contract.console import Reason, State, Status
from daemon.contract.deadlines import Ends
from daemon.contract.halt import StopService
from daemon.contract.inbound import ErrorReport
from daemon.contract.peer import Outcome
from daemon.errors import StateError
from daemon.register.rows import Register
from daemon.rehearsal.agency import report
from daemon.rehearsal.calls import Calls
from daemon.rehearsal.correspondence import read_all
from daemon.rehearsal.municipality import Door, MunicipalityClient, Patience
from daemon.rehearsal.pki import PEER_NAMES, Pki
from daemon.rehearsal.tls import client_context
from daemon.store.engine import Table
from daemon.upkeep import HOURLY_CHECKPOINT
from hsm.fake import FakeKeyService
from hsm.protocol import Alarm
from tests.commands.notices.test_notices import notice
from tests.conftest import Bench, configured
from tests.contract.witnessing import ed25519
from tests.register.people import HONNIN


@dataclass
class Scene:
    """A running daemon."""

    app: App
    client: MunicipalityClient
    agency: Calls
    """The national server as a caller."""
    ended: "asyncio.Task[int]"

    async def until(self, holds: Callable[[Status], bool]) -> Status:
        """Wait until what status says of itself fits."""
        async with asyncio.timeout(15):
            while not holds(status := await self.app._status()):
                await asyncio.sleep(0.02)
        return status

    async def entries(self) -> list[Header]:
        """The headers of everything that is in the log."""
        assert self.app._parts is not None
        stored = await self.app._parts.engine.scan(Table.LOG, limit=10_000)
        return [header_of(leaf_of(value)[0]) for _, value in stored]

    async def stop(self) -> int:
        """As SIGTERM does."""
        self.app._end.set()
        return await self.ended


def listening(path: Path | None = None) -> socket.socket:
    made = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
    made.bind(str(path) if path else ("127.0.0.1", 0))
    made.listen()
    made.setblocking(False)  # noqa: FBT003
    return made


@asynccontextmanager
async def running(
    pki: Pki,
    folder: Path,
    clock: ManualClock,
    service: FakeKeyService,
    monkeypatch: pytest.MonkeyPatch,
    *,
    witnesses: Mapping[str, str] | None = None,
    **more: Any,
) -> AsyncIterator[Scene]:
    monkeypatch.setattr("daemon.app.UNSEAL_PAUSE", 0.02)
    monkeypatch.setattr("daemon.app.WATCH", 0.02)
    monkeypatch.setattr("daemon.sentry.LOOK", 0.02)
    (folder / "c.sock").unlink(missing_ok=True)
    peers, national_in, console = listening(), listening(), listening(folder / "c.sock")
    door = Door("127.0.0.1", peers.getsockname()[1], PEER_NAMES[Register.HONNIN])
    context = client_context(pki.municipality("35203"), pki.register_ca)
    client = MunicipalityClient(
        "35203", door, context, patience=Patience(deadline=0.5, attempt=0.5, first_pause=0.05)
    )
    config = replace(configured(Register.HONNIN, pki, folder), **more)
    config = replace(config, peers=replace(config.peers, witnesses=dict(witnesses or {})))
    way_in = Door("127.0.0.1", national_in.getsockname()[1], PEER_NAMES[Register.HONNIN])
    agency = Calls(way_in, client_context(pki.national_client(Register.HONNIN), pki.register_ca))
    sockets = {"peers": peers, "console": console, "national-in": national_in}
    app = App(config, folder, sockets, service, clock, "0")
    async with asyncio.TaskGroup() as group:
        scene = Scene(app, client, agency, group.create_task(app.run()))
        try:
            yield scene
        finally:
            await client.close()
            await agency.close()
            if not scene.ended.done():
                await scene.stop()


@pytest.fixture
async def service(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeKeyService]:
    made = FakeKeyService("honnin", clock=clock)
    monkeypatch.setattr(made, "close", _kept)  # the daemon lets go of it at each stop; the test keeps it
    yield made
    await FakeKeyService.close(made)


async def _kept() -> None:
    return None


async def test_sealed_until_the_token_is_there_then_ready(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.token.away = True
    async with running(pki, tmp_path, clock, service, monkeypatch) as scene:
        status = await scene.until(lambda status: status.state is State.SEALED)
        assert status.counts is None
        with pytest.raises(StateError):
            await scene.client.send([notice("n1")])
        assert not (tmp_path / "register.db").exists()
        service.token.away = False
        await scene.until(lambda status: status.state is State.READY)
        (verdict,) = await scene.client.send([notice("n1")])
        assert verdict.outcome is Outcome.APPLIED


async def test_with_the_token_gone_it_says_so_and_goes_on(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(pki, tmp_path, clock, service, monkeypatch) as scene:
        await scene.until(lambda status: status.state is State.READY)
        service.token.away = True
        await scene.until(lambda status: Reason.TOKEN_AWAY in status.reasons)
        (verdict,) = await scene.client.send([notice("n1")])
        assert verdict.outcome is Outcome.APPLIED
        clock.advance(timedelta(seconds=3))  # people are counted every few seconds only
        # Nobody listens where the national server should be.
        status = await scene.until(lambda status: Reason.NATIONAL_AWAY in status.reasons)
        assert status.state is State.DEGRADED
        assert status.counts is not None
        assert (status.counts.people, status.counts.outbox) == (1, 1)
        service.token.away = False
        status = await scene.until(lambda status: Reason.TOKEN_AWAY not in status.reasons)
        assert status.counts is not None


async def test_stopping_signs_the_log_to_its_last_entry_and_the_next_start_goes_on(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    for start in (1, 2):
        async with running(pki, tmp_path, clock, service, monkeypatch) as scene:
            await scene.until(lambda status: status.state in {State.READY, State.DEGRADED})
            (verdict,) = await scene.client.send([notice("n1")])
            assert verdict.outcome is (Outcome.APPLIED if start == 1 else Outcome.DUPLICATE)
            assert await scene.stop() == 0
    bench = Bench(configured(Register.HONNIN, pki, tmp_path), tmp_path, clock, service)
    parts = await bench.start()
    stored = await parts.engine.scan(Table.LOG, limit=100)
    actions = [header_of(leaf_of(value)[0]).action for _, value in stored]
    await bench.stop()
    assert (await service.witness()).size == len(stored)
    assert actions.count(Action.REGISTER_STARTED) == actions.count(Action.REGISTER_STOPPED) == 2
    assert actions[-1] is Action.REGISTER_STOPPED


async def test_a_log_that_was_cut_keeps_the_register_sealed_and_says_why(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(configured(Register.HONNIN, pki, tmp_path), tmp_path, clock, service)
    parts = await bench.start()
    await parts.notices.receive(HONNIN.municipality, [notice("n1")])
    await parts.signer.sign()
    await parts.engine.apply({Table.LOG: {(0).to_bytes(8, "big"): None}})
    await bench.stop()
    async with running(pki, tmp_path, clock, service, monkeypatch) as scene:
        status = await scene.until(lambda status: Reason.STORE_UNTRUSTED in status.reasons)
        assert status.state is State.SEALED
        with pytest.raises(StateError):
            await scene.client.send([notice("n2")])


async def test_the_national_server_reports_an_error_and_its_municipality_reads_of_it(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = ErrorReport(id="k-1", code=HONNIN.juminhyo_code, items=["name"])
    async with running(pki, tmp_path, clock, service, monkeypatch) as scene:
        await scene.until(lambda status: status.state in {State.READY, State.DEGRADED})
        await scene.client.send([notice("n1")])
        assert (await report(scene.agency, wrong)).municipality == HONNIN.municipality
        clock.advance(timedelta(days=scene.app.config.report_days, seconds=1))
        await scene.until(lambda status: Reason.REPORTS_OVERDUE in status.reasons)
        door = Door("127.0.0.1", scene.app.sockets["peers"].getsockname()[1], PEER_NAMES[Register.HONNIN])
        context = client_context(pki.municipality(HONNIN.municipality), pki.register_ca)
        async with Calls(door, context) as calls:
            (told,) = await read_all(calls)
            assert (told.subject, told.items) == (HONNIN.juminhyo_code, ["name"])
            assert await read_all(calls) == []
        await scene.until(lambda status: Reason.REPORTS_OVERDUE not in status.reasons)


async def test_a_task_that_the_register_lives_by_ends_it_with_a_failure(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(pki, tmp_path, clock, service, monkeypatch) as scene:
        await scene.until(lambda status: status.state in {State.READY, State.DEGRADED})
        monkeypatch.setattr(scene.app._space, "free", lambda: 1 // 0)
        assert await scene.ended == 1


async def test_a_disk_that_fills_is_a_state(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(pki, tmp_path, clock, service, monkeypatch) as scene:
        limits = scene.app.config.disk
        monkeypatch.setattr(scene.app._space, "free", lambda: limits.floor - 1)
        await scene.until(lambda status: status.state is State.DEGRADED and Reason.DISK_LOW in status.reasons)
        monkeypatch.setattr(scene.app._space, "free", lambda: limits.floor * 2)
        await scene.until(lambda status: Reason.DISK_LOW not in status.reasons)


async def test_what_stands_wrong_with_the_keys_is_told_while_sealed_too(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.token.away = True
    async with running(pki, tmp_path, clock, service, monkeypatch) as scene:
        status = await scene.until(lambda status: Alarm.NO_CUSTODIANS in status.alarms)
        assert status.state is State.SEALED
        service.token.away = False
        status = await scene.until(lambda status: status.state is State.READY and bool(status.tokens))
        assert [(token.present, token.active) for token in status.tokens] == [(True, True)]
        assert Alarm.ONE_TOKEN in status.alarms
        service.token.away = True
        await scene.until(lambda status: not any(token.present for token in status.tokens))


async def test_a_stop_is_a_reason_and_outlives_a_restart_while_the_log_goes_on(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = Caller("sekinin", "名前", "市町課", frozenset({Role.OFFICER}), {}, "T01")
    async with running(pki, tmp_path, clock, service, monkeypatch) as scene:
        await scene.until(lambda status: status.state is State.READY)
        assert scene.app._parts is not None
        await scene.app._parts.halt.stop(officer, StopService("訓練"))
        status = await scene.until(lambda status: Reason.SERVICE_STOPPED in status.reasons)
        with pytest.raises(StateError):
            await scene.client.send([notice("n1")])
        await scene.until(
            lambda now: (
                now.counts is not None
                and status.counts is not None
                and now.counts.log_signed >= status.counts.log_size
            )
        )
    async with running(pki, tmp_path, clock, service, monkeypatch) as scene:
        await scene.until(lambda status: Reason.SERVICE_STOPPED in status.reasons)


async def test_a_time_stamp_authority_that_is_away_is_a_reason_and_stops_nothing(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.commands.stamping.LOOK", 0.02)
    away = Timestamps(socket=tmp_path / "nobody.sock", host="jikoku.test", ca=pki.timestamp_ca)
    async with running(pki, tmp_path, clock, service, monkeypatch, timestamps=away) as scene:
        status = await scene.until(
            lambda status: status.timestamps is not None and bool(status.timestamps.code)
        )
        assert status.timestamps is not None
        assert (status.timestamps.code, status.timestamps.last) == ("timestamp.away", None)
        assert status.connections[-1] == "jikoku.test"
        assert Reason.TIMESTAMP_OVERDUE not in status.reasons
        clock.advance(timedelta(hours=24, seconds=1))
        status = await scene.until(lambda status: Reason.TIMESTAMP_OVERDUE in status.reasons)
        assert status.state is State.DEGRADED
        (verdict,) = await scene.client.send([notice("n1")])
        assert verdict.outcome is Outcome.APPLIED


async def test_where_no_time_stamp_authority_is_configured_the_status_says_so(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(pki, tmp_path, clock, service, monkeypatch) as scene:
        status = await scene.until(lambda status: status.state is State.READY)
        assert status.timestamps is None
        assert len(status.connections) == 3
        clock.advance(timedelta(days=9))
        await scene.until(
            lambda status: Reason.NATIONAL_AWAY in status.reasons or status.state is State.READY
        )
        assert Reason.TIMESTAMP_OVERDUE not in (await scene.app._status()).reasons


async def test_an_hour_that_begins_is_told_to_the_journal_and_thinning_runs(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, object]] = []

    def record(message_id: object, message: str, **fields: object) -> bool:
        told.append({"id": message_id, "note": message, **fields})
        return True

    monkeypatch.setattr("daemon.service.record", record)
    monkeypatch.setattr("daemon.audit.hourly.LOOK", 0.02)
    async with running(pki, tmp_path, clock, service, monkeypatch) as scene:
        async with asyncio.timeout(15):
            while not told:
                await asyncio.sleep(0.02)
        assert {"log.thinning", "log.hourly"} <= set(scene.app._tasks.names())
    assert told[0]["id"] == HOURLY_CHECKPOINT
    assert told[0]["JUKURA_REGISTER"] == "honnin"
    assert str(told[0]["note"]).startswith("jukura.jp/honnin/1\n")


async def test_certificates_that_end_soon_are_told_with_whose_they_are(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(pki, tmp_path, clock, service, monkeypatch) as scene:
        await scene.until(lambda status: status.state is State.READY)
        await scene.client.send([notice("n1")])
        assert (await scene.app._status()).deadlines == []
        clock.advance(timedelta(days=350))
        told = {(each.what, each.who) for each in (await scene.app._status()).deadlines}
        assert told == {(Ends.OWN, "honnin.jukura.test"), (Ends.OWN, "honnin client"), (Ends.PEER, "35203")}


async def test_a_key_that_does_not_fit_its_certificate_is_told_and_the_pair_before_serves_on(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Toward municipalities, and toward the national server."""
    monkeypatch.setattr("daemon.peers.server.LOOK", 0.02)
    shutil.copytree(pki.folder, tmp_path / "pki")
    own = Pki(tmp_path / "pki")
    async with running(own, tmp_path, clock, service, monkeypatch) as scene:
        await scene.until(lambda status: status.state is State.READY)
        for pair in (own.register_server(Register.HONNIN), own.register_client(Register.HONNIN)):
            fitting = pair.key.read_bytes()
            pair.key.write_bytes(own.municipality("35203").key.read_bytes())
            await scene.until(lambda status: Reason.TRUST_STALE in status.reasons)
            (verdict,) = await scene.client.send([notice("n1")])
            assert verdict.serial == 1
            pair.key.write_bytes(fitting)
            await scene.until(lambda status: Reason.TRUST_STALE not in status.reasons)


async def test_a_witness_that_is_silent_is_a_reason_and_nothing_more(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    vkey = ed25519().cosigner.vkey()
    async with running(pki, tmp_path, clock, service, monkeypatch, witnesses={"35201": vkey}) as scene:
        status = await scene.until(lambda status: status.counts is not None)
        assert [(each.municipality, each.size, each.overdue) for each in status.witnesses or ()] == [
            ("35201", 0, False)
        ]
        clock.advance(timedelta(hours=48))
    # Since when it is known outlives a restart.
    async with running(pki, tmp_path, clock, service, monkeypatch, witnesses={"35201": vkey}) as scene:
        await scene.until(lambda status: status.counts is not None)
        clock.advance(timedelta(minutes=1))
        status = await scene.until(lambda status: Reason.WITNESS_OVERDUE in status.reasons)
        assert status.state is State.DEGRADED
        assert [each.overdue for each in status.witnesses or ()] == [True]
        (verdict,) = await scene.client.send([notice("n1")])
        assert verdict.outcome is Outcome.APPLIED


async def test_without_a_witness_the_status_says_that_there_is_none(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.token.away = True
    async with running(pki, tmp_path, clock, service, monkeypatch) as scene:
        sealed = await scene.until(lambda status: status.state is State.SEALED)
        assert sealed.witnesses is None
        service.token.away = False
        status = await scene.until(lambda status: status.counts is not None)
        assert status.witnesses == []
        clock.advance(timedelta(days=40))
        status = await scene.until(lambda status: status.now == clock.now())
        assert Reason.WITNESS_OVERDUE not in status.reasons
