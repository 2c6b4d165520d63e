"""The service is killed anywhere in the midst of a deed, and in the end it is done, once and whole."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.clock import ManualClock
from hsm.fake import FakeKeyService
from hsm.orders import Order
from hsm.process import R
from hsm.protocol import (
    EnrolToken,
    ReplaceToken,
    RotateSeal,
)
from hsm.softtoken import SoftToken
from tests.hsm.kit import CUSTODIANS, agree, carried_out
from tests.hsm.several import DATA, NAMES, NOW, WAIT, labels, pairs_hang_together, signed_by


class Killed(BaseException):
    """The process is gone."""


class Fuse:
    """Burns down before and after each call to a token or the store; the service is killed when it is burnt."""

    def __init__(self) -> None:
        self.left = -1

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed

    def laid(self, service: FakeKeyService) -> None:
        """Lay it to the service's store."""
        run = service._files.run

        async def burning(work: Callable[..., object], *args: object) -> object:
            self.burn()
            done = await run(work, *args)
            self.burn()
            return done

        vars(service._files)["run"] = burning
        service.restart()


class Fragile(SoftToken):
    """A token with a fuse laid to it."""

    def __init__(self, serial: str, fuse: Fuse) -> None:
        super().__init__(serial)
        self.fuse = fuse

    async def call(self, order: Order, reply: type[R]) -> R:
        self.fuse.burn()
        answer = await super().call(order, reply)
        self.fuse.burn()
        return answer


async def finished(
    service: FakeKeyService, fuse: Fuse, at: list[int], work: Callable[[], Awaitable[object]]
) -> None:
    """Do `work`, killed after so many calls, again and again, and in the end undisturbed."""
    await service.ping()
    for calls in [*at, -1]:
        fuse.left = calls
        try:
            await work()
        except Killed:
            service.restart()
        else:
            fuse.left = -1
            return


@given(st.lists(st.integers(1, 300), max_size=5))
@settings(max_examples=20, deadline=None)
async def test_a_replacement_killed_anywhere_is_finished_and_loses_nothing(at: list[int]) -> None:
    fuse, clock = Fuse(), ManualClock(NOW)
    service = FakeKeyService(clock=clock, custodians=CUSTODIANS)
    fuse.laid(service)
    await service.make(NAMES)
    keys = await service.unwrap(DATA)
    new = service.plug_in(Fragile("fake-2", fuse))
    proposal = await agree(service, ReplaceToken("fake-1", new.uri))
    await finished(service, fuse, at, lambda: carried_out(service, proposal))
    assert [token.serial for token in (await service.ping()).tokens] == ["fake-2"]
    assert await service.unwrap(DATA) == keys
    assert await labels(service.tokens[0]) == []
    await pairs_hang_together(service)
    numbers = [statement.number for statement in await service.statements(0)]
    assert numbers == list(range(1, len(numbers) + 1))
    await service.close()


@given(st.lists(st.integers(1, 120), max_size=5))
@settings(max_examples=20, deadline=None)
async def test_a_rotation_of_the_seal_killed_anywhere_is_finished(at: list[int]) -> None:
    fuse, clock = Fuse(), ManualClock(NOW)
    service = FakeKeyService(clock=clock, custodians=CUSTODIANS)
    fuse.laid(service)
    second = service.plug_in(Fragile("fake-2", fuse))
    await service.make(["seal.1"])
    await carried_out(service, await agree(service, EnrolToken(second.uri)))
    await signed_by(service, 3)
    proposal = await agree(service, RotateSeal())
    clock.advance(WAIT)
    await finished(service, fuse, at, lambda: carried_out(service, proposal))
    await service.ping()
    assert await labels(service.tokens[0]) == await labels(second) == ["seal.2"]
    assert (await signed_by(service, 4, 3)).name == "seal.2"
    await pairs_hang_together(service)
    assert [(each.name, each.missing) for each in (await service.keys()).destroyed] == [("seal.1", [])]
    await service.close()


@given(st.lists(st.integers(1, 80), max_size=5))
@settings(max_examples=20, deadline=None)
async def test_a_destruction_killed_anywhere_is_finished_and_certified(at: list[int]) -> None:
    fuse, clock = Fuse(), ManualClock(NOW)
    service = FakeKeyService(clock=clock, custodians=CUSTODIANS)
    fuse.laid(service)
    second = service.plug_in(Fragile("fake-2", fuse))
    await service.make(["seal.1", "work.2026-10"])
    await carried_out(service, await agree(service, EnrolToken(second.uri)))
    clock.advance(timedelta(days=7))
    await finished(service, fuse, at, lambda: service.destroy_lawful(["work.2026-10"]))
    assert await labels(service.tokens[0]) == await labels(second) == ["seal.1"]
    *_, last = await service.destroy_lawful(["work.2026-10"])
    assert last.note.splitlines()[4:7] == ["name work.2026-10", "confirmed fake-1", "confirmed fake-2"]
    await service.close()
