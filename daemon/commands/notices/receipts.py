"""What is remembered of each notice, so that the same one again is answered as before: sealed, under a digest of its name."""

import hashlib
import secrets
from collections.abc import Iterable

import msgspec

from daemon.clock import day_of
from daemon.contract.peer import Notice
from daemon.crypto import classes
from daemon.crypto.seal import Place, Sealer
from daemon.errors import ConflictError
from daemon.register.rows import Register
from daemon.store.draft import Draft
from daemon.store.engine import Table

_HELD = 0
"""In place of a serial: it waits."""


class Receipt(msgspec.Struct, frozen=True, array_like=True):
    """Of a notice that was applied or is held."""

    serial: int
    """更新順番号 of the row it became."""
    digest: bytes
    """SHA-256 of the whole notice."""
    sender_seq: int

    @property
    def waits(self) -> bool:
        """Whether it is held, and has no row yet."""
        return self.serial == _HELD


def key_of(register: Register, sender: str, notice_id: str) -> bytes:
    """The idempotency key: a digest over (register, sender, notice id, kind)."""
    return hashlib.sha256(msgspec.json.encode((register, sender, notice_id, "notice"))).digest()


class Receipts:
    """The receipts that one piece of work meets."""

    def __init__(self, register: Register, draft: Draft, sealer: Sealer) -> None:
        self._register = register
        self._draft = draft
        self._sealer = sealer
        self._held: dict[bytes, bytes] = {}

    async def fetch(self, keys: Iterable[bytes]) -> None:
        """Read those that exist under `keys`, in one question."""
        self._held |= await self._draft.get_many(Table.NOTICES, list(keys))

    def earlier(self, key: bytes, notice: Notice) -> Receipt | None:
        """The receipt of this very notice; ConflictError where its id was used for another one."""
        if key not in self._held:
            return None
        receipt = msgspec.msgpack.decode(self._sealer.open(self._place(key), self._held[key]), type=Receipt)
        if not secrets.compare_digest(receipt.digest, _digest(notice)):
            raise ConflictError("notice.id_reused", field="id")
        return receipt

    def put(self, key: bytes, notice: Notice, serial: int) -> None:
        """Remember what became of `notice`."""
        content = msgspec.msgpack.encode(Receipt(serial, _digest(notice), notice.sender_seq))
        sealed = self._sealer.seal(classes.log(day_of(self._draft.now)), self._place(key), content)
        if key in self._held:
            self._draft.put(Table.NOTICES, key, sealed)
        else:
            self._draft.add(Table.NOTICES, key, sealed)
        self._held[key] = sealed

    def put_held(self, key: bytes, notice: Notice) -> None:
        """Remember that `notice` waits."""
        self.put(key, notice, _HELD)

    def drop(self, key: bytes) -> None:
        """Forget a notice that was held and came to nothing: its sender may send it again."""
        self._held.pop(key, None)
        self._draft.delete(Table.NOTICES, key)

    def _place(self, key: bytes) -> Place:
        return Place(self._register, Table.NOTICES, key)


def _digest(notice: Notice) -> bytes:
    return hashlib.sha256(msgspec.json.encode(notice)).digest()
