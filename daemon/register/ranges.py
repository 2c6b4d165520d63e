"""Comparing two sets of records by digests of ranges, so that what agrees need not travel. Pure.

Each person is a pair: 住民票コード and a digest of 128 bits over what is compared of them (`reconcile.stated`). A range of codes
has a fingerprint: how many pairs lie in it, and the sum of their digests modulo 2^128. Ranges that agree are done, the others
are divided until the pairs themselves are cheaper than another question.

What the sum must withstand is chance, and people who choose their own data (a name, an address) so that two states look alike. The
digest is BLAKE2b under a key of 256 bits that is made for the run and known to its two ends alone, so to anybody else each digest is
a fresh random number, and two sets that differ have the same sum with a probability of 2^-128 (MSet-Add of Clarke et al. 2003, whose
secret is the key of the digest). Against somebody who knows the key 128 bits would not be enough (Wagner's generalised birthday:
about 2^23 tries at will). The two who know it are the ones who compare: the municipality learns whether *we* agree with *it*, and
who lies about that deceives themselves; they could as well send our own data back to us.

The key is derived with HKDF-SHA256 (RFC 5869) from 32 random bytes of each end, bound to register, municipality and run: so the
digests of two runs, or of the two registers, say nothing about each other.
"""

import hashlib
import hmac
from collections.abc import Iterable
from typing import NamedTuple

from daemon.errors import InputError
from daemon.register.rows import Register

DIGEST = 16  # bytes
NONCE = 32  # bytes from each end
CODE_DIGITS = 11
CODES = 10**CODE_DIGITS
"""How many codes could be written; every range lies in 0 ≤ code < CODES."""
_MODULUS = 1 << (8 * DIGEST)


class Fingerprint(NamedTuple):
    """Of the people in a range."""

    people: int = 0
    total: int = 0
    """The sum of their digests."""

    def and_(self, other: "Fingerprint") -> "Fingerprint":
        """Of two sets that have nobody in common."""
        return Fingerprint(self.people + other.people, (self.total + other.total) % _MODULUS)

    def less(self, other: "Fingerprint") -> "Fingerprint":
        """Of a set without a part of it."""
        return Fingerprint(self.people - other.people, (self.total - other.total) % _MODULUS)


def run_key(ours: bytes, theirs: bytes, *, register: Register, municipality: str, run: str) -> bytes:
    """The key of a run, from the random bytes of both ends."""
    if len(ours) != NONCE or len(theirs) != NONCE:
        raise InputError("reconciliation.bad_nonce", field="nonce")
    info = b"\x00".join((b"jukura reconciliation", register.encode(), municipality.encode(), run.encode()))
    # Extract, then one block of expand: 32 bytes are what SHA-256 gives at once.
    extracted = hmac.digest(bytes(32), ours + theirs, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def digest(stated: bytes, key: bytes) -> bytes:
    """The digest of what is compared of one person."""
    return hashlib.blake2b(stated, digest_size=DIGEST, key=key).digest()


def fingerprint(digests: Iterable[bytes]) -> Fingerprint:
    """Of people with these digests."""
    count = total = 0
    for each in digests:
        count, total = count + 1, total + int.from_bytes(each, "big")
    return Fingerprint(count, total % _MODULUS)
