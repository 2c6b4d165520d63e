"""A wrong PIN is tried once, ever: over a token whose logins are counted, and processes that come and go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from daemon.errors import StateError
from hsm import pinmark, softhsm
from hsm.ckr import PIN_REFUSED
from hsm.orders import Derive, Done, MakeSecret, Value
from hsm.pinmark import MOST, Mark, State
from hsm.token import Token
from tests.hsm.hostile.control import Fault, Hostile, Kind, answer, hostile
from tests.hsm.kit import LABEL, PIN, folder, mark_in, token_in
from tests.hsm.tokens import made_in


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No scrypt: its slowness is not what is tested."""
    monkeypatch.setattr(pinmark, "_scrypt", lambda pin, salt: sha256(salt + pin).digest())


@dataclass
class Desk:
    """A token that exists already, and a PIN that can be changed while processes run."""

    state: Path
    token: Hostile
    marks: dict[str, bytes]
    pin: bytes | None = PIN

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Token]:
        token = token_in(
            self.state, create=False, pin=lambda: self.pin, marks=self.marks, module=self.token.module,
            environ=self.token.environ, deadline=2.0, open_deadline=2.0,
        )  # fmt: skip
        try:
            yield token
        finally:
            await token.close()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    with folder() as state, hostile(state) as control:
        softhsm.configure(state)
        made_in(state)
        yield Desk(state, control, {})


async def code(token: Token) -> str:
    try:
        await token.opened()
    except StateError as error:
        return error.code
    return ""


async def becomes(token: Token, wanted: str, *, within: float = 2.0) -> None:
    async with asyncio.timeout(within):
        while await code(token) != wanted:
            await asyncio.sleep(0.02)


async def test_a_wrong_pin_is_tried_once_by_all_processes_together(desk: Desk) -> None:
    desk.pin = b"not the pin"
    for _ in range(2):
        async with desk.opened() as token:
            assert await code(token) == "hsm.pin_wrong"
            await asyncio.sleep(0.8)
            assert await code(token) == "hsm.pin_wrong"
    assert desk.token.count("Login") == 1


async def test_the_right_pin_opens_it_without_a_restart(desk: Desk) -> None:
    desk.pin = b"not the pin"
    async with desk.opened() as token:
        assert await code(token) == "hsm.pin_wrong"
        desk.pin = PIN
        await becomes(token, "")
    assert desk.token.count("Login") == 2


async def test_a_pin_that_nobody_gave_yet_is_waited_for(desk: Desk) -> None:
    desk.pin = None
    async with desk.opened() as token:
        assert await code(token) == "hsm.pin_awaited"
        assert (desk.token.count("Login"), desk.marks) == (0, {})
        desk.pin = PIN
        await becomes(token, "")


async def test_custodians_let_it_be_tried_once_more(desk: Desk) -> None:
    desk.pin = b"not the pin"
    async with desk.opened() as token:
        for tries in (1, 2):
            await becomes(token, "hsm.pin_wrong")
            assert desk.token.count("Login") == tries
            mark_in(desk.marks).clear(LABEL)
            await asyncio.sleep(0.8)
        assert desk.token.count("Login") == 3


async def test_a_token_made_by_us_has_a_good_pin(desk: Desk) -> None:
    marks: dict[str, bytes] = {}
    token = token_in(desk.state, criteria={"token": "other"}, marks=marks)
    try:
        await token.opened()
    finally:
        await token.close()
    assert msgspec.msgpack.decode(marks["pin:other"], type=Mark).state is State.GOOD


@pytest.mark.parametrize("fault", [Fault(Kind.ABORT), Fault(Kind.HANG)], ids=["aborts", "hangs"])
async def test_a_login_without_an_outcome_is_tried_three_times_if_the_pin_was_good(
    desk: Desk, fault: Fault
) -> None:
    async with desk.opened() as token:
        await token.opened()
    desk.token.order("Login", fault, times=MOST - 1)
    async with desk.opened() as token:
        await becomes(token, "", within=20)
    assert desk.token.count("Login") == 1 + MOST
    desk.token.behave()
    desk.token.order("Login", Fault(Kind.EXIT), times=MOST)
    async with desk.opened() as token:
        await becomes(token, "hsm.pin_wrong", within=20)
        await asyncio.sleep(0.5)
    assert desk.token.count("Login") == 1 + MOST + MOST


async def test_a_login_that_fails_for_another_reason_says_nothing_of_the_pin(desk: Desk) -> None:
    desk.token.order("Login", answer("DEVICE_ERROR"), times=5)
    async with desk.opened() as token:
        assert await code(token) == "hsm.token_away"
        await becomes(token, "", within=10)
    assert desk.token.count("Login") == 6


async def test_a_pin_that_is_refused_when_logging_in_again_is_not_tried_a_second_time(desk: Desk) -> None:
    async with desk.opened() as token:
        await token.call(MakeSecret("live.1"), Done)
        desk.token.order("SignInit", answer("USER_NOT_LOGGED_IN"))
        desk.token.order("Login", answer("PIN_INCORRECT"))
        with pytest.raises(StateError) as caught:
            await token.call(Derive("live.1", b"a"), Value)
        assert caught.value.code == "hsm.pin_wrong"
        await becomes(token, "hsm.pin_wrong")
    async with desk.opened() as token:
        assert await code(token) == "hsm.pin_wrong"
    assert desk.token.count("Login") == 2


@pytest.mark.parametrize("name", sorted(PIN_REFUSED))
async def test_every_way_to_refuse_a_pin_is_believed(desk: Desk, name: str) -> None:
    desk.token.order("Login", answer(name), times=9)
    for _ in range(2):
        async with desk.opened() as token:
            assert await code(token) in ("hsm.pin_wrong", "hsm.pin_locked")
            await asyncio.sleep(0.3)
    assert desk.token.count("Login") == 1


FINAL_TRY, PIN_LOCKED, OWN_PAD = (
    0x20000,
    0x40000,
    0x100,
)  # CKF_USER_PIN_FINAL_TRY, _LOCKED, _PROTECTED_AUTHENTICATION_PATH


@pytest.mark.parametrize(("flag", "told"), [(FINAL_TRY, "hsm.pin_final_try"), (PIN_LOCKED, "hsm.pin_locked")])
async def test_a_token_on_its_last_try_is_not_logged_in_to(desk: Desk, flag: int, told: str) -> None:
    desk.token.show(flag)
    async with desk.opened() as token:
        assert await code(token) == told
        await asyncio.sleep(0.6)
        assert desk.token.count("Login") == 0
        desk.token.show(0)
        await becomes(token, "")
    desk.token.show(flag)  # that very PIN has opened it
    async with desk.opened() as token:
        assert await code(token) == ""


async def test_custodians_may_risk_the_last_try(desk: Desk) -> None:
    desk.token.show(FINAL_TRY)
    async with desk.opened() as token:
        assert await code(token) == "hsm.pin_final_try"
        mark_in(desk.marks).clear(LABEL)
        await becomes(token, "")


async def test_a_token_with_a_pad_of_its_own_needs_no_pin_from_us(desk: Desk) -> None:
    desk.pin = None
    desk.token.show(OWN_PAD)
    desk.token.enter(b"not the pin")
    async with desk.opened() as token:
        assert await code(token) == "hsm.pin_wrong"
        await asyncio.sleep(0.6)
        assert desk.token.count("Login") == 1
        desk.token.enter(PIN)
        mark_in(desk.marks).clear(LABEL)
        await becomes(token, "")
        assert await token.call(MakeSecret("live.1"), Done) == Done()
