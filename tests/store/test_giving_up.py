"""A register whose opening or closing is given up, at whatever moment: nothing of it stays open, and the next one opens."""

import pytest

from daemon.open import Shown, build
from tests.conftest import Bench
from tests.store.giving_up import at_every_call
from tests.store.turning import fill, found


async def test_a_register_that_is_given_up_leaves_nothing_open(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, 1, 2)
    keyring = honnin.open.store.sealer._keyring
    await honnin.stop()

    async def opened_and_closed() -> None:
        shown = Shown(away=lambda _: None, progress=lambda _done, _total: None)
        parts = await build(
            honnin.config,
            honnin.state,
            service=honnin.service,
            keyring=keyring,
            clock=honnin.clock,
            shown=shown,
        )
        await parts.close()

    with monkeypatch.context() as patched:
        assert await at_every_call(opened_and_closed, patched) > 30
    await honnin.start()
    assert len(await found(honnin)) == 2
