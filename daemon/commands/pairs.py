"""二人の承認: deeds that no single person can do. The first who asks is noted; the second, another one, does it."""

from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from daemon.commands.caller import Caller
from daemon.store.draft import Draft
from daemon.store.engine import Table

KEY = b"pairs"
"""In META: every first word that may still count."""
ENDS = timedelta(hours=24)
"""After this the first word counts no more."""


class _First(msgspec.Struct, frozen=True, array_like=True):
    operator: str
    at: datetime


_Kept = dict[bytes, _First]
"""By deed and digest of the subject."""


class Pairs:
    """Who asked first."""

    async def second(self, draft: Draft, caller: Caller, deed: str, subject: str) -> bool:
        """Whether `caller` is the second person to ask for `deed` on `subject`; otherwise the first word is theirs.

        Within a piece of work, so that two at the same moment are one after the other. First words that are over go with it.
        """
        key = deed.encode() + b":" + sha256(subject.encode()).digest()
        kept = {name: first for name, first in (await _read(draft)).items() if draft.now < first.at + ENDS}
        first = kept.pop(key, None)
        done = first is not None and first.operator != caller.operator
        if not done:
            kept[key] = _First(caller.operator, draft.now)
        draft.put(Table.META, KEY, msgspec.msgpack.encode(kept))
        return done


async def _read(draft: Draft) -> _Kept:
    held = (await draft.get_many(Table.META, [KEY])).get(KEY)
    return msgspec.msgpack.decode(held, type=_Kept) if held else {}
