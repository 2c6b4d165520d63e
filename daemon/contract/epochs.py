"""Epochs of the log (docs/adr/0014): what a statement `epoch_opened` says, and which epoch an entry is of. Pure.

The tree goes on from its surviving leaves, so a sequence number is the place of its leaf for ever. `epoch` is the new one. Its
first entry stands at `kept`; of what was signed before, all up to `proven` is proven to be there, and what reaches beyond
`kept` is lost. `last` is the note that was signed last before, a line each; there is none where nothing was signed in
that epoch.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from daemon.contract.merkle import HASH_SIZE
from daemon.contract.note import split
from daemon.contract.statement import Kind, Lines, lines_of
from daemon.errors import IntegrityError, JukuraError

FIRST_EPOCH = 1

Hash = Annotated[bytes, Meta(min_length=HASH_SIZE, max_length=HASH_SIZE)]


class Loss(StrEnum):
    """Why the log does not go on from what was signed last. A closed set: what is stated is public."""

    RESTORED = "restored"
    """An older state of the register was put back from a backup."""
    DAMAGED = "damaged"
    """The last entries were lost with a disk or a file."""
    REPLACED = "replaced"
    """Other entries than those signed stand in the log."""


class OpenEpoch(Struct, frozen=True, tag="open_epoch", forbid_unknown_fields=True, kw_only=True):
    """Go on from a log that does not continue what was signed last: what it lacks is lost, and stated so. Two, at once.

    `epoch`, `size` and `root` are what the key service signed last. `checkpoint` is the newest note under a `seal` that the
    log as found still continues, by `proof` (RFC 9162, from its size to `kept`); empty where it continues none.
    """

    epoch: int
    size: int
    root: Hash
    kept: int
    """Entries of the log as it was found,"""
    kept_root: Hash
    """and the root over them."""
    reason: Loss
    checkpoint: str = ""
    proof: list[Hash] = []


@dataclass(frozen=True)
class Opening:
    """One new epoch."""

    epoch: int
    size: int
    """Leaves under what was signed last in the epoch before,"""
    root: bytes
    """and the root over them (32 bytes)."""
    kept: int
    """Leaves that the new epoch begins with,"""
    kept_root: bytes
    """and the root over them."""
    proven: int
    """Leaves under the newest signed checkpoint that the kept ones continue; 0: none."""
    reason: str
    custodians: tuple[str, ...] = ()
    """Who signed for it: id and SHA-256 of the public key."""
    last: str = ""

    @property
    def lines(self) -> Lines:
        """As fields of the statement."""
        noted = self.last.removesuffix("\n").split("\n") if self.last else []
        return [
            ("epoch", str(self.epoch)),
            ("size", str(self.size)),
            ("root", _base64(self.root)),
            ("kept", str(self.kept)),
            ("kept_root", _base64(self.kept_root)),
            ("proven", str(self.proven)),
            ("reason", self.reason),
            *(("custodian", each) for each in self.custodians),
            *(("last", line) for line in noted),
        ]

    @classmethod
    def parse(cls, note: str) -> "Opening":
        """What a signed statement of that kind says; IntegrityError `log.bad_epoch` for any other."""
        try:
            _, kind, fields = lines_of(split(note)[0])
            (epoch,), (size,), (root,) = fields["epoch"], fields["size"], fields["root"]
            (kept,), (kept_root,), (proven,) = fields["kept"], fields["kept_root"], fields["proven"]
            (reason,) = fields["reason"]
            made = cls(
                int(epoch), int(size), b64decode(root), int(kept), b64decode(kept_root), int(proven), reason,
                tuple(fields.get("custodian", ())), "".join(f"{line}\n" for line in fields.get("last", ())),
            )  # fmt: skip
        except (JukuraError, KeyError, ValueError):
            raise IntegrityError("log.bad_epoch") from None
        if kind != Kind.EPOCH_OPENED or {len(made.root), len(made.kept_root)} != {HASH_SIZE}:
            raise IntegrityError("log.bad_epoch")
        return made


class Span(NamedTuple):
    """Entries from `first` on are of `epoch`, up to the next span."""

    first: int
    epoch: int


def spans(openings: Iterable[Opening]) -> list[Span]:
    """Which entries are of which epoch, from the openings in order; IntegrityError `log.bad_epoch` where one is left out.

    One that begins before others takes all of theirs with it: they are lost.
    """
    found = [Span(0, FIRST_EPOCH)]
    for number, opening in enumerate(openings, start=FIRST_EPOCH + 1):
        if opening.epoch != number:
            raise IntegrityError("log.bad_epoch")
        found = [span for span in found if span.first < opening.kept]
        found.append(Span(opening.kept, opening.epoch))
    return found


def epoch_at(seq: int, spans: Sequence[Span]) -> int:
    """The epoch of entry `seq`."""
    return next(span.epoch for span in reversed(spans) if span.first <= seq)


def _base64(value: bytes) -> str:
    return b64encode(value).decode("ascii")
