"""What the program keeps about its own truth, in the table META: which truth this is and how far it has come."""

import hashlib
import secrets
from dataclasses import dataclass

import msgspec

from daemon.crypto.seal import Sealer
from daemon.register.keys import RULES
from daemon.store.engine import Engine, Table

ID, HEAD, SEALS, LISTED = b"truth", b"head", b"seals", b"listed"
KEPT_CHANGES = 10_000
"""The last commits, whose touched rows stay listed in any case, for a copy of the projection on its way."""


@dataclass
class Truth:
    """The identity and the last commit of the truth."""

    id: bytes
    """Random; another one after a restore, so that no projection follows the wrong truth."""
    head: int
    """Number of the last commit."""
    listed: int = 0
    """After this commit every row that was touched is listed (CHANGES), so that a projection can catch up from there."""

    @property
    def followed(self) -> bytes:
        """What a projection says that it follows."""
        return followed(self.id)


def followed(truth: bytes) -> bytes:
    """What a projection of the truth with this id says that it follows: that truth, by the present rules.

    One that was made by other rules would lose whoever is found by a key that comes out differently now; so it is made anew.
    """
    return hashlib.blake2b(truth, digest_size=16, key=RULES.to_bytes(2, "big")).digest()


async def load(engine: Engine, sealer: Sealer) -> Truth:
    """Read it, or make it for a new store; the sealer goes on counting from what was persisted."""
    held = await engine.get_many(Table.META, [ID, HEAD, SEALS, LISTED])
    if ID not in held:
        held = {ID: secrets.token_bytes(16), HEAD: (0).to_bytes(8, "big"), SEALS: msgspec.msgpack.encode({})}
        await engine.apply({Table.META: dict(held)})
    sealer.counts.update(msgspec.msgpack.decode(held[SEALS], type=dict[str, int]))
    return Truth(held[ID], _number(held[HEAD]), _number(held.get(LISTED, b"")))


def _number(value: bytes) -> int:
    return int.from_bytes(value, "big")
