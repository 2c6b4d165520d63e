"""A custodian's card at the terminal: any PKCS#11 token with the key pair "custodian" in it.

It signs what a custodian has read, and nothing else is kept or sent anywhere. The card's library is loaded by a worker
process alone, with the environment of whoever calls; the PIN goes there through a pipe and is tried once. A private key
that could leave the card is refused (`hsm.key_extractable`).
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

from hsm.oneshot import Errand, errand
from hsm.orders import Done, Find, Found, Login, MakePair, Opened, Public, Sign, Value
from hsm.uri import parse

LABEL = "custodian"
DEADLINE = 30.0  # seconds, for each order: a card makes an RSA pair slowly
WORKER = (sys.executable, "-I", "-m", "hsm.worker")


async def public(uri: str, pin: bytes) -> bytes:
    """The card's public key: SubjectPublicKeyInfo (DER)."""
    async with _card(uri, pin) as card:
        return (await card.ask(Public(LABEL), Value)).value


async def sign(uri: str, pin: bytes, text: bytes) -> bytes:
    """The card's signature over `text`: SHA-256 with ECDSA (DER) or RSASSA-PSS (salt of 32 bytes)."""
    async with _card(uri, pin) as card:
        return (await card.ask(Sign(LABEL, sha256(text).digest()), Value)).value


async def make(uri: str, pin: bytes) -> None:
    """Make the key pair on the card, unless it has one."""
    async with _card(uri, pin) as card:
        await card.ask(MakePair(LABEL), Done)


@asynccontextmanager
async def _card(uri: str, pin: bytes) -> AsyncIterator[Errand]:
    """The one card that `uri` finds, logged in."""
    place = parse(uri)
    async with errand(WORKER, os.environ, deadline=DEADLINE) as worker:
        found = await worker.ask(Find(place.module, dict(place.criteria)), Found)
        await worker.ask(Login(b"" if found.facts.protected_path else pin), Opened)
        yield worker
