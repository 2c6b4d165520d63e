"""Making the proof of one entry: a text that anyone can check later with the log's public key (`daemon.contract.proof`)."""

from contextlib import suppress
from typing import NamedTuple

from daemon.audit import checkpoints
from daemon.audit.export import entry_line
from daemon.audit.journal import Nodes
from daemon.audit.signer import Signer
from daemon.audit.tree import inclusion_proof
from daemon.contract.note import Checkpoint
from daemon.contract.proof import Proof
from daemon.errors import StateError
from daemon.store.engine import Engine


class Proven(NamedTuple):
    """A proof, and the newest checkpoint, under which the entry is."""

    text: str
    checkpoint: Checkpoint


async def proven(seq: int, leaf: bytes, engine: Engine, signer: Signer) -> Proven | None:
    """The proof of entry `seq`; None while no checkpoint is over it and the token, which would sign one, is away."""
    newest = await checkpoints.newest(engine)
    if newest is None or newest.size <= seq:
        with suppress(StateError):
            await signer.sign()
        newest = await checkpoints.newest(engine)
    if newest is None or newest.size <= seq:
        return None
    note, checkpoint = newest.note, Checkpoint.parse(newest.text)
    hashes = await inclusion_proof(seq, checkpoint.size, Nodes(engine))
    return Proven(Proof(seq, hashes, note, entry_line(leaf).rstrip(b"\n")).text(), checkpoint)
