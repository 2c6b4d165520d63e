"""The customer's set-up: affairs and first operators, taken in once at the first start and kept by the register.

Afterwards the file has no power: who may do what then changes only through the register itself.
"""

import re
from pathlib import Path

from msgspec import MsgspecError, Struct, json, msgpack

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.commands.people import Account, People
from daemon.contract.console import Affair
from daemon.errors import InputError
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.writer import Writer

AFFAIRS = b"affairs"
_ID = re.compile(r"(?!.*[0-9]{11})[A-Za-z0-9._-]{1,32}", re.ASCII)


class Setup(Struct, frozen=True, forbid_unknown_fields=True):
    """What the set-up file holds."""

    affairs: list[Affair]
    operators: list[Account]


def read(file: Path) -> Setup:
    """The set-up in `file`; InputError where it does not fit."""
    try:
        setup = json.decode(file.read_bytes(), type=Setup)
    except (MsgspecError, OSError) as error:
        raise InputError("setup.unreadable", field=str(error)) from error
    affairs = {affair.id for affair in setup.affairs}
    if not all(_ID.fullmatch(affair) for affair in affairs):
        raise InputError("setup.bad_affair", field="id")
    for account in setup.operators:
        if not _ID.fullmatch(account.id):
            raise InputError("setup.bad_operator", field="id")
        if not affairs.issuperset(account.affairs):
            raise InputError("setup.unknown_affair", field=account.id)
    return setup


async def take_in(setup: Setup, engine: Engine, writer: Writer, people: People) -> bool:
    """Keep `setup` if no set-up was taken in before; whether it was."""
    if AFFAIRS in await engine.get_many(Table.META, [AFFAIRS]):
        return False

    async def work(draft: Draft) -> None:
        draft.put(Table.META, AFFAIRS, msgpack.encode(setup.affairs))
        for account in setup.operators:
            people.put(draft, account)
        counts = {"operators": len(setup.operators), "affairs": len(setup.affairs)}
        draft.log(Act(Action.SETUP_IMPORTED, "jukurad", counts=counts))

    await writer.write(work)
    return True


async def catalogue(engine: Engine) -> dict[str, Affair]:
    """The affairs by id; empty before any set-up."""
    held = await engine.get_many(Table.META, [AFFAIRS])
    affairs = msgpack.decode(held[AFFAIRS], type=list[Affair]) if AFFAIRS in held else []
    return {affair.id: affair for affair in affairs}
