"""The keyring: what is newest, what is forgotten, and what it asks its key service for."""

from collections.abc import AsyncIterator

import pytest

from daemon.clock import ManualClock
from daemon.crypto.keyring import Keyring, first_seal, load
from daemon.errors import StateError
from hsm.fake import FakeKeyService


@pytest.fixture
async def service(clock: ManualClock) -> AsyncIterator[FakeKeyService]:
    made = FakeKeyService("honnin", clock=clock)
    yield made
    await made.close()


def test_generations_are_numbers_not_words() -> None:
    ring = Keyring()
    ring.add({f"live.{number}": bytes(32) for number in (9, 10, 2)} | {"store.99": bytes(32)})
    assert ring.generations("live") == ["live.10", "live.9", "live.2"]
    assert ring.newest("live") == "live.10"
    ring.add({"live.11": bytes(32)})
    assert ring.newest("live") == "live.11"
    with pytest.raises(StateError, match=r"key\.not_loaded \(index\)"):
        ring.newest("index")


def test_what_is_forgotten_opens_nothing() -> None:
    ring = Keyring()
    ring.add({"live.1": bytes(32), "live.2": bytes(32)})
    ring.aead("live.2")
    ring.forget("live.2")
    ring.forget("live.3")
    assert (list(ring), ring.newest("live")) == (["live.1"], "live.1")
    for use in (ring.raw, ring.aead):
        with pytest.raises(StateError, match=r"key\.not_loaded"):
            use("live.2")


async def test_loading_makes_what_is_wanted_and_brings_in_whatever_there_is(service: FakeKeyService) -> None:
    ring = Keyring()
    assert await load(ring, service, ["live.1", "log.2026"]) == ["live.1", "log.2026"]
    await service.make(["live.2"])
    assert await load(ring, service, ["live.1", "store.1"]) == ["store.1"]
    assert set(ring) == {"live.1", "live.2", "log.2026", "store.1"}
    assert await load(Keyring(), service, ["live.1"]) == []


async def test_the_first_pair_is_made_once(service: FakeKeyService) -> None:
    assert await first_seal(service) == ["seal.1"]
    assert await first_seal(service) == []
