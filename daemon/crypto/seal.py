"""Sealing: AES-256-GCM under a class key, bound to its place, padded to a size class.

A sealed value is: version (1 byte), length of the class name (1 byte), class name (ASCII), nonce (12 bytes, fresh
from the OS each time, never a counter), ciphertext and tag. Its associated data are register, table, id and class,
so a value moved to another place does not open. Seals are counted per key and refused long before the bound for
random nonces (NIST SP 800-38D §8.3: 2^32).
"""

from collections import Counter
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from msgspec import Struct

from daemon.crypto.classes import kind
from daemon.crypto.fresh import Fresh
from daemon.crypto.keyring import Keyring
from daemon.errors import IntegrityError, StateError

VERSION = 1
HEAD = 2  # bytes: version, length of the class name
NONCE = 12  # bytes
SIZE_CLASS = 64  # bytes; the padded length is all that a sealed value shows of its content
MOST_SEALS = 2**31

_NONCES = Fresh(NONCE)


class Place(Struct, frozen=True):
    """Where a sealed value lives."""

    register: str
    table: str
    id: bytes

    def bound(self, name: str) -> bytes:
        """Place and class as associated data; every part carries its length, so no two places look alike."""
        before, after = _around(self.register, self.table, name)
        return before + _measured(self.id) + after


@lru_cache(maxsize=1024)
def _around(register: str, table: str, name: str) -> tuple[bytes, bytes]:
    """The associated data before and after the id: of few places, and asked for each value."""
    return _measured(register.encode()) + _measured(table.encode()), _measured(name.encode())


@lru_cache(maxsize=1024)
def _head(name: str) -> bytes:
    """How what is sealed under `name` begins."""
    label = name.encode()
    return bytes((VERSION, len(label))) + label


def _measured(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


class Sealer:
    """Seals and opens with the keys of one keyring, and counts the seals."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self.counts: Counter[str] = Counter()
        """Seals per class name since the key was made; persisted by the writer."""

    def newest(self, of: str) -> str:
        """The class under which a kind that counts generations is sealed now (`live.3` for `live`)."""
        return self._keyring.newest(of)

    def seal(self, name: str, place: Place, content: bytes) -> bytes:
        """`content` under the class key `name`, bound to `place`; StateError where the key is absent or worn out."""
        if self.counts[name] >= MOST_SEALS:
            raise StateError("key.worn_out", field=name)
        aead = self._keyring.aead(name)
        self.counts[name] += 1
        nonce = _NONCES()
        return _head(name) + nonce + aead.encrypt(nonce, _pad(content), place.bound(name))

    def open(self, place: Place, sealed: bytes) -> bytes:
        """What was sealed at `place`; IntegrityError if it was altered or comes from elsewhere."""
        name = class_of(sealed)
        start = HEAD + sealed[1]
        nonce, body = sealed[start : start + NONCE], sealed[start + NONCE :]
        try:
            return _unpad(self._keyring.aead(name).decrypt(nonce, body, place.bound(name)))
        except (InvalidTag, ValueError) as error:
            raise IntegrityError("store.altered") from error

    def label(self, name: str, content: bytes) -> int:
        """What `content` is found by where it lies sealed under `name`: 64 bits, signed; StateError where the key is absent.

        Equal contents have equal labels under one key. Without the key a label says nothing, and is no use for guessing.
        """
        hasher = self._keyring.labels(name)
        hasher.update(content)
        return int.from_bytes(hasher.digest(), "big", signed=True)

    def has(self, name: str) -> bool:
        """Whether the key `name` is at hand."""
        return name in self._keyring

    def classes(self, *kinds: str) -> list[str]:
        """The classes of these kinds whose keys are at hand."""
        return [name for name in self._keyring if kind(name) in kinds]


def class_of(sealed: bytes) -> str:
    """The class name that a sealed value states; IntegrityError if it is no sealed value."""
    if len(sealed) < HEAD or len(sealed) < HEAD + sealed[1] + NONCE:
        raise IntegrityError("store.altered")
    return _stated(sealed[: HEAD + sealed[1]])


@lru_cache(maxsize=1024)
def _stated(head: bytes) -> str:
    if head[0] != VERSION:
        raise IntegrityError("store.altered")
    try:
        return head[HEAD:].decode("ascii")
    except UnicodeDecodeError as error:
        raise IntegrityError("store.altered") from error


def _pad(content: bytes) -> bytes:
    # ISO/IEC 9797-1 padding method 2: one 0x80, then zeros.
    return content + b"\x80" + bytes(-(len(content) + 1) % SIZE_CLASS)


def _unpad(padded: bytes) -> bytes:
    content, mark, _ = padded.rpartition(b"\x80")
    if not mark:
        raise IntegrityError("store.altered")
    return content
