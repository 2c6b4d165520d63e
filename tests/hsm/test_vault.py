"""Token and store together: what holds when one of them fails, lies, or comes back as another."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from daemon.clock import ManualClock
from daemon.contract.note import Checkpoint
from daemon.errors import IntegrityError, StateError
from hsm.fake import SoftToken
from hsm.handler import Handler
from hsm.keystore import Keystore
from hsm.orders import Derive, Done, Labels, MakeSecret, Names, Opened, Order, Sign, Value
from hsm.protocol import Keys, ListKeys, Made, Make, Refused, Request, Unwrap, Unwrapped
from hsm.token import R
from hsm.vault import Vault
from tests.hsm.kit import folder, grown

NOW = datetime(2026, 7, 1, tzinfo=UTC)


class BadToken(SoftToken):
    """A token that fails or lies on the orders named."""

    def __init__(self) -> None:
        super().__init__()
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


@pytest.fixture
async def vault(path: Path, token: BadToken) -> AsyncIterator[Vault]:
    vault = Vault("honnin", token, Keystore(path), ManualClock(NOW))
    yield vault
    await vault.close()


def handler(vault: Vault) -> Handler:
    return Handler("honnin", vault, lambda _: "unprotected")


def test_every_request_of_the_protocol_is_answered(vault: Vault) -> None:
    assert set(get_args(Request)) == set(handler(vault)._acts)


async def test_a_token_that_fails_midway_leaves_none_of_the_keys_and_a_retry_makes_all(
    vault: Vault, token: BadToken
) -> None:
    service = handler(vault)
    token.failing, token.name = Derive, "live.2"
    request = Make(["live.1", "live.2", "live.3"])
    assert await service.answer(request) == Refused(code="hsm.token_away", away=True)
    assert await service.answer(ListKeys()) == Keys([])
    token.failing = None
    assert await service.answer(request) == Made(request.names)
    assert isinstance(await service.answer(Unwrap(request.names)), Unwrapped)


async def test_nothing_is_kept_before_the_token_is_on_the_disk(path: Path, token: BadToken) -> None:
    def full() -> None:
        raise StateError("hsm.store_failed")

    vault = Vault("honnin", token, Keystore(path), ManualClock(NOW), settle=full)
    with pytest.raises(StateError, match=r"hsm\.store_failed"):
        await vault.make(["live.1"])
    assert vault.store.names() == frozenset()
    await vault.close()


async def test_a_key_is_stored_wrapped_only(path: Path, vault: Vault) -> None:
    await vault.make(["live.1"])
    key = (await vault.unwrap(["live.1"]))["live.1"]
    files = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert key not in files
    assert vault.store.wrapped("fake-1")["live.1"] in files


async def test_a_wrong_derivation_opens_nothing(vault: Vault, token: BadToken) -> None:
    await vault.make(["live.1"])
    token.lying = Derive
    with pytest.raises(IntegrityError) as caught:
        await vault.unwrap(["live.1"])
    assert (caught.value.code, caught.value.field) == ("hsm.wrapped_damaged", "live.1")


async def test_the_keys_of_one_register_do_not_open_for_the_other(path: Path, token: BadToken) -> None:
    first = Vault("honnin", token, Keystore(path), ManualClock(NOW))
    await first.make(["live.1"])
    await first.close()
    second = Vault("fuhyo", token, Keystore(path), ManualClock(NOW))
    with pytest.raises(IntegrityError, match=r"hsm\.wrapped_damaged"):
        await second.unwrap(["live.1"])
    await second.close()


async def test_a_false_signature_does_not_leave_and_is_not_witnessed(vault: Vault, token: BadToken) -> None:
    await vault.make(["seal.1"])
    token.lying = Sign
    assert await handler(vault).answer(grown(5)) == Refused(code="hsm.signature_false")
    assert vault.store.last_signed() is None
    token.lying = None
    assert (await vault.sign("seal.1", Checkpoint("jukura.jp/honnin/1", 5, grown(5).root))).count("—") == 1


async def test_a_signature_does_not_leave_where_it_cannot_be_witnessed(vault: Vault) -> None:
    await vault.make(["seal.1"])
    vault.store._db.execute("DROP TABLE witness")
    vault.store._db.execute(
        "CREATE VIEW witness AS SELECT 1 epoch, 0 size, x'00' root, '' key, '' note WHERE 0"
    )
    assert await handler(vault).answer(grown(5)) == Refused(code="hsm.store_failed", away=True)


async def test_a_token_that_was_not_enrolled_is_not_used(path: Path, token: BadToken) -> None:
    first = Vault("honnin", token, Keystore(path), ManualClock(NOW))
    await first.make(["live.1"])
    await first.close()
    other = SoftToken(serial="fake-2")
    second = Vault("honnin", other, Keystore(path), ManualClock(NOW))
    answer = await handler(second).answer(Unwrap(["live.1"]))
    assert answer == Refused(code="hsm.token_foreign", away=False)
    assert other.calls == 0
    await second.close()


async def test_a_destroyed_key_that_comes_back_with_its_token_is_destroyed_again(
    path: Path, token: BadToken
) -> None:
    first = Vault("honnin", token, Keystore(path), ManualClock(NOW))
    await first.make(["log.2018", "live.1"])
    first.store.bury("log.2018", NOW)
    await first.close()
    returned = Vault("honnin", token, Keystore(path), ManualClock(NOW))
    service = handler(returned)
    assert isinstance(await service.answer(Unwrap(["live.1"])), Unwrapped)
    assert (await token.call(Labels(), Names)).names == ["live.1"]
    for request in (Make(["log.2018"]), Unwrap(["log.2018"])):
        assert await service.answer(request) == Refused(code="hsm.key_destroyed", field="log.2018")
    await returned.close()


async def test_each_session_is_met_once(vault: Vault, token: BadToken) -> None:
    await vault.make(["live.1"])
    for _ in range(2):
        before = token.calls
        await vault.unwrap(["live.1"])
        assert token.calls == before + 1
    token._token = Opened(serial="fake-1", model="fake")  # a new session
    before = token.calls
    await vault.unwrap(["live.1"])
    assert token.calls == before + 2


async def test_a_secret_left_by_an_interrupted_make_is_taken_up(vault: Vault, token: BadToken) -> None:
    await token.call(MakeSecret("live.1"), Done)
    left = token._secrets["live.1"]
    await vault.make(["live.1"])
    assert token._secrets["live.1"] == left
