"""What people of the office do, one after the other."""

from daemon.contract.boundaries import ANNOUNCE_BOUNDARY, WITHDRAW_BOUNDARY, BoundaryChange
from daemon.contract.holds import CancelHold
from daemon.errors import ConflictError
from tests.commands.notices.test_holds import clerk
from tests.commands.world.announcing import Boundary, Deed
from tests.commands.world.stage import Stage

ENDPOINTS = {Deed.ANNOUNCE: ANNOUNCE_BOUNDARY, Deed.WITHDRAW: WITHDRAW_BOUNDARY}


async def cancelled(stage: Stage, pick: int, operator: str) -> None:
    """Somebody wants a notice that waits to be cancelled."""
    hold = list(stage.model.waiting())[pick]
    name = hold.sender, hold.notice.id
    key = next(one.key for one in stage.bench.open.holds.all() if (one.sender, one.notice) == name)
    asked = CancelHold(hold=key.hex(), reason="二重")
    done = await stage.bench.open.held_notices.cancel(clerk(operator), asked)
    assert done.done == stage.model.cancel(hold, operator, stage.bench.clock.now())


async def boundary(stage: Stage, deed: Deed, of: Boundary, operator: str) -> None:
    """Somebody wants a 廃置分合・境界変更 to be announced, or to be taken back."""
    old, new, on = of
    ask, model = stage.bench.open.desk.handlers[ENDPOINTS[deed]], stage.model.boundaries
    expected = model.ask(deed, of, operator, stage.bench.clock.now())
    try:
        done = (await ask(clerk(operator), BoundaryChange(old=old, new=new, on=on))).done
    except ConflictError:
        done = None
    assert done == expected
    stage.lives.announced = sorted(model.announced)
