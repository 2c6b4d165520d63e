"""Holders before the ceremony screen: they read shares off it, and type them from paper."""

import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from textual.widgets import Input

from hsm.ceremony.client import CeremonyClient
from tests.hsm.ceremony.desks import Process, World
from tests.hsm.kit import listening_at, running
from tests.tui.driving import Operator, Ticks
from tui.app import ConsoleApp
from tui.ceremony_app import CeremonyApp
from tui.words import Lang


@dataclass
class Holders(Operator):
    """Whoever sits there."""

    async def reads_share(self) -> list[str]:
        """From the ceremony screen: open the share of the holder in turn, write it down, go on to typing it."""
        await self.press("enter")
        await self.sees("Enter＝割符を表示")
        await self.press("enter")
        shown = await self.sees("書き終えた")
        numbered = re.findall(r"(?<!\S)(\d{1,2}) ([a-z]{3,8})(?!\S)", shown)
        paper = [word for _, word in sorted(numbered, key=lambda each: int(each[0]))]
        assert len(paper) == 20, shown
        await self.press("enter")
        await self.sees("1語目")
        return paper

    async def types(self, paper: list[str]) -> None:
        """Type a share, four letters a word, as fast as the keyboard goes."""
        await self.types_ahead(*(key for word in paper for key in (*word[:4], "space")))

    async def fills(self, **fields: str) -> None:
        """Fill the fields of a dialog, by id, and submit it."""
        for name, value in fields.items():
            self.app.screen.query_one(f"#{name}", Input).value = value
        await self.press("enter")


@asynccontextmanager
async def desk(world: World, *, lang: Lang = Lang.JA) -> AsyncIterator[tuple[Holders, Process]]:
    """The wizard at 80 by 24 over a real socket, with a token in memory behind it."""
    with tempfile.TemporaryDirectory(prefix="jukura-") as folder:
        path = Path(folder) / "ceremony.sock"
        process = Process(world)
        async with running(listening_at(path), process.handler):
            app = CeremonyApp(CeremonyClient(path), lang=lang)
            async with app.run_test(size=(80, 24)) as pilot:
                holders = Holders(cast("ConsoleApp", app), pilot, Ticks())
                await holders.settled()
                yield holders, process


async def first_round(holders: Holders, names: list[str]) -> list[list[str]]:
    """Every holder writes down and types their share; the papers."""
    papers = []
    for name in names:
        await holders.sees(f"{name}さんの割符を表示する")
        papers.append(await holders.reads_share())
        await holders.types(papers[-1])
        await holders.sees("割符を確認しました")
    return papers


async def second_round(holders: Holders, papers: list[list[str]]) -> None:
    """Every holder types theirs once more."""
    for paper in papers:
        await holders.sees("2回目：紙から入れて確かめる")
        await holders.press("enter")
        await holders.sees("1語目")
        await holders.types(paper)
        await holders.sees("割符を確認しました")
