"""What is no handshake, or no whole body: each is in the log with its own code, and nothing comes of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from daemon.contract.peer import NOTICES
from daemon.rehearsal.certificates import Authority, Holder, Pair, Purpose
from daemon.rehearsal.pki import Pki
from daemon.rehearsal.tls import client_context
from daemon.store.engine import Table
from tests.commands.notices.test_notices import size
from tests.conftest import Bench
from tests.peers.test_decode import body, plain
from tests.peers.test_server import NOW, Line, received, served, until


@pytest.fixture
async def line(honnin: Bench, pki: Pki) -> AsyncIterator[Line]:
    async for made in served(honnin, pki):
        yield made


async def test_a_certificate_that_is_not_for_clients_is_turned_away_and_recorded(
    line: Line, pki: Pki, tmp_path: Path
) -> None:
    """Its authority is right, its name too, and it was made for a server."""
    authority = Authority(Pair(pki.municipality_ca, pki.municipality_ca.with_suffix(".key")), "x", now=NOW)
    holder = Holder("x", ["x.test"], ["urn:jukura:municipality:35203"], purpose=Purpose.SERVER)
    pair = authority.issue(Pair(tmp_path / "x.pem", tmp_path / "x.key"), holder, now=NOW)
    with pytest.raises(aiohttp.ClientError):
        await line.post(body(plain()), pair=pair)
    await until(line, 1)
    assert await line.refusals() == ["peer.certificate_refused"]


async def test_a_handshake_that_breaks_off_is_recorded(line: Line) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", line.port)
    writer.transport.abort()
    await until(line, 1)
    assert await line.refusals() == ["peer.handshake_broken"]


async def test_a_batch_that_breaks_off_is_recorded_and_nothing_of_it_is_taken(line: Line) -> None:
    context = client_context(line.pki.municipality("35203"), line.pki.register_ca)
    _, writer = await asyncio.open_connection(
        "127.0.0.1", line.port, ssl=context, server_hostname="honnin.jukura.test"
    )
    content = body(plain("n1"))
    head = f"POST {NOTICES.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content[:-1])
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.transport.abort()
    async with asyncio.timeout(5):
        while not await received(line):
            await asyncio.sleep(0.02)
    (entry,) = await received(line)
    assert (entry.header.code, entry.header.counts["bytes"]) == ("notice.body_broken", len(content) - 1)
    assert await size(line.bench, Table.ROWS) == 0
