"""The ceremony's screens as they look; `pytest --snapshot-update` after a change that was meant and looked at."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from textual.pilot import Pilot

from hsm.ceremony.client import WORDS, CeremonyClient
from hsm.ceremony.protocol import Phase, Picture
from tests.tui.driving import Ticks
from tests.tui.holders import Holders
from tui.app import ConsoleApp
from tui.ceremony_app import CeremonyApp

PICTURE = Picture(
    register="honnin", phase=Phase.SHARING, ceremony="00112233445566778899aabbccddeeff", dry_run=True,
    uri="pkcs11:token=honnin?module-path=/usr/lib/some.so", label="honnin", threshold=2,
    holders=["山田花子", "佐藤一郎", "鈴木次郎"], turn=1,
)  # fmt: skip
SHARE = list(WORDS[100:1000:45])


class Still(CeremonyClient):
    """A desk at which nothing moves."""

    async def look(self) -> Picture:
        return PICTURE

    async def show(self, ceremony: str, holder: int) -> list[str]:
        return list(SHARE)


def as_holder(play: Callable[[Holders], Awaitable[object]]) -> Callable[[Pilot[None]], Awaitable[None]]:
    async def run(pilot: Pilot[None]) -> None:
        holders = Holders(cast("ConsoleApp", pilot.app), pilot, Ticks())
        await holders.sees("1回目：割符を書き写す")
        await play(holders)
        pilot.app.screen.set_focus(None)  # a blinking cursor is there or not
        await holders.settled()

    return run


async def stand(holders: Holders) -> None:
    await holders.sees("佐藤一郎さんの割符を表示する")


async def share(holders: Holders) -> None:
    await holders.press("enter")
    await holders.sees("Enter＝割符を表示")
    await holders.press("enter")
    await holders.sees("書き終えた")


async def words(holders: Holders) -> None:
    await share(holders)
    await holders.press("enter")
    await holders.sees("1語目")
    await holders.types(SHARE[:3])
    await holders.press("c", "a")
    await holders.sees("4語目")


@pytest.mark.parametrize("play", [stand, share, words])
def test_a_screen_looks_as_it_did(
    snap_compare: Any, tmp_path: Any, play: Callable[[Holders], Awaitable[object]]
) -> None:
    app = CeremonyApp(Still(tmp_path))
    assert snap_compare(app, terminal_size=(80, 24), run_before=as_holder(play))
