"""A field for one word of a share. It deals with every key by itself and in order, so that nobody types too fast for it."""

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.widgets import Input

from tui.ceremony import choices

LONGEST = 8  # letters
_ACCEPT = frozenset({"space", "enter", "tab"})


class WordInput(Input):
    """Takes only letters with which some word of the list begins."""

    @dataclass
    class Accepted(Message):
        """The holder is done with the word; the field is empty again."""

        typed: str

        def __repr__(self) -> str:
            return "Accepted(...)"

    @dataclass
    class Unknown(Message):
        """A letter was refused: no word begins so."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - the toolkit's own name
        super().__init__(id=id, restrict="[A-Za-z]*", max_length=LONGEST, compact=True)

    def on_key(self, event: events.Key) -> None:
        if event.key in _ACCEPT:
            event.stop()
            event.prevent_default()
            typed, self.value = self.value, ""
            self.post_message(self.Accepted(typed))

    def replace(self, text: str, start: int, end: int) -> None:
        """As the toolkit's, but for a letter that fits no word."""
        word = f"{self.value[:start]}{text}{self.value[end:]}"
        if word and not choices(word):
            self.post_message(self.Unknown())
            return
        super().replace(text, start, end)
