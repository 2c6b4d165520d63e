"""H1, F1 更新: notices from municipalities are judged, applied, logged and put in the outbox, all in one commit.

Each notice of a batch is judged on its own, after those before it. A refused one leaves an entry in the log and
nothing else. The same notice again (same sender, same id) is answered with what became of it the first time.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from daemon.audit.act import Act
from daemon.audit.entry import Action, Outcome
from daemon.clock import day_of
from daemon.contract.messages import text_of
from daemon.contract.national import Update
from daemon.contract.peer import Notice, Verdict
from daemon.contract.peer import Outcome as Became
from daemon.crypto import classes
from daemon.crypto.seal import Place, Sealer
from daemon.errors import ConflictError, JukuraError
from daemon.register.checks import check, check_sender
from daemon.register.reasons import judge
from daemon.register.rows import Register, Row
from daemon.register.versions import next_row
from daemon.store.draft import Draft
from daemon.store.engine import Table
from daemon.store.index import Known, known_of, projected
from daemon.store.rows import ROW_ID, RowCodec, Stored
from daemon.store.writer import Writer

BREATH = 25  # notices judged before others on the loop get their turn


@dataclass(frozen=True)
class Broken:
    """A notice that could not be read; `id` is empty where it could not even name itself."""

    id: str
    error: JukuraError


class Receipt(msgspec.Struct, frozen=True, array_like=True):
    """What is remembered of a notice that was applied."""

    serial: int
    digest: bytes
    sender_seq: int


class Notices:
    """Takes notices in."""

    def __init__(self, register: Register, writer: Writer, codec: RowCodec, sealer: Sealer) -> None:
        self._register = register
        self._writer = writer
        self._codec = codec
        self._sealer = sealer

    async def receive(self, sender: str, batch: Sequence[Notice | Broken]) -> list[Verdict]:
        """One verdict per notice of `batch`, sent by the municipality `sender` (5 digits)."""

        async def work(draft: Draft) -> list[Verdict]:
            return await _Batch(self._register, sender, draft, self._codec, self._sealer).run(batch)

        return await self._writer.write(work)

    async def refuse(self, sender: str, error: JukuraError) -> None:
        """Log a request that was refused as a whole."""

        await self._writer.log(
            Act(Action.NOTICE_BATCH_REFUSED, f"CS:{sender}", Outcome.REFUSED, code=error.code)
        )


class _Batch:
    """One batch of one sender, within one draft."""

    def __init__(
        self, register: Register, sender: str, draft: Draft, codec: RowCodec, sealer: Sealer
    ) -> None:
        self._register = register
        self._sender = sender
        self._draft = draft
        self._codec = codec
        self._sealer = sealer
        self._people: dict[str, Stored] = {}
        self._known: dict[bytes, Known] = {}
        """Of each person all names so far."""
        self._receipts: dict[bytes, bytes] = {}

    async def run(self, batch: Sequence[Notice | Broken]) -> list[Verdict]:
        readable = [notice for notice in batch if not isinstance(notice, Broken)]
        await self._fetch(readable)
        verdicts = []
        for number, notice in enumerate(batch, start=1):
            verdicts.append(self._judged(notice))
            if number % BREATH == 0:
                await asyncio.sleep(0)
        return verdicts

    async def _fetch(self, notices: list[Notice]) -> None:
        """Read everything that judging will ask for, in a few questions instead of a few per notice."""
        latest = await self._draft.latest(list({notice.record.juminhyo_code for notice in notices}))
        rows = await self._draft.get_many(Table.ROWS, [where.row for where in latest.values()])
        self._people = {
            code: self._codec.open(where.row, rows[where.row])
            for code, where in latest.items()
            if where.row in rows
        }
        self._known = {where.person: where.known for where in latest.values()}
        keys = [self._key(notice) for notice in notices]
        self._receipts = await self._draft.get_many(Table.NOTICES, keys)

    def _judged(self, notice: Notice | Broken) -> Verdict:
        try:
            if isinstance(notice, Broken):
                raise notice.error
            return self._applied(notice)
        except JukuraError as error:
            sealed = {"notice": notice.id}
            if not isinstance(notice, Broken):
                sealed["subject"] = notice.record.juminhyo_code
            self._log(Action.NOTICE_REFUSED, Outcome.REFUSED, error.code, sealed)
            text = text_of(error.code)
            return Verdict(
                id=notice.id,
                outcome=Became.REFUSED,
                code=error.code,
                field=error.field,
                ja=text.ja,
                en=text.en,
            )

    def _applied(self, notice: Notice) -> Verdict:
        check_sender(notice.record, self._sender)
        record = check(notice.record)
        key, digest = self._key(notice), hashlib.sha256(msgspec.json.encode(notice)).digest()
        if key in self._receipts:
            return self._again(notice, key, digest)
        last = self._people.get(record.juminhyo_code)
        decision = judge(record, last.row if last else None, today=day_of(self._draft.now))
        row = next_row(
            record, last.row if last else None, received=self._draft.now, terminal=f"CS{self._sender}"
        )
        self._store(row, last)
        self._enqueue(notice, row, key)
        receipt = msgspec.msgpack.encode(Receipt(row.serial, digest, notice.sender_seq))
        self._receipts[key] = self._sealer.seal(self._log_class, self._place(Table.NOTICES, key), receipt)
        self._draft.add(Table.NOTICES, key, self._receipts[key])
        self._log(
            Action.NOTICE_APPLIED,
            Outcome.OK,
            "",
            {"notice": notice.id, "subject": record.juminhyo_code, "serial": row.serial},
        )
        return Verdict(
            id=notice.id, outcome=Became.APPLIED, serial=row.serial, warnings=list(decision.warnings)
        )

    def _again(self, notice: Notice, key: bytes, digest: bytes) -> Verdict:
        held = self._sealer.open(self._place(Table.NOTICES, key), self._receipts[key])
        receipt = msgspec.msgpack.decode(held, type=Receipt)
        if not secrets.compare_digest(receipt.digest, digest):
            raise ConflictError("notice.id_reused", field="id")
        self._log(Action.NOTICE_DUPLICATE, Outcome.OK, "", {"notice": notice.id})
        return Verdict(id=notice.id, outcome=Became.DUPLICATE, serial=receipt.serial)

    def _store(self, row: Row, last: Stored | None) -> None:
        new = Stored(secrets.token_bytes(ROW_ID), last.person if last else secrets.token_bytes(ROW_ID), row)
        self._draft.add(Table.ROWS, new.id, self._codec.seal(new))
        version = projected(new, self._known.get(new.person))
        self._known[new.person] = known_of(version)
        self._draft.index(version)
        if last is not None:
            # In the same commit the superseded version leaves `live` for the class of the year that ends its term.
            superseded = Stored(last.id, last.person, last.row, successor_on=row.received_on)
            self._draft.put(Table.ROWS, last.id, self._codec.seal(superseded))
        self._people[row.juminhyo_code] = new

    def _enqueue(self, notice: Notice, row: Row, key: bytes) -> None:
        update = Update(
            key=key.hex(),
            register=self._register,
            sender=self._sender,
            row=msgspec.to_builtins(row),
        )
        place = self._draft.place()
        sealed = self._sealer.seal(
            classes.work(day_of(self._draft.now)),
            self._place(Table.OUTBOX, place),
            msgspec.json.encode(update),
        )
        self._draft.add(Table.OUTBOX, place, sealed)

    def _key(self, notice: Notice) -> bytes:
        """The idempotency key: a digest over (register, sender, notice id, kind)."""
        parts = (self._register, self._sender, notice.id, "notice")
        return hashlib.sha256(msgspec.json.encode(parts)).digest()

    @property
    def _log_class(self) -> str:
        return classes.log(day_of(self._draft.now))

    def _place(self, table: Table, key: bytes) -> Place:
        return Place(self._register, table, key)

    def _log(self, action: Action, outcome: Outcome, code: str, sealed: Mapping[str, str | int]) -> None:
        self._draft.log(Act(action, f"CS:{self._sender}", outcome, code=code, sealed=dict(sealed)))
