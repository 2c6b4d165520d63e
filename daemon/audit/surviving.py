"""What is left of a log that does not continue what was signed last: how many entries, and up to where they are proven.

The newest kept checkpoint that one of our seals signed and that the log continues is the measure; what lies after it was only found.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from daemon.audit.checkpoints import Signed
from daemon.audit.journal import Nodes, sequence
from daemon.audit.tree import Tree, consistency_proof, load
from daemon.contract import note
from daemon.contract.epochs import FIRST_EPOCH
from daemon.contract.note import Checkpoint, origin_of
from daemon.errors import IntegrityError
from daemon.register.rows import Register
from daemon.store.engine import Engine, Table

PAGE = 200  # checkpoints in one read


@dataclass(frozen=True)
class Survivor:
    """A log as it was found."""

    epoch: int
    """Of its last entry."""
    tree: Tree
    proven: int = 0
    """Entries under the newest checkpoint that it continues,"""
    checkpoint: str = ""
    """that note, with the signatures of our own keys alone,"""
    proof: list[bytes] = field(default_factory=list)
    """and the proof from there to all that was found."""


async def surviving(
    register: Register, epoch: int, tree: Tree, engine: Engine, seals: Sequence[bytes]
) -> Survivor:
    """What is left. `seals`: every public key that ever signed checkpoints of this register (DER)."""
    last = sequence(tree.size + 1)
    while pairs := await engine.scan(Table.CHECKPOINTS, last=last, limit=PAGE, reverse=True):
        for key, value in pairs:
            signed = Signed.of(key, value)
            text = _verified(signed.note, register, epoch, seals)
            if text and signed.size and await _continues(Checkpoint.parse(note.split(text)[0]), engine):
                proof = await consistency_proof(signed.size, tree.size, Nodes(engine))
                return Survivor(epoch, tree, signed.size, text, proof)
        last = pairs[-1][0]
    return Survivor(epoch, tree)


def _verified(text: str, register: Register, epoch: int, seals: Sequence[bytes]) -> str:
    """The note with our own signatures, of which one at least holds; empty where none does."""
    with suppress(IntegrityError):
        origin = Checkpoint.parse(note.split(text)[0]).origin
        if origin in {origin_of(register, each) for each in range(FIRST_EPOCH, epoch + 1)}:
            for public in seals:
                with suppress(IntegrityError):
                    note.verify(text, origin, public)
                    return _own(text, origin)
    return ""


def _own(text: str, origin: str) -> str:
    """Without cosignatures."""
    head, _, tail = text.rpartition("\n\n")
    return f"{head}\n\n" + "".join(
        f"{line}\n" for line in tail.splitlines() if line.startswith(f"— {origin} ")
    )


async def _continues(checkpoint: Checkpoint, engine: Engine) -> bool:
    with suppress(IntegrityError):
        return (await load(checkpoint.size, Nodes(engine))).root() == checkpoint.root
    return False
