"""The fake register's exports: each look at one that is being made brings it on; a second person's word begins one that opens fields."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from msgspec.structs import replace

from daemon.contract import exports
from daemon.contract.endpoint import Endpoint
from daemon.contract.exports import (
    CancelExport,
    DecideExport,
    ExportPhase,
    Exports,
    ExportState,
    FetchFile,
    Opening,
    OrderExport,
)
from daemon.contract.manifest import NAME, File, ManifestKind, manifest_text
from daemon.contract.note import signed

ORDERED = datetime(2026, 4, 1, 5, 0, tzinfo=UTC)
FILES = {
    "entries-0001.jsonl": b'{"leaf":"{}"}\n' * 2,
    "keys.jsonl": b'{"name":"seal.1"}\n',
    "statements.txt": b"",
}
TERMS = Opening(action="search.done", fields=["terms", "purpose"], first=100, last=200)


class FakeExports:
    """Answers the endpoints about exports; tests look at it and change it."""

    def __init__(self) -> None:
        self.operator = ""
        """Who signed in last."""
        self.files = dict(FILES)
        self.states: list[ExportState] = []
        self.steps = 2
        """Looks until one is made."""
        self.most = 100
        """Steps beyond which it does not come."""
        self.cut: set[str] = set()
        """Files that break off in the middle."""
        self.fetched: list[str] = []
        self.acts: Mapping[Endpoint, Callable[[Any], Any]] = {
            exports.EXPORTS: self._list,
            exports.ORDER_EXPORT: self.ordered,
            exports.DECIDE_EXPORT: self._decide,
            exports.CANCEL_EXPORT: self._cancel,
        }

    def content(self, asked: FetchFile) -> bytes:
        """The bytes of a file."""
        self.fetched.append(asked.file)
        return self.manifest(asked.export) if asked.file == NAME else self.files[asked.file]

    def manifest(self, export: str) -> bytes:
        """The manifest, with a signature that nobody made."""
        files = [
            File(name=name, sha256=sha256(content).digest(), size=len(content))
            for name, content in FILES.items()
        ]
        fields = [("epoch", "1"), ("from", "x"), ("until", "x"), ("first", "0"), ("end", "2")]
        text = manifest_text("honnin", ManifestKind.EXPORT, export, ORDERED, lines=fields, files=files)
        return f"{signed(text, '— jukura.jp/honnin/manifest AAAAAAAA')}\n".encode()

    def _list(self, _: object) -> Exports:
        told = list(reversed(self.states))
        self.states = [self._on(state) for state in self.states]
        return Exports(told)

    def _on(self, state: ExportState) -> ExportState:
        if state.phase is not ExportPhase.MAKING:
            return state
        done = min(state.done + 1, self.most)
        phase = ExportPhase.READY if done >= self.steps else ExportPhase.MAKING
        return replace(state, phase=phase, done=done, end=2, files=len(self.files))

    def ordered(self, asked: OrderExport) -> ExportState:
        """What an order by `operator` becomes."""
        state = ExportState(
            export=f"{len(self.states) + 10:02x}" * 16,
            phase=ExportPhase.WAITING if asked.openings else ExportPhase.MAKING,
            operator=self.operator, ordered=ORDERED, since=asked.since, until=asked.until,
            openings=asked.openings, basis=asked.basis, decided_by="", first=0, end=0, done=0, files=0, size=0,
            code="", until_kept=ORDERED + timedelta(days=30),
        )  # fmt: skip
        self.states.append(state)
        return state

    def _decide(self, asked: DecideExport) -> ExportState:
        phase = ExportPhase.MAKING if asked.approve else ExportPhase.DECLINED
        return self._changed(asked.export, phase=phase, decided_by=self.operator)

    def _cancel(self, asked: CancelExport) -> ExportState:
        return self._changed(asked.export, phase=ExportPhase.CANCELLED)

    def _changed(self, export: str, **changes: Any) -> ExportState:
        place = next(at for at, each in enumerate(self.states) if each.export == export)
        self.states[place] = replace(self.states[place], **changes)
        return self.states[place]
