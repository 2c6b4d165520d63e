"""One municipality turns against a whole register (real TLS, real store, real notices) while another sends notices and an operator
searches: their answers stay right, their waits stay within a ratio of what they were in the same run, nothing of other
municipalities' people changes, and each refusal is in the log.
"""

import asyncio
import contextlib
import io
import resource
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import aiohttp
import msgspec
import pytest
from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.commands.caller import Caller
from daemon.config import Limits
from daemon.contract.codec import encode
from daemon.contract.peer import HonninNotice, NoticeBatch, Outcome, Verdicts
from daemon.register.rows import HonninRecord, Register
from daemon.rehearsal.pki import PEER_NAMES, Pki
from daemon.rehearsal.tls import client_context
from daemon.store.engine import Table
from tests.commands.inquiries.asking import query, search
from tests.commands.notices.test_holds import newest
from tests.commands.notices.test_notices import DAY, entries, notice
from tests.commands.reconciliation.comparing import person
from tests.conftest import Bench
from tests.peers.test_server import Line, served

ATTACKER, OTHER = "35203", "35201"
NAME = PEER_NAMES[Register.HONNIN]
ROUNDS = 25
LASTS = 2.0  # seconds of an attack, at least
WORST = 15
"""How many times longer the others may wait, who share loop and cores with server and attacker."""
LEAST = 0.02
"""Seconds: a wait shorter than this is not told apart from noise."""
GROWTH = 96 * 1024
"""KiB that the process may grow by, attackers' own buffers included; each attack sends, or pretends to send, much more or for ever."""
HEAD = b"POST /v1/notices HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
ADDRESS = "山口県下関市南部町１番１号"


def resident(number: int, **changes: Any) -> HonninRecord:
    """Somebody invented, a different one for each number."""
    record = person(Register.HONNIN, number, **changes)
    assert isinstance(record, HonninRecord)
    return record


VICTIM = resident(1, municipality=OTHER, address=ADDRESS)
OWN = resident(2)


@dataclass
class Scene:
    """A register, one who attacks it, and one who works with it."""

    line: Line
    operator: Caller
    refusals: list[str] = field(default_factory=list)
    """The codes that the attacker was told, in order."""
    number: int = 100

    @property
    def bench(self) -> Bench:
        return self.line.bench

    def context(self, code: str) -> ssl.SSLContext:
        return client_context(self.line.pki.municipality(code), self.line.pki.register_ca)

    @contextlib.asynccontextmanager
    async def session(self, code: str) -> AsyncIterator[aiohttp.ClientSession]:
        url = f"https://127.0.0.1:{self.line.port}"
        connector = aiohttp.TCPConnector(ssl=self.context(code))
        async with aiohttp.ClientSession(url, connector=connector) as made:
            yield made

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A bare line of the attacker."""
        context = self.context(ATTACKER)
        return await asyncio.open_connection("127.0.0.1", self.line.port, ssl=context, server_hostname=NAME)

    async def attack(self, session: aiohttp.ClientSession, *notices: HonninNotice) -> list[str]:
        """Post as the attacker; what it is told, kept too."""
        status, body = await post(session, encode(NoticeBatch(list(notices))))
        told = (
            [each.code or str(each.outcome) for each in decoded(body)] if status == 200 else [code_of(body)]
        )
        self.refusals += [code for code in told if "." in code]
        return told

    async def work(self, session: aiohttp.ClientSession) -> tuple[float, float]:
        """The other municipality registers somebody and the operator finds them: how long each took."""
        self.number += 1
        kana = "じゅうみん　" + "".join("かしつねのまみむめも"[int(digit)] for digit in str(self.number))
        record = resident(self.number, kana=kana, municipality=OTHER, address=ADDRESS)
        began = time.perf_counter()
        status, body = await post(session, encode(NoticeBatch([notice(f"w{self.number}", record)])))
        took = time.perf_counter() - began
        assert status == 200, body
        (verdict,) = decoded(body)
        assert (verdict.outcome, verdict.serial) == (Outcome.APPLIED, 1)
        began = time.perf_counter()
        found = await search(self.bench, self.operator, query(kana))
        waited = time.perf_counter() - began
        assert [hit.kana for hit in found.hits] == [kana]
        return took, waited

    async def waits(self, seconds: float = 0.0) -> tuple[float, float]:
        """Middle waits of the municipality and of the operator, over at least so long."""
        async with self.session(OTHER) as session:
            await self.work(session)
            took, until = list[tuple[float, float]](), time.perf_counter() + seconds
            while len(took) < ROUNDS or time.perf_counter() < until:
                took.append(await self.work(session))
        return median(one for one, _ in took), median(other for _, other in took)


def decoded(body: bytes) -> list[Any]:
    return msgspec.json.decode(body, type=Verdicts).verdicts


def code_of(body: bytes) -> str:
    return str(msgspec.json.decode(body)["code"])


async def post(session: aiohttp.ClientSession, body: bytes, **headers: str) -> tuple[int, bytes]:
    async with session.post(
        "/v1/notices",
        data=io.BytesIO(body),
        headers={"Content-Type": "application/json", **headers},
        server_hostname=NAME,
    ) as answer:
        return answer.status, await answer.read()


@pytest.fixture
async def scene(
    honnin: Bench, pki: Pki, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    """Both municipalities have somebody; buckets fill by the real clock's pace."""
    began = time.monotonic()
    monkeypatch.setattr(honnin.clock, "monotonic", lambda: time.monotonic() - began)
    limits = Limits(requests=50, requests_burst=100)
    object.__setattr__(
        honnin, "config", replace(honnin.config, peers=replace(honnin.config.peers, limits=limits))
    )
    for sender, record in ((OTHER, VICTIM), (ATTACKER, OWN)):
        (verdict,) = await honnin.open.notices.receive(sender, [notice("first", record)])
        assert verdict.outcome is Outcome.APPLIED
    async for line in served(honnin, pki, (ATTACKER, OTHER)):
        # The one who works is not what is measured against its own limits.
        line.server._lines._allowances[OTHER] = type(line.server._lines._allowance(OTHER))(
            Limits(requests=10_000)
        )
        yield Scene(line, caller)


