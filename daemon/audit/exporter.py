"""Streams the log out for an auditor, in constant memory: readme, keys, statements, checkpoints, entries.

What the files hold is in `daemon.audit.export`. Statements are asked for after the head is signed, and keys after
the statements: so every statement that an entry speaks of is there, and every key that signed one.
"""

from collections.abc import AsyncIterator

from daemon.audit import export
from daemon.audit.journal import Journal, leaf_of, sequence
from daemon.audit.signer import Signer
from daemon.contract.console import ExportLine
from daemon.contract.note import origin_of
from daemon.crypto.classes import kind
from daemon.register.rows import Register
from daemon.store.engine import Engine, Table
from hsm.client import KeyService

BATCH = 500  # entries in one read


async def exported(
    register: Register, journal: Journal, engine: Engine, signer: Signer, service: KeyService
) -> AsyncIterator[ExportLine]:
    """Every line of an export up to a head that is signed now. Sealed fields stay commitments."""
    await signer.sign()
    size = signer.signed
    for line in export.readme_lines():
        yield line
    statements = await service.statements(0)
    for pair in (await service.keys()).pairs:
        if kind(pair.name) == "seal":
            yield export.key_line(pair, origin_of(register, journal.epoch))
    for statement in statements:
        for line in export.statement_lines(statement.note):
            yield line
    async for _, note in _pairs(engine, Table.CHECKPOINTS, size + 1):
        for line in export.checkpoint_lines(note.decode()):
            yield line
    async for _, value in _pairs(engine, Table.LOG, size):
        yield export.entry_line(leaf_of(value)[0])


async def _pairs(engine: Engine, table: Table, end: int) -> AsyncIterator[tuple[bytes, bytes]]:
    """Every pair of `table` whose key is a sequence below `end`, in order."""
    first = b""
    while pairs := await engine.scan(table, first=first, last=sequence(end), limit=BATCH):
        for pair in pairs:
            yield pair
        first = pairs[-1][0] + b"\x00"
