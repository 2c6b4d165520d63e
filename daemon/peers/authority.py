"""Our side of the line to a time-stamp authority (RFC 3161 §3.4): HTTP through a unix socket that is forwarded.

It carries a digest there and a signed reply back, so it needs no secrecy, and what comes is believed by its signature alone.
"""

import asyncio
import secrets
from datetime import timedelta
from functools import partial

import aiohttp
from cryptography.x509 import Certificate, load_pem_x509_certificates

from daemon.audit.stamp import MAX_REPLY
from daemon.clock import Clock
from daemon.commands.stamping import Authority, Stamping
from daemon.config import Timestamps
from daemon.errors import StateError
from daemon.store.rotating import Store

DEADLINE = 30.0  # seconds for one request
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"


async def ask(settings: Timestamps, query: bytes) -> bytes:
    """The authority's reply (DER), not looked at; StateError where there is none."""
    connector = aiohttp.UnixConnector(path=str(settings.socket))
    limit = aiohttp.ClientTimeout(total=DEADLINE)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=limit, auto_decompress=False) as session,
            session.post(
                # The host is a name only: the socket decides where this goes.
                f"http://{settings.host}{settings.path}",
                data=query,
                headers={"Content-Type": QUERY, "Accept": REPLY},
                allow_redirects=False,
            ) as answer,
        ):
            if answer.status != 200 or answer.content_type != REPLY:  # noqa: PLR2004
                raise StateError("timestamp.no_answer", field=str(answer.status))
            return await _whole(answer.content)
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise StateError("timestamp.away") from error


async def _whole(content: aiohttp.StreamReader) -> bytes:
    try:
        await content.readexactly(MAX_REPLY + 1)
    except asyncio.IncompleteReadError as ended:
        return ended.partial
    raise StateError("timestamp.too_long")


def trusted(settings: Timestamps) -> list[Certificate]:
    """Who signs the authority's certificate; StateError where the file cannot be used."""
    try:
        return load_pem_x509_certificates(settings.ca.read_bytes())
    except (OSError, ValueError) as error:
        raise StateError("timestamp.ca_unusable") from error


async def stamping(settings: Timestamps | None, store: Store, clock: Clock) -> Stamping | None:
    """The duty of the store's register; None where no authority is configured."""
    if settings is None:
        return None
    authority = Authority(
        settings.host,
        ask=partial(ask, settings),
        trusted=partial(trusted, settings),
        hours=settings.hours,
        overdue=timedelta(hours=settings.overdue_hours),
    )
    made = Stamping(store.engine, store.writer, clock, authority, secrets.SystemRandom().random)
    await made.load()
    return made
