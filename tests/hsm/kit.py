"""What the tests of the key service share: a SoftHSM token in a temporary folder, and the service around it."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from daemon.clock import Clock, SystemClock
from daemon.contract.merkle import leaf_hash, node_hash, root_of
from daemon.tasks import Tasks
from hsm import softhsm
from hsm.cli import WORKER
from hsm.client import KeyService
from hsm.files import Files
from hsm.handler import Handler
from hsm.keystore import Keystore
from hsm.pinmark import PinMark
from hsm.protocol import Custodian, Deed, Proposal, SignCheckpoint
from hsm.rack import Rack
from hsm.supervisor import Q, Serving, Supervisor
from hsm.timekeeper import Timekeeper
from hsm.token import KeyToken, Token
from hsm.uri import TokenUri, parse
from hsm.vault import Vault

MODULE = next(
    str(path)
    for path in (Path("/usr/lib/softhsm/libsofthsm2.so"), *Path("/usr/lib").glob("*/softhsm/libsofthsm2.so"))
    if path.exists()
)
LABEL = "jukura-test"
PIN = secrets.token_hex(12).encode()
URI = f"pkcs11:token={LABEL}?module-path={MODULE}"
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
    pin: bytes | Callable[[], bytes | None] = PIN,
    criteria: dict[str, str] | None = None,
    create: bool = True,
    clock: Clock | None = None,
    deadline: float = 5.0,
    open_deadline: float = 8.0,
    marks: dict[str, bytes] | None = None,
    module: str = MODULE,
    environ: Mapping[str, str] | None = None,
    command: Sequence[str] = WORKER,
) -> Token:
    """A token of SoftHSM in `state`, made on first use; or of `module`. `marks` is where those of PINs are kept."""
    conf = softhsm.configure(state)
    if create:
        softhsm.token_folder(state).mkdir(exist_ok=True)
    given = {"PATH": os.environ["PATH"], "SOFTHSM2_CONF": str(conf), **(environ or {})}
    uri = TokenUri(module, {"token": LABEL} if criteria is None else criteria)
    mark = mark_in({} if marks is None else marks)
    return Token(
        command,
        given,
        uri,
        pin if callable(pin) else lambda: pin,
        mark,
        clock=clock or SystemClock(),
        create=create,
        deadline=deadline,
        open_deadline=open_deadline,
    )


def mark_in(marks: dict[str, bytes]) -> PinMark:
    """The marks of PINs, kept in `marks`."""

    def keep(name: str, value: bytes | None) -> None:
        if value is None:
            marks.pop(name, None)
        else:
            marks[name] = value

    return PinMark(marks.get, keep, os.urandom)


def token_at(state: Path, uri: str) -> Token:
    """The token at a URI, among those of SoftHSM in `state`."""
    return token_in(state, criteria=dict(parse(uri).criteria), create=False)


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder in memory, where there is such a place: SoftHSM rewrites each file a dozen times."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as name:
        yield Path(name)


class Holder:
    """A custodian with the private key in memory, where a real one has a card."""

    def __init__(self, ident: str) -> None:
        self.id = ident
        self._key = generate_private_key(SECP256R1())
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.custodian = Custodian(id=ident, name=f"鍵管理者 {ident}", public=public)

    def sign(self, text: str) -> bytes:
        """This custodian's signature over a proposal's text."""
        return self._key.sign(text.encode(), ECDSA(SHA256()))


HOLDERS = tuple(Holder(ident) for ident in ("sato", "suzuki", "takahashi"))
CUSTODIANS = tuple(holder.custodian for holder in HOLDERS)


async def consent(service: KeyService, proposal: Proposal, holder: Holder) -> Proposal:
    """A custodian signs a proposal."""
    return await service.sign_proposal(proposal.id, holder.id, holder.sign(proposal.text))


async def agree(service: KeyService, deed: Deed, *holders: Holder) -> Proposal:
    """A proposal of `deed` that two custodians (or `holders`) have signed; it may have to wait yet."""
    proposal = await service.propose(deed)
    for holder in holders or HOLDERS[:2]:
        proposal = await consent(service, proposal, holder)
    return proposal


async def carried_out(service: KeyService, proposal: Proposal) -> Proposal:
    """A ripe proposal, carried out to its end."""
    while proposal.done is None:
        proposal = await service.carry_out(proposal.id)
    return proposal


@dataclass
class Service:
    """A key service that runs in this process, with its worker as a real one."""

    path: Path
    token: Token
    store: Keystore
    stop: Callable[[], Awaitable[None]]


def vault_over(
    store: Keystore,
    open_token: Callable[[str], KeyToken],
    home: str,
    *,
    register: str = "honnin",
    clock: Clock | None = None,
    settle: Callable[[], None] = lambda: None,
) -> Vault:
    """A vault of tokens that `open_token` gives by URI; the one at `home` is enrolled by itself."""
    files, keeper = Files(store, settle), Timekeeper(clock or SystemClock(), store.clock.get())
    return Vault(register, files, Rack(files, open_token, home, keeper.now), keeper)


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
    handler: Serving[Q],
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
    state: Path,
    *,
    token: Token | None = None,
    clock: Clock | None = None,
    custodians: Sequence[Custodian] = (),
    request_deadline: float = 9.0,
) -> AsyncIterator[Service]:
    """The real service over SoftHSM, or over `token`, on a socket in `state`."""
    path, store = state / "keys", Keystore(state / "keys.db")
    store.custodians.replace(custodians)
    first = token or token_in(state, create=not store.tokens.all())
    home = token.uri if token else URI
    settle = softhsm.Settle(softhsm.token_folder(state))
    vault = vault_over(
        store, lambda uri: first if uri == home else token_at(state, uri), home, clock=clock, settle=settle
    )
    handler = Handler("honnin", vault, lambda _: "unprotected", deadline=request_deadline)
    async with running(listening_at(path), handler) as stop:
        yield Service(path, first, store, stop)


def grown(leaves: int, *, since: int = 0) -> SignCheckpoint:
    """A request for the tree of the first `leaves` numbers, with the proof from `since` of them."""
    hashes = [leaf_hash(str(number).encode()) for number in range(leaves)]
    steps = proof(since, hashes) if 0 < since < leaves else []
    return SignCheckpoint(epoch=1, size=leaves, root=root_of(hashes), proof=steps)


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
