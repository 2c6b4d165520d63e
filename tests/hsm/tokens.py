"""Tokens of SoftHSM as the tests of tokens hold, hurt and await them."""

import asyncio
import atexit
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import StateError
from hsm import softhsm
from hsm.orders import Check, Done
from hsm.token import Token
from tests.hsm.kit import LABEL, MODULE, PIN, folder, token_in

_MAKE = """
import sys
from hsm.orders import Create
from hsm.pkcs.making import create
create(Create(module=sys.argv[1], label=sys.argv[2], pin=sys.stdin.buffer.read()))
"""


@cache
def _template() -> Path:
    """A state with a token that was made once a run; kept in memory where there is such a place."""
    keeper = ExitStack()
    atexit.register(keeper.close)
    state = keeper.enter_context(folder())
    softhsm.token_folder(state).mkdir()
    environ = os.environ | {"SOFTHSM2_CONF": str(softhsm.configure(state))}
    subprocess.run(
        [sys.executable, "-c", _MAKE, MODULE, LABEL], input=PIN, env=environ, check=True, timeout=20
    )
    return state


def made_in(state: Path) -> None:
    """Put the token LABEL with its PIN into `state`, as if it had been made there."""
    shutil.copytree(softhsm.token_folder(_template()), softhsm.token_folder(state))


@asynccontextmanager
async def opened(state: Path, **options: Any) -> AsyncIterator[Token]:
    """A token, there already unless it is to be made, that is closed whatever happens."""
    if not (options.setdefault("create", False) or softhsm.token_folder(state).exists()):
        made_in(state)
    token = token_in(state, **options)
    try:
        yield token
    finally:
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
    session = token._attendant.session
    assert session is not None
    os.kill(session.worker.pid, signal.SIGKILL)
    await until_gone(session.worker.pid)
    for _ in range(500):
        if not session.worker.alive():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(session.worker.pid)


async def answering(token: Token, *, within: float = 2.0) -> None:
    """Wait until it answers again by itself, but no longer than it may take (issue 3: 2 s)."""
    async with asyncio.timeout(within):
        while True:
            try:
                await token.call(Check(), Done)
            except StateError:
                await asyncio.sleep(0.01)
            else:
                return


async def refused(token: Token) -> StateError:
    with pytest.raises(StateError) as caught:
        await token.call(Check(), Done)
    return caught.value


async def pid_of(token: Token) -> int:
    await token.opened()
    assert token.pid is not None
    return token.pid


def run_outside(state: Path, code: str) -> None:
    """Run `code` in a process of its own, which may load the module; the PIN is its standard input."""
    environ = os.environ | {"SOFTHSM2_CONF": str(state / "softhsm2.conf")}
    subprocess.run([sys.executable, "-c", code], input=PIN, env=environ, check=True, timeout=20)


def run_in_token(state: Path, code: str) -> None:
    """Run `code` as another program that knows the PIN would: with a `session`."""
    run_outside(
        state,
        "import pkcs11, sys\n"
        "from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass\n"
        f"token = pkcs11.lib({MODULE!r}).get_token(token_label={LABEL!r})\n"
        "with token.open(rw=True, user_pin=sys.stdin.read()) as session:\n"
        + "".join(f"    {line}\n" for line in code.splitlines()),
    )
