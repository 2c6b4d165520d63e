"""What the token is asked in steady state: once per checkpoint, never for a row, a search or an entry."""

from daemon.store.engine import Table
from tests.conftest import Bench
from tests.store.turning import done, fill, found, move


async def calls(bench: Bench) -> int:
    return (await bench.service.ping()).token_calls


async def test_one_call_per_checkpoint_and_none_for_rows(honnin: Bench) -> None:
    await fill(honnin, 1)
    await honnin.open.signer.sign()
    before, signed = await calls(honnin), await honnin.open.engine.count(Table.CHECKPOINTS)
    for number in range(2, 32):
        await fill(honnin, number)
        await move(honnin, number, 2)
        assert (await found(honnin)).total() == number
        if number % 10 == 0:
            assert await honnin.open.signer.sign() is not None
    checkpoints = await honnin.open.engine.count(Table.CHECKPOINTS) - signed
    assert checkpoints == 3
    assert await calls(honnin) - before <= checkpoints


async def test_a_rotation_costs_the_key_and_nothing_per_row(honnin: Bench) -> None:
    await fill(honnin, 1)
    before = await calls(honnin)
    await honnin.open.rotations.start("live")
    few = await calls(honnin) - before
    await done(honnin)
    await fill(honnin, *range(2, 40))
    before = await calls(honnin)
    await honnin.open.rotations.start("live")
    assert await calls(honnin) - before == few
