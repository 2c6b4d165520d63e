"""A token that comes back: within 2 s the register says so, and its log is signed to the last entry."""

import asyncio
from pathlib import Path

import pytest

from daemon.clock import ManualClock
from daemon.contract.console import Reason, State, Status
from daemon.rehearsal.pki import Pki
from hsm.fake import FakeKeyService
from tests.commands.test_notices import notice
from tests.test_app import running, service

__all__ = ["service"]

PROMISED = 2.0  # seconds


def recovered(status: Status) -> bool:
    counts = status.counts
    return (
        Reason.TOKEN_AWAY not in status.reasons
        and counts is not None
        and counts.log_signed == counts.log_size
    )


async def test_a_token_that_is_back_is_used_within_two_seconds(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(pki, tmp_path, clock, service, monkeypatch) as scene:
        monkeypatch.setattr("daemon.app.WATCH", 2.0)
        await scene.until(lambda status: status.state in {State.READY, State.DEGRADED})
        service.token.away = True
        await scene.until(lambda status: Reason.TOKEN_AWAY in status.reasons)
        await scene.client.send([notice("n1")])
        await asyncio.sleep(1.3)  # the signer has tried meanwhile, and failed
        assert not recovered(await scene.app._status())
        service.token.away = False
        async with asyncio.timeout(PROMISED):
            await scene.until(recovered)
