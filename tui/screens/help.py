"""Which keys work on the screen below, and what the console does with what one types."""

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.words import Words


class HelpScreen(ModalScreen[None]):
    """Goes away with Esc, F1 or Enter."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,enter,question_mark", "dismiss", show=False)]

    def __init__(self, say: Words, bindings: dict[str, ActiveBinding]) -> None:
        super().__init__()
        self._say = say
        self._keys = bindings

    def compose(self) -> ComposeResult:
        say = self._say
        keys = Table.grid(padding=(0, 2))
        # What the toolkit binds by itself has no word of ours, and is said in the text below.
        ours = [binding for _, binding, enabled, _ in self._keys.values() if enabled]
        for key, does in {
            binding.key_display: binding.description for binding in ours if binding.key_display
        }.items():
            keys.add_row(Text(key, style="bold"), does)
        with VerticalScroll(id="help"):
            yield Static(Text(say("help.title"), style="bold"))
            yield Static(keys)
            for paragraph in ("moving", "kana", "law", "keys", "codes"):
                yield Static(Text(say(f"help.{paragraph}")), classes="paragraph")
