"""One export as the register keeps it, and what may happen to it. Pure."""

from datetime import UTC, datetime, timedelta

import msgspec
from msgspec.structs import replace

from daemon.audit.span import Span
from daemon.contract.exports import ExportPhase, ExportState, Opening
from daemon.contract.manifest import NAME, File
from daemon.errors import AuthorityError, ConflictError

KEPT = timedelta(days=30)
"""For so long after the last act on it an export is kept."""
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for the beginning of a span that has none."""
OVER = frozenset({ExportPhase.DECLINED, ExportPhase.CANCELLED, ExportPhase.FAILED})
"""Nothing happens to it any more."""


class Made(msgspec.Struct, frozen=True, array_like=True):
    """One file that is made."""

    name: str
    sha256: bytes
    size: int
    """Bytes."""
    pieces: int | None
    """In how many it is kept; None where it is made again whenever it is fetched."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One export."""

    id: bytes
    """16 bytes, random."""
    secret: bytes
    """What the keys of its pieces are drawn from."""
    operator: str
    ordered: datetime
    touched: datetime
    """When something last happened to it."""
    since: datetime | None
    until: datetime | None
    openings: list[Opening]
    basis: str
    phase: ExportPhase
    decided_by: str = ""
    epoch: int = 0
    """Of the log; 0 while the span is not known yet."""
    times: tuple[str, str] = ("", "")
    """From and until, as the manifest has them."""
    first: int = 0
    end: int = 0
    purged: int = 0
    made: list[Made] = []
    begun: dict[str, int] = {}
    """How many pieces of each file, and of what the summary has counted, may lie in the store."""
    tally: int = 0
    """Pieces of what the summary has counted."""
    manifest: str = ""
    """The signed note."""
    code: str = ""

    @property
    def span(self) -> Span:
        """Its entries."""
        return Span(self.first, self.end, self.purged)

    @property
    def files(self) -> list[File]:
        """What the manifest names."""
        return [File(name=each.name, sha256=each.sha256, size=each.size) for each in self.made]

    @property
    def is_over(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.phase in OVER

    def days_over(self, now: datetime) -> bool:
        """Whether it is to be forgotten."""
        return now >= self.touched + KEPT

    def file(self, name: str) -> Made:
        """The file of that name, the manifest too; ConflictError where there is none."""
        if name == NAME:
            return Made(NAME, b"", len(self.manifest.encode()) + 1, 0)
        found = next((each for each in self.made if each.name == name), None)
        if found is None:
            raise ConflictError("export.file_unknown", field="file")
        return found


def decided(record: Record, now: datetime, operator: str, *, approve: bool) -> Record:
    """With the second person's word; nobody has it on their own order."""
    if record.phase is not ExportPhase.WAITING:
        raise ConflictError("export.not_waiting", field="export")
    if record.operator == operator:
        raise AuthorityError("export.own_order", field="export")
    phase = ExportPhase.MAKING if approve else ExportPhase.DECLINED
    return replace(record, phase=phase, decided_by=operator, touched=now)


def cancelled(record: Record, now: datetime, operator: str) -> Record:
    """Given up, by who ordered it."""
    require_own(record, operator)
    if record.is_over:
        raise ConflictError("export.over", field="export")
    return replace(record, phase=ExportPhase.CANCELLED, touched=now)


def failed(record: Record, now: datetime, code: str) -> Record:
    """It cannot be made, or made again."""
    return replace(record, phase=ExportPhase.FAILED, code=code, touched=now)


def require_own(record: Record, operator: str) -> None:
    """AuthorityError unless `operator` ordered it."""
    if record.operator != operator:
        raise AuthorityError("export.not_yours", field="export")


def require_making(record: Record | None) -> Record:
    """The record, while it is being made; ConflictError once somebody gave it up."""
    if record is None or record.phase is not ExportPhase.MAKING:
        raise ConflictError("export.over", field="export")
    return record


def shown(record: Record, done: int) -> ExportState:
    """The record as people see it; `done` entries are gone through."""
    return ExportState(
        export=record.id.hex(),
        phase=record.phase,
        operator=record.operator,
        ordered=record.ordered,
        since=record.since,
        until=record.until,
        openings=record.openings,
        basis=record.basis,
        decided_by=record.decided_by,
        first=record.first,
        end=record.end,
        done=done,
        files=len(record.files),
        size=sum(file.size for file in record.files),
        code=record.code,
        until_kept=record.touched + KEPT,
    )
