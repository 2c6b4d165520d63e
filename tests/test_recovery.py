"""A token that comes back: within 2 s the register says so, and its log is signed to the last entry."""

import asyncio
import time
from pathlib import Path

import pytest

from daemon.clock import ManualClock
from daemon.contract.console import Reason, State, Status
from daemon.rehearsal.pki import Pki
from daemon.sentry import SIGN
from hsm.fake import FakeKeyService
from hsm.protocol import SignCheckpoint
from tests.commands.notices.test_notices import notice
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


class RealTime(ManualClock):
    """A date moved by hand, and seconds that pass."""

    def monotonic(self) -> float:
        return time.monotonic()


async def test_after_an_answer_that_was_long_in_coming_the_head_is_signed_again_at_once(
    pki: Pki, tmp_path: Path, clock: ManualClock, service: FakeKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, began, ended = service.sign_checkpoint, list[float](), list[float]()
    asked = asyncio.Event()

    async def slow_once(request: SignCheckpoint) -> str:
        began.append(time.monotonic())
        if not ended:
            asked.set()
            await asyncio.sleep(SIGN + 0.3)
        signed = await real(request)
        ended.append(time.monotonic())
        return signed

    monkeypatch.setattr(service, "sign_checkpoint", slow_once)
    async with running(pki, tmp_path, RealTime(clock.now()), service, monkeypatch) as scene:
        await asked.wait()
        await scene.client.send([notice("n1")])
        await scene.until(lambda _: len(ended) > 1)
    assert began[1] - ended[0] < SIGN / 2
