"""Bad days of the worker and its token, over a real SoftHSM: killed, hanging, away, wrong PIN, wrong token."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from daemon.clock import ManualClock
from daemon.errors import IntegrityError, StateError
from hsm import softhsm
from hsm.orders import Check, Derive, Destroy, Done, Labels, MakePair, MakeSecret, Names, Public, Sign, Value
from hsm.token import RETRY, Token
from tests.hsm.kit import LABEL, MODULE, PIN, Eager, folder, token_in

DIGEST = sha256(b"what is signed").digest()


@pytest.fixture
def state() -> Iterator[Path]:
    with folder() as path:
        yield path


@pytest.fixture
async def token(state: Path) -> AsyncIterator[Token]:
    token = token_in(state)
    yield token
    await token.close()


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def until_gone(pid: int) -> None:
    for _ in range(500):
        if gone(pid):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(pid)


async def kill(token: Token) -> None:
    """Kill its worker from outside, and wait until the news has reached the token: its exit, and its pipe's end."""
    worker = token._worker
    assert worker is not None
    os.kill(worker.pid, signal.SIGKILL)
    await until_gone(worker.pid)
    for _ in range(500):
        if not worker.alive():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(worker.pid)


async def refused(token: Token) -> StateError:
    with pytest.raises(StateError) as caught:
        await token.call(Check(), Done)
    return caught.value


async def pid_of(token: Token) -> int:
    await token.opened()
    assert token.pid is not None
    return token.pid


async def test_a_secret_derives_the_same_for_the_same_input_only(token: Token) -> None:
    for label in ("live.1", "live.2"):
        await token.call(MakeSecret(label), Done)
    values = [
        (await token.call(Derive(label, data), Value)).value
        for label, data in (("live.1", b"a"), ("live.1", b"a"), ("live.1", b"b"), ("live.2", b"a"))
    ]
    assert {len(value) for value in values} == {32}
    assert (values[0] == values[1], len(set(values))) == (True, 3)


async def test_making_again_keeps_what_is_there(token: Token) -> None:
    await token.call(MakeSecret("live.1"), Done)
    await token.call(MakePair("seal.1"), Done)
    before = await token.call(Derive("live.1", b"a"), Value), await token.call(Public("seal.1"), Value)
    await token.call(MakeSecret("live.1"), Done)
    await token.call(MakePair("seal.1"), Done)
    assert (
        await token.call(Derive("live.1", b"a"), Value),
        await token.call(Public("seal.1"), Value),
    ) == before


async def test_a_pair_signs_and_verifies_outside(token: Token) -> None:
    await token.call(MakePair("seal.1"), Done)
    public = load_der_public_key((await token.call(Public("seal.1"), Value)).value)
    assert isinstance(public, EllipticCurvePublicKey)
    assert isinstance(public.curve, SECP256R1)
    for _ in range(20):  # r and s of every length
        signature = (await token.call(Sign("seal.1", DIGEST), Value)).value
        public.verify(signature, DIGEST, ECDSA(Prehashed(SHA256())))


async def test_what_is_destroyed_is_gone(token: Token) -> None:
    await token.call(MakeSecret("live.1"), Done)
    await token.call(MakePair("seal.1"), Done)
    assert (await token.call(Labels(), Names)).names == ["live.1", "seal.1"]
    await token.call(Destroy("live.1"), Done)
    await token.call(Destroy("seal.1"), Done)
    await token.call(Destroy("seal.1"), Done)
    assert (await token.call(Labels(), Names)).names == []
    with pytest.raises(StateError) as caught:
        await token.call(Derive("live.1", b"a"), Value)
    assert (caught.value.code, caught.value.field) == ("hsm.key_not_in_token", "live.1")


async def test_a_worker_killed_between_calls_is_replaced_unnoticed(token: Token) -> None:
    await token.call(MakeSecret("live.1"), Done)
    before = await token.call(Derive("live.1", b"a"), Value)
    for _ in range(2):
        pid = await pid_of(token)
        await kill(token)
        assert await token.call(Derive("live.1", b"a"), Value) == before
        assert token.pid != pid


async def test_a_worker_killed_during_a_call_fails_that_call_and_no_other(token: Token) -> None:
    pid = await pid_of(token)
    os.kill(pid, signal.SIGSTOP)
    call = asyncio.gather(refused(token))
    await asyncio.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    assert [error.code for error in await call] == ["hsm.token_away"]
    assert await pid_of(token) != pid
    await token.call(Check(), Done)


async def test_a_worker_that_hangs_is_killed_at_its_deadline_and_replaced(state: Path) -> None:
    token = token_in(state, deadline=0.6)
    pid = await pid_of(token)
    os.kill(pid, signal.SIGSTOP)
    started = asyncio.get_running_loop().time()
    assert (await refused(token)).code == "hsm.token_away"
    assert 0.5 < asyncio.get_running_loop().time() - started < 3
    await until_gone(pid)
    await token.call(Check(), Done)
    await token.close()


async def test_a_cancelled_call_does_not_leave_its_reply_to_the_next(token: Token) -> None:
    await token.call(MakeSecret("live.1"), Done)
    expected = await token.call(Derive("live.1", b"b"), Value)
    pid = await pid_of(token)
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await token.call(Derive("live.1", b"a"), Value)
    assert await token.call(Derive("live.1", b"b"), Value) == expected
    await until_gone(pid)


