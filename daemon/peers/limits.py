"""How much a peer may ask for: token buckets and counts. Pure: time is monotonic seconds, told by whoever asks.

A peer has one allowance, however many connections it has. Before anyone is known there is only an address, and what
it may do is to begin handshakes.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

from daemon.config import Limits
from daemon.errors import TooFastError

ADDRESSES = 4096  # remembered at once
BUSY = 1.0  # seconds after which to come back where too much of everybody waits


class Bucket:
    """Holds up to `burst`, and is filled at `rate` a second."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._at = -inf

    def take(self, amount: float, now: float) -> float:
        """0 if `amount` was there and is taken; otherwise nothing is taken, and these seconds are left until it is there."""
        self._fill(now)
        if self._level < amount:
            return (amount - self._level) / self._rate
        self._level -= amount
        return 0.0

    def spend(self, amount: float, now: float) -> float:
        """Take `amount`, there or not; the seconds until the debt is paid."""
        self._fill(now)
        self._level -= amount
        return max(0.0, -self._level / self._rate)

    def full(self, now: float) -> bool:
        """Whether there is nothing to remember."""
        self._fill(now)
        return self._level >= self._burst

    def _fill(self, now: float) -> None:
        if now > self._at:
            self._level = min(self._burst, self._level + (now - self._at) * self._rate)
            self._at = now


class Allowance:
    """What one peer has left."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._requests = Bucket(limits.requests, limits.requests_burst)
        self._bytes = Bucket(limits.volume, limits.volume_burst)
        self.connections = 0
        self.in_flight = 0

    def connect(self) -> bool:
        """Count one more connection; False, and nothing counted, where the peer has as many as it may."""
        if self.connections >= self._limits.connections:
            return False
        self.connections += 1
        return True

    def begin(self, now: float) -> None:
        """One request begins; TooFastError that says for how long there may be none. `end` follows."""
        if self.in_flight >= self._limits.in_flight:
            raise TooFastError("peer.in_flight_over", after=1.0)
        # Bodies are paid for after they came: who is in debt for the last ones waits before the next.
        if wait := self._bytes.take(0.0, now):
            raise TooFastError("peer.bytes_over", after=wait)
        if wait := self._requests.take(1.0, now):
            raise TooFastError("peer.requests_over", after=wait)
        self.in_flight += 1

    def end(self) -> None:
        """A request that began is over."""
        self.in_flight -= 1

    def spend(self, size: int, now: float) -> float:
        """`size` bytes came; the seconds until more should be read."""
        return self._bytes.spend(size, now)


class Doorstep:
    """Handshakes, by address: how many a second, and how many at once; and how many at once from everywhere."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buckets: dict[str, Bucket] = {}
        self._now: Counter[str] = Counter()

    def enter(self, address: str, now: float) -> bool:
        """Whether a handshake may begin; `leave` follows then, and only then."""
        limits = self._limits
        if self._now.total() >= limits.handshakes_total or self._now[address] >= limits.handshakes_at_once:
            return False
        bucket = self._bucket(address, now)
        if bucket is None or bucket.take(1.0, now):
            return False
        self._now[address] += 1
        return True

    def leave(self, address: str) -> None:
        """A handshake ended, well or not."""
        self._now[address] -= 1
        if not self._now[address]:
            del self._now[address]

    def _bucket(self, address: str, now: float) -> Bucket | None:
        if address not in self._buckets and len(self._buckets) >= ADDRESSES:
            self._buckets = {name: bucket for name, bucket in self._buckets.items() if not bucket.full(now)}
            if len(self._buckets) >= ADDRESSES:
                return None
        new = Bucket(self._limits.handshakes, self._limits.handshakes_burst)
        return self._buckets.setdefault(address, new)


class Room:
    """Memory for bodies on their way in, of all peers together."""

    def __init__(self, size: int) -> None:
        self._left = size

    @contextmanager
    def held(self, size: int) -> Iterator[None]:
        """Hold `size` bytes; TooFastError where there is no room for them now."""
        if size > self._left:
            raise TooFastError("peer.busy", after=BUSY)
        self._left -= size
        try:
            yield
        finally:
            self._left += size
