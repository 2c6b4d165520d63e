"""Shares: a secret of 128 bits as M-of-N mnemonics of 20 words (SLIP-39), and back.

One group, no passphrase. A share carries a checksum that finds any three wrong words, and one wrong word's place. The
words themselves are never corrected and never named in an error: only their number is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from shamir_mnemonic import MnemonicError, Share, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.rs1024 import create_checksum
from shamir_mnemonic.wordlist import WORD_INDEX_MAP

from daemon.errors import ConflictError, InputError, IntegrityError

SECRET_SIZE = 16  # bytes
WORDS = 20
MIN_THRESHOLD = 2
MAX_HOLDERS = 16

_CUSTOM = b"shamir_extendable"  # SLIP-39, checksum: all of ours are extendable
_CHECKSUM = 3  # words
_RADIX_BITS = 10
_DATA = WORDS - _CHECKSUM


@dataclass(frozen=True)
class Read:
    """A share that was read: well formed, whoever it is of."""

    identifier: int
    """15 random bits that all shares of one secret have in common."""
    index: int
    threshold: int
    mnemonic: str = field(repr=False)
    """Its words, in lower case, one blank between them."""


def split(secret: bytes, threshold: int, count: int) -> list[str]:
    """`count` mnemonics, of which any `threshold` give `secret`."""
    # The PBKDF2 rounds protect a passphrase; there is none, so they are as few as can be.
    (mnemonics,) = generate_mnemonics(1, [(threshold, count)], secret, iteration_exponent=0)
    return [str(mnemonic) for mnemonic in mnemonics]


def read(words: Sequence[str]) -> Read:
    """The share that `words` are; InputError with the number of the word at fault, where it can be told."""
    lower = [word.lower() for word in words]
    for number, word in enumerate(lower, 1):
        if word not in WORD_INDEX_MAP:
            raise InputError("ceremony.word_unknown", field=str(number))
    if len(lower) != WORDS:
        raise InputError("ceremony.share_length")
    mnemonic = " ".join(lower)
    try:
        share = Share.from_mnemonic(mnemonic)
    except MnemonicError:
        wrong = misplaced(lower)
        raise InputError("ceremony.share_checksum", field=str(wrong) if wrong else "") from None
    if (share.group_count, share.group_threshold) != (1, 1):
        raise InputError("ceremony.share_foreign")
    return Read(share.identifier, share.index, share.member_threshold, mnemonic)


def combine(mnemonics: Sequence[str]) -> bytes:
    """The secret of exactly as many shares as their threshold says."""
    shares = [read(mnemonic.split()) for mnemonic in mnemonics]
    if len({share.index for share in shares}) < len(shares):
        raise ConflictError("ceremony.share_doubled")
    if len({(share.identifier, share.threshold) for share in shares}) > 1:
        raise ConflictError("ceremony.share_foreign")
    if not shares or len(shares) < shares[0].threshold:
        raise ConflictError("ceremony.shares_missing")
    try:
        return bytes(combine_mnemonics([share.mnemonic for share in shares[: shares[0].threshold]]))
    except MnemonicError:
        raise IntegrityError("ceremony.shares_disagree") from None


def misplaced(words: Sequence[str]) -> int | None:
    """The number of the one word whose change alone would make the checksum right; None where there is no such word.

    The checksum is linear: what a wrong word adds to it depends on its place and on the difference alone. The code's
    distance of 4 leaves at most one such word (SLIP-39, Reed-Solomon code over GF(1024)).
    """
    indices = [WORD_INDEX_MAP[word] for word in words]
    expected = create_checksum(indices[:_DATA], _CUSTOM)
    wrong = tuple(should ^ stands for should, stands in zip(expected, indices[_DATA:], strict=True))
    broken = [place for place, difference in enumerate(wrong) if difference]
    if len(broken) == 1:
        return _DATA + broken[0] + 1
    return _places().get(wrong)


@cache
def _places() -> Mapping[tuple[int, ...], int]:
    """What every change of one word does to the checksum, to that word's number."""
    zero = create_checksum([0] * _DATA, _CUSTOM)
    found: dict[tuple[int, ...], int] = {}
    for place in range(_DATA):
        effects = [(0, 0, 0)]
        for bit in range(_RADIX_BITS):
            changed = [0] * _DATA
            changed[place] = 1 << bit
            a, b, c = (x ^ y for x, y in zip(create_checksum(changed, _CUSTOM), zero, strict=True))
            effects += [(a ^ x, b ^ y, c ^ z) for x, y, z in effects]
        found |= dict.fromkeys(effects[1:], place + 1)
    return found