Work = Callable[[], Awaitable[object]]


async def withstood(scene: Scene, work: Work, times: int) -> None:
    """`work` goes on, `times` at once, while the others are served; and none of their people are touched."""
    before = await newest(scene.bench, VICTIM.juminhyo_code), await newest(scene.bench, OWN.juminhyo_code)
    alone = await scene.waits()
    memory, over = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, asyncio.Event()

    async def forever() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError, aiohttp.ClientError, asyncio.IncompleteReadError):
                await work()
            await asyncio.sleep(0)

    async with asyncio.timeout(50), asyncio.TaskGroup() as group:
        for _ in range(times):
            group.create_task(forever())
        await asyncio.sleep(0.3)
        under = await scene.waits(LASTS)
        over.set()
    for name, one, other in zip(("notice", "search"), under, alone, strict=True):
        assert one < WORST * max(other, LEAST), (name, one, other)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < GROWTH
    after = await newest(scene.bench, VICTIM.juminhyo_code), await newest(scene.bench, OWN.juminhyo_code)
    assert after == before


async def refused(scene: Scene, action: Action) -> dict[str, int]:
    """Of the attacker's entries of one kind: how many communications each code stands for."""
    await scene.line.server._records.close()
    told: dict[str, int] = {}
    for entry in await entries(scene.bench):
        header = entry.header
        if header.action is action and header.actor in {f"CS:{ATTACKER}", "peer"} and header.code:
            told[header.code] = told.get(header.code, 0) + header.counts.get("times", 1)
    return told


def stolen(name: str, **changes: Any) -> HonninNotice:
    """About the other municipality's person."""
    return notice(name, replace(VICTIM, event_date=DAY, **changes))


async def test_other_peoples_codes(scene: Scene) -> None:
    """転居, 死亡, 消除, another code of theirs for somebody new, in the other's name and in its own."""
    lies = [
        {"reason": "23"},
        {"reason": "24"},
        {"reason": "31", "address": "山口県下関市南部町２番２号"},
        {"reason": "23", "municipality": ATTACKER},
        {"reason": "31", "municipality": ATTACKER, "address": "山口県山口市滝町２番２号"},
        {"reason": "13", "municipality": ATTACKER, "kojin_bango": ""},
    ]
    number = 0
    async with scene.session(ATTACKER) as session:

        async def lie() -> None:
            nonlocal number
            number += 1
            batch = [stolen(f"l{number}-{place}", **changes) for place, changes in enumerate(lies)]
            told = await scene.attack(session, *batch)
            assert not {"applied", "duplicate", "held"} & set(told)
            await asyncio.sleep(0.02)

        await withstood(scene, lie, 4)
    assert {"notice.wrong_sender", "reason.other_municipality", "reason.code_in_use"} <= set(scene.refusals)
    told = await refused(scene, Action.NOTICE_REFUSED)
    assert sum(told.values()) == len([code for code in scene.refusals if not code.startswith("peer.")])
    assert await scene.bench.open.engine.count(Table.HOLDS) == 0


