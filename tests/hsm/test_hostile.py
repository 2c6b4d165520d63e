"""A token that answers anything at any call, delays, hangs and crashes: afterwards it works, and nothing is done twice."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from daemon.errors import IntegrityError, JukuraError, StateError
from hsm import ckr, known, selftest
from hsm.ckr import Cure
from hsm.orders import Derive, Destroy, Done, MakePair, MakeSecret, Public, Sign, Value
from hsm.token import Token
from tests.hsm.hostile.control import FUNCTIONS, USED, Fault, Hostile, Kind, answer, hostile
from tests.hsm.kit import folder, token_in
from tests.hsm.tokens import made_in

DEADLINE = 1.0  # seconds, of a call
LITTLE = 0.75  # seconds over it that a busy machine may take
BACK = 2.0  # seconds, until it answers after the fault has ended
OF_A_CLASS = {cure: sorted(name for name in ckr.NUMBERS if ckr.cure(name) is cure) for cure in Cure}
DIGEST = sha256(b"what is signed").digest()


@dataclass
class Desk:
    """A token behind the hostile module that is open and has a secret and a pair."""

    token: Token
    hostile: Hostile
    value: bytes = b""
    public: bytes = b""

    async def answers(self) -> None:
        """Wait until it does what it did before, but no longer than BACK."""
        async with asyncio.timeout(BACK + LITTLE):
            while True:
                try:
                    assert (await self.token.call(Derive("live.1", b"a"), Value)).value == self.value
                    verify(self.public, (await self.token.call(Sign("seal.1", DIGEST), Value)).value)
                except StateError:
                    await asyncio.sleep(0.02)
                else:
                    return


@asynccontextmanager
async def opened(state: Path, control: Hostile) -> AsyncIterator[Token]:
    token = token_in(
        state,
        create=False,
        module=control.module,
        environ=control.environ,
        deadline=DEADLINE,
        open_deadline=2.0,
    )
    try:
        async with asyncio.timeout(10):
            while token.pid is None:
                try:
                    await token.opened()
                except StateError:
                    await asyncio.sleep(0.02)
        yield token
    finally:
        await token.close()


@asynccontextmanager
async def prepared() -> AsyncIterator[Desk]:
    with folder() as state, hostile(state) as control:
        made_in(state)
        async with opened(state, control) as token:
            desk = Desk(token, control)
            await token.call(MakeSecret("live.1"), Done)
            await token.call(MakePair("seal.1"), Done)
            desk.value = (await token.call(Derive("live.1", b"a"), Value)).value
            desk.public = (await token.call(Public("seal.1"), Value)).value
            yield desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with prepared() as desk:
        yield desk


def verify(public: bytes, signature: bytes) -> None:
    key = load_der_public_key(public)
    assert isinstance(key, EllipticCurvePublicKey)
    key.verify(signature, DIGEST, ECDSA(Prehashed(SHA256())))


async def timed(desk: Desk, work: Awaitable[object]) -> JukuraError | None:
    """How `work` failed, if it did; it has to end within its deadline whatever the token does."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        await work
    except JukuraError as error:
        failed: JukuraError | None = error
    else:
        failed = None
    assert loop.time() - started < DEADLINE + LITTLE
    return failed


async def kill(desk: Desk) -> None:
    """Have the token opened anew."""
    assert desk.token.pid is not None
    os.kill(desk.token.pid, 9)


OPENING = frozenset(USED[: USED.index("GetAttributeValue")])
FATAL_AT_LOGIN = [name for name in OF_A_CLASS[Cure.FATAL] if name not in ckr.PIN_REFUSED]


@pytest.mark.parametrize("cure", Cure)
async def test_after_any_answer_at_any_call_it_works_again(desk: Desk, cure: Cure) -> None:
    for number, function in enumerate(USED):
        codes = FATAL_AT_LOGIN if cure is Cure.FATAL else OF_A_CLASS[cure]
        fault = answer(codes[number % len(codes)])
        desk.hostile.order(function, fault, times=2)
        if function in OPENING:
            await kill(desk)
        for work in (
            desk.token.call(Derive("live.1", b"a"), Value),
            desk.token.call(Sign("seal.1", DIGEST), Value),
            desk.token.call(MakeSecret(f"store.{number + 1}"), Done),
            desk.token.call(Destroy(f"store.{number + 1}"), Done),
        ):
            await timed(desk, work)
        desk.hostile.behave()
        await desk.answers()


@pytest.mark.parametrize("kind", [Kind.HANG, Kind.ABORT, Kind.EXIT], ids=lambda kind: kind.name.lower())
async def test_after_a_hang_or_a_crash_at_any_call_it_works_again(desk: Desk, kind: Kind) -> None:
    for function in ("Initialize", "Login", "FindObjects", "SignInit", "Sign", "GenerateKey"):
        desk.hostile.order(function, Fault(kind))
        if function in OPENING:
            await kill(desk)
        await timed(desk, desk.token.call(Derive("live.1", b"a"), Value))
        await timed(desk, desk.token.call(MakeSecret(f"store.{FUNCTIONS.index(function)}"), Done))
        await desk.answers()


