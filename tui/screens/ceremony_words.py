"""Twenty words from paper, one at a time: completed from the list, and refused at the first letter that fits no word."""

from typing import ClassVar

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from tui.ceremony import CHOICES, Draft, choices
from tui.screens.ceremony_share import ROWS
from tui.widgets.notice import Notice
from tui.widgets.word import LONGEST, WordInput
from tui.words import Words


class WordsScreen(ModalScreen[list[str] | None]):
    """The words, or None where the holder leaves. `draft` is what was typed before, `wrong` what was amiss with it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,shift+tab", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("f4", "reveal", show=False),
        Binding("escape", "leave", show=False),
    ]

    def __init__(self, say: Words, title: str, draft: Draft, wrong: tuple[str, str] = ("", "")) -> None:
        super().__init__()
        self.say = say
        self._title = title
        self._draft = draft
        self._wrong = wrong
        self._revealed = False
        self._finished = False

    def compose(self) -> ComposeResult:
        with Vertical(id="entry"):
            yield Static(Text(self._title, style="bold"), classes="title")
            yield Static(id="words")
            with Horizontal(classes="row"):
                yield Label(id="number")
                yield WordInput(id="word")
            yield Static(id="choices")
            yield Notice(self.say)
            yield Static(Text(self.say("ceremony.typing"), style="dim"), id="typing")

    def on_mount(self) -> None:
        self._show()
        if self._wrong[0]:
            self.query_one(Notice).show("error", *self._wrong)
        self.query_one(WordInput).focus()

    @on(Input.Changed, "#word")
    def _typed(self, event: Input.Changed) -> None:
        offered = choices(event.value)
        line = Text("  ".join(offered[:CHOICES]), "bold" if len(offered) == 1 else "")
        if len(offered) > CHOICES:
            line.append(" …")
        self.query_one("#choices", Static).update(line)

    @on(WordInput.Unknown)
    def _refused(self) -> None:
        self.query_one(Notice).show("warning", self.say("ceremony.no_such_word"))

    @on(WordInput.Accepted)
    def _accepted(self, event: WordInput.Accepted) -> None:
        field, notice = self.query_one(WordInput), self.query_one(Notice)
        if event.typed and not self._draft.accept(event.typed):
            notice.show("warning", self.say("ceremony.which_word"))
            if not field.value:  # what was typed since comes first
                field.value = event.typed
                field.cursor_position = len(event.typed)
        elif self._draft.whole:
            self._finish()
        elif not event.typed:
            notice.show("warning", self.say("ceremony.need_word"))
        else:
            notice.clear()
            self._show()

    def action_move(self, by: int) -> None:
        self._draft.move(by)
        self.query_one(WordInput).value = ""
        self._show()

    def _finish(self) -> None:
        """Once: whoever types fast presses one key more."""
        if not self._finished:
            self._finished = True
            self.dismiss(list(self._draft.words))

    def action_reveal(self) -> None:
        self._revealed = not self._revealed
        self._show()

    def action_leave(self) -> None:
        self._draft.wipe()
        self.dismiss(None)

    def _show(self) -> None:
        self.query_one("#words", Static).update(self._grid())
        self.query_one("#number", Label).update(self.say("ceremony.word_number", number=self._draft.at + 1))

    def _grid(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        cells = [self._cell(place, word) for place, word in enumerate(self._draft.words)]
        for row in range(ROWS):
            table.add_row(*cells[row::ROWS])
        return table

    def _cell(self, place: int, word: str) -> Text:
        shown = word if self._revealed else "●" * 4 if word else "────"
        style = "bold reverse" if place == self._draft.at else "" if word else "dim"
        return Text.assemble((f"{place + 1:2} ", "dim"), (f"{shown:{LONGEST}}", style))
