"""監査ログの閲覧: an auditor finds entries, sees one with its proof, follows a case, and reads figures by month.

Headers and the names of sealed fields are shown, never a value: to open one takes two people, and is no part of this.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from daemon.audit import days, naming
from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.case import Known, belonging, leads
from daemon.audit.entry import Outcome, header_of, public_of
from daemon.audit.journal import Journal, leaf_of
from daemon.audit.mention import Mention
from daemon.audit.proving import proven
from daemon.audit.reading import Found, LogReader, Pair, Wanted
from daemon.audit.signer import Signer
from daemon.commands.caller import Caller, Right
from daemon.commands.inquiries.uses import kept
from daemon.commands.reading.asked import END, cursor, read, terms
from daemon.contract import log as contract
from daemon.contract.endpoint import Endpoint
from daemon.contract.log import (
    MOST_CASE,
    PAGE,
    Case,
    EntryQuery,
    Figure,
    LogEntry,
    LogLine,
    LogPage,
    LogSearch,
    Statistics,
    StatisticsQuery,
)
from daemon.errors import ConflictError, InputError, JukuraError
from daemon.store.draft import Draft
from daemon.store.engine import Engine
from daemon.store.labels import Labels
from daemon.store.writer import Writer


@dataclass(frozen=True)
class LogReading:
    """The log of one register, as an auditor meets it."""

    engine: Engine
    reader: LogReader
    labels: Labels
    journal: Journal
    signer: Signer
    writer: Writer

    @property
    def handlers(self) -> Mapping[Endpoint, Callable[[Caller, Any], Awaitable[Any]]]:
        """The use cases by endpoint."""
        return {
            contract.LOG_SEARCH: self.search,
            contract.LOG_ENTRY: self.entry,
            contract.LOG_CASE: self.case,
            contract.LOG_STATISTICS: self.statistics,
        }

    async def search(self, caller: Caller, query: LogSearch) -> LogPage:
        """A page of entries, the newest first."""
        why = {"terms": terms(query)} | {
            name: value
            for name in ("subject", "reference", "purpose", "application")
            if (value := getattr(query, name))
        }
        by = {"subject": int(bool(query.subject)), "reference": int(bool(query.reference))}
        async with self._refusing(caller, counts=by, sealed=why):
            asked = read(query)
            found = await self._found(asked.mention, asked.wanted, asked.below, PAGE)
        counts = by | {"hits": len(found.pairs)}
        # By the digits alone an auditor's own reading is found by whom it was about.
        if asked.mention is not None and query.subject:
            why["subject"] = asked.mention.value
        await self._log(Action.LOG_SEARCHED, caller, counts=counts, sealed=why)
        return LogPage(
            entries=_lines(found.pairs),
            next=cursor(query, found.next),
            back_to=await self._time_of(found.next),
        )

    async def entry(self, caller: Caller, query: EntryQuery) -> LogEntry:
        """One entry with its proof."""
        async with self._refusing(caller):
            pair = await self._held(query.seq)
            leaf = leaf_of(pair[1])[0]
            proof = await proven(query.seq, leaf, self.engine, self.signer)
        named = proof.checkpoint.size if proof else None
        await self._log(Action.LOG_ENTRY_SHOWN, caller, counts={"entry": query.seq}, named=named)
        return LogEntry(
            line=_line(pair),
            leaf=leaf.decode(),
            proof=proof.text if proof else "",
            size=proof.checkpoint.size if proof else 0,
            signed=proof.checkpoint.signed_at if proof else None,
        )

    async def case(self, caller: Caller, query: EntryQuery) -> Case:
        """What belongs together with one entry."""
        async with self._refusing(caller):
            pair = await self._held(query.seq)
            pairs, more = await self._case(pair)
            entries = _lines([pairs[key] for key in sorted(pairs)])
        counts = {"entry": query.seq, "entries": len(entries)}
        await self._log(Action.LOG_CASE_SHOWN, caller, counts=counts)
        return Case(entries=entries, more=more)

    async def statistics(self, caller: Caller, query: StatisticsQuery) -> Statistics:
        """How often what was done, month by month."""
        async with self._refusing(caller):
            months = await days.months(self.engine)
        await self._log(Action.LOG_STATISTICS_SHOWN, caller)
        return Statistics(
            [
                Figure(month=month, action=action, ok=ok, refused=refused, failed=failed)
                for month, figures in months.items()
                if (not query.since or query.since <= month) and (not query.until or month <= query.until)
                for action, (ok, refused, failed) in sorted(figures.items())
            ]
        )

    # The log.

    async def _case(self, pair: Pair) -> tuple[dict[bytes, Pair], bool]:
        """What belongs together with one entry, itself too, by key; and whether not all of it was looked at."""
        one, more = self._known(pair), False
        near: dict[bytes, Pair] = {}
        for mention in sorted(leads(one), key=lambda each: each.content):
            found = await self._found(mention, Wanted(), END, max(MOST_CASE - len(near), 1))
            near |= {each[0]: each for each in found.pairs}
            if more := more or bool(found.next):
                break
        near.pop(pair[0], None)
        known = {key: self._known(each) for key, each in near.items()}
        there = {each.header.seq for each in belonging(one, known.values())}
        return {pair[0]: pair} | {
            key: near[key] for key, each in known.items() if each.header.seq in there
        }, more

    async def _found(self, mention: Mention | None, wanted: Wanted, below: int, limit: int) -> Found:
        if mention is None:
            return await self.reader.by_header(wanted, below=below, limit=limit)
        return await self.reader.mentioning(mention, wanted, below=below, limit=limit)

    async def _held(self, seq: int) -> Pair:
        if seq >= self.journal.tree.size:
            raise InputError("log.out_of_range", field="seq")
        pair = await self.reader.entry(seq)
        if pair is None:
            raise ConflictError("log.entry_gone", field="seq")
        return pair

    async def _time_of(self, seq: int) -> datetime | None:
        pair = await self.reader.entry(seq) if seq else None
        return header_of(leaf_of(pair[1])[0]).time if pair else None

    def _known(self, pair: Pair) -> Known:
        return Known(header_of(leaf_of(pair[1])[0]), self.labels.fields(*pair))

    # What each reading leaves.

    @asynccontextmanager
    async def _refusing(
        self,
        caller: Caller,
        *,
        counts: Mapping[str, int] | None = None,
        sealed: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[None]:
        """Whoever may not, or asks for what cannot be, leaves an entry too."""
        try:
            caller.require(Right.LOG_READ)
            yield
        except JukuraError as error:
            refused = Action.LOG_VIEW_REFUSED
            await self._log(refused, caller, Outcome.REFUSED, code=error.code, counts=counts, sealed=sealed)
            raise

    async def _log(
        self,
        action: Action,
        caller: Caller,
        outcome: Outcome = Outcome.OK,
        *,
        code: str = "",
        counts: Mapping[str, int] | None = None,
        sealed: Mapping[str, Any] | None = None,
        named: int | None = None,
    ) -> None:
        """An entry; with it the checkpoint of the size `named`, to which a proof that is handed out refers, is kept for good."""
        act = Act(
            action,
            f"operator:{caller.operator}",
            outcome,
            terminal=caller.terminal,
            code=code,
            counts=dict(counts or {}),
            sealed={name: kept(value) for name, value in (sealed or {}).items()},
        )

        async def work(draft: Draft) -> None:
            if named is not None:
                await naming.name(draft, named, naming.Why.RECEIPT)
            draft.log(act)

        await self.writer.write(work)


def _lines(pairs: list[Pair]) -> list[LogLine]:
    return [_line(pair) for pair in pairs]


def _line(pair: Pair) -> LogLine:
    header, sealed = public_of(leaf_of(pair[1])[0])
    return LogLine(
        seq=header.seq,
        time=header.time,
        actor=header.actor,
        terminal=header.terminal,
        action=header.action,
        outcome=header.outcome,
        affair=header.affair,
        code=header.code,
        counts=header.counts,
        sealed=sealed,
    )
