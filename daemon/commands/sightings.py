"""What each witness cosigned last, and since when it has been silent. Pure."""

from datetime import datetime, timedelta

import msgspec

from daemon.contract.cosignature import Cosignature
from daemon.errors import InputError, SizeError

SLACK = timedelta(minutes=5)
"""So far the clocks of a witness, the key service and the register may be apart."""


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """The largest checkpoint that a witness cosigned, or that it is known and has cosigned none."""

    since: datetime
    """When it was first configured."""
    size: int = 0
    at: int = 0
    """When it says that it did, in seconds since the epoch."""
    taken: datetime | None = None
    """When we had the cosignature."""

    def overdue(self, now: datetime, after: timedelta) -> bool:
        """Whether we had none for longer than `after`."""
        return now - (self.taken or self.since) > after

    def followed_by(self, size: int, at: int, now: datetime) -> "Sighting":
        """What is known once a cosignature of `size` made `at` is taken in.

        SizeError where it contradicts this one: each says that its tree was the largest that the witness had seen by then, so a
        later one is never of a smaller tree. One that comes late, older and of a smaller tree than this, is none.
        """
        if (size - self.size) * (at - self.at) < 0:
            raise SizeError("witness.contradicts", size=self.size)
        larger, later = max(size, self.size), max(at, self.at)
        return msgspec.structs.replace(self, size=larger, at=later, taken=now)


def require_timely(cosignature: Cosignature, signed_at: datetime, now: datetime) -> None:
    """InputError where it says to be older than its checkpoint, or from the future."""
    if cosignature.at < (signed_at - SLACK).timestamp():
        raise InputError("witness.time_too_early")
    if cosignature.at > (now + SLACK).timestamp():
        raise InputError("witness.time_too_late")
