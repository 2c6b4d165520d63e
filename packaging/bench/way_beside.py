"""What else a register does while it is searched, and what the searches waited that fell into it."""

import functools
import time
from collections import defaultdict
from statistics import median
from typing import Any

NOTHING = "nothing else"
Span = tuple[float, float]
"""From when to when, in seconds."""


class Beside:
    """When searches were under way, and when other work was."""

    def __init__(self) -> None:
        self._searches: list[Span] = []
        self._works: defaultdict[str, list[Span]] = defaultdict(list)

    def searches(self, owner: object, method: str) -> None:
        """Each call of `owner.method` is a search."""
        _note(self._searches, owner, method)

    def watch(self, name: str, owner: object, method: str) -> None:
        """Each call of `owner.method` is the work `name`."""
        _note(self._works[name], owner, method)

    def figures(self) -> dict[str, str]:
        """By work: how often, and how many of the searches fell into it, with their median; and those that met nothing."""
        met: defaultdict[str, list[float]] = defaultdict(list)
        for began, ended in self._searches:
            found = [name for name, spans in self._works.items() if _overlap(spans, began, ended)]
            for name in found or [NOTHING]:
                met[name].append(ended - began)
        return {name: self._told(name, met[name]) for name in (NOTHING, *self._works)}

    def _told(self, name: str, waited: list[float]) -> str:
        times = "" if name == NOTHING else f"{len(self._works[name])} times, "
        typical = f", {median(waited) * 1000:.3f} ms" if waited else ""
        return f"{times}{len(waited) / len(self._searches):.2%} of searches{typical}"


def _overlap(spans: list[Span], began: float, ended: float) -> bool:
    return any(first < ended and last > began for first, last in spans)


def _note(spans: list[Span], owner: object, method: str) -> None:
    inner = getattr(owner, method)

    @functools.wraps(inner)
    async def noted(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        began = time.perf_counter()
        try:
            return await inner(*args, **kwargs)
        finally:
            spans.append((began, time.perf_counter()))

    setattr(owner, method, noted)
