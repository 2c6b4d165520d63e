"""Looks for many short secrets in large files, in every encoding that a program of ours or below us could use."""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

WINDOW = 8  # bytes that are compared at once; shorter needles cannot be told from chance
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "cp932", "euc_jp", "iso2022_jp")
_HEX = frozenset(b"0123456789abcdefABCDEF")


@dataclass(frozen=True)
class Needle:
    """What is looked for, and what it is."""

    form: bytes
    kind: str
    digits: bool
    """Digits alone: found only where it does not stand inside a longer run of hex digits."""


def forms(secret: str, kind: str) -> Iterator[Needle]:
    """`secret` in every encoding, and those again as hex, base64 (all three phases) and JSON escapes."""
    plain = {encoded for encoding in ENCODINGS if (encoded := _encoded(secret, encoding))}
    utf8 = secret.encode()
    packed = {utf8.hex().encode(), utf8.hex().upper().encode(), json.dumps(secret)[1:-1].encode()}
    phases = {_phase(utf8, shift) for shift in range(3)}
    for form in plain | packed | phases:
        if len(form) >= WINDOW:
            yield Needle(form, kind, secret.isdecimal() and form.isdigit())


def _phase(secret: bytes, shift: int) -> bytes:
    """All of base64 that depends on nothing but the secret, where `shift` bytes stand before it.

    As much as that: six of a code's digits are met in the days of a certificate.
    """
    text = base64.b64encode(bytes(shift) + secret)
    return text[-(-8 * shift // 6) : 8 * (shift + len(secret)) // 6]


def _encoded(secret: str, encoding: str) -> bytes:
    try:
        return secret.encode(encoding)
    except UnicodeEncodeError:
        return b""


class Scanner:
    """Finds needles in files."""

    def __init__(self, needles: Iterable[Needle]) -> None:
        self._by_start: dict[int, list[Needle]] = {}
        for needle in needles:
            start = int.from_bytes(needle.form[:WINDOW], "little")
            self._by_start.setdefault(start, []).append(needle)

    def found(self, file: Path) -> list[str]:
        """The kinds of what stands in `file`, with its name."""
        content = file.read_bytes()
        hits = set[int]()
        for shift in range(WINDOW):
            end = shift + (len(content) - shift) // WINDOW * WINDOW
            hits |= self._by_start.keys() & set(memoryview(content)[shift:end].cast("Q"))
        return [
            f"{needle.kind} in {file}"
            for hit in hits
            for needle in self._by_start[hit]
            if _stands(needle, content)
        ]


def _stands(needle: Needle, content: bytes) -> bool:
    where = content.find(needle.form)
    while where >= 0:
        around = content[max(0, where - 1) : where] + content[where + len(needle.form) :][:1]
        if not (needle.digits and any(byte in _HEX for byte in around)):
            return True
        where = content.find(needle.form, where + 1)
    return False
