"""What is signed about a ceremony: who, when, which step, and facts that say nothing about shares or PINs.

One statement a ceremony, dry runs too. It is in the book from the moment the ceremony ends until it is stated.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC

from daemon.contract.statement import Lines
from daemon.errors import JukuraError
from hsm.ceremony.record import Record, Shelf

log = logging.getLogger(__name__)

State = Callable[[Lines], Awaitable[None]]
"""Keeps a statement of kind `ceremony`, to be signed as soon as a token has a seal."""


def lines_of(record: Record) -> list[tuple[str, str]]:
    """The transcript of an ended ceremony."""
    head = [
        ("ceremony", record.id),
        ("dry_run", "yes" if record.dry_run else "no"),
        ("outcome", record.phase),
        ("label", record.label),
        ("uri", record.uri),
        ("serial", record.serial),
        ("model", record.model),
        ("threshold", f"{record.threshold} of {len(record.holders)}"),
    ]
    pairs = zip(record.holders, record.digests, strict=True)
    holders = [("holder", f"{number} {known.hex()} {name}") for number, (name, known) in enumerate(pairs, 1)]
    steps = [
        ("step", f"{step.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {step.what} {step.who}".rstrip())
        for step in record.steps
    ]
    return [*head, *holders, *steps]


async def deliver(shelf: Shelf, state: State) -> None:
    """State every transcript that waits; what cannot be stated now stays in the book."""
    try:
        for record in (await shelf.book()).transcripts:
            await state(lines_of(record))
            await shelf.stated(record)
    except JukuraError as error:
        log.warning("transcript waits", extra={"code": error.code})
