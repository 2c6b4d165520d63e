"""What the tests of the key service share: a SoftHSM token in a temporary folder, and the service around it."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from daemon.clock import Clock, SystemClock
from daemon.contract.merkle import leaf_hash, node_hash, root_of
from daemon.tasks import Tasks
from hsm import policy, softhsm
from hsm.cli import WORKER
from hsm.handler import Handler
from hsm.keystore import Keystore
from hsm.orders import Open
from hsm.pin import PinSource
from hsm.protocol import SignCheckpoint
from hsm.supervisor import Supervisor
from hsm.token import Token
from hsm.vault import Vault

MODULE = next(
    str(path)
    for path in (Path("/usr/lib/softhsm/libsofthsm2.so"), *Path("/usr/lib").glob("*/softhsm/libsofthsm2.so"))
    if path.exists()
)
LABEL = "jukura-test"
PIN = secrets.token_hex(12).encode()
ME = 1000
"""The uid that the tests' own connections are taken for: the tests may run as root, who is always refused."""


class Eager(SystemClock):
    """A clock on which every look is a second after the last, so that nobody waits between two starts."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def monotonic(self) -> float:
        self._seconds += 1
        return self._seconds


def admit_all(_: socket.socket) -> int:
    return ME


def token_in(
    state: Path,
    *,
    pin: bytes = PIN,
    criteria: dict[str, str] | None = None,
    create: bool = True,
    clock: Clock | None = None,
    deadline: float = 5.0,
) -> Token:
    """A token of SoftHSM in `state`, made on first use."""
    conf = softhsm.configure(state)
    if create:
        softhsm.token_folder(state).mkdir(exist_ok=True)
    environ = {"PATH": os.environ["PATH"], "SOFTHSM2_CONF": str(conf)}
    opening = Open(module=MODULE, criteria={"token": LABEL} if criteria is None else criteria, create=create)
    return Token(WORKER, environ, opening, lambda: pin, clock or Eager(), deadline=deadline)


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder in memory, where there is such a place: SoftHSM rewrites each file a dozen times."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as name:
        yield Path(name)


@dataclass
class Service:
    """A key service that runs in this process, with its worker as a real one."""

    path: Path
    token: Token
    store: Keystore
    stop: Callable[[], Awaitable[None]]


def listening_at(path: Path) -> socket.socket:
    """A listening unix socket, as a service manager hands one in."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()
    listening.setblocking(False)  # noqa: FBT003 - the socket module's own form
    return listening


@asynccontextmanager
async def running(
    listening: socket.socket,
    handler: Handler,
    *,
    admit: Callable[[socket.socket], int] = admit_all,
    idle: float = 600.0,
    stage: float = 3.0,
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """A supervisor of `handler`; gives the way to stop it before its time."""
    supervisor = Supervisor(listening, handler, admit, idle=idle, stage=stage)
    ask, tasks = asyncio.Event(), Tasks()
    task = tasks.start(supervisor.run(ask), name="supervisor")

    async def stop() -> None:
        ask.set()
        async with asyncio.timeout(20):
            await task

    try:
        yield stop
    finally:
        await stop()


@asynccontextmanager
async def served(
    state: Path, *, token: Token | None = None, request_deadline: float = 9.0
) -> AsyncIterator[Service]:
    """The real service over SoftHSM on a socket in `state`."""
    path, store = state / "keys", Keystore(state / "keys.db")
    token = token or token_in(state, create=not store.tokens())
    vault = Vault("honnin", token, store, SystemClock(), settle=softhsm.Settle(softhsm.token_folder(state)))
    at_rest = partial(policy.at_rest, PinSource.FILE, MODULE)
    handler = Handler("honnin", vault, at_rest, deadline=request_deadline)
    async with running(listening_at(path), handler) as stop:
        yield Service(path, token, store, stop)


def grown(leaves: int, *, since: int = 0) -> SignCheckpoint:
    """A request for the tree of the first `leaves` numbers, with the proof from `since` of them."""
    hashes = [leaf_hash(str(number).encode()) for number in range(leaves)]
    steps = proof(since, hashes) if 0 < since < leaves else []
    return SignCheckpoint(key="seal.1", epoch=1, size=leaves, root=root_of(hashes), proof=steps)


def proof(size: int, hashes: list[bytes], *, whole: bool = True) -> list[bytes]:
    """The consistency proof as RFC 9162 §2.1.4.1 defines it, by recursion over all leaves."""
    count = len(hashes)
    if size == count:
        return [] if whole else [naive_root(hashes)]
    split = 1 << ((count - 1).bit_length() - 1)
    if size <= split:
        return [*proof(size, hashes[:split], whole=whole), naive_root(hashes[split:])]
    return [*proof(size - split, hashes[split:], whole=False), naive_root(hashes[:split])]


def naive_root(hashes: list[bytes]) -> bytes:
    """The root as RFC 9162 §2.1.1 defines it, by recursion."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    return node_hash(naive_root(hashes[:split]), naive_root(hashes[split:]))
