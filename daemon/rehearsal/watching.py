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
from daemon.contract.epochs import FIRST_EPOCH
from daemon.contract.note import Checkpoint, origin_of, split
from daemon.contract.witnessing import CHECKPOINT, COSIGNATURE, Offer
from daemon.errors import ConflictError, IntegrityError, JukuraError, StateError
from daemon.register.codes import MUNICIPALITIES
from daemon.register.rows import Register
from daemon.rehearsal.calls import DEADLINE, Calls, answered
from daemon.rehearsal.witness import Log, Witness

log = logging.getLogger(__name__)

LOOK = 30.0  # seconds between two looks
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
                public = await keys(register)
            except JukuraError as error:
                log.warning("keys of the log not known", extra={"code": error.code})
                continue
            for each in present:
                known = Log(origin_of(register, each.epoch(register)), public)
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
    offer = await _offered(calls, BEYOND if manner is Manner.LOST else witness.last(known.origin))
    if begun := _begun(offer, known):
        # What it cosigned of the epoch before stays with it, and says what was lost.
        log.warning("log in a new epoch", extra={"peer": witness.code})
        known = begun
        offer = await _offered(calls, witness.last(known.origin))
    note = witness.cosign(offer, known, now)
    if manner is Manner.RUBBISH:
        blob = b64encode(witness.cosigner.id() + bytes(72)).decode()
        note = f"{offer.note}— {witness.cosigner.name} {blob}\n"
    await _ask(calls, COSIGNATURE, data=note.encode(), headers={"Content-Type": COSIGNATURE.content_type})
    return witness.last(known.origin)


async def _offered(calls: Calls, old: int) -> Offer:
    """What the log offers whoever cosigned a tree of `old` leaves; from nothing, where it is not so large any more."""
    try:
        return Offer.parse(await _ask(calls, CHECKPOINT, params={"old": str(old)}))
    except ConflictError:
        offer = Offer.parse(await _ask(calls, CHECKPOINT, params={"old": "0"}))
        if epoch_of(offer) == FIRST_EPOCH:
            raise  # it never was that large
        return offer


def _begun(offer: Offer, known: Log) -> Log | None:
    """The log in the epoch that is offered, if that is a later one: a witness begins anew with it, and never goes back."""
    register, _, epoch = known.origin.rpartition("/")
    offered = epoch_of(offer)
    later = Checkpoint.parse(split(offer.note)[0]).origin == f"{register}/{offered}" and offered > int(epoch)
    return Log(f"{register}/{offered}", known.keys) if later else None


def epoch_of(offer: Offer) -> int:
    """The epoch that a checkpoint says to be of; the first where it says none."""
    number = Checkpoint.parse(split(offer.note)[0]).origin.rpartition("/")[2]
    return int(number) if number.isascii() and number.isdecimal() else FIRST_EPOCH


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
