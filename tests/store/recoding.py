"""Changes of 住民票コード as they lie in the truth, written without a notice."""

import secrets
from typing import Any

from msgspec.structs import replace

from daemon.clock import day_of
from daemon.register.codes import juminhyo_digit
from daemon.register.rows import Register
from daemon.store.draft import Draft
from daemon.store.engine import Table
from daemon.store.index import projected
from daemon.store.rows import OWN, row_id
from tests.commands.notices.test_notices import DAY
from tests.conftest import Bench


def code_of(number: int, turn: int) -> str:
    """The 住民票コード of a newcomer (`tests.store.turning`), and those that they get later."""
    base = f"{turn}{number:09}"
    return base + juminhyo_digit(base)


async def append(bench: Bench, code: str, **items: Any) -> None:
    """One more version of whoever has this 住民票コード."""

    async def work(draft: Draft) -> None:
        await appended(bench, draft, code, **items)

    await bench.open.writer.write(work)


async def recode(bench: Bench, old: str, new: str) -> None:
    """Somebody gets another 住民票コード today."""
    fuhyo = bench.config.register is Register.FUHYO
    says = {"notice_kind": "4", "former_code": old} if fuhyo else {"reason": "51"}
    await append(bench, old, juminhyo_code=new, event_date=DAY, **says)


async def appended(bench: Bench, draft: Draft, code: str, **items: Any) -> None:
    """The same within a piece of work."""
    codec = bench.open.reader._codec
    where = (await draft.latest([code]))[code]
    last = codec.open(where.row, (await draft.get_many(Table.ROWS, [where.row]))[where.row])
    row = replace(
        last.row, serial=last.row.serial + 1, received_on=day_of(draft.now), updated_at=draft.now, **items
    )
    new = replace(last, id=row_id(last.person, secrets.token_bytes(OWN)), row=row, successor_on=None)
    draft.add(Table.ROWS, new.id, codec.seal(new))
    draft.put(Table.ROWS, last.id, codec.seal(replace(last, successor_on=row.received_on)))
    draft.index(projected(new, where.known))
