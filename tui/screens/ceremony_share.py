"""One holder's share, to be written down: hidden until its holder asks for it, and hidden again when nobody looks."""

from collections.abc import Sequence
from typing import ClassVar

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.words import Words

LOOKS = 300.0  # seconds until an open share is hidden again (nothing stays on the screen, C17)
ROWS = 5


class ShareScreen(ModalScreen[bool]):
    """True when the holder has written it down; False where they leave it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "on", show=False),
        Binding("f4", "hide", show=False),
        Binding("escape", "leave", show=False),
    ]

    opened: reactive[bool] = reactive(False)  # noqa: FBT003 - the toolkit's own form

    def __init__(self, say: Words, title: str, words: Sequence[str]) -> None:
        super().__init__()
        self.say = say
        self._title = title
        self._words = list(words)

    def compose(self) -> ComposeResult:
        with Vertical(id="share"):
            yield Static(Text(self._title, style="bold"), classes="title")
            yield Static(id="words")
            yield Static(id="what-now")

    def watch_opened(self, opened: bool) -> None:  # noqa: FBT001 - the toolkit's own form
        self.query_one("#words", Static).update(self._grid() if opened else Text(""))
        self.query_one("#what-now", Static).update(
            Text(self.say("ceremony.write_down" if opened else "ceremony.only_you"))
        )

    def action_on(self) -> None:
        if self.opened:
            self._finish(written=True)
            return
        self.opened = True
        self.set_timer(LOOKS, self.action_hide)

    def action_hide(self) -> None:
        self.opened = False

    def action_leave(self) -> None:
        self._finish(written=False)

    def _finish(self, *, written: bool) -> None:
        self.opened = False
        self._words.clear()
        self.dismiss(written)

    def _grid(self) -> RenderableType:
        """The words in columns, numbered downwards, as they are written."""
        table = Table.grid(padding=(0, 3))
        cells = [
            Text.assemble((f"{number:2} ", "dim"), (word, "bold"))
            for number, word in enumerate(self._words, 1)
        ]
        for row in range(ROWS):
            table.add_row(*cells[row::ROWS])
        return table
