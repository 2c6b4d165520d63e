"""Do pages look like random bytes? Tests of one copy of a file, page by page and over all. Pure: bytes in, figures out.

Each test gives a probability (p) that truly random bytes look as bad. A test of many things takes the worst of them
times their number (Bonferroni), so `p` means the same whatever the size of the file.
"""

import math
import operator
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from leak_stats import chi_square_tail, normal_tail

PAGE = 4096  # bytes, as `daemon.store.pages` makes them
BLOCK = 16  # bytes of an AES block
ALPHA = 1e-6
"""A file with any p below this over the number of tests is not uniform: one honest file in a million looks so."""
_BYTES = 256
_MEAN, _VARIANCE = 127.5, (256**2 - 1) / 12  # of a random byte
_CHUNK = 256  # pages compressed at once, more than the window of zlib
_ANCHOR = re.compile(b"[\x3c\x5a\xa5\xc3]")
"""Where strings are cut that may begin anywhere: at one byte in 64, the same ones wherever a string stands."""


@dataclass(frozen=True)
class Uniformity:
    """What the tests say of one file."""

    pages: int
    p: dict[str, float]
    """By test; 1 is as random as can be."""
    suspects: tuple[int, ...]
    """The first places of pages that are not random by themselves."""
    compressed: float
    """Size after zlib over size before; random bytes grow a little."""

    @property
    def uniform(self) -> bool:
        """Whether nothing tells the file from random bytes."""
        return self.compressed >= 1 and min(self.p.values()) * len(self.p) >= ALPHA


def uniformity(pages: Sequence[bytes]) -> Uniformity:
    """Test `pages`, at least one, all of the same length."""
    spreads = [_spread(Counter(page), len(page), _BYTES) for page in pages]
    serials = [_serial(page) for page in pages]
    alone = [
        min(chi_square_tail(spread, _BYTES - 1), normal_tail(serial)) * 2
        for spread, serial in zip(spreads, serials, strict=True)
    ]
    count, whole = len(pages), b"".join(pages)
    return Uniformity(
        pages=count,
        p={
            "bytes of the worst page": _worst(chi_square_tail(spread, _BYTES - 1) for spread in spreads),
            "bytes of all pages together": chi_square_tail(
                _spread(Counter(whole), len(whole), _BYTES), _BYTES - 1
            ),
            "spread of the pages' own figures": normal_tail(_dispersion(spreads, len(pages[0]))),
            "neighbouring bytes, worst page": _worst(map(normal_tail, serials)),
            "neighbouring bytes, all pages": normal_tail(sum(serials) / math.sqrt(count)),
            "worst place in a page": _worst(_places(whole, len(pages[0]))),
        },
        suspects=tuple(place for place, p in enumerate(alone) if p * count < ALPHA)[:8],
        compressed=_compressed(whole, len(pages[0]) * _CHUNK),
    )


def repeated_blocks(images: Iterable[bytes], size: int = BLOCK) -> tuple[int, int]:
    """(blocks looked at, aligned blocks of `size` bytes that were there before) over all distinct pages of all files.

    Random blocks repeat once in 2^64 blocks or so; ECB, a keystream used twice or zeros repeat at once.
    """
    looked, seen = 0, set[bytes]()
    for image in images:
        looked += len(image) // size
        seen.update(image[at : at + size] for at in range(0, len(image) - size + 1, size))
    return looked, looked - len(seen)


def repeated_strings(images: Iterable[bytes], size: int = BLOCK) -> Counter[bytes]:
    """Strings of `size` bytes that stand at two places or more of all distinct pages, wherever they begin.

    Cut at one byte in 64, so a quarter of all tokens of 32 bytes show.
    """
    found: Counter[bytes] = Counter()
    for image in images:
        starts = (match.start() for match in _ANCHOR.finditer(image, 0, len(image) - size + 1))
        found.update(image[at : at + size] for at in starts)
    return Counter({string: count for string, count in found.items() if count > 1})


def _spread(counts: Counter[int], total: int, kinds: int) -> float:
    """Pearson's statistic against equal shares."""
    return sum(count * count for count in counts.values()) * kinds / total - total


def _dispersion(spreads: Sequence[float], size: int) -> float:
    """How far the sum of the pages' statistics lies from its mean, in standard deviations.

    Pearson's statistic of `size` bytes has the mean k-1 and the variance 2(k-1)(n-1)/n, exactly.
    """
    mean, variance = _BYTES - 1, 2 * (_BYTES - 1) * (size - 1) / size
    return (sum(spreads) - mean * len(spreads)) / math.sqrt(variance * len(spreads))


def _serial(page: bytes) -> float:
    """How far neighbouring bytes go together, in standard deviations."""
    pairs = len(page) - 1
    both: int = sum(map(operator.mul, page, page[1:]))
    singly = 2 * sum(page) - page[0] - page[-1]
    return (both - _MEAN * singly + pairs * _MEAN**2) / (_VARIANCE * math.sqrt(pairs))


def _places(whole: bytes, size: int) -> Iterator[float]:
    """p of each bit of each place in a page: in random bytes it is set in half of the pages, however few there are."""
    total = len(whole) // size
    ones = int.from_bytes(b"\x01" * total)
    for place in range(size):
        column = int.from_bytes(whole[place::size])
        for bit in range(8):
            skew = abs(2 * (column >> bit & ones).bit_count() - total)
            # Less one, so that few pages do not look worse than they are (continuity correction).
            yield normal_tail(max(0, skew - 1) / math.sqrt(total))


def _worst(found: Iterable[float]) -> float:
    every = list(found)
    return min(1.0, min(every) * len(every))


def _compressed(whole: bytes, chunk: int) -> float:
    parts = (whole[at : at + chunk] for at in range(0, len(whole), chunk))
    return sum(len(zlib.compress(part)) for part in parts) / len(whole)