async def test_replays(scene: Scene) -> None:
    """Its own notice over and over, and the other's word for word."""
    mine, theirs = notice("first", OWN), notice("first", VICTIM)
    said: set[str] = set()
    async with scene.session(ATTACKER) as session:

        async def replay() -> None:
            said.update(await scene.attack(session, mine, theirs, replace(mine, id="again")))
            await asyncio.sleep(0.02)

        await withstood(scene, replay, 4)
    assert said <= {"duplicate", "notice.wrong_sender", "peer.requests_over", "peer.in_flight_over"}
    assert {"duplicate", "notice.wrong_sender"} <= said
    duplicates = [e for e in await entries(scene.bench) if e.header.action is Action.NOTICE_DUPLICATE]
    assert {entry.header.actor for entry in duplicates} == {f"CS:{ATTACKER}"}
    assert (await refused(scene, Action.NOTICE_REFUSED))["notice.wrong_sender"] == scene.refusals.count(
        "notice.wrong_sender"
    )


async def test_any_number_of_tiny_requests(scene: Scene) -> None:
    asked = 0
    free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = [await scene.open() for _ in range(8)]

    async def flood() -> None:
        nonlocal asked
        reader, writer = line = free.pop()
        for _ in range(20):
            writer.write(HEAD + b"Content-Length: 2\r\n\r\n{}")
        await writer.drain()
        for _ in range(20):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split()[0])
            await reader.readexactly(length)
            asked += 1
        free.append(line)

    await withstood(scene, flood, 8)
    for _, writer in free:
        writer.transport.abort()
    received = await refused(scene, Action.PEER_RECEIVED)
    away = await refused(scene, Action.PEER_TURNED_AWAY)
    assert set(away) <= {"peer.requests_over", "peer.in_flight_over"}
    assert sum(received.values()) + sum(away.values()) >= asked > 150
    own = [e for e in await entries(scene.bench) if e.header.actor == f"CS:{ATTACKER}"]
    assert len(own) < asked, "the flood is summed up"


async def test_bodies_and_heads_that_drip(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.peers.bodies.BODY", 0.5)
    monkeypatch.setattr("daemon.peers.protocol.KEEP", 0.5)

    async def drip() -> None:
        reader, writer = await scene.open()
        try:
            writer.write(HEAD + b"Content-Length: 4000000\r\n\r\n")
            for _ in range(8):
                writer.write(b" ")
                await asyncio.sleep(0.1)
            answer = await reader.read(8192)
            scene.refusals += [code_of(answer.partition(b"\r\n\r\n")[2])] if answer else []
        finally:
            writer.transport.abort()

    await withstood(scene, drip, 20)
    assert "notice.body_late" in scene.refusals
    told = await refused(scene, Action.PEER_RECEIVED)
    assert told["notice.body_late"] >= scene.refusals.count("notice.body_late")
    over = await refused(scene, Action.HANDSHAKE_REFUSED)
    assert over["peer.connections_over"] > 0, "twenty at once are more than one may have"


async def test_bombs(scene: Scene) -> None:
    """Compressed, nested, and of as many objects as fit."""
    bombs = [
        (zlib.compress(b" " * 100_000_000, 9), {"Content-Encoding": "deflate"}, "peer.compressed"),
        (b'{"notices":' + b"[" * 200_000, {}, "json."),
        (b'{"notices":[' + b"{}," * 200_000 + b"{}]}", {}, "notice.too_many"),
        (b'{"notices":[' + b'{"id":"' + b"x" * 3_000_000 + b'"}]}', {}, ""),
    ]
    told: list[list[str]] = [[] for _ in bombs]
    turn = 0
    async with scene.session(ATTACKER) as session:

        async def throw() -> None:
            nonlocal turn
            turn += 1
            place = turn % len(bombs)
            body, headers, _ = bombs[place]
            status, answer = await post(session, body, **headers)
            code = decoded(answer)[0].code if status == 200 else code_of(answer)
            told[place].append(code)
            scene.refusals.append(code)
            await asyncio.sleep(0.05)

        await withstood(scene, throw, 2)
    for (_, _, code), came in zip(bombs, told, strict=True):
        assert [one for one in came if one.startswith(code) and not one.startswith("peer.requests")]
    recorded = await refused(scene, Action.PEER_RECEIVED)
    for code in ("peer.compressed", "notice.too_many"):
        assert recorded[code] >= scene.refusals.count(code) > 0
