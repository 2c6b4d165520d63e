"""Witnesses of a rehearsal look at the logs now and then: most as they should, one never, and some as one should not."""

import asyncio
import logging
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import aiohttp

from daemon.contract.endpoint import Endpoint
from daemon.contract.note import origin_of
from daemon.contract.witnessing import CHECKPOINT, COSIGNATURE, Offer
from daemon.errors import ConflictError, IntegrityError, JukuraError, StateError
from daemon.register.codes import MUNICIPALITIES
from daemon.register.rows import Register
from daemon.rehearsal.calls import DEADLINE, Calls, answered
from daemon.rehearsal.witness import Log, Witness

log = logging.getLogger(__name__)

LOOK = 30.0  # seconds between two looks
FIRST_EPOCH = 1
BEYOND = 10**12
"""Leaves: more than any log here has."""
CONFLICT = 409


class Manner(StrEnum):
    """How a witness behaves."""

    TRUE = "true"
    AWAY = "away"
    """Never asks."""
    RUBBISH = "rubbish"
    """Hands in signatures that are none."""
    LOST = "lost"
    """Asks with a size that it never had."""


MANNERS: Mapping[str, Manner] = dict(
    zip(sorted(MUNICIPALITIES), (Manner.TRUE,) * 3 + (Manner.AWAY, Manner.RUBBISH, Manner.LOST), strict=False)
)
"""The municipalities that witness."""

Keys = Callable[[Register], Awaitable[list[bytes]]]
"""How the prefecture names the keys of a register's log."""


async def watch(
    witnesses: Iterable[Witness],
    line: Callable[[Register, str], Calls],
    keys: Keys,
    now: Callable[[], datetime],
) -> None:
    """Every witness looks at every log, again and again."""
    present = [each for each in witnesses if MANNERS[each.code] is not Manner.AWAY]
    while True:
        await asyncio.sleep(LOOK)
        for register in Register:
            try:
                known = Log(origin_of(register, FIRST_EPOCH), await keys(register))
            except JukuraError as error:
                log.warning("keys of the log not known", extra={"code": error.code})
                continue
            for each in present:
                async with line(register, each.code) as calls:
                    await _try(look(calls, each, known, now(), MANNERS[each.code]), each.code)


async def _try(looking: Awaitable[int], code: str) -> None:
    """What fails is said in the log, and the next one looks."""
    try:
        size = await looking
    except JukuraError as error:
        log.warning("not cosigned", extra={"code": error.code, "peer": code})
    else:
        log.info("cosigned", extra={"peer": code, "size": size})


async def look(
    calls: Calls,
    witness: Witness,
    known: Log,
    now: datetime,
    manner: Manner = Manner.TRUE,
) -> int:
    """One look: the size that was cosigned. Raises why nothing was, by the witness's judgement or the register's."""
    old = BEYOND if manner is Manner.LOST else witness.last(known.origin)
    offer = Offer.parse(await _ask(calls, CHECKPOINT, params={"old": str(old)}))
    note = witness.cosign(offer, known, now)
    if manner is Manner.RUBBISH:
        blob = b64encode(witness.cosigner.id() + bytes(72)).decode()
        note = f"{offer.note}— {witness.cosigner.name} {blob}\n"
    await _ask(calls, COSIGNATURE, data=note.encode(), headers={"Content-Type": COSIGNATURE.content_type})
    return witness.last(known.origin)


async def _ask(calls: Calls, endpoint: Endpoint, **given: Any) -> str:  # noqa: ANN401 - what aiohttp takes
    """The text of an answer; the register's error, or StateError where there is none."""
    try:
        async with asyncio.timeout(DEADLINE):
            status, body = await calls.requested(endpoint, **given)
    except (TimeoutError, aiohttp.ClientError) as error:
        raise StateError("municipality.no_answer") from error
    if status == CONFLICT:
        raise ConflictError("witness.contradicts")
    try:
        return answered(status, body).decode("utf-8")
    except UnicodeDecodeError:
        raise IntegrityError("municipality.strange_answer") from None
