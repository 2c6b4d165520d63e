"""Comparing records that a municipality sent with the register: a batch at a time, each line on its own.

A person is judged by what is true when their record is looked at. Where that changed after the run began, a difference is told as
`changed`: one of the two had heard of it and the other had not yet.

A batch is looked at in pieces, all at once: while the loop reads and compares some of them, the thread of the projection looks up
others, and the thread of the truth reads what was found.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec

from daemon.contract import codec
from daemon.contract.peer import MAX_NOTICE
from daemon.contract.reconciliation import Finding
from daemon.errors import AuthorityError, InputError, JukuraError, TooMuchError
from daemon.register.codes import is_juminhyo_code
from daemon.register.reasons import standing_of
from daemon.register.reconcile import RECORDS, Kind, as_stored, belongs, differing, is_kept_by
from daemon.register.rows import Record, Register
from daemon.store.held import Waiting
from daemon.store.residents import Residents
from daemon.store.rows import Stored

PIECE = 128  # lines looked at together: the rows of so many are read with two statements
BREATH = 50  # lines read until others on the loop have their turn


@dataclass
class Matched:
    """What became of records."""

    records: int = 0
    codes: list[int] = field(default_factory=list)
    """Of those that could be read: who need not be looked for any more."""
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Side:
    """Whose records they are, and when."""

    municipality: str
    begun: datetime
    """When the run began."""
    today: date


class Matching:
    """Compares."""

    def __init__(
        self, register: Register, residents: Residents, pending: Callable[[str], Sequence[Waiting]]
    ) -> None:
        self._register = register
        self._pending = pending
        self._residents = residents
        self._kind = RECORDS[register]
        self._decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(self._kind)
        self._encoder = msgspec.json.Encoder()

    async def batch(self, side: Side, lines: Sequence[bytes], *, first: int) -> Matched:
        """What is to be said of records, the first of which is number `first` of the transfer."""
        pieces = (
            self._piece(side, lines[at : at + PIECE], first=first + at) for at in range(0, len(lines), PIECE)
        )
        matched = await asyncio.gather(*pieces)
        return Matched(
            records=len(lines),
            codes=[code for each in matched for code in each.codes],
            findings=[finding for each in matched for finding in each.findings],
        )

    async def _piece(self, side: Side, lines: Sequence[bytes], *, first: int) -> Matched:
        matched = Matched(records=len(lines))
        read: list[tuple[int, Record]] = []
        for number, line in enumerate(lines, start=first):
            try:
                read.append((number, self._read(line)))
            except JukuraError as error:
                matched.findings.append(_broken(number, error))
            if number % BREATH == 0:
                await asyncio.sleep(0)
        held = await self._residents.holders(list({record.juminhyo_code for _, record in read}))
        for number, record in read:
            matched.codes.append(int(record.juminhyo_code))
            finding = await self._finding(side, record, held.get(record.juminhyo_code), number)
            if finding is not None:
                matched.findings.append(finding)
            if number % BREATH == 0:
                await asyncio.sleep(0)
        return matched

    async def lacking(self, side: Side, codes: Sequence[str]) -> list[Finding]:
        """People of whom the municipality has no record: those who are present with it here are found, of others nothing is said."""
        held = await self._residents.holders(codes)
        found = [(code, self._lacking(side, held[code])) for code in sorted(held)]
        return [Finding(kind=kind, juminhyo_code=code) for code, kind in found if kind is not None]

    def _lacking(self, side: Side, stored: Stored) -> Kind | None:
        if not belongs(stored.row, side.municipality, self._register, side.today):
            return None
        return Kind.CHANGED if _changed(side, stored) else Kind.ONLY_HERE

    def _read(self, line: bytes) -> Record:
        """The record in a line; an error where it is not exactly one, or names nobody."""
        if len(line) > MAX_NOTICE:
            raise TooMuchError("notice.too_large")
        record = self._decoded(line)
        if not is_juminhyo_code(record.juminhyo_code):
            raise InputError("record.bad_juminhyo_code", field="juminhyo_code")
        return record

    def _decoded(self, line: bytes) -> Record:
        # What comes out again as it went in holds nothing twice and nothing strange. Any other line is read the long way.
        try:
            record = self._decoder.decode(line)
            if self._encoder.encode(record) == line:
                return record
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            pass
        return codec.decode(line, self._kind)

    async def _finding(
        self, side: Side, record: Record, stored: Stored | None, number: int
    ) -> Finding | None:
        here = stored is not None and belongs(stored.row, side.municipality, self._register, side.today)
        # As it came: what is the same as a row needs no further looks at its form.
        same = here and record.municipality == side.municipality
        if stored is not None and same and not differing(record, stored.row, self._register):
            return None
        try:
            record = as_stored(record, side.municipality)
        except (InputError, AuthorityError) as error:
            return _broken(number, error, record.juminhyo_code)
        if stored is not None and here:
            return self._differing(side, record, stored, number)
        return await self._elsewhere(side, record.juminhyo_code, stored, number)

    def _differing(self, side: Side, record: Record, stored: Stored, number: int) -> Finding | None:
        fields = differing(record, stored.row, self._register)
        if not fields:
            return None
        if _changed(side, stored):
            return Finding(kind=Kind.CHANGED, record=number, juminhyo_code=record.juminhyo_code)
        ours: dict[str, Any] = {name: msgspec.to_builtins(getattr(stored.row, name)) for name in fields}
        return Finding(
            kind=Kind.DIFFERS,
            record=number,
            juminhyo_code=record.juminhyo_code,
            items=list(fields),
            ours=ours,
        )

    async def _elsewhere(self, side: Side, code: str, stored: Stored | None, number: int) -> Finding:
        """Of whoever is not with the municipality by this register. Only what it said itself, or did itself, is told it."""
        if stored is not None and _changed(side, stored) and await self._was_here(side, stored):
            return Finding(kind=Kind.CHANGED, record=number, juminhyo_code=code)
        own = stored is not None and is_kept_by(stored.row, side.municipality, side.today)
        standing = str(standing_of(stored.row)) if stored is not None and own else ""
        held = any(waiting.sender == side.municipality for waiting in self._pending(code))
        return Finding(kind=Kind.ONLY_THERE, record=number, juminhyo_code=code, standing=standing, held=held)

    async def _was_here(self, side: Side, stored: Stored) -> bool:
        """Whether the person was with the municipality when the run began."""
        versions = await self._residents.history(stored.person)
        before = next((each for each in versions if not _changed(side, each)), None)
        return before is not None and belongs(before.row, side.municipality, self._register, side.today)


def counted(findings: Sequence[Finding]) -> tuple[Counter[str], Counter[str]]:
    """How many there are of each kind, and in how many of those that differ each field does."""
    kinds = Counter(str(finding.kind) for finding in findings)
    return kinds, Counter(name for finding in findings for name in finding.items)


def _changed(side: Side, stored: Stored) -> bool:
    return stored.row.updated_at > side.begun


def _broken(number: int, error: JukuraError, code: str = "") -> Finding:
    return Finding(kind=Kind.BROKEN, record=number, juminhyo_code=code, code=error.code, field=error.field)
