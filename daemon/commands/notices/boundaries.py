"""廃置分合・境界変更 (地方自治法7条): two people announce one, and only then may the new municipality notify (異動事由 38).

Kept in META, since nothing in it is personal. What is announced counts once it is written, together with its entry. In `fuhyo` no
notice depends on one, so there is nothing to announce.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import msgspec

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.clock import day_of
from daemon.commands.caller import Caller, Right
from daemon.commands.pairs import Pairs
from daemon.contract import boundaries as contract
from daemon.contract.boundaries import BoundaryAsked, BoundaryChange, BoundaryChanges
from daemon.contract.endpoint import Empty, Endpoint
from daemon.errors import ConflictError, InputError, JukuraError, StateError
from daemon.register.dates import number_of, parts
from daemon.register.municipalities import EVERY, NETWORK
from daemon.register.reasons import Boundary
from daemon.register.rows import Register
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.writer import Writer

KEY = b"boundaries"
MOST = 1000

Kept = tuple[Boundary, ...]
"""By day, then by code; those whose day is long past too, since a notice may come late."""


def announced(kept: Kept, boundary: Boundary, today: int) -> Kept:
    """With `boundary` among them."""
    del today
    if boundary in kept:
        raise ConflictError("boundary.announced_already")
    if len(kept) >= MOST:
        raise ConflictError("boundary.too_many")
    return tuple(sorted((*kept, boundary), key=lambda each: (each.on, each.old, each.new)))


def withdrawn(kept: Kept, boundary: Boundary, today: int) -> Kept:
    """Without `boundary`, whose day has not come."""
    if boundary not in kept:
        raise ConflictError("boundary.not_announced")
    if boundary.on <= today:
        raise ConflictError("boundary.begun", field="on")
    return tuple(each for each in kept if each != boundary)


@dataclass(frozen=True)
class Deed:
    """What two people can do, and how it is written down."""

    name: str
    asked: Action
    """By the first,"""
    done: Action
    """and by the second."""
    change: Callable[[Kept, Boundary, int], Kept]


ANNOUNCE = Deed("boundaries-announce", Action.BOUNDARY_ANNOUNCE_ASKED, Action.BOUNDARY_ANNOUNCED, announced)
WITHDRAW = Deed("boundaries-withdraw", Action.BOUNDARY_WITHDRAW_ASKED, Action.BOUNDARY_WITHDRAWN, withdrawn)


class Boundaries:
    """What is announced, and who may say so."""

    def __init__(self, register: Register, engine: Engine, writer: Writer, pairs: Pairs, kept: Kept) -> None:
        self._register = register
        self._engine = engine
        self._writer = writer
        self._pairs = pairs
        self._kept = kept
        self.handlers: Mapping[Endpoint, Callable[[Caller, Any], Awaitable[Any]]] = {
            contract.BOUNDARIES: self.show,
            contract.ANNOUNCE_BOUNDARY: self.announce,
            contract.WITHDRAW_BOUNDARY: self.withdraw,
        }

    @classmethod
    async def load(cls, register: Register, engine: Engine, writer: Writer, pairs: Pairs) -> "Boundaries":
        """As they were announced when the register was stopped or killed."""
        return cls(register, engine, writer, pairs, await _committed(engine))

    def announced(self) -> Kept:
        """What is announced now, for those who judge notices."""
        return self._kept

    async def show(self, caller: Caller, _: Empty) -> BoundaryChanges:
        """All of them."""
        caller.require(Right.BOUNDARIES)
        return BoundaryChanges(
            [BoundaryChange(old=each.old, new=each.new, on=date(*parts(str(each.on)))) for each in self._kept]
        )

    async def announce(self, caller: Caller, asked: BoundaryChange) -> BoundaryAsked:
        """Done by the second person who asks for it."""
        return await self._ask(caller, ANNOUNCE, asked)

    async def withdraw(self, caller: Caller, asked: BoundaryChange) -> BoundaryAsked:
        """Taken back before its day, by the second person who asks for it."""
        return await self._ask(caller, WITHDRAW, asked)

    async def _ask(self, caller: Caller, deed: Deed, asked: BoundaryChange) -> BoundaryAsked:
        async def work(draft: Draft) -> bool:
            return await self._second(draft, caller, deed, boundary)

        try:
            caller.require(Right.BOUNDARIES)
            if self._register is Register.FUHYO:
                raise InputError("boundary.not_here")
            boundary = checked(asked)
            return BoundaryAsked(await self._writer.write(work))
        except StateError:
            raise
        except JukuraError as error:
            await self._writer.log(_act(deed.asked, caller, {}, error.code))
            raise
        finally:
            # Also where no word came from the disk in time: what lies there counts.
            self._kept = await _committed(self._engine)

    async def _second(self, draft: Draft, caller: Caller, deed: Deed, boundary: Boundary) -> bool:
        kept = _read(await draft.get_many(Table.META, [KEY]))
        changed = deed.change(kept, boundary, number_of(day_of(draft.now)))
        subject = f"{boundary.old}:{boundary.new}:{boundary.on}"
        done = await self._pairs.second(draft, caller, deed.name, subject)
        if done:
            draft.put(Table.META, KEY, msgspec.msgpack.encode(changed))
        counts = {"old": int(boundary.old), "new": int(boundary.new), "on": boundary.on}
        draft.log(_act(deed.done if done else deed.asked, caller, counts))
        return done


def checked(asked: BoundaryChange) -> Boundary:
    """What is asked for, as it is kept; InputError that names the field which cannot be."""
    for field, code in (("old", asked.old), ("new", asked.new)):
        if code not in EVERY:
            raise InputError("boundary.unknown_municipality", field=field)
    if asked.old == asked.new:
        raise InputError("boundary.same", field="new")
    if asked.on < NETWORK:
        raise InputError("boundary.not_valid", field="on")
    days = {"old": (asked.old, asked.on - timedelta(days=1)), "new": (asked.new, asked.on)}
    for field, (code, day) in days.items():
        if not EVERY[code].valid(day):
            raise InputError("boundary.not_valid", field=field)
    return Boundary(asked.old, asked.new, number_of(asked.on))


async def _committed(engine: Engine) -> Kept:
    return _read(await engine.get_many(Table.META, [KEY]))


def _read(held: Mapping[bytes, bytes]) -> Kept:
    return msgspec.msgpack.decode(held[KEY], type=Kept) if KEY in held else ()


def _act(action: Action, caller: Caller, counts: Mapping[str, int], code: str = "") -> Act:
    outcome = Outcome.REFUSED if code else Outcome.OK
    actor = f"operator:{caller.operator}"
    return Act(action, actor, outcome, terminal=caller.terminal, code=code, counts=dict(counts))
