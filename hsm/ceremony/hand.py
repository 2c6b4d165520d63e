"""The shares of one ceremony that its holders have given so far. In memory only, wiped when they are put down.

A share is known by its digest: one of another ceremony, one that was altered and one that was given already are refused
without losing the others. Nothing that is compared here says which word of a well-formed share differs.
"""

import hmac
from collections.abc import Sequence

from daemon.errors import ConflictError, IntegrityError
from hsm.ceremony import shares
from hsm.ceremony.record import Record, digest
from hsm.ceremony.secret import Secret, wipe


def holder_of(record: Record, share: shares.Read) -> int | None:
    """Whose share this is, from 0; None where it is nobody's in this ceremony."""
    known = digest(record.salt, "share", share.mnemonic.encode())
    matching = [place for place, each in enumerate(record.digests) if hmac.compare_digest(each, known)]
    return matching[0] if matching else None


class Hand:
    """Shares given, by holder."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self._given: dict[int, Secret] = {}

    @property
    def given(self) -> list[int]:
        """The holders who gave theirs, in order."""
        return sorted(self._given)

    @property
    def enough(self) -> bool:
        """Whether there are as many as the threshold says."""
        return len(self._given) >= self.record.threshold

    def take(self, share: shares.Read) -> int:
        """Take a share into the hand; whose it is."""
        holder = holder_of(self.record, share)
        if holder is None:
            raise ConflictError("ceremony.share_foreign")
        if holder in self._given:
            raise ConflictError("ceremony.share_doubled")
        self._given[holder] = Secret(share.mnemonic.encode())
        return holder

    def combine(self, chosen: Sequence[int]) -> Secret:
        """The secret from the shares of the `chosen` holders, proven to be the one that was split."""
        value = shares.combine([self._given[holder].reveal().decode() for holder in chosen])
        if not hmac.compare_digest(digest(self.record.salt, "secret", value), self.record.secret):
            raise IntegrityError("ceremony.shares_disagree")
        return Secret(value)

    def put_down(self) -> None:
        """Forget them all."""
        wipe(self._given.values())
        self._given.clear()
