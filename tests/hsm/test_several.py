"""Several tokens: one takes over from another, and each catches up with what it missed."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from daemon.clock import ManualClock
from daemon.errors import StateError
from hsm.fake import FakeKeyService
from hsm.orders import Destroy, Order
from hsm.process import R
from hsm.protocol import (
    Alarm,
    RotateSeal,
)
from hsm.softtoken import SoftToken
from tests.hsm.kit import CUSTODIANS, agree, carried_out, grown
from tests.hsm.several import DATA, NAMES, NOW, WAIT, labels, lacking, pairs_hang_together, signed_by


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def two(clock: ManualClock) -> AsyncIterator[FakeKeyService]:
    service = FakeKeyService(clock=clock, tokens=2, custodians=CUSTODIANS)
    yield service
    await service.close()


async def test_a_key_lies_in_every_token_and_each_alone_serves(two: FakeKeyService) -> None:
    await two.make(NAMES)
    keys = await two.unwrap(DATA)
    assert await labels(two.tokens[0]) == await labels(two.tokens[1]) == sorted(NAMES)
    assert {tuple(key.tokens) for key in (await two.keys()).keys} == {("fake-1", "fake-2")}
    for gone, left in ((0, "fake-2"), (1, "fake-1")):
        two.tokens[gone].away = True
        assert await two.unwrap(DATA) == keys
        pong = await two.ping()
        assert pong.token
        assert [token.serial for token in pong.tokens if token.active] == [left]
        assert (await signed_by(two, 5 + gone, 5 if gone else 0)).serial == left
        two.tokens[gone].away = False
    for token in two.tokens:
        token.away = True
    with pytest.raises(StateError, match=r"hsm\.token_away"):
        await two.unwrap(DATA)
    assert not (await two.ping()).token
    assert (await two.keys()).keys


async def test_the_next_takes_over_within_the_request(two: FakeKeyService) -> None:
    class Breaks(SoftToken):
        async def call(self, order: Order, reply: type[R]) -> R:
            if self._secrets:
                self.away = True
            return await super().call(order, reply)

    await two.make(["live.1", "seal.1"])
    keys = await two.unwrap(["live.1"])
    two.tokens[0].__class__ = Breaks
    assert await two.unwrap(["live.1"]) == keys
    two.tokens[0].__class__ = SoftToken
    two.tokens[0].away = False
    two.tokens[0].__class__ = Breaks
    assert (await signed_by(two, 5)).serial == "fake-2"


async def test_what_is_made_while_one_is_away_is_brought_to_it(two: FakeKeyService) -> None:
    await two.make(["live.1", "seal.1"])
    two.tokens[1].away = True
    await two.make(["live.2", "store.1"])
    assert await lacking(two) == [0, 2]
    assert Alarm.TOKEN_LACKS in (await two.ping()).alarms
    keys = await two.unwrap(["live.1", "live.2", "store.1"])
    two.tokens[1].away = False
    assert await lacking(two) == [0, 0]
    two.tokens[0].away = True
    assert await two.unwrap(["live.1", "live.2", "store.1"]) == keys


async def test_the_one_that_lacks_nothing_serves_first(two: FakeKeyService) -> None:
    await two.make(["live.1", "seal.1"])
    rack = two._handler._vault.rack
    two.tokens[0].away = True
    await two.make(["live.2"])
    assert [each.serial for each in rack.ranked(two.store.inventory())] == ["fake-2", "fake-1"]
    two.tokens[0].away = False
    await two.ping()
    assert [each.serial for each in rack.ranked(two.store.inventory())] == ["fake-1", "fake-2"]


async def test_each_may_lack_what_the_other_has(two: FakeKeyService) -> None:
    await two.make(["seal.1"])
    two.tokens[1].away = True
    await two.make(["live.1"])
    first = await two.unwrap(["live.1"])
    two.tokens[0].away, two.tokens[1].away = True, False
    with pytest.raises(StateError, match=r"hsm\.token_away"):
        await two.unwrap(["live.1"])
    await two.make(["live.2"])
    second = await two.unwrap(["live.2"])
    two.tokens[0].away = False
    assert await lacking(two) == [0, 0]
    for gone in two.tokens:
        gone.away = True
        assert await two.unwrap(["live.1", "live.2"]) == first | second
        gone.away = False


async def test_a_secret_that_vanished_from_a_token_is_brought_again(two: FakeKeyService) -> None:
    await two.make(NAMES)
    keys = await two.unwrap(DATA)
    two.tokens[0]._secrets.clear()
    two.tokens[0]._pairs.clear()
    two.tokens[0].away = False  # met anew
    assert await lacking(two) == [0, 0]
    two.tokens[1].away = True
    assert await two.unwrap(DATA) == keys
    pairs = await pairs_hang_together(two)
    assert [pair.serial for pair in pairs] == ["fake-1", "fake-2", "fake-1"]
    assert (await signed_by(two, 3)) == pairs[2]


async def test_a_key_destroyed_while_a_token_is_away_dies_in_it_when_it_returns(
    two: FakeKeyService, clock: ManualClock
) -> None:
    await two.make(["seal.1", "work.2026-10"])
    two.tokens[1].away = True
    clock.advance(timedelta(days=7))
    (partial,) = await two.destroy_lawful(["work.2026-10"])
    assert partial.note.splitlines()[4:7] == ["name work.2026-10", "confirmed fake-1", "missing fake-2"]
    assert Alarm.DESTRUCTION_PARTIAL in (await two.ping()).alarms
    (gone,) = (await two.keys()).destroyed
    assert (gone.confirmed, gone.missing) == (["fake-1"], ["fake-2"])
    assert "work.2026-10" in two.tokens[1]._secrets
    two.tokens[1].away = False
    assert Alarm.DESTRUCTION_PARTIAL not in (await two.ping()).alarms
    assert await labels(two.tokens[1]) == ["seal.1"]
    *_, complete = await two.statements(0)
    assert complete.note.splitlines()[4:7] == ["name work.2026-10", "confirmed fake-1", "confirmed fake-2"]


async def test_a_token_restored_from_before_loses_its_destroyed_keys_again(
    two: FakeKeyService, clock: ManualClock
) -> None:
    await two.make(["seal.1", "work.2026-10"])
    before = dict(two.tokens[1]._secrets)
    clock.advance(timedelta(days=7))
    await two.destroy_lawful(["work.2026-10"])
    told = len(await two.statements(0))
    two.tokens[1]._secrets.update(before)
    two.tokens[1].away = False
    await two.ping()
    assert await labels(two.tokens[1]) == ["seal.1"]
    assert len(await two.statements(0)) == told + 1


async def test_a_seal_rotates_in_both_and_the_old_private_keys_die(
    two: FakeKeyService, clock: ManualClock
) -> None:
    await two.make(["seal.1", "live.1"])
    old = await signed_by(two, 3)
    proposal = await agree(two, RotateSeal())
    clock.advance(WAIT)
    await carried_out(two, proposal)
    assert await labels(two.tokens[0]) == await labels(two.tokens[1]) == ["live.1", "seal.2"]
    new = await signed_by(two, 4, 3)
    assert (old.name, new.name) == ("seal.1", "seal.2")
    names = [(pair.name, pair.serial) for pair in await pairs_hang_together(two)]
    assert names == [(f"seal.{number}", f"fake-{token}") for number in (1, 2) for token in (1, 2)]
    assert [each.name for each in (await two.keys()).destroyed] == ["seal.1"]
    assert {key.name for key in (await two.keys()).keys} == {"live.1", "seal.2"}


async def test_what_was_signed_last_is_signed_anew_when_its_pair_is_gone(
    two: FakeKeyService, clock: ManualClock
) -> None:
    await two.make(["seal.1"])
    before = await two.sign_checkpoint(grown(3))
    assert await two.sign_checkpoint(grown(3)) == before
    proposal = await agree(two, RotateSeal())
    clock.advance(WAIT)
    await carried_out(two, proposal)
    assert (await signed_by(two, 3)).name == "seal.2"


@pytest.mark.parametrize("returns_alone", [False, True])
async def test_a_token_that_was_away_gets_the_new_seal_before_it_loses_the_old(
    two: FakeKeyService, clock: ManualClock, *, returns_alone: bool
) -> None:
    await two.make(["seal.1"])
    await signed_by(two, 3)
    two.tokens[1].away = True
    proposal = await agree(two, RotateSeal())
    clock.advance(WAIT)
    await carried_out(two, proposal)
    two.tokens[0].away, two.tokens[1].away = returns_alone, False
    await two.ping()
    assert await labels(two.tokens[1]) == ["seal.2"]
    two.tokens[0].away = True
    new = await signed_by(two, 4, 3)
    assert (new.name, new.serial) == ("seal.2", "fake-2")
    await pairs_hang_together(two)


async def test_a_token_that_returns_in_the_midst_of_a_rotation_keeps_its_old_seal_until_it_has_the_new(
    two: FakeKeyService, clock: ManualClock
) -> None:
    class Rouses(SoftToken):
        """Brings the other back when it has made its new pair, and is then gone itself."""

        async def call(self, order: Order, reply: type[R]) -> R:
            two.tokens[1].away &= isinstance(order, Destroy)
            if isinstance(order, Destroy):
                self.away = True
            return await super().call(order, reply)

    await two.make(["seal.1"])
    proposal = await agree(two, RotateSeal())
    clock.advance(WAIT)
    two.tokens[1].away = True
    await two.ping()
    two.tokens[0].__class__ = Rouses
    await carried_out(two, proposal)
    assert (two.tokens[0].away, two.tokens[1].away) == (True, False)
    new = await signed_by(two, 4)
    assert (new.name, new.serial) == ("seal.2", "fake-2")
    await pairs_hang_together(two)


async def test_a_token_that_lost_its_seal_signs_nothing_until_another_vouches_for_its_new_one(
    two: FakeKeyService,
) -> None:
    await two.make(["seal.1", "live.1"])
    two.tokens[0].away = True
    two.tokens[1]._pairs.clear()
    two.tokens[1].away = False
    await two.ping()
    calls = two.tokens[1].calls
    assert (await two.ping()).tokens[1].lacking == 1
    assert two.tokens[1].calls == calls, "its new pair is made once"
    with pytest.raises(StateError, match=r"hsm\.token_away"):
        await two.sign_checkpoint(grown(3))
    assert await two.unwrap(["live.1"])
    two.tokens[0].away = False
    assert await lacking(two) == [0, 0]
    assert len(await pairs_hang_together(two)) == 3
