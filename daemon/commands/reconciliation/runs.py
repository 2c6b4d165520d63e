"""Reconciliations as they lie in the truth: one state and many parts for each run, all sealed under `work`.

The state lies under the run's own id, each part under a key drawn from a secret of the run (BLAKE2b with a key), so that whoever
looks at the table sees random keys and cannot tell which belong together. META keeps, by municipality, which runs there are and the
day of the last one that came to its end: that is all a schedule needs, and it outlives the results.
"""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum

import msgspec

from daemon.clock import day_of
from daemon.contract.reconciliation import Finding, Mode, Phase, Traffic
from daemon.crypto import classes
from daemon.crypto.seal import Place, Sealer
from daemon.register.rows import Register
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table

ID = 16  # bytes
SECRET = 32  # bytes
PREFIX = b"reconciled:"
"""In META: `reconciled:<municipality>` → `Past`."""
PER_PAGE = 100  # findings
ENDED = frozenset({Phase.DONE, Phase.STOPPED})


class Part(StrEnum):
    """What a run keeps beside its state."""

    SEEN = "seen"
    """Codes that came, a piece for each commit and part of the range."""
    OURS = "ours"
    """Codes of our own, with digests in `ranges`: the same."""
    CHUNK = "chunk"
    """Our own sorted, so many in each."""
    PAGE = "page"
    """Findings."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one run."""

    municipality: str
    mode: Mode
    phase: Phase
    begun: datetime
    touched: datetime
    """When it last came forward."""
    secret: bytes
    """What the keys of its parts are drawn from."""
    key: bytes = b""
    """`ranges`: of the digests."""
    expected: int
    parts: int
    """Into how many parts the range of codes is divided."""
    received: int = 0
    commits: int = 0
    """Of records that came; each has its pieces."""
    ours: int = 0
    """The same of our own people."""
    place: tuple[int, int, int, int] | None = (0, 0, 0, 0)
    """How far these were put down; None when all were."""
    part: int = 0
    """The part of the range that is worked on,"""
    after: int = -1
    """and the last code in it that is done."""
    chunks: int = 0
    counts: dict[str, int] = {}
    items: dict[str, int] = {}
    pages: int = 0
    findings: int = 0
    """Those that are kept one by one."""
    traffic: Traffic = Traffic()
    ended: datetime | None = None
    code: str = ""
    cleared: bool = False
    """Whether nothing is left of it but state and findings."""


Named = tuple[bytes, Run]
"""A run with its id."""


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """The runs of one municipality."""

    known: date
    """The day from which its first comparison is waited for."""
    newest: bytes = b""
    """The run under way, or the last one."""
    done: bytes = b""
    """The last one that came to its end;"""
    done_on: date | None = None
    """and the day on which it did."""
    gone: list[bytes] = []
    """Runs that are to be deleted."""


class Runs:
    """Reads and writes them."""

    def __init__(self, register: Register, engine: Engine, sealer: Sealer) -> None:
        self._register = register
        self._engine = engine
        self._sealer = sealer

    async def past(self) -> dict[str, Past]:
        """What there is, by municipality."""
        pairs = await self._engine.scan(Table.META, first=PREFIX, last=PREFIX + b"\xff", limit=10_000)
        return {
            key.removeprefix(PREFIX).decode(): msgspec.msgpack.decode(value, type=Past)
            for key, value in pairs
        }

    def put_past(self, draft: Draft, municipality: str, past: Past) -> None:
        draft.put(Table.META, PREFIX + municipality.encode(), msgspec.msgpack.encode(past))

    async def load(self, run: bytes) -> Run | None:
        """The state of a run; None where there is no such run."""
        held = await self._engine.get_many(Table.RUNS, [run])
        if run not in held:
            return None
        return msgspec.msgpack.decode(self._open(run, held[run]), type=Run)

    def put(self, draft: Draft, name: bytes, run: Run) -> None:
        draft.put(Table.RUNS, name, self._seal(name, run, msgspec.msgpack.encode(run)))

    def put_part(
        self, draft: Draft, run: Run, part: Part, number: int, content: bytes, *, piece: int = 0
    ) -> None:
        key = _key(run, part, number, piece)
        draft.put(Table.RUNS, key, self._seal(key, run, content))

    def put_findings(self, draft: Draft, run: Run, first: int, findings: Sequence[Finding]) -> None:
        """Pages of findings, from the page `first`."""
        for number, at in enumerate(range(0, len(findings), PER_PAGE), start=first):
            content = msgspec.msgpack.encode(findings[at : at + PER_PAGE])
            self.put_part(draft, run, Part.PAGE, number, content)

    async def part(self, run: Run, part: Part, numbers: Sequence[int], *, piece: int = 0) -> list[bytes]:
        """Those of these parts that there are, in order."""
        return list((await self.numbered(run, part, numbers, piece=piece)).values())

    async def numbered(
        self, run: Run, part: Part, numbers: Sequence[int], *, piece: int = 0
    ) -> dict[int, bytes]:
        """The same by number."""
        keys = {number: _key(run, part, number, piece) for number in numbers}
        held = await self._engine.apart.get_many(Table.RUNS, list(keys.values()))
        return {number: self._open(key, held[key]) for number, key in keys.items() if key in held}

    async def findings(self, run: Run, page: int) -> list[Finding]:
        """One page of findings; empty where there is none."""
        held = await self.part(run, Part.PAGE, [page])
        return [each for content in held for each in msgspec.msgpack.decode(content, type=list[Finding])]

    def keys_of(self, run: Run, *, findings: bool) -> Iterator[bytes]:
        """The keys of everything that a run may have left beside its state; of its findings if so asked."""
        for part, many in ((Part.SEEN, run.commits), (Part.OURS, run.ours)):
            for number in range(many):
                yield from (_key(run, part, number, piece) for piece in range(run.parts))
        yield from (_key(run, Part.CHUNK, number, 0) for number in range(run.chunks))
        if findings:
            yield from (_key(run, Part.PAGE, number, 0) for number in range(run.pages))

    def _seal(self, key: bytes, run: Run, content: bytes) -> bytes:
        return self._sealer.seal(
            classes.work(day_of(run.begun)), Place(self._register, Table.RUNS, key), content
        )

    def _open(self, key: bytes, sealed: bytes) -> bytes:
        return self._sealer.open(Place(self._register, Table.RUNS, key), sealed)


def new_id() -> bytes:
    """Of a run that begins."""
    return secrets.token_bytes(ID)


def new_secret() -> bytes:
    """Random bytes of its own."""
    return secrets.token_bytes(SECRET)


def _key(run: Run, part: Part, number: int, piece: int) -> bytes:
    what = number.to_bytes(8, "big") + piece.to_bytes(4, "big")
    return hashlib.blake2b(what, digest_size=ID, key=run.secret, person=part.encode()).digest()
