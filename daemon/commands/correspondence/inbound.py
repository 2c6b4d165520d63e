"""What the national server asks of us: 30条の8 error reports, and messages once more. Neither changes a record."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.clock import day_of
from daemon.commands.correspondence.reports import Reports
from daemon.contract import inbound as contract
from daemon.contract.endpoint import Endpoint
from daemon.contract.inbound import Again, AgainTaken, ErrorOutcome, ErrorReport, ErrorTaken
from daemon.contract.reports import Report, ReportKind
from daemon.crypto import classes
from daemon.crypto.seal import Place, Sealer
from daemon.errors import ConflictError, InputError
from daemon.register.municipalities import keeper
from daemon.register.rows import Register
from daemon.store.draft import Draft
from daemon.store.engine import Table
from daemon.store.rows import ROW_TYPES, RowCodec, Stored
from daemon.store.sent import Asked, Sent
from daemon.store.writer import Writer

ACTOR = "zenkoku"


class _Receipt(msgspec.Struct, frozen=True, array_like=True):
    """What is remembered of an error report."""

    digest: bytes
    municipality: str


class Inbound:
    """The acts of the national server's own listener."""

    def __init__(
        self,
        register: Register,
        writer: Writer,
        codec: RowCodec,
        sealer: Sealer,
        *,
        sent: Sent,
        reports: Reports,
    ) -> None:
        self._register = register
        self._writer = writer
        self._codec = codec
        self._sealer = sealer
        self._sent = sent
        self._reports = reports

    @property
    def acts(self) -> Mapping[Endpoint, Callable[[str, Any], Awaitable[Any]]]:
        """By endpoint, as the listener calls them."""
        return {contract.ERRORS: self.error, contract.AGAIN: self.again}

    async def error(self, sender: str, report: ErrorReport) -> ErrorTaken:
        """Take an error report down, and tell the municipality that keeps the record."""
        del sender  # the certificate has named this register's own
        if not set(report.items) <= set(ROW_TYPES[self._register].__struct_fields__):
            raise InputError("national.unknown_item", field="items")

        async def work(draft: Draft) -> ErrorTaken:
            return await self._taken(draft, report)

        return await self._writer.write(work)

    async def again(self, sender: str, asked: Again) -> AgainTaken:
        """Let messages go out again; what is remembered no longer, or was never given, is said at once."""
        del sender
        if asked.first > asked.last:
            raise InputError("messages.range_reversed", field="last")
        kept, given = await self._sent.kept(), await self._sent.given()
        wanted = Asked(max(asked.first, kept), min(asked.last, given))

        async def work(draft: Draft) -> None:
            if wanted.first <= wanted.last:
                await self._sent.ask(draft, wanted)
            sealed = {"first": asked.first, "last": asked.last}
            counts = {"messages": max(0, wanted.last - wanted.first + 1)}
            draft.log(Act(Action.NATIONAL_AGAIN, ACTOR, counts=counts, sealed=dict(sealed)))

        await self._writer.write(work)
        return AgainTaken(first=wanted.first, last=wanted.last, kept=kept, given=given)

    async def _taken(self, draft: Draft, report: ErrorReport) -> ErrorTaken:
        key = hashlib.sha256(msgspec.json.encode((self._register, ACTOR, report.id, "error"))).digest()
        digest = hashlib.sha256(msgspec.json.encode(report)).digest()
        place = Place(self._register, Table.NOTICES, key)
        if held := (await draft.get_many(Table.NOTICES, [key])).get(key):
            receipt = msgspec.msgpack.decode(self._sealer.open(place, held), type=_Receipt)
            if not secrets.compare_digest(receipt.digest, digest):
                raise ConflictError("national.id_reused", field="id")
            return ErrorTaken(outcome=ErrorOutcome.DUPLICATE, municipality=receipt.municipality)
        today = day_of(draft.now)
        newest = await self._newest(draft, report.code)
        to = keeper(newest.row.municipality, today) if newest else ""
        name = classes.log(today)
        content = msgspec.msgpack.encode(_Receipt(digest, to))
        draft.add(Table.NOTICES, key, self._sealer.seal(name, place, content))
        told = Report(
            kind=ReportKind.ERROR, subject=report.code, serial=report.serial, items=report.items,
            reference=report.id, words=report.words,
        )  # fmt: skip
        self._reports.add(draft, to, told, person=newest.person if newest else b"")
        sealed = {"report": report.id, "subject": report.code, "items": report.items, "words": report.words}
        draft.log(Act(Action.NATIONAL_ERROR, ACTOR, counts={"known": int(newest is not None)}, sealed=sealed))
        return ErrorTaken(outcome=ErrorOutcome.TAKEN, municipality=to)

    async def _newest(self, draft: Draft, code: str) -> Stored | None:
        """The newest version of whoever has this code, or had it."""
        found = await draft.latest([code]) | await draft.formerly([code])
        if code not in found:
            return None
        row = found[code].row
        held = await draft.get_many(Table.ROWS, [row])
        return self._codec.open(row, held[row])
