"""The first load: a whole register, taken over from the system before it, every version of everybody as it was.

It goes only into a register that holds nobody, or one in which such a load was cut off. Versions are sealed as if they had
come as notices (a superseded one under the class of the year in which its 150 years end), and written in groups of whole people,
each with an entry in the log. They are not passed on to the national server, which has them. The projection is written
beside the truth and takes its place at the end, so nothing is opened twice.

A kill leaves whole groups. The projection is not believed any more from the first group on, because the truth got another id
on the disk, so the next start makes it anew from what is there. Begun again with the same histories, a load passes over those
that it finds (`Mark`: how many people, and the digest of all ids, which prove what is in the versions) and goes on.

Not here yet: the file that histories come in, its signed manifest, and the two people who approve. Whoever calls this sees
to it that the register is not in service meanwhile; a row from elsewhere stops the load.
"""

import hashlib
import logging
import secrets
from collections.abc import Callable
from functools import partial

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.clock import Clock
from daemon.commands.migration.loading import MARK, Mark, Totals, act, together
from daemon.commands.migration.taking import Batch, Histories, Ids, Taking
from daemon.crypto import classes
from daemon.crypto.keyring import Keyring, load
from daemon.errors import ConflictError, InputError, JukuraError, StateError
from daemon.register.history import checked
from daemon.store import files, truth
from daemon.store.builder import Builder
from daemon.store.closing import closed_on_error
from daemon.store.draft import Draft
from daemon.store.engine import Table
from daemon.store.opening import page_keys
from daemon.store.record import opened
from daemon.store.rotating import Store
from daemon.store.rows import ROW_ID, ROW_TYPES
from hsm.client import KeyService

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Called with people and versions that are in."""


class Migration:
    """Takes a register over."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        service: KeyService,
        clock: Clock,
        *,
        progress: Progress = lambda _people, _rows: None,
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._service = service
        self._clock = clock
        self._progress = progress

    async def inspect(self, histories: Histories) -> Totals:
        """What a load of `histories` would say, but for their order; nothing is written."""
        totals, now, kind = Totals(), self._clock.now(), ROW_TYPES[self._store.register]
        async for rows in histories:
            totals.people += 1
            totals.rows += len(rows)
            try:
                totals.warnings.update(checked(rows, of=kind, now=now).warnings)
            except InputError as error:
                totals.refused[error.code] += 1
        return totals

    async def load(self, histories: Histories) -> Totals:
        """Take all `histories` in. It stops at the first that cannot be taken over, and can be begun again.

        InputError names the person by number, the version and the item; ConflictError where the register has people
        already, or others than those of a load that was cut off; StateError where keys or disk fail.
        """
        totals = Totals()
        try:
            mark, identity = await self._begin()
            await self._through(histories, mark, identity, totals)
        except JukuraError as error:
            await self._store.writer.log(act(Action.MIGRATION_STOPPED, totals, code=error.code))
            raise
        return totals

    async def _begin(self) -> tuple[Mark, bytes]:
        """Where to go on from, and the truth's new identity."""
        engine = self._store.engine
        held = (await engine.get_many(Table.META, [MARK])).get(MARK)
        mark = Mark.of(held) if held else Mark.new()
        if self._store.tally.rows != mark.rows:
            raise ConflictError("migration.not_empty")
        await self._no_rotation()
        identity = secrets.token_bytes(ROW_ID)

        async def work(draft: Draft) -> None:
            # In memory it stays the old one, and with it in the projection: so no start believes that until all is in.
            draft.put(Table.META, truth.ID, identity)
            draft.put(Table.META, MARK, mark.kept())
            draft.log(act(Action.MIGRATION_STARTED, Totals(mark.people, mark.rows)))

        await self._store.writer.write(work)
        return mark, identity

    async def _through(self, histories: Histories, mark: Mark, identity: bytes, totals: Totals) -> None:
        store = self._store
        file, key = files.successor(store.index.pages.file), page_keys(self._keyring, classes.INDEX)[0]
        kind = ROW_TYPES[store.register]
        taking = Taking(
            histories, kind, store.codec, Ids(mark.secret), now=self._clock.now(), lacking=self._make
        )
        builder = await Builder.begin(file, key)
        try:
            digest = await self._batches(taking, mark, builder, totals)
            while await builder.seal():
                log.info("index made", extra={"stage": "migration"})
        except BaseException:
            await builder.close()
            files.remove(file)
            raise
        finish = partial(self._finish, builder, identity)
        await store.merger.exchange(store.writer.between, key, finish)

        async def work(draft: Draft) -> None:
            draft.delete(Table.META, MARK)
            draft.log(act(Action.MIGRATION_DONE, totals, digest=digest))

        await store.writer.write(work)

    async def _batches(self, taking: Taking, mark: Mark, builder: Builder, totals: Totals) -> bytes:
        """Write what is not in yet, and project everything; the digest of all ids."""
        digest, last = hashlib.sha256(), Mark(mark.secret)
        batch = await taking.batch(sealed=last.people >= mark.people)
        while batch.people:
            digest.update(b"".join(batch.rows))
            at = Mark(
                mark.secret, last.people + len(batch.people), last.rows + len(batch.rows), digest.digest()
            )
            mark.require_same(last, at)
            # The next batch is made while this one is being written.
            following, _ = await together(
                taking.batch(sealed=at.people >= mark.people),
                self._take(batch, last, at, builder, new=at.people > mark.people),
            )
            totals.people, totals.rows = at.people, at.rows
            totals.warnings.update(batch.warnings)
            self._progress(at.people, at.rows)
            last, batch = at, following
        if last.people < mark.people:
            raise ConflictError("migration.other_source")
        return last.digest

    async def _take(self, batch: Batch, last: Mark, at: Mark, builder: Builder, *, new: bool) -> None:
        """Project a batch and, where it is `new` to the truth, write it."""
        if new:
            await together(builder.add(batch.people), self._write(batch, last, at))
        else:
            await builder.add(batch.people)

    async def _write(self, batch: Batch, last: Mark, at: Mark) -> None:
        """One group: versions, mark and entry."""
        totals = Totals(len(batch.people), len(batch.rows), batch.warnings)

        async def work(draft: Draft) -> None:
            self._require_alone(last)
            for row, sealed in batch.rows.items():
                draft.add(Table.ROWS, row, sealed)
            draft.put(Table.META, MARK, at.kept())
            draft.log(act(Action.MIGRATION_BATCH, totals, digest=at.digest))

        await self._store.writer.write(work)

    async def _finish(self, builder: Builder, identity: bytes) -> None:
        """Between two groups: the new projection is level with the truth."""
        async with closed_on_error(builder):
            await self._no_rotation()
            await builder.finish(truth.followed(identity), self._store.truth.head)
        self._store.truth.id = identity

    async def _no_rotation(self) -> None:
        """A copy of a file that is under way would not know of the load."""
        if await opened(self._store.engine):
            raise ConflictError("migration.rotation_runs")

    def _require_alone(self, mark: Mark) -> None:
        if self._store.tally.rows != mark.rows:
            raise StateError("migration.disturbed")

    async def _make(self, name: str) -> None:
        made = await load(self._keyring, self._service, [name])
        await self._store.writer.log(Act(Action.KEY_MADE, "jukurad", counts={"keys": len(made)}))
