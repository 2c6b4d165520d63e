"""The narrow interface of the truth: ordered tables of opaque keys and blobs, changed by one writer, all or nothing.

Nothing above this line knows which engine is below. Whatever it is, `apply` has reached the disk when it returns.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol


class Table(StrEnum):
    """Every table of the truth, with the form of its keys."""

    ROWS = "rows"
    """row id (16 random bytes, of which the first 3 are its person's) → sealed version"""
    NOTICES = "notices"
    """idempotency key (32 bytes) → sealed receipt"""
    OUTBOX = "outbox"
    """place (12 bytes, ascending) → sealed message"""
    ASIDE = "aside"
    """place → sealed message that the national server refused"""
    LOG = "log"
    """sequence (8 bytes) → leaf and sealed fields"""
    TREE = "tree"
    """level (1 byte), index (8 bytes) → hash"""
    CHECKPOINTS = "checkpoints"
    """size (8 bytes) → signed note"""
    CHANGES = "changes"
    """commit (8 bytes) → ids of the rows it touched"""
    PEOPLE = "people"
    """digest of an operator's id → sealed account"""
    META = "meta"
    """name → what the program keeps for itself"""
    HOLDS = "holds"
    """place and 4 random bytes → sealed notice that waits for another one (保留)"""
    REPORTS = "reports"
    """place → sealed report to a municipality"""
    SENT = "sent"
    """number (8 bytes) → sealed note of a message that was delivered"""
    RUNS = "runs"
    """random id (16 bytes) → sealed state and findings of a reconciliation (整合性確認)"""
    TIMESTAMPS = "timestamps"
    """size (8 bytes) → reply of a time-stamp authority about that checkpoint (RFC 3161, DER)"""
    NAMED = "named"
    """size (8 bytes) and what names that checkpoint → nothing"""
    LOG_HOLDS = "log_holds"
    """number (8 bytes) → why log entries are kept beyond their time (保全), sealed under the hold's own key"""


PLACED = frozenset({Table.ROWS})
"""Tables whose values lie where their key says, which is random, not in the order in which they came (docs/adr/0012).

A row that is succeeded is sealed anew in its place. Were its place that of its arrival, two copies of the file would tell when,
and so from which municipality, the one who moved had come in. It costs: each notice writes a page anywhere in the file; one, since
the versions of a person have their places side by side (docs/adr/0011).
"""
PLACE = 8  # bytes
"""No two keys of such a table begin with the same; a change that would put a second one is refused (StateError `store.id_taken`)."""


def place_of(key: bytes) -> int:
    """Where the value of `key` lies in such a table, as a signed number of 64 bits; ascending as keys do."""
    return int.from_bytes(key[:PLACE].ljust(PLACE, b"\0"), "big") - (1 << (8 * PLACE - 1))


Changes = Mapping[Table, Mapping[bytes, bytes | None]]
"""What to put, and with None what to delete, per table."""


class Reads(Protocol):
    """Reading an ordered key-value store: what is committed."""

    async def get_many(self, table: Table, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values of those `keys` that exist, all of one moment."""
        ...

    async def get_placed(self, table: Table, places: Sequence[int]) -> dict[bytes, bytes]:
        """What lies at these places of a table of `PLACED`, by key, all of one moment."""
        ...

    async def scan(
        self,
        table: Table,
        *,
        first: bytes = b"",
        last: bytes | None = None,
        limit: int,
        reverse: bool = False,
    ) -> list[tuple[bytes, bytes]]:
        """Up to `limit` pairs with first ≤ key < last, in order of their keys (from the end if `reverse`), all of one moment."""
        ...

    async def count(self, table: Table) -> int:
        """How many keys `table` has; may look at each of them (`daemon.store.tally` knows without looking)."""
        ...


class Engine(Reads, Protocol):
    """An ordered key-value store."""

    @property
    def apart(self) -> Reads:
        """The same, for long reads in the background: nobody else waits behind them."""
        ...

    @property
    def own(self) -> Reads:
        """The same, for the one who is about to apply changes: what was read here need not be read again to be changed."""
        ...

    async def apply(self, changes: Changes) -> None:
        """Make all `changes`, or none; durable on return."""
        ...

    async def close(self) -> None:
        """Let go of the files."""
        ...
