"""Drives the console as an operator does: keys in, lines on the screen out."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.fake_daemon import OPERATOR, PASSWORD, FakeDaemon
from tests.tui.fake_keys import FakeCards
from tui.app import ConsoleApp
from tui.words import Lang

PATIENCE = 10.0  # seconds


class Ticks:
    """A monotonic clock moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Operator:
    """One person at the console."""

    app: ConsoleApp
    pilot: Pilot[None]
    ticks: Ticks

    def lines(self) -> list[str]:
        """What the screen shows, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    def screen(self) -> str:
        """What the screen shows."""
        return "\n".join(self.lines())

    async def press(self, *keys: str) -> None:
        """Press `keys` one after the other, each when the last has been dealt with.

        The toolkit's own pilot waits for an idle processor after each, which on a busy machine is seconds.
        """
        for key in keys:
            self.app.post_message(events.Key(key, key if len(key) == 1 else None))
            await self.settled()

    async def types_ahead(self, *keys: str) -> None:
        """Press `keys` faster than the console deals with them."""
        for key in keys:
            self.app.post_message(events.Key(key, key if len(key) == 1 else None))

    async def settled(self) -> None:
        """Wait until every message has gone from app to screen to widget and back, and what it changed is drawn."""
        for _ in range(4):
            await self.pilot._wait_for_screen()
        self.app.screen._on_timer_update()

    async def write(self, *fields: str) -> None:
        """Fill fields in order, from the focused one, with Tab between them."""
        for place, text in enumerate(fields):
            if place:
                await self.tabs()
            field = self.app.focused
            assert isinstance(field, Input)
            # At once, since a key takes its time: that keys do it too has a test of its own.
            field.value = text

    async def tabs(self) -> None:
        """Press Tab, and wait for nothing but the focus."""
        before = self.app.focused
        self.app.post_message(events.Key("tab", None))
        await self.until(lambda: self.app.focused is not before)

    async def agrees(self) -> None:
        """Answer a question with yes: it begins on "leave it", and a key that came before it did would stay there."""
        await self.until(lambda: self.app.focused is not None and self.app.focused.id == "leave")
        await self.tabs()
        await self.press("enter")

    async def sees(self, *texts: str) -> str:
        """Wait until the screen shows all of `texts`; give what it shows."""
        shown = ""

        def there() -> bool:
            nonlocal shown
            shown = self.screen()
            return all(text in shown or _closer(text) in shown for text in texts)

        await self.until(there, texts)
        return shown

    async def offers_no(self, key: str) -> None:
        """Wait until the footer does not name `key`: it is drawn by a message of its own, after what it is about."""
        await self.until(lambda: key not in self.screen(), [f"no {key}"])

    async def is_at(self, field: str) -> None:
        """Wait until the focus is on `field`: it comes by a message of its own, after what is drawn."""
        await self.until(lambda: self.app.focused is not None and self.app.focused.id == field, [field])

    async def until(self, condition: Callable[[], bool], what: Iterable[str] = ()) -> None:
        """Wait until `condition` holds."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"never came: {what}\n{self.screen()}"
            await asyncio.sleep(0.01)
            self.app.screen._on_timer_update()

    async def signs_in(self, operator: str = OPERATOR) -> None:
        await self.write(operator, PASSWORD)
        await self.press("enter")
        await self.until(lambda: self.app.desk.sitting is not None)
        await self.until(lambda: len(self.app.screen_stack) > 1)
        await self.settled()

    async def searches(
        self, kana: str, *, purpose: str = "旅券申請の審査", application: str = "旅券R8-0123"
    ) -> None:
        """From a fresh search screen: fill the form and press Enter."""
        await self.tabs()
        await self.write(purpose, application, kana)
        await self.press("enter")


def _closer(text: str) -> str:
    """A key and its word as they stand on a line that is full."""
    return re.sub(r"^(Esc|F[0-9]+) ", r"\1", text)


@asynccontextmanager
async def console(
    *registers: FakeDaemon, lang: Lang = Lang.JA, poll: float = 0.2, cards: FakeCards | None = None
) -> AsyncIterator[Operator]:
    """A console over `registers`, 80 by 24, with an operator before it."""
    ticks = Ticks()
    sockets = [fake.socket for fake in registers]
    app = ConsoleApp(sockets, lang=lang, monotonic=ticks, poll=poll, cards=cards or FakeCards())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        operator = Operator(app, pilot, ticks)
        await operator.settled()
        yield operator
