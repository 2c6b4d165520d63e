"""Token and store together: what holds when one of them fails, lies, or comes back as another."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from daemon.clock import ManualClock
from daemon.contract.note import Checkpoint
from daemon.errors import IntegrityError, StateError
from hsm.handler import Handler
from hsm.keystore import Keystore
from hsm.orders import Derive, Done, Labels, MakeSecret, Names, Order, Sign, Value
from hsm.process import R
from hsm.protocol import (
    DestroyLawful,
    Keys,
    ListKeys,
    Made,
    Make,
    Ping,
    Pong,
    Refused,
    Request,
    Statements,
    Unwrap,
    Unwrapped,
)
from hsm.softtoken import SoftToken
from hsm.vault import Vault
from tests.hsm.kit import folder, grown, vault_over

NOW = datetime(2026, 7, 1, tzinfo=UTC)


class BadToken(SoftToken):
    """A token that fails or lies on the orders named."""

    def __init__(self, serial: str = "fake-1") -> None:
        super().__init__(serial)
        self.failing: type[Order] | None = None
        self.lying: type[Order] | None = None
        self.name: str | None = None

    async def call(self, order: Order, reply: type[R]) -> R:
        answer = await super().call(order, reply)
        if self.failing and isinstance(order, self.failing) and getattr(order, "label", None) == self.name:
            raise StateError("hsm.token_away")
        if self.lying and isinstance(order, self.lying) and isinstance(answer, Value):
            wrong = Value(answer.value[:-1] + bytes([answer.value[-1] ^ 1]))
            assert isinstance(wrong, reply)
            return wrong
        return answer


@pytest.fixture
def path() -> Iterator[Path]:
    with folder() as state:
        yield state / "keys.db"


@pytest.fixture
def token() -> BadToken:
    return BadToken()


def opened(path: Path, token: SoftToken, *, register: str = "honnin") -> Vault:
    """A vault over one token, which is where it is looked for."""
    clock = ManualClock(NOW)
    return vault_over(Keystore(path), lambda _: token, "pkcs11:x", register=register, clock=clock)


@pytest.fixture
async def vault(path: Path, token: BadToken) -> AsyncIterator[Vault]:
    vault = opened(path, token)
    yield vault
    await vault.close()


def handler(vault: Vault) -> Handler:
    return Handler("honnin", vault, lambda _: "unprotected")


def test_every_request_of_the_protocol_is_answered(vault: Vault) -> None:
    assert set(get_args(Request)) == set(handler(vault).table)


async def test_a_token_that_fails_midway_leaves_none_of_the_keys_and_a_retry_makes_all(
    vault: Vault, token: BadToken
) -> None:
    service = handler(vault)
    token.failing, token.name = Derive, "live.2"
    request = Make(["live.1", "live.2", "live.3"])
    assert await service.answer(request) == Refused(code="hsm.token_away", away=True)
    assert await service.answer(ListKeys()) == Keys([], [], [])
    token.failing = None
    assert await service.answer(request) == Made(request.names)
    assert isinstance(await service.answer(Unwrap(request.names)), Unwrapped)


async def test_nothing_is_kept_before_the_token_is_on_the_disk(path: Path, token: BadToken) -> None:
    def full() -> None:
        raise StateError("hsm.store_failed")

    vault = vault_over(Keystore(path), lambda _: token, "pkcs11:x", settle=full)
    with pytest.raises(StateError, match=r"hsm\.store_failed"):
        await vault.make(["live.1"])
    assert vault.store.keys.names() == []
    await vault.close()


async def test_a_key_is_stored_wrapped_only(path: Path, vault: Vault) -> None:
    await vault.make(["live.1"])
    key = (await vault.unwrap(["live.1"], "0"))["live.1"]
    files = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert key not in files
    copy = vault.store.keys.wrapped("live.1", "fake-1")
    assert copy is not None
    assert copy in files


async def test_a_wrong_derivation_opens_nothing(vault: Vault, token: BadToken) -> None:
    await vault.make(["live.1"])
    token.lying = Derive
    with pytest.raises(IntegrityError) as caught:
        await vault.unwrap(["live.1"], "0")
    assert (caught.value.code, caught.value.field) == ("hsm.wrapped_damaged", "live.1")
    assert vault.store.keys.uses() == {}


class FlakyToken(BadToken):
    """A token of which every second derivation is false."""

    async def call(self, order: Order, reply: type[R]) -> R:
        self.lying = Derive if isinstance(order, Derive) and self.lying is None else None
        return await super().call(order, reply)


async def test_a_token_that_derives_now_this_and_now_that_wraps_no_key(path: Path) -> None:
    """Else the key would be lost, and that be found when it is needed."""
    vault = opened(path, FlakyToken())
    with pytest.raises(IntegrityError, match=r"hsm\.wrapped_damaged"):
        await vault.make(["live.1"])
    assert vault.store.keys.names() == []
    await vault.close()


async def test_the_keys_of_one_register_do_not_open_for_the_other(path: Path, token: BadToken) -> None:
    first = opened(path, token)
    await first.make(["live.1"])
    await first.close()
    second = opened(path, token, register="fuhyo")
    with pytest.raises(IntegrityError, match=r"hsm\.wrapped_damaged"):
        await second.unwrap(["live.1"], "0")
    await second.close()


async def test_a_false_signature_does_not_leave_and_is_not_witnessed(vault: Vault, token: BadToken) -> None:
    await vault.make(["seal.1"])
    token.lying = Sign
    assert await handler(vault).answer(grown(5)) == Refused(code="hsm.signature_false")
    assert vault.store.witness.last() is None
    token.lying = None
    signed, _ = await vault.notary.newest(
        "jukura.jp/honnin/1", Checkpoint("jukura.jp/honnin/1", 5, grown(5).root).text()
    )
    assert signed.count("—") == 1


async def test_a_signature_does_not_leave_where_it_cannot_be_witnessed(vault: Vault) -> None:
    await vault.make(["seal.1"])
    vault.store._db.run("DROP TABLE witness")
    vault.store._db.run("CREATE VIEW witness AS SELECT 1 epoch, 0 size, x'00' root, '' note, 0 pair WHERE 0")
    assert await handler(vault).answer(grown(5)) == Refused(code="hsm.store_failed", away=True)


async def test_a_certificate_that_cannot_be_signed_is_asked_for_again(vault: Vault, token: BadToken) -> None:
    await vault.make(["seal.1"])
    vault.store.keys.add("work.2026-04", NOW)
    service = handler(vault)
    token.failing, token.name = Sign, "seal.1"
    request = DestroyLawful(["work.2026-04"])
    assert await service.answer(request) == Refused(code="hsm.token_away", away=True)
    assert vault.store.graves.names() == {"work.2026-04"}
    token.failing = None
    answer = await service.answer(request)
    assert isinstance(answer, Statements)
    assert [each.kind for each in answer.statements] == ["destruction"]


async def test_a_token_that_was_not_enrolled_is_not_used(path: Path, token: BadToken) -> None:
    first = opened(path, token)
    await first.make(["live.1"])
    await first.close()
    other = SoftToken(serial="fake-2")
    second = opened(path, other)
    service = handler(second)
    answer = await service.answer(Unwrap(["live.1"]))
    assert answer == Refused(code="hsm.token_foreign", away=False)
    pong = await service.answer(Ping())
    assert isinstance(pong, Pong)
    assert not pong.token
    assert other.calls == 0
    await second.close()


async def test_a_token_that_stands_elsewhere_now_is_found_by_its_serial(path: Path, token: BadToken) -> None:
    first = vault_over(Keystore(path), lambda _: token, "pkcs11:old")
    await first.make(["live.1"])
    key = await first.unwrap(["live.1"], "0")
    await first.close()
    gone = SoftToken("gone")
    gone.away = True
    for home in ("pkcs11:new", "pkcs11:new"):
        moved = vault_over(Keystore(path), lambda uri: token if uri == "pkcs11:new" else gone, home)
        assert await handler(moved).upkeep.step() is False
        assert await moved.unwrap(["live.1"], "0") == key
        assert [row.uri for row in moved.store.tokens.all()] == ["pkcs11:new"]
        await moved.close()


async def test_another_token_at_the_configured_place_is_foreign_beside_the_one_we_know(
    path: Path, token: BadToken
) -> None:
    first = vault_over(Keystore(path), lambda _: token, "pkcs11:old")
    await first.make(["live.1"])
    await first.close()
    other = SoftToken("other")
    second = vault_over(Keystore(path), {"pkcs11:old": token, "pkcs11:new": other}.__getitem__, "pkcs11:new")
    await handler(second).upkeep.step()
    assert await second.unwrap(["live.1"], "0")
    assert [row.serial for row in second.store.tokens.all()] == ["fake-1"]
    assert other.calls == 0
    await second.close()


async def test_a_destroyed_key_that_comes_back_with_its_token_is_destroyed_again(
    path: Path, token: BadToken
) -> None:
    first = opened(path, token)
    await first.make(["live.1", "live.2"])
    first.store.graves.bury("live.1", NOW)
    first.store.keys.remove("live.1")
    await first.close()
    returned = opened(path, token)
    service = handler(returned)
    while await service.upkeep.step():
        pass
    assert (await token.call(Labels(), Names)).names == ["live.2"]
    for request in (Make(["live.1"]), Unwrap(["live.1"])):
        assert await service.answer(request) == Refused(code="hsm.key_destroyed", field="live.1")
    assert returned.store.graves.confirmed("live.1") == ["fake-1"]
    await returned.close()


async def test_each_session_is_met_once(vault: Vault, token: BadToken) -> None:
    await vault.make(["live.1"])
    for _ in range(2):
        before = token.calls
        await vault.unwrap(["live.1"], "0")
        assert token.calls == before + 1
    service = handler(vault)
    for _ in range(2):
        token.away = False  # a new session
        before = token.calls
        while await service.upkeep.step():
            pass
        await vault.unwrap(["live.1"], "0")
        assert token.calls == before + 2


async def test_nothing_goes_on_behind_the_requests_when_all_is_level(vault: Vault, token: BadToken) -> None:
    await vault.make(["live.1", "seal.1"])
    service = handler(vault)
    while await service.upkeep.step():
        pass
    before = token.calls
    for _ in range(5):
        assert await service.upkeep.step() is False
    assert token.calls == before


async def test_a_secret_left_by_an_interrupted_make_is_taken_up(vault: Vault, token: BadToken) -> None:
    await token.call(MakeSecret("live.1"), Done)
    left = token._secrets["live.1"]
    await vault.make(["live.1"])
    assert token._secrets["live.1"] == left
