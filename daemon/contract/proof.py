"""The proof that an entry is in the log, as a text that anyone can keep and check (C2SP tlog-proof, version 1)."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

FIRST = "c2sp.org/tlog-proof@v1"
_EXTRA, _INDEX = "extra ", "index "


@dataclass(frozen=True)
class Proof:
    """A leaf's place, what leads from its hash to the root, and the checkpoint of that root."""

    index: int
    hashes: Sequence[bytes]
    """From the leaf's sibling up (RFC 6962 §2.1.1)."""
    checkpoint: str
    """The signed note, whole."""
    extra: bytes = b""
    """Not authenticated by itself: here the entry's line as an export has it, whose leaf the proof is about."""

    def text(self) -> str:
        """The file."""
        extra = [_EXTRA + _base64(self.extra)] if self.extra else []
        lines = [FIRST, *extra, f"{_INDEX}{self.index}", *map(_base64, self.hashes), "", self.checkpoint]
        return "\n".join(lines)


def _base64(value: bytes) -> str:
    return b64encode(value).decode("ascii")
