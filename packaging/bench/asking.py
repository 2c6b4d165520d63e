"""Operators' questions over the console's unix socket, one after the other, and how long each answer took."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from filling import PASSWORD, PLAIN, SEALED
from questions import Question

from daemon.contract import codec
from daemon.contract.console import SIGN_IN, Found, Session, SignIn

TOO_MANY = 413
WARM = 10  # questions of each kind before anything counts
SIDES = (SEALED, PLAIN)


@dataclass
class Waits:
    """Seconds that questions of one kind took, by side."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {side: [] for side in SIDES})
    refused: int = 0
    """Answers `search.too_many`."""

    def figures(self, limit: float | None) -> dict[str, object]:
        """Milliseconds; the ratio is that of the register to plaintext."""
        told: dict[str, Any] = {side: _figures(times) for side, times in self.seconds.items() if times}
        if len(told) == len(SIDES):
            told["ratio"] = {at: round(told[SEALED][at] / told[PLAIN][at], 2) for at in ("p50", "p99")}
        if self.refused:
            told["refused"] = self.refused
        if limit is not None:
            told["limit"], told["met"] = limit, told[SEALED]["p99"] <= limit
        return told


def _figures(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    at = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {
        name: round(ordered[min(int(len(ordered) * part), len(ordered) - 1)] * 1000, 2)
        for name, part in at.items()
    } | {"n": len(ordered)}


@asynccontextmanager
async def client(folder: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A console that has signed in."""
    connector = aiohttp.UnixConnector(str(folder / "console.sock"))
    async with aiohttp.ClientSession("http://console", connector=connector) as session:
        body = codec.encode(SignIn("bench", PASSWORD))
        async with session.post(SIGN_IN.path, data=body) as answer:
            if not answer.ok:
                raise SystemExit(f"no session: {await answer.text()}")
            token = codec.decode(await answer.read(), Session).token
        session.headers["Authorization"] = f"Bearer {token}"
        yield session


async def ask(session: aiohttp.ClientSession, question: Question, side: str) -> tuple[float, bool]:
    """Seconds until the whole answer was there, and whether it was refused as too broad; SystemExit if it is wrong."""
    body = question.body(side)
    began = time.perf_counter()
    async with session.post(question.path, data=body) as answer:
        content = await answer.read()
    took = time.perf_counter() - began
    refused = answer.status == TOO_MANY
    if question.expected is not None or not refused:
        hits = codec.decode(content, Found).hits if answer.ok else []
        if not answer.ok or (question.expected is not None and not question.answered(hits)):
            raise SystemExit(f"{side} did not find whom it must: {answer.status} {question.asked}")
    return took, refused


async def measure(
    folder: Path, by_kind: Mapping[str, list[Question]], sides: tuple[str, ...]
) -> dict[str, Waits]:
    """Every question of every side, kinds and sides in turns."""
    waits = {kind: Waits() for kind in by_kind}
    async with client(folder) as session:
        for number in range(-WARM, max(map(len, by_kind.values()))):
            for kind, asks in by_kind.items():
                if number >= len(asks):
                    continue
                for side in sides if number % 2 else reversed(sides):
                    took, refused = await ask(session, asks[number % len(asks)], side)
                    if number >= 0:
                        waits[kind].seconds[side].append(took)
                        waits[kind].refused += int(refused and side == SEALED)
    return waits