@pytest.mark.parametrize("cure", [Cure.RETRY, Cure.LOGIN, Cure.REINITIALISE])
async def test_what_the_worker_cures_nobody_sees(desk: Desk, cure: Cure) -> None:
    pid = desk.token.pid
    for name in OF_A_CLASS[cure]:
        session = await desk.token.opened()
        desk.hostile.order("SignInit", answer(name))
        assert (await desk.token.call(Derive("live.1", b"a"), Value)).value == desk.value
        assert desk.token.pid == pid
        # Another session is looked at anew by whoever knows the keys.
        assert (await desk.token.opened() is session) == (cure is Cure.RETRY)
        desk.hostile.behave()


@pytest.mark.parametrize("cure", [Cure.RETRY, Cure.LOGIN, Cure.REINITIALISE])
async def test_the_worker_cures_once_and_then_reports(desk: Desk, cure: Cure) -> None:
    pid = desk.token.pid
    desk.hostile.order("SignInit", answer(OF_A_CLASS[cure][-1]), times=2)
    error = await timed(desk, desk.token.call(Derive("live.1", b"a"), Value))
    assert error is not None
    assert (error.code, error.field) == ("hsm.token_away", f"CKR_{OF_A_CLASS[cure][-1]}")
    await desk.answers()
    assert desk.token.pid != pid


async def test_what_cannot_be_carried_out_is_refused_and_costs_nothing(desk: Desk) -> None:
    pid = desk.token.pid
    for name in OF_A_CLASS[Cure.FATAL]:
        desk.hostile.order("SignInit", answer(name))
        error = await timed(desk, desk.token.call(Sign("seal.1", DIGEST), Value))
        assert error is not None
        assert (error.code, error.field) == ("hsm.token_refuses", f"CKR_{name}")
        verify(desk.public, (await desk.token.call(Sign("seal.1", DIGEST), Value)).value)
        desk.hostile.behave()
    assert desk.token.pid == pid


@pytest.mark.parametrize("name", ["GENERAL_ERROR", "HOST_MEMORY", "0x80000001", "0x777"])
async def test_what_leaves_the_module_in_doubt_costs_the_worker_its_life(desk: Desk, name: str) -> None:
    pid = desk.token.pid
    desk.hostile.order("SignInit", answer(name))
    error = await timed(desk, desk.token.call(Derive("live.1", b"a"), Value))
    assert error is not None
    assert (error.code, error.field) == ("hsm.token_away", f"CKR_{name}")
    await desk.answers()
    assert desk.token.pid != pid


async def test_a_call_that_is_slow_but_in_time_costs_nothing(desk: Desk) -> None:
    pid = desk.token.pid
    desk.hostile.order("Sign", Fault(Kind.SLEEP, 300))
    assert (await desk.token.call(Derive("live.1", b"a"), Value)).value == desk.value
    assert desk.token.pid == pid


@pytest.mark.parametrize(
    "fault", [answer("DEVICE_ERROR", after=True), Fault(Kind.ABORT, after=True)], ids=["fails", "aborts"]
)
@pytest.mark.parametrize("function", ["GenerateKey", "GenerateKeyPair"])
async def test_what_was_made_although_it_failed_is_not_made_twice(
    desk: Desk, function: str, fault: Fault
) -> None:
    desk.hostile.order(function, fault)
    order = MakeSecret("store.1") if function == "GenerateKey" else MakePair("form.1")
    made = desk.hostile.count(function)
    while await timed(desk, desk.token.call(order, Done)) is not None:
        await desk.answers()
    assert desk.hostile.count(function) == made + 1
    if isinstance(order, MakeSecret):
        await desk.token.call(Derive("store.1", b"a"), Value)
    else:
        await desk.token.call(Sign("form.1", DIGEST), Value)


async def test_a_request_for_a_signature_gets_one_at_most_and_none_is_made_behind_its_back(
    desk: Desk,
) -> None:
    signed = desk.hostile.count("Sign")
    desk.hostile.order("Sign", Fault(Kind.HANG, after=True), nth=2)  # the first call asks for the length
    error = await timed(desk, desk.token.call(Sign("seal.1", DIGEST), Value))
    assert error is not None
    await asyncio.sleep(1)
    tests_of_the_token = 4  # known answers when it was opened anew
    assert desk.hostile.count("Sign") <= signed + 2 + tests_of_the_token


@pytest.mark.parametrize("where", ["machine", "token"])
async def test_what_computes_wrongly_is_never_used(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setattr(known, "HMAC", [(text, bytes(32)) for text, _ in known.HMAC])
    if where == "token":
        monkeypatch.setattr(selftest, "software", lambda: None)
    with folder() as state, hostile(state) as control:
        made_in(state)
        token = token_in(state, create=False, module=control.module, environ=control.environ)
        try:
            for _ in range(3):
                with pytest.raises(IntegrityError) as caught:
                    await token.opened()
                assert caught.value.code == "hsm.selftest_failed"
                assert caught.value.field == {"machine": "hmac", "token": "token hmac"}[where]
                await asyncio.sleep(0.4)
            assert control.count("Login") == (where == "token")
        finally:
            await token.close()
