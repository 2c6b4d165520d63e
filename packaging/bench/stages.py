"""Timers at the methods of a running register."""

import asyncio
import functools
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Stages:
    """The time between the call and the return of methods."""

    def __init__(self) -> None:
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._calls: defaultdict[str, int] = defaultdict(int)

    def watch(self, name: str, owner: object, method: str) -> None:
        """Time `owner.method` as stage `name`."""
        inner = getattr(owner, method)

        @functools.wraps(inner)
        async def later(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            with self._timed(name):
                return await inner(*args, **kwargs)

        @functools.wraps(inner)
        def now(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            with self._timed(name):
                return inner(*args, **kwargs)

        self._calls[name] = 0
        setattr(owner, method, later if asyncio.iscoroutinefunction(inner) else now)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self._spent[name] += time.perf_counter() - began
            self._calls[name] += 1

    def per(self, searches: int) -> dict[str, str]:
        """Milliseconds and calls a search, by stage."""
        return {
            name: f"{self._spent[name] / searches * 1000:.3f} ms in {calls / searches:.1f}"
            for name, calls in self._calls.items()
        }
