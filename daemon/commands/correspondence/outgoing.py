"""What goes to the national server, as a person here sees it: what waits, what is aside and why, and the wish to try it again."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.commands.caller import Caller, Right
from daemon.contract import outbox as contract
from daemon.contract.endpoint import Endpoint
from daemon.contract.outbox import (
    PAGE,
    AsideMessage,
    AsideState,
    OutboxAfter,
    OutboxView,
    Retried,
    Retry,
)
from daemon.errors import AuthorityError, InputError, JukuraError
from daemon.store.aside import AsideList, Held
from daemon.store.draft import Draft
from daemon.store.outbox import Outbox
from daemon.store.rows import Stored
from daemon.store.sent import Sent
from daemon.store.tally import Tally
from daemon.store.updates import Updates
from daemon.store.writer import Writer


class Trying(Protocol):
    """How the line to the national server fares."""

    @property
    def failures(self) -> int: ...
    @property
    def next_try(self) -> datetime | None: ...


@dataclass(frozen=True)
class Outgoing:
    """The outbox of one register, as the console meets it."""

    outbox: Outbox
    aside: AsideList
    sent: Sent
    updates: Updates
    tally: Tally
    writer: Writer
    trying: Trying

    @property
    def handlers(self) -> Mapping[Endpoint, Callable[[Caller, Any], Awaitable[Any]]]:
        """The use cases by endpoint."""
        return {contract.OUTBOX: self.view, contract.RETRY: self.retry}

    async def view(self, caller: Caller, asked: OutboxAfter) -> OutboxView:
        """The figures, and a page of what is aside. A console looks often: only a refusal is an entry."""
        await require_sight(caller, Right.OUTBOX_SEE, self.writer)
        held = await self.aside.page(bytes.fromhex(asked.after), limit=PAGE + 1)
        oldest = [message.row for _, message in await self.outbox.messages(1)]
        rows = await self.updates.rows([*oldest, *(one.message.row for _, one in held)])
        return OutboxView(
            waiting=self.tally.outbox,
            oldest=next((rows[row].row.updated_at for row in oldest if row in rows), None),
            failures=self.trying.failures,
            next_try=self.trying.next_try,
            again=sum(each.last - each.first + 1 for each in await self.sent.asked()),
            aside=self.tally.aside,
            messages=[_shown(one, rows) for one in held[:PAGE]],
            more=len(held) > PAGE,
        )

    async def retry(self, caller: Caller, asked: Retry) -> Retried:
        """Note the wish; the pump carries it out at the next contact, and those refused again are aside again."""
        named = [bytes.fromhex(each) for each in dict.fromkeys(asked.ids)]
        try:
            _require_wish(caller, asked)
        except (AuthorityError, InputError) as error:
            await self.writer.log(_entry(caller, asked, 0, error.code))
            raise
        places = [place for place, _ in await self.aside.get(named)]
        count = self.tally.aside if asked.all else len(places)

        async def work(draft: Draft) -> None:
            await self.aside.want(draft, None if asked.all else places)
            draft.log(_entry(caller, asked, count, ""))

        await self.writer.write(work)
        return Retried(count)


def _always() -> None:
    """Nothing stands against it."""


async def require_sight(
    caller: Caller, right: Right, writer: Writer, gate: Callable[[], None] = _always
) -> None:
    """Raise unless the caller has `right` to look, and `gate` is open; a refusal is an entry."""
    try:
        caller.require(right)
        gate()
    except JukuraError as error:
        actor = f"operator:{caller.operator}"
        act = Act(
            Action.OUTBOX_VIEW_REFUSED, actor, Outcome.REFUSED, terminal=caller.terminal, code=error.code
        )
        await writer.log(act)
        raise


def _require_wish(caller: Caller, asked: Retry) -> None:
    caller.require(Right.OUTBOX_RETRY)
    if asked.all == bool(asked.ids):
        raise InputError("outbox.name_or_all", field="ids")


def _entry(caller: Caller, asked: Retry, count: int, code: str) -> Act:
    return Act(
        Action.OUTBOX_RETRY_ASKED,
        f"operator:{caller.operator}",
        Outcome.REFUSED if code else Outcome.OK,
        terminal=caller.terminal,
        code=code,
        counts={"messages": count, "all": int(asked.all)},
        sealed={"ids": list(asked.ids)},
    )


def _shown(one: Held, rows: Mapping[bytes, Stored]) -> AsideMessage:
    place, held = one
    stored = rows.get(held.message.row)
    return AsideMessage(
        id=place.hex(),
        person=held.message.person.hex(),
        sender=held.message.sender,
        serial=stored.row.serial if stored else 0,
        state=AsideState(held.state),
        code=held.code,
        applied=stored.row.updated_at if stored else None,
        since=held.since,
    )
