"""Which checkpoints need not be kept (design, section 5): of each hour that is over one stays. Pure.

One a second is signed while entries come, and any later one proves what an earlier one did. So of each hour (UTC) by the signer's
clock one stays: that with most signatures, since witnesses cosign some and not others, and of these the last. An hour is left
alone until it has been over for another one, so that witnesses have time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from daemon.clock import hour_of

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Candidate:
    """What is asked of one checkpoint."""

    size: int
    at: datetime | None
    """When it was signed; None where it does not say so: then it stays."""
    signatures: int


def is_over(at: datetime, now: datetime) -> bool:
    """Whether the hour of `at` may be thinned."""
    return hour_of(at) + 2 * HOUR <= now


def superfluous(candidates: Sequence[Candidate], now: datetime) -> list[int]:
    """The sizes that need not be kept any longer, in order. All of an hour are among the candidates, or none."""
    hours: dict[datetime, list[Candidate]] = {}
    for one in candidates:
        if one.at is not None and is_over(one.at, now):
            hours.setdefault(hour_of(one.at), []).append(one)
    stay = {max(hour, key=lambda one: (one.signatures, one.size)).size for hour in hours.values()}
    return sorted(one.size for hour in hours.values() for one in hour if one.size not in stay)
