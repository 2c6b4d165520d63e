"""One value for a set of rows that changes at the cost of the change: MSet-Add-Hash (Clarke, Devadas, van Dijk, Gassend, Suh,
"Incremental Multiset Hash Functions and Their Application to Memory Integrity Checking", ASIACRYPT 2003, LNCS 2894).

The sum is Σ H_K(1 ‖ id ‖ SHA-256(blob)) over all rows, modulo 2^256, with H_K keyed BLAKE2b of 256 bits (RFC 7693 §2.9). What others may see of it is H_K(0 ‖ nonce) + sum, under a nonce of 256 bits that is fresh each time: to whoever lacks K that is
a number at random, and so is the difference of two of them. Without the nonce a difference would be the hash of the very row that
came between, and with enough of those one finds other rows with the same sum.

For the same reason the sum itself is kept sealed, and 2^256 is wide enough as long as K is secret: no sum can be steered
by who has seen none, two different sets of rows meet with a chance of 2^-256, each id being there once at the most. Whoever has K
could look for rows of a wanted sum (Wagner, "A Generalized Birthday Problem", CRYPTO 2002: about 2^32 steps), and no width that fits
a line would keep them from it; but they have the memory of the register.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import blake2b, sha256
from hmac import compare_digest

from daemon.errors import IntegrityError

SIZE = 32  # bytes of key, nonce, element and sum
MODULUS = 1 << (8 * SIZE)
ROWS = "rows "
"""Begins the extension line of a checkpoint: `rows <nonce> <value>`, both in base64."""

_NONCE, _ROW = b"\x00", b"\x01"


class MultisetHash:
    """Hashes under one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._row = blake2b(_ROW, key=key, digest_size=SIZE)
        self._nonce = blake2b(_NONCE, key=key, digest_size=SIZE)

    def element(self, row: bytes, blob: bytes) -> int:
        """What one row adds to the sum."""
        keyed = self._row.copy()
        keyed.update(row + sha256(blob).digest())
        return int.from_bytes(keyed.digest(), "big")

    def line(self, total: int, nonce: bytes) -> str:
        """The extension line that commits to a sum under a nonce, which is used once."""
        keyed = self._nonce.copy()
        keyed.update(nonce)
        value = packed(total + int.from_bytes(keyed.digest(), "big"))
        return f"{ROWS}{b64encode(nonce).decode()} {b64encode(value).decode()}"

    def require(self, total: int, extensions: Iterable[str]) -> None:
        """IntegrityError `store.rows_replaced` unless exactly one of these lines commits to rows, and it is to this sum."""
        lines = [line for line in extensions if line.startswith(ROWS)]
        if len(lines) != 1 or not compare_digest(lines[0].encode(), self._again(total, lines[0]).encode()):
            raise IntegrityError("store.rows_replaced")

    def _again(self, total: int, line: str) -> str:
        try:
            return self.line(total, b64decode(line.removeprefix(ROWS).partition(" ")[0], validate=True))
        except ValueError:
            return ""


def packed(total: int) -> bytes:
    """A sum as 32 bytes."""
    return (total % MODULUS).to_bytes(SIZE, "big")
