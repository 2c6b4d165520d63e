"""What all screens are: the bar above, the keys below, and the words of the chosen language."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from daemon.errors import JukuraError
from tui.desk import Desk
from tui.errors import RemoteError
from tui.widgets.bar import Bar
from tui.widgets.keys import Keys


@dataclass
class SignedIn(Message):
    """Somebody sits down."""


@dataclass
class SessionOver(Message):
    """The register knows the session no more."""

    error: JukuraError


def in_words(bindings: dict[str, ActiveBinding], desk: Desk) -> dict[str, ActiveBinding]:
    """`bindings` with what they do in words: descriptions are names in the locale's group `key`."""
    return {
        key: active._replace(
            binding=replace(active.binding, description=desk.say.of("key", active.binding.description))
        )
        for key, active in bindings.items()
    }


class Page(Screen[None]):
    """A screen of the console.

    Keys that move the focus are dealt with before any widget sees them. Otherwise what a fast typist types next would
    still land in the field just left: a password in the open.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", priority=True, show=False),
        Binding("shift+tab", "app.focus_previous", priority=True, show=False),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.say = desk.say

    def compose(self) -> ComposeResult:
        yield Bar(self.desk)
        with Vertical(id="body"):
            yield from self.body()
        yield Keys()

    def body(self) -> Iterator[Widget]:
        """What stands between bar and keys."""
        raise NotImplementedError

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        return in_words(super().active_bindings, self.desk)

    def condition_changed(self) -> None:
        """The desk changed: a register answered, or an affair was chosen."""
        self.query_one(Bar).show()

    def over(self, error: JukuraError) -> bool:
        """Whether `error` ends the session; then the sign-in screen comes by itself."""
        if isinstance(error, RemoteError) and error.signed_out:
            self.post_message(SessionOver(error))
            return True
        return False
