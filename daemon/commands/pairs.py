"""二人の承認: deeds that no single person can do. The first who asks is noted; the second, another one, does it."""

from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from daemon.commands.caller import Caller
from daemon.store.draft import Draft
from daemon.store.engine import Table

PREFIX = b"pair:"
"""In META: `pair:<deed>:<digest of the subject>` → who asked first, and when."""
ENDS = timedelta(hours=24)
"""After this the first word counts no more."""


class _First(msgspec.Struct, frozen=True, array_like=True):
    operator: str
    at: datetime


class Pairs:
    """Who asked first."""

    async def second(self, draft: Draft, caller: Caller, deed: str, subject: str) -> bool:
        """Whether `caller` is the second person to ask for `deed` on `subject`; otherwise the first word is theirs.

        Within a piece of work, so that two at the same moment are one after the other.
        """
        key = PREFIX + deed.encode() + b":" + sha256(subject.encode()).digest()
        held = (await draft.get_many(Table.META, [key])).get(key)
        first = msgspec.msgpack.decode(held, type=_First) if held else None
        if first and first.operator != caller.operator and draft.now < first.at + ENDS:
            draft.delete(Table.META, key)
            return True
        draft.put(Table.META, key, msgspec.msgpack.encode(_First(caller.operator, draft.now)))
        return False
