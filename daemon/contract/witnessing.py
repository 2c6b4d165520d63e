"""How municipalities' servers cosign the log's checkpoints: they ask, and hand back (C2SP tlog-witness, the other way round). Pure.

In tlog-witness a log calls its witnesses. Here the witnesses are clients, so what a log would send stands in the answer to
`GET /v1/checkpoint?old=N`: `N` is the size that the witness cosigned last, 0 where it has cosigned none. The body is to the byte that
of add-checkpoint: `old N`, a line of base64 for each hash of the consistency proof, an empty line, the newest checkpoint as a
signed note. A witness makes sure that the log signed it and that it continues what it cosigned last, keeps size and root, and
only then posts the checkpoint with its own signature line beneath (`POST /v1/cosignature`).

Where `old` lies beyond the newest checkpoint, or a cosignature contradicts an earlier one of the same witness, the answer is 409 with
the size that counts in decimal and a newline, as `text/x.tlog.size`.

A log that lost entries goes on in a new epoch (docs/adr/0014), under a new origin. The answer always holds its newest checkpoint, whatever epoch
the witness knows: from the origin it sees that it must begin anew, with `old=0`, and it asks so as well where its `old` lies
beyond. What it cosigned in the old epoch it keeps: that proves what was lost.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from daemon.contract.endpoint import Endpoint, Text
from daemon.contract.merkle import HASH_SIZE
from daemon.errors import InputError

MAX_PROOF = 63
"""Lines (tlog-witness, add-checkpoint)."""
SIZE_TYPE = "text/x.tlog.size"

_OLD = re.compile(r"old (0|[1-9][0-9]{0,15})")


class CheckpointQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """From which size on the witness knows the log."""

    old: Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,15})(?!\n)$")]
    """In decimal, without leading zeroes."""


class Taken(Struct, frozen=True):
    """A cosignature that is attached to the checkpoint. Handing the same one in again changes nothing."""

    size: int
    """Of the checkpoint."""


class WitnessState(Struct, frozen=True, kw_only=True):
    """How it stands with one witness (立会人)."""

    municipality: str
    """5 digits."""
    name: str
    """Of its key."""
    size: int = 0
    """Of the largest checkpoint that it cosigned; 0 where there is none."""
    cosigned: datetime | None = None
    """When it says that it did."""
    taken: datetime | None = None
    """When we had it."""
    overdue: bool


@dataclass(frozen=True)
class Offer:
    """What a witness is given: the size that it named, how the checkpoint's tree continues that one, and the checkpoint."""

    old: int
    proof: Sequence[bytes]
    note: str

    def text(self) -> str:
        """The body of add-checkpoint."""
        proof = "".join(f"{b64encode(each).decode()}\n" for each in self.proof)
        return f"old {self.old}\n{proof}\n{self.note}"

    @classmethod
    def parse(cls, text: str) -> "Offer":
        """The offer whose `text` this is, to the byte; `witness.bad_offer` for any other."""
        head, gap, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        old = _OLD.fullmatch(first)
        if not gap or old is None or len(lines) > MAX_PROOF:
            raise InputError("witness.bad_offer")
        try:
            proof = tuple(b64decode(line, validate=True) for line in lines)
        except (Base64Error, ValueError):
            raise InputError("witness.bad_offer") from None
        offer = cls(int(old[1]), proof, note)
        if any(len(each) != HASH_SIZE for each in proof) or offer.text() != text:
            raise InputError("witness.bad_offer")
        return offer


CHECKPOINT = Endpoint("GET", "/v1/checkpoint", CheckpointQuery, Text)
COSIGNATURE = Endpoint("POST", "/v1/cosignature", Text, Taken)
WITNESS_ENDPOINTS = (CHECKPOINT, COSIGNATURE)
