"""Bad days of the worker and its token, over a real SoftHSM: killed, hanging, away, the wrong one."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hsm import softhsm
from hsm.orders import Check, Derive, Done, Labels, MakeSecret, Names, Value
from hsm.protocol import SignatureKind
from hsm.token import Token
from hsm.uri import parse
from tests.hsm.kit import LABEL, MODULE, folder
from tests.hsm.tokens import (
    answering,
    gone,
    kill,
    opened,
    pid_of,
    refused,
    run_outside,
    until_gone,
)


@pytest.fixture
def state() -> Iterator[Path]:
    with folder() as path:
        yield path


@pytest.fixture
async def token(state: Path) -> AsyncIterator[Token]:
    async with opened(state) as token:
        yield token


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
    async with opened(state, deadline=0.6) as token:
        await answering(token, within=5)
        pid = await pid_of(token)
        os.kill(pid, signal.SIGSTOP)
        started = asyncio.get_running_loop().time()
        error = await refused(token)
        assert (error.code, error.field) == ("hsm.token_away", "deadline")
        assert 0.5 < asyncio.get_running_loop().time() - started < 1.5
        await until_gone(pid)
        await answering(token)


async def test_a_call_behind_one_that_hangs_keeps_its_own_time(state: Path) -> None:
    async with opened(state, deadline=1.0) as token:
        await answering(token, within=5)
        os.kill(await pid_of(token), signal.SIGSTOP)
        first = asyncio.gather(refused(token))
        await asyncio.sleep(0.5)
        started = asyncio.get_running_loop().time()
        await token.call(Check(), Done)  # its turn comes when the first one's worker was replaced
        assert asyncio.get_running_loop().time() - started < 1.3
        assert [error.code for error in await first] == ["hsm.token_away"]


async def test_a_cancelled_call_does_not_leave_its_reply_to_the_next(token: Token) -> None:
    await token.call(MakeSecret("live.1"), Done)
    expected = await token.call(Derive("live.1", b"b"), Value)
    pid = await pid_of(token)
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await token.call(Derive("live.1", b"a"), Value)
    os.kill(pid, signal.SIGCONT)
    assert await token.call(Derive("live.1", b"b"), Value) == expected
    assert token.pid == pid  # it is not the worker's fault


async def test_an_order_that_nobody_waits_for_any_more_is_not_begun(token: Token) -> None:
    pid = await pid_of(token)
    os.kill(pid, signal.SIGSTOP)
    waits = [asyncio.create_task(token.call(order, Done)) for order in (Check(), MakeSecret("live.1"))]  # noqa: TID251
    await asyncio.sleep(0.1)
    for each in waits:
        each.cancel()
    await asyncio.wait(waits)
    os.kill(pid, signal.SIGCONT)
    assert (await token.call(Labels(), Names)).names == []


async def test_a_token_folder_moved_away_is_away_and_is_found_again(state: Path, token: Token) -> None:
    await token.call(MakeSecret("live.1"), Done)
    before = await token.call(Derive("live.1", b"a"), Value)
    softhsm.token_folder(state).rename(state / "moved")
    codes = set()
    for _ in range(4):
        codes.add((await refused(token)).code)
        await asyncio.sleep(0.3)
    assert codes == {"hsm.token_away"}
    assert not softhsm.token_folder(state).exists()  # nothing was made in its place
    (state / "moved").rename(softhsm.token_folder(state))
    await answering(token)
    assert await token.call(Derive("live.1", b"a"), Value) == before


async def test_calls_are_refused_at_once_while_it_is_away(state: Path, token: Token) -> None:
    await token.opened()
    softhsm.token_folder(state).rename(state / "moved")
    await refused(token)
    await refused(token)
    for _ in range(20):
        started = asyncio.get_running_loop().time()
        await refused(token)
        assert asyncio.get_running_loop().time() - started < 0.02
        await asyncio.sleep(0.05)


async def test_a_loss_is_seen_without_a_call(state: Path, token: Token) -> None:
    await token.opened()
    pids = [token.pid]
    softhsm.token_folder(state).rename(state / "moved")
    await asyncio.sleep(1.8)
    pids.append(token.pid)
    (state / "moved").rename(softhsm.token_folder(state))
    await asyncio.sleep(1.8)
    pids.append(token.pid)
    assert [pid is None for pid in pids] == [False, True, False]


async def test_a_session_is_the_same_object_as_long_as_it_lasts(token: Token) -> None:
    sessions = [await token.opened()]
    await token.call(MakeSecret("live.1"), Done)
    sessions.append(await token.opened())
    await kill(token)
    sessions.append(await token.opened())
    assert [each is sessions[0] for each in sessions] == [True, True, False]


async def test_it_says_which_token_it_is(token: Token) -> None:
    found = await token.opened()
    assert (found.label, found.signature, found.min_pin, found.max_pin) == (
        LABEL, SignatureKind.ECDSA_P256, 4, 255,
    )  # fmt: skip
    assert "SoftHSM" in found.model
    assert token.label == LABEL
    assert parse(token.uri).criteria == {"token": LABEL}


async def test_a_token_that_is_lost_is_not_made_anew(state: Path, token: Token) -> None:
    await token.opened()
    (inside,) = softhsm.token_folder(state).iterdir()
    inside.rename(state / "lost")
    await kill(token)
    error = await refused(token)
    assert error.code == "hsm.token_count"
    assert re.fullmatch(r"matching=0; there: slot \d+ not initialised", error.field)
    assert list(softhsm.token_folder(state).iterdir()) == []


async def test_none_and_two_tokens_are_not_opened(state: Path) -> None:
    serials = []
    for label in ("first", "second"):
        async with opened(state, criteria={"token": label}, create=True) as each:
            serials.append((await each.opened()).serial)
    for criteria, count in (({"token": "third"}, 0), ({"model": "SoftHSM v2"}, 2)):
        async with opened(state, criteria=criteria, create=False) as token:
            error = await refused(token)
            assert error.code == "hsm.token_count"
            assert error.field.startswith(f"matching={count}; there: ")
            for shown in (f"first (serial {serials[0]})", f"second (serial {serials[1]})", "not initialised"):
                assert shown in error.field
    async with opened(state, criteria={"serial": serials[1]}, create=False) as token:
        assert (await token.opened()).label == "second"


async def test_another_token_in_the_place_of_the_first_is_not_taken(state: Path, token: Token) -> None:
    await token.opened()
    softhsm.token_folder(state).rename(state / "moved")
    async with opened(state, create=True) as other:
        await other.opened()
    await asyncio.sleep(1.5)  # its heartbeat has seen it
    assert (await refused(token)).code == "hsm.token_foreign"
    assert token.pid is None


async def test_a_first_start_that_was_interrupted_leaves_nothing_in_the_way(state: Path) -> None:
    softhsm.configure(state)
    softhsm.token_folder(state).mkdir()
    run_outside(
        state,
        "from hsm.pkcs.library import Library\n"
        f"library = Library({MODULE!r})\n"
        "blank, = library.entries()\n"
        f"library.functions.init_token(int(blank.facts.slot), b'0123456789', {LABEL!r})\n",
    )
    async with opened(state, create=True) as token:
        await token.call(Check(), Done)


async def test_closing_ends_the_worker(token: Token) -> None:
    pid = await pid_of(token)
    await token.close()
    assert gone(pid)


async def test_closing_ends_a_worker_that_hangs(token: Token) -> None:
    pid = await pid_of(token)
    os.kill(pid, signal.SIGSTOP)
    await token.close()
    assert gone(pid)
