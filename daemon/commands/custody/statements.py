"""The key service's statements, each written into the log once, in order, whole and still signed.

So endorsements, destructions, changes of tokens and the transcripts of ceremonies stand in the register's own signed
log. The number of the last one is kept in the same commit.
"""

import asyncio

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.commands.custody.keylog import figures_of
from daemon.contract import note
from daemon.contract.statement import Kind, lines_of
from daemon.crypto.keyring import Keyring
from daemon.errors import IntegrityError
from daemon.store.dependents import Dependents
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.writer import Writer
from hsm.client import KeyService
from hsm.protocol import Statement

LAST = b"statement"
"""In META: the number of the last statement in the log, 8 bytes."""


class StatementLog:
    """Brings the log level with the key service."""

    def __init__(
        self, engine: Engine, writer: Writer, service: KeyService, keyring: Keyring, dependents: Dependents
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._service = service
        self._keyring = keyring
        self._dependents = dependents
        self._turn = asyncio.Lock()

    async def level(self) -> int:
        """Write every statement that the log does not have yet; how many they were.

        IntegrityError `key.statement_gap` where one is missing: none may be taken away unseen.
        """
        async with self._turn:
            last = _number(await self._engine.get_many(Table.META, [LAST]))
            new = await self._service.statements(last)
            for number, statement in enumerate(new, start=last + 1):
                if statement.number != number:
                    raise IntegrityError("key.statement_gap")
                await self._take_in(statement)
            return len(new)

    async def _take_in(self, statement: Statement) -> None:
        destroyed = _destroyed(statement)

        async def work(draft: Draft) -> None:
            draft.put(Table.META, LAST, statement.number.to_bytes(8, "big"))
            draft.log(_entry(statement))
            if destroyed is not None:
                name, missing = destroyed
                rows = self._dependents.dependents(name)
                counts = figures_of(name) | {"rows": rows, "missing": missing}
                draft.log(Act(Action.KEY_DESTROYED, "jukurad", counts=counts, sealed={"key": name}))

        await self._writer.write(work)
        if destroyed is not None:
            self._keyring.forget(destroyed[0])


def _entry(statement: Statement) -> Act:
    return Act(
        Action.KEY_STATEMENT,
        "jukura-hsm",
        counts={"number": statement.number, statement.kind: 1},
        sealed={"note": statement.note},
    )


def _destroyed(statement: Statement) -> tuple[str, int] | None:
    """The key that the statement says is destroyed, and how many tokens have not confirmed; None for another kind."""
    if statement.kind != Kind.DESTRUCTION:
        return None
    _, _, fields = lines_of(note.split(statement.note)[0])
    (name,) = fields["name"]
    return name, len(fields.get("missing", ()))


def _number(held: dict[bytes, bytes]) -> int:
    return int.from_bytes(held.get(LAST, b""), "big")
