"""A choice between two or three words on one line: the arrows choose, Enter submits the form."""

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class Choice(Widget, can_focus=True):
    """Exactly one of `options` (value, word) is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "move(-1)", show=False),
        Binding("right,down,space", "move(1)", show=False),
        Binding("enter", "submit", show=False),
    ]

    index: reactive[int] = reactive(0)

    @dataclass
    class Changed(Message):
        """Another option was chosen."""

        choice: "Choice"

    @dataclass
    class Submitted(Message):
        """Enter was pressed."""

        choice: "Choice"

    def __init__(self, options: list[tuple[str, str]], *, id: str) -> None:  # noqa: A002 - the toolkit's own name
        super().__init__(id=id)
        self.options = options

    @property
    def value(self) -> str:
        """The chosen value."""
        return self.options[self.index][0]

    def watch_index(self) -> None:
        self.post_message(self.Changed(self))

    def render(self) -> Text:
        return Text("  ", no_wrap=True).join(
            self._option(word, here=place == self.index) for place, (_, word) in enumerate(self.options)
        )

    def _option(self, word: str, *, here: bool) -> Text:
        style = "bold" + (" reverse" if self.has_focus else "") if here else "dim"
        return Text(f"{'●' if here else '○'} {word}", style)

    def action_move(self, by: int) -> None:
        self.index = (self.index + by) % len(self.options)

    def action_submit(self) -> None:
        self.post_message(self.Submitted(self))

    def on_click(self, event: events.Click) -> None:
        edge = 0
        for place, (_, word) in enumerate(self.options):
            edge += Text(word).cell_len + 4
            if event.x < edge:
                self.index = place
                return
