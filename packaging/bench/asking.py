"""Operators' questions over the console's unix socket, one after the other, and how long each answer took.

The client is the standard library's, which costs a tenth of a millisecond; aiohttp's costs half of one, and would be measured too.
"""

import gc
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

from filling import PASSWORD, PLAIN, SEALED
from questions import Question

from daemon.contract import codec
from daemon.contract.console import SIGN_IN, Found, Session, SignIn

OK, TOO_MANY = 200, 413
PATIENCE = 60.0  # seconds
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


class Console:
    """A console that has signed in, on one connection; each request leaves in one piece."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(str(path))
        self._headers = b""
        status, content = self.post(SIGN_IN.path, codec.encode(SignIn("bench", PASSWORD)))
        if status != OK:
            raise SystemExit(f"no session: {content!r}")
        self._headers = f"Authorization: Bearer {codec.decode(content, Session).token}\r\n".encode()

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and whole body of the answer."""
        head = f"POST {path} HTTP/1.1\r\nHost: console\r\nContent-Length: {len(body)}\r\n".encode()
        self._socket.sendall(b"".join((head, self._headers, b"\r\n", body)))
        with HTTPResponse(self._socket, method="POST") as answer:
            answer.begin()
            return answer.status, answer.read()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


@contextmanager
def client(folder: Path) -> Iterator[Console]:
    """A console, for as long as it is asked."""
    console = Console(folder / "console.sock")
    try:
        yield console
    finally:
        console.close()


def ask(console: Console, question: Question, side: str) -> tuple[float, bool]:
    """Seconds until the whole answer was there, and whether it was refused as too broad; SystemExit if it is wrong."""
    body = question.body(side)
    began = time.perf_counter()
    status, content = console.post(question.path, body)
    took = time.perf_counter() - began
    refused = status == TOO_MANY
    if not refused or not (question.expected is None or question.may_be_broad):
        hits = codec.decode(content, Found).hits if status == OK else []
        if status != OK or (question.expected is not None and not question.answered(hits)):
            raise SystemExit(f"{side} did not find whom it must: {status} {question.asked}")
    return took, refused


def measure(folder: Path, by_kind: Mapping[str, list[Question]], sides: tuple[str, ...]) -> dict[str, Waits]:
    """Every question of every side, kinds and sides in turns."""
    waits = {kind: Waits() for kind in by_kind}
    # Whoever asks holds thousands of people in memory, and its own search for garbage would be measured as the answer's.
    gc.collect()
    gc.freeze()
    with client(folder) as console:
        for number in range(-WARM, max(map(len, by_kind.values()))):
            for kind, asks in by_kind.items():
                if number >= len(asks):
                    continue
                for side in sides if number % 2 else reversed(sides):
                    took, refused = ask(console, asks[number % len(asks)], side)
                    if number >= 0:
                        waits[kind].seconds[side].append(took)
                        waits[kind].refused += int(refused and side == SEALED)
    return waits
