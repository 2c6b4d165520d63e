"""Making the proof of one entry: a text that anyone can check later with the log's public key (`daemon.contract.proof`)."""

from contextlib import suppress
from typing import NamedTuple

from daemon.audit.export import entry_line
from daemon.audit.journal import Nodes
from daemon.audit.signer import Signer
from daemon.audit.tree import inclusion_proof
from daemon.contract.note import Checkpoint, split
from daemon.contract.proof import Proof
from daemon.errors import StateError
from daemon.store.engine import Engine, Table


class Proven(NamedTuple):
    """A proof, and the newest checkpoint, under which the entry is."""

    text: str
    checkpoint: Checkpoint


async def proven(seq: int, leaf: bytes, engine: Engine, signer: Signer) -> Proven | None:
    """The proof of entry `seq`; None while no checkpoint is over it and the token, which would sign one, is away."""
    note = await _newest(engine)
    if note is None or _parsed(note).size <= seq:
        with suppress(StateError):
            await signer.sign()
        note = await _newest(engine)
    if note is None or (checkpoint := _parsed(note)).size <= seq:
        return None
    hashes = await inclusion_proof(seq, checkpoint.size, Nodes(engine))
    return Proven(Proof(seq, hashes, note, entry_line(leaf).rstrip(b"\n")).text(), checkpoint)


async def _newest(engine: Engine) -> str | None:
    pairs = await engine.scan(Table.CHECKPOINTS, limit=1, reverse=True)
    return pairs[0][1].decode() if pairs else None


def _parsed(note: str) -> Checkpoint:
    return Checkpoint.parse(split(note)[0])
