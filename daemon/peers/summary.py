"""A flood of the same kind becomes a few entries and a count. Pure: time is monotonic seconds, told by whoever asks.

The first `MOST` of a kind in a period are let through as they are; the rest are counted, with the addresses they came from,
and told of once when the period is over. However many come, of however many kinds, the entries of a period are bounded.
"""

from collections import Counter
from dataclasses import dataclass, field

PERIOD = 60.0  # seconds
MOST = 3  # let through, of one kind in one period
KINDS = 64  # told apart in one period; what is more falls together as `OTHERS`
ADDRESSES = 16  # named in one count

Key = tuple[str, str]
"""Who (as the log calls them), and the code."""
OTHERS: Key = ("peer", "peer.others_over")


@dataclass
class Count:
    """What was held back of one kind."""

    times: int = 0
    addresses: Counter[str] = field(default_factory=Counter)
    """Of up to `ADDRESSES` addresses, how often."""

    def add(self, address: str) -> None:
        """One more."""
        self.times += 1
        if address in self.addresses or len(self.addresses) < ADDRESSES:
            self.addresses[address] += 1


class Summary:
    """Counts for one listener."""

    def __init__(self) -> None:
        self._began = 0.0
        self._through: Counter[Key] = Counter()
        self._held: dict[Key, Count] = {}

    def take(self, key: Key, address: str) -> bool:
        """Whether this one may be told of by itself; otherwise it is counted."""
        if key not in self._through and len(self._through) >= KINDS:
            key = OTHERS
        elif self._through[key] < MOST:
            self._through[key] += 1
            return True
        self._held.setdefault(key, Count()).add(address)
        return False

    def due(self, now: float) -> dict[Key, Count]:
        """What was held back, if the period is over by `now`: a new one begins then."""
        return self.end(now) if now - self._began >= PERIOD else {}

    def end(self, now: float) -> dict[Key, Count]:
        """What was held back so far; a new period begins."""
        held, self._held = self._held, {}
        self._through.clear()
        self._began = now
        return held
