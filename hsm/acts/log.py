"""Checkpoints of the register's log, its first witness, manifests, and the statements."""

from daemon.contract import note
from daemon.contract.epochs import FIRST_EPOCH
from daemon.contract.manifest import manifest_name
from daemon.contract.merkle import EMPTY_ROOT
from hsm import manifests
from hsm.acts.table import Table
from hsm.checkpoints import Last, answers_again, judge
from hsm.protocol import (
    MAX_FRAME,
    SignCheckpoint,
    Signed,
    SignManifest,
    Statements,
    StatementsAfter,
    Witness,
    Witnessed,
)
from hsm.vault import Vault

ROOM = MAX_FRAME // 4  # characters of notes in one answer; one takes up to three bytes


class LogActs:
    """The acts about what is signed."""

    def __init__(self, register: str, vault: Vault) -> None:
        self._register = register
        self._vault = vault
        self._store = vault.store
        self._run = vault.files.run
        self.table: Table = {
            SignCheckpoint: self._sign,
            SignManifest: self._manifest,
            Witness: self._witness,
            StatementsAfter: self._statements,
        }

    async def _sign(self, request: SignCheckpoint, uid: str) -> Signed:
        async with self._vault.changing:
            last = await self._run(self._store.witness.last)
            checkpoint = judge(self._register, request, last, self._vault.keeper.now())
            if last is not None and await self._again(last, checkpoint):
                return Signed(note=last.note)
            signed, pair = await self._vault.notary.newest(checkpoint.origin, checkpoint.text())
            kept = Last(request.epoch, request.size, request.root, signed, pair.number)
            await self._run(self._keep, kept, pair.name, uid)
            return Signed(note=signed)

    async def _manifest(self, request: SignManifest, uid: str) -> Signed:
        last = await self._run(self._store.witness.last)
        text = manifests.judge(self._register, request, last, self._vault.keeper.now())
        signed, pair = await self._vault.notary.newest(manifest_name(self._register), text)
        await self._run(self._store.keys.used_if_there, pair.name, uid)
        return Signed(note=signed)

    async def _again(self, last: Last, checkpoint: note.Checkpoint) -> bool:
        """Whether this was signed just now, by a pair that is still in use."""
        return answers_again(last, checkpoint) and await self._run(self._store.pairs.alive, last.pair)

    def _keep(self, last: Last, key: str, uid: str) -> None:
        with self._store.transaction():
            self._store.witness.keep(last)
            self._store.keys.used([key], uid)

    async def _witness(self, _: Witness, __: str) -> Witnessed:
        last = await self._run(self._store.witness.last)
        if last is None:
            return Witnessed(epoch=FIRST_EPOCH, size=0, root=EMPTY_ROOT)
        return Witnessed(epoch=last.epoch, size=last.size, root=last.root)

    async def _statements(self, request: StatementsAfter, _: str) -> Statements:
        return Statements(await self._run(self._store.statements.after, request.number, ROOM))
