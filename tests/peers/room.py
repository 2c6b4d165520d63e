"""A listener for municipalities with nothing behind it: what it takes, and what it writes down."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
from msgspec import Struct

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.clock import ManualClock
from daemon.config import Files, Limits
from daemon.contract.endpoint import Empty, Endpoint
from daemon.errors import ConflictError, StateError, TooFastError
from daemon.peers.desk import PeerDesk
from daemon.peers.kind import municipalities
from daemon.peers.records import Write
from daemon.peers.server import PeerServer
from daemon.peers.trust import Trust
from daemon.register.rows import Register
from daemon.rehearsal.pki import PEER_NAMES, Pki
from daemon.rehearsal.tls import client_context

NOW = datetime.now(UTC)  # noqa: TID251 - TLS reads the real clock
NAME = PEER_NAMES[Register.HONNIN]
A, B = "35203", "35201"


class Said(Struct, frozen=True, forbid_unknown_fields=True):
    text: str = ""
    number: int = 0


SAY = Endpoint("POST", "/v1/say", Said, Said)
ASK = Endpoint("GET", "/v1/ask", Said, Said)
POUR = Endpoint("POST", "/v1/pour", Empty, Said, stream=True)


@dataclass
class Room:
    """A served listener."""

    pki: Pki
    files: Files
    clock: ManualClock
    port: int = 0
    written: list[Act] = field(default_factory=list)
    busy: bool = False
    sealed: bool = False
    lines: list[bytes] = field(default_factory=list)
    gate: asyncio.Event | None = None
    """Acts wait for it, if it is there."""
    server: PeerServer | None = None
    unwritable: bool = False

    @property
    def peers(self) -> PeerServer:
        assert self.server is not None
        return self.server

    def desk(self) -> PeerDesk:
        if self.sealed:
            raise StateError("state.sealed")
        return PeerDesk({SAY: self.say, ASK: self.say}, {POUR: self.pour}, admit=self.admit)

    def admit(self, _: Endpoint) -> None:
        if self.busy:
            raise TooFastError("peer.busy", after=1.0)

    async def say(self, sender: str, said: Said) -> Said:
        if self.gate is not None:
            await self.gate.wait()
        if said.text == "no":
            raise ConflictError("notice.id_reused")
        if said.text == "break":
            raise RuntimeError("住民　太郎")
        return Said(f"{sender} {said.text}", said.number)

    async def pour(self, sender: str, lines: AsyncIterator[bytes]) -> Said:
        async for line in lines:
            self.lines.append(line)
            if self.gate is not None:
                await self.gate.wait()
        return Said(sender, len(self.lines))

    async def write(self, act: Act) -> None:
        if self.unwritable:
            raise StateError("store.cannot_write")
        self.written.append(act)

    def acts(self, action: Action) -> list[Act]:
        return [act for act in self.written if act.action is action]

    async def until(self, action: Action, count: int = 1) -> list[Act]:
        async with asyncio.timeout(10):
            while len(self.acts(action)) < count:
                await asyncio.sleep(0.02)
        return self.acts(action)

    def context(self, code: str = A) -> ssl.SSLContext:
        return client_context(self.pki.municipality(code), self.pki.register_ca)

    @asynccontextmanager
    async def caller(self, code: str = A) -> AsyncIterator[aiohttp.ClientSession]:
        """One municipality, with connections that stay."""
        connector = aiohttp.TCPConnector(ssl=self.context(code))
        async with aiohttp.ClientSession(f"https://127.0.0.1:{self.port}", connector=connector) as session:
            yield session

    async def open(self, code: str = A) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A bare line, its handshake done."""
        return await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.context(code), server_hostname=NAME
        )


async def ask(
    session: aiohttp.ClientSession,
    endpoint: Endpoint = SAY,
    body: Any = b"{}",
    *,
    headers: Mapping[str, str] | None = None,
    path: str = "",
) -> tuple[int, dict[str, Any], Mapping[str, str]]:
    """Status, answer and headers."""
    typed = {"Content-Type": "application/x-ndjson" if endpoint.stream else "application/json"}
    async with session.request(
        endpoint.method,
        path or endpoint.path,
        data=None if endpoint.method == "GET" else body,
        headers={**typed, **(headers or {})},
        server_hostname=NAME,
    ) as answer:
        return answer.status, json.loads(await answer.read()), answer.headers


LIMITS = Limits()


@asynccontextmanager
async def served(
    pki: Pki,
    limits: Limits = LIMITS,
    *,
    files: Files | None = None,
    endpoints: tuple[Endpoint, ...] = (SAY, ASK, POUR),
    desk: Callable[[], PeerDesk] | None = None,
    write: Write | None = None,
) -> AsyncIterator[Room]:
    pair = pki.register_server(Register.HONNIN)
    files = files or Files(certificate=pair.cert, key=pair.key, ca=pki.municipality_ca)
    room = Room(pki, files, ManualClock(NOW))
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(256)
    listening.setblocking(False)  # noqa: FBT003
    room.port = listening.getsockname()[1]
    room.server = PeerServer(
        municipalities([A, B], endpoints),
        desk=desk or room.desk,
        trust=Trust(files, room.clock.now),
        limits=limits,
        write=write or room.write,
        clock=room.clock,
    )
    await room.server.start(listening)
    try:
        yield room
    finally:
        await room.server.stop()
        listening.close()
