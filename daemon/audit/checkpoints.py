"""The checkpoints that the register keeps: signed notes in order of their sizes."""

from dataclasses import dataclass
from datetime import datetime

from daemon.contract.note import Checkpoint, split
from daemon.errors import IntegrityError
from daemon.store.engine import Engine, Table


@dataclass(frozen=True)
class Signed:
    """One of them."""

    size: int
    note: str
    """As it was signed, with whatever signatures were added since."""

    @classmethod
    def of(cls, key: bytes, value: bytes) -> "Signed":
        """What stands under `key` (8 bytes)."""
        return cls(int.from_bytes(key, "big"), value.decode("utf-8", "replace"))

    @property
    def text(self) -> bytes:
        """The bytes that are signed; `log.bad_checkpoint` where this is no note."""
        return split(self.note)[0]

    @property
    def signatures(self) -> int:
        """How many lines of signatures it carries; none where this is no note."""
        try:
            return len(split(self.note)[1])
        except IntegrityError:
            return 0

    @property
    def signed_at(self) -> datetime | None:
        """When it was signed; None where it does not say so, or is no note."""
        try:
            return Checkpoint.parse(self.text).signed_at
        except IntegrityError:
            return None


async def newest(engine: Engine) -> Signed | None:
    """The one that covers most, if any was signed."""
    return _only(await engine.scan(Table.CHECKPOINTS, limit=1, reverse=True))


async def oldest(engine: Engine) -> Signed | None:
    """The one that covers least, if any was signed."""
    return _only(await engine.scan(Table.CHECKPOINTS, limit=1))


def _only(found: list[tuple[bytes, bytes]]) -> Signed | None:
    return Signed.of(*found[0]) if found else None
