"""What became of the PINs that a token was given, on the disk before each try: a wrong one is tried once, ever.

    (nothing) ──▶ trying ──▶ good ──▶ trying ──▶ ...
                     └─────▶ refused           ──▶ (cleared by custodians, or another PIN)

Rules:
- A PIN that the token refused is not tried again, by no process, until custodians clear it or it is another one.
- `trying` that a killed process left is tried again only if that very PIN was good before, and `MOST` times in a row
  at the most; else it counts as refused.
- A token on its last try, or locked, is given a PIN only if that very one was good before, or custodians cleared it.
- What came of it being unknown, or nothing to do with the PIN, the mark is again what it was.

A mark holds no PIN: scrypt (RFC 7914) of it under a salt of its own. The calls wait for the disk and for scrypt, some
0.1 s: not on the loop. One token's marks are not for two at once.
"""

import hmac
from collections.abc import Callable
from enum import StrEnum
from hashlib import scrypt

import msgspec
from msgspec import Struct

from daemon.errors import StateError
from hsm.orders import TokenFacts

MOST = 3
_SALT = 16  # bytes
_COST, _BLOCK, _LANES = 1 << 15, 8, 1  # 32 MiB
_MEMORY = 64 << 20  # bytes, more than scrypt needs


class State(StrEnum):
    """What is known of the PIN of a mark."""

    CLEARED = "cleared"
    """Any PIN may be tried once, whatever the token's counter says."""
    TRYING = "trying"
    GOOD = "good"
    REFUSED = "refused"


class Mark(Struct, frozen=True):
    """What is kept for one token."""

    state: State
    salt: bytes = b""
    hash: bytes = b""
    was_good: bool = False
    """Of a PIN being tried: it has opened this token before."""
    tries: int = 0
    """Of a PIN being tried: in a row, without an outcome."""


_MARKS = msgspec.msgpack.Decoder(Mark)


class PinMark:
    """The marks of all tokens, by label. `kept` and `keep` are the keystore's, durable when they return."""

    def __init__(
        self,
        kept: Callable[[str], bytes | None],
        keep: Callable[[str, bytes | None], None],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._kept = kept
        self._keep = keep
        self._entropy = entropy
        self._before: dict[str, bytes | None] = {}
        self._hashed: dict[str, tuple[bytes, bytes, bytes]] = {}

    def seen(self, label: str) -> bytes | None:
        """The mark as it is kept: while this is the same, and the PIN too, so is the answer to `admit`."""
        return self._kept(_name(label))

    def admit(self, label: str, pin: bytes, facts: TokenFacts) -> None:
        """Mark that `pin` is about to be tried; raise if it must not be. Then `good`, `refused`, `restore`, or nothing.

        StateError `hsm.pin_wrong`, `hsm.pin_locked`, `hsm.pin_final_try`.
        """
        raw = self._kept(_name(label))
        mark = _MARKS.decode(raw) if raw is not None else None
        ours = mark is not None and self._is_of(label, mark, pin)
        if mark is not None and ours and _spent(mark):
            raise StateError("hsm.pin_wrong")
        was_good = ours and mark is not None and (mark.state is State.GOOD or mark.was_good)
        if not was_good and not (mark is not None and mark.state is State.CLEARED):
            _dare(facts)
        tries = mark.tries + 1 if mark is not None and ours and mark.state is State.TRYING else 1
        self._before[label] = raw
        self._put(label, pin, State.TRYING, was_good=was_good, tries=tries)

    def good(self, label: str, pin: bytes) -> None:
        """The token took it."""
        self._put(label, pin, State.GOOD)

    def refused(self, label: str, pin: bytes) -> None:
        """The token refused it."""
        self._put(label, pin, State.REFUSED)

    def restore(self, label: str) -> None:
        """It did not come to the PIN: the mark is again what it was before `admit`."""
        if label in self._before:
            self._keep(_name(label), self._before.pop(label))

    def clear(self, label: str) -> None:
        """Custodians have decided that a PIN may be tried once more."""
        self._keep(_name(label), msgspec.msgpack.encode(Mark(State.CLEARED)))

    def _put(self, label: str, pin: bytes, state: State, *, was_good: bool = False, tries: int = 0) -> None:
        salt, value = self._hash(label, pin)
        mark = Mark(state, salt, value, was_good, tries)
        self._keep(_name(label), msgspec.msgpack.encode(mark))

    def _is_of(self, label: str, mark: Mark, pin: bytes) -> bool:
        """Whether the mark is of this PIN; a PIN that was met in this process is not hashed again."""
        if not mark.hash:
            return False
        met, salt, value = self._hashed.get(label, (b"", b"", b""))
        if (salt, value) == (mark.salt, mark.hash):
            return hmac.compare_digest(met, pin)
        if not hmac.compare_digest(mark.hash, _scrypt(pin, mark.salt)):
            return False
        self._hashed[label] = (pin, mark.salt, mark.hash)
        return True

    def _hash(self, label: str, pin: bytes) -> tuple[bytes, bytes]:
        """Salt and hash of a PIN: those of its mark, or new ones."""
        met, salt, value = self._hashed.get(label, (b"", b"", b""))
        if not value or not hmac.compare_digest(met, pin):
            salt = self._entropy(_SALT)
            value = _scrypt(pin, salt)
            self._hashed[label] = (pin, salt, value)
        return salt, value


def _name(label: str) -> str:
    return f"pin:{label}"


def _dare(facts: TokenFacts) -> None:
    """Raise where a wrong PIN would lock the token, or it is."""
    if facts.locked:
        raise StateError("hsm.pin_locked")
    if facts.final_try:
        raise StateError("hsm.pin_final_try")


def _spent(mark: Mark) -> bool:
    """Whether the PIN of this mark is not to be tried again."""
    if mark.state is State.TRYING:
        return not mark.was_good or mark.tries >= MOST
    return mark.state is State.REFUSED


def _scrypt(pin: bytes, salt: bytes) -> bytes:
    return scrypt(pin, salt=salt, n=_COST, r=_BLOCK, p=_LANES, maxmem=_MEMORY)
