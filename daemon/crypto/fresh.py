"""Random bytes of one length, from the operating system, fetched many at a time.

Each call into the system lets go of the interpreter's lock, and whoever computes waits until another thread gives it back: with
eight of them a notice that was a tenth of the time of the event loop.
"""

import os
from collections import deque
from weakref import WeakSet

AT_ONCE = 256

_SOURCES: "WeakSet[Fresh]" = WeakSet()


class Fresh:
    """Gives out each value once, to any thread."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: deque[bytes] = deque()
        _SOURCES.add(self)

    def __call__(self) -> bytes:
        """`size` random bytes that nobody else gets."""
        while True:
            try:
                # One step of the interpreter: no two threads take the same.
                return self._held.popleft()
            except IndexError:
                many = os.urandom(self._size * AT_ONCE)
                self._held.extend(many[at : at + self._size] for at in range(0, len(many), self._size))

    def forget(self) -> None:
        """Let go of what is held."""
        self._held.clear()


def _forget_all() -> None:
    for source in _SOURCES:
        source.forget()


# A child would give out what its parent gives out.
os.register_at_fork(after_in_child=_forget_all)