async def test_a_token_folder_moved_away_is_away_and_is_found_again(state: Path, token: Token) -> None:
    await token.call(MakeSecret("live.1"), Done)
    before = await token.call(Derive("live.1", b"a"), Value)
    softhsm.token_folder(state).rename(state / "moved")
    codes = set()
    for _ in range(4):
        codes.add((await refused(token)).code)
    assert codes == {"hsm.token_away"}
    assert not softhsm.token_folder(state).exists()  # nothing was made in its place
    (state / "moved").rename(softhsm.token_folder(state))
    assert await token.call(Derive("live.1", b"a"), Value) == before


async def test_a_token_that_is_lost_is_not_made_anew(state: Path, token: Token) -> None:
    await token.opened()
    (inside,) = softhsm.token_folder(state).iterdir()
    inside.rename(state / "lost")
    await kill(token)
    error = await refused(token)
    assert (error.code, error.field) == ("hsm.token_count", "matching=0")
    assert list(softhsm.token_folder(state).iterdir()) == []


async def test_starts_are_half_a_second_apart(state: Path) -> None:
    clock = ManualClock(datetime(2026, 7, 1, tzinfo=UTC))
    token = token_in(state, clock=clock)
    await token.opened()
    await kill(token)
    for _ in range(3):
        assert (await refused(token)).code == "hsm.token_away"
        assert token.pid is None
    clock.advance(timedelta(seconds=RETRY))
    await token.call(Check(), Done)
    assert token.pid is not None
    await token.close()


async def test_a_wrong_pin_is_tried_once(state: Path) -> None:
    right = token_in(state)
    await right.opened()
    await right.close()
    clock = Eager()
    wrong = token_in(state, create=False, pin=b"not the pin", clock=clock)
    assert (await refused(wrong)).code == "hsm.pin_wrong"
    for _ in range(3):
        looked = clock.monotonic()
        assert (await refused(wrong)).code == "hsm.pin_wrong"
        assert clock.monotonic() == looked + 1  # no start was even thought of
    await wrong.close()
    again = token_in(state, create=False)
    await again.call(Check(), Done)
    await again.close()


async def test_none_and_two_tokens_are_not_opened(state: Path) -> None:
    for label in ("first", "second"):
        each = token_in(state, criteria={"token": label})
        await each.opened()
        await each.close()
    for criteria, count in (({"token": "third"}, 0), ({"model": "SoftHSM v2"}, 2)):
        token = token_in(state, criteria=criteria, create=False)
        error = await refused(token)
        assert (error.code, error.field) == ("hsm.token_count", f"matching={count}")
        await token.close()


async def test_another_token_in_the_place_of_the_first_is_not_taken(state: Path, token: Token) -> None:
    await token.opened()
    softhsm.token_folder(state).rename(state / "moved")
    other = token_in(state)
    await other.opened()
    await other.close()
    await kill(token)
    assert (await refused(token)).code == "hsm.token_foreign"


async def test_a_first_start_that_was_interrupted_leaves_nothing_in_the_way(
    state: Path, token: Token
) -> None:
    await token.close()
    code = f"from hsm.softhsm import init_token; init_token({MODULE!r}, {LABEL!r}, b'0123456789')"
    run_outside(state, code)
    await token.call(Check(), Done)


PLANTED = {
    "extractable": "SENSITIVE: False, Attribute.EXTRACTABLE: True",
    "brought in": "SENSITIVE: True, Attribute.EXTRACTABLE: False",
}


@pytest.mark.parametrize("attributes", PLANTED.values(), ids=PLANTED)
async def test_a_key_that_is_or_was_outside_is_not_used(state: Path, token: Token, attributes: str) -> None:
    await token.opened()
    run_outside(
        state,
        "import pkcs11, sys\n"
        "from pkcs11 import Attribute, KeyType, ObjectClass\n"
        f"token = pkcs11.lib({MODULE!r}).get_token(token_label={LABEL!r})\n"
        "with token.open(rw=True, user_pin=sys.stdin.read()) as session:\n"
        "    session.create_object({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.SIGN: True,\n"
        "        Attribute.KEY_TYPE: KeyType.GENERIC_SECRET, Attribute.VALUE: bytes(range(32)),\n"
        "        Attribute.LABEL: 'live.1', Attribute.TOKEN: True, Attribute.PRIVATE: True,\n"
        f"        Attribute.{attributes}}})\n",
    )
    for order in (MakeSecret("live.1"), Derive("live.1", b"a")):
        with pytest.raises(IntegrityError) as caught:
            await token.call(order, Done)
        assert (caught.value.code, caught.value.field) == ("hsm.key_extractable", "live.1")


async def test_closing_ends_the_worker(token: Token) -> None:
    pid = await pid_of(token)
    await token.close()
    assert gone(pid)


async def test_closing_ends_a_worker_that_hangs(token: Token) -> None:
    pid = await pid_of(token)
    os.kill(pid, signal.SIGSTOP)
    await token.close()
    assert gone(pid)


def run_outside(state: Path, code: str) -> None:
    """Run `code` in a process of its own, which may load the module; the PIN is its standard input."""
    environ = os.environ | {"SOFTHSM2_CONF": str(state / "softhsm2.conf")}
    subprocess.run([sys.executable, "-c", code], input=PIN, env=environ, check=True, timeout=20)
