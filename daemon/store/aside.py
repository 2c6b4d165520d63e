"""Messages that were set aside: those that the national server refused, and behind each what else there is of that person.

Nobody else waits for them. They keep their places, so that whatever is put back is in its old order again. Only the
pump moves messages between here and the outbox; a person's wish to try one again is noted (`Wish`) and carried out by it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from heapq import nsmallest

import msgspec

from daemon.clock import day_of
from daemon.crypto import classes
from daemon.crypto.seal import Place, Sealer
from daemon.errors import ConflictError, IntegrityError
from daemon.register.rows import Register
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.outbox import Message, Outbox

WISH = b"outbox:wish"
"""In META: what is to be put back (`Wish`)."""
MOST_NAMED = 1000
"""Messages that a wish can name; whoever wants more wants all."""
BATCH = 500  # messages in one read


class Aside(StrEnum):
    """Why a message is aside."""

    REFUSED = "refused"
    """The national server refused it."""
    WAITING = "waiting"
    """It is behind a refused one of the same person."""


class SetAside(msgspec.Struct, frozen=True, array_like=True):
    """One message that is aside."""

    message: Message
    state: Aside
    code: str
    """Why it was refused; empty where it waits."""
    since: datetime | None
    """When it was set aside; None where an earlier version of this program did."""


class Wish(msgspec.Struct, frozen=True, array_like=True):
    """What is to be put back: the people of these messages, and everybody whose first message comes after a place."""

    places: list[bytes] = []
    after: bytes | None = None


class Blocked:
    """Whose messages are aside, in memory: a place and a person each, never a message."""

    def __init__(self) -> None:
        self._places: dict[bytes, set[bytes]] = {}
        self._owners: dict[bytes, bytes] = {}

    def __contains__(self, person: bytes) -> bool:
        return person in self._places

    def add(self, place: bytes, person: bytes) -> None:
        """A message was set aside."""
        self._owners[place] = person
        self._places.setdefault(person, set()).add(place)

    def free(self, places: Iterable[bytes]) -> None:
        """These were put back."""
        for place in places:
            held = self._places[self._owners[place]]
            held.discard(place)
            if not held:
                del self._places[self._owners[place]]
            del self._owners[place]

    def due(self, wish: Wish, *, limit: int) -> tuple[list[bytes], Wish]:
        """What to put back now, whole people until there are `limit` messages, in order; and what is left of the wish."""
        named = dict.fromkeys(self._owners[place] for place in wish.places if place in self._owners)
        places: list[bytes] = []
        for person in named:
            if len(places) < limit:
                places += self._places[person]
        after = wish.after
        if after is not None and len(places) < limit:
            firsts = ((min(held), person) for person, held in self._places.items() if person not in named)
            found = nsmallest(limit - len(places), (each for each in firsts if each[0] > after))
            places += [place for _, person in found for place in self._places[person]]
            after = found[-1][0] if found else None
        taken = set(places)
        left = [place for place in wish.places if place in self._owners and place not in taken]
        return sorted(taken), Wish(left, after)


Held = tuple[bytes, SetAside]
"""A message that is aside, with its place."""


class AsideList:
    """The table ASIDE of one register."""

    def __init__(self, register: Register, engine: Engine, sealer: Sealer, outbox: Outbox) -> None:
        self._register = register
        self._engine = engine
        self._sealer = sealer
        self._outbox = outbox

    async def page(self, after: bytes, *, limit: int) -> list[Held]:
        """Up to `limit` messages whose places come after this one, in order."""
        pairs = await self._engine.apart.scan(Table.ASIDE, first=after + b"\x00", limit=limit)
        return [(place, await self._open(place, sealed)) for place, sealed in pairs]

    async def get(self, places: Sequence[bytes]) -> list[Held]:
        """Those of these places that are aside, in order."""
        pairs = await self._engine.get_many(Table.ASIDE, places)
        return [(place, await self._open(place, pairs[place])) for place in sorted(pairs)]

    async def blocked(self) -> Blocked:
        """Whose messages are aside; reads everything, a batch at a time."""
        blocked = Blocked()
        after = b""
        while page := await self.page(after, limit=BATCH):
            for place, held in page:
                blocked.add(place, held.message.person)
            after = page[-1][0]
        return blocked

    def put(self, draft: Draft, place: bytes, held: SetAside) -> None:
        """Set a message aside, or change what is known of it."""
        content = msgspec.msgpack.encode(held)
        draft.put(
            Table.ASIDE,
            place,
            self._sealer.seal(classes.work(day_of(draft.now)), self._place(place), content),
        )

    # Wishes.

    async def wish(self) -> Wish:
        """What is to be put back."""
        return _wish((await self._engine.get_many(Table.META, [WISH])).get(WISH, b""))

    async def want(self, draft: Draft, places: Iterable[bytes] | None) -> None:
        """Note that the messages at `places` (None: all) are to be tried again, with what waits behind them."""
        known = await self._noted(draft)
        named = sorted({*known.places, *(places or ())})
        if len(named) > MOST_NAMED:
            raise ConflictError("outbox.too_many_named", field="ids")
        _note(draft, Wish(named, b"" if places is None else known.after))

    async def granted(self, draft: Draft, before: Wish, after: Wish) -> None:
        """Of the wish `before` the pump has left `after`; what was wished for meanwhile stays."""
        known = await self._noted(draft)
        more = set(known.places) - set(before.places)
        _note(
            draft,
            Wish(
                sorted(more | set(after.places)), after.after if known.after == before.after else known.after
            ),
        )

    async def _noted(self, draft: Draft) -> Wish:
        return _wish((await draft.get_many(Table.META, [WISH])).get(WISH, b""))

    async def _open(self, place: bytes, sealed: bytes) -> SetAside:
        try:
            return msgspec.msgpack.decode(self._sealer.open(self._place(place), sealed), type=SetAside)
        except IntegrityError:
            # Earlier versions of this program moved a message here as it lay in the outbox.
            message = await self._outbox.read(place, sealed)
        return SetAside(message, Aside.REFUSED, "", None)

    def _place(self, place: bytes) -> Place:
        return Place(self._register, Table.ASIDE, place)


def _wish(held: bytes) -> Wish:
    return msgspec.msgpack.decode(held, type=Wish) if held else Wish()


def _note(draft: Draft, wish: Wish) -> None:
    draft.put(Table.META, WISH, msgspec.msgpack.encode(wish))
