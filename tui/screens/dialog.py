"""Questions over a screen: each gives back a typed answer, or None where the person leaves it. They begin on "leave it"."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static

from tui.widgets.notice import Notice
from tui.words import Words

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer | None]):
    """A box with a title, its own fields, and two buttons.

    Keys that move the focus are dealt with before any field sees them, as on a page.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", priority=True, show=False),
        Binding("shift+tab", "app.focus_previous", priority=True, show=False),
        Binding("escape", "leave", show=False),
    ]

    def __init__(self, say: Words, title: str, means: str, go: str) -> None:
        super().__init__()
        self.say = say
        self._title = title
        self._means = means
        self._go = go

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(Text(self._title, style="bold"), classes="title")
            yield Static(Text(self._means), classes="means")
            yield from self.fields()
            yield Notice(self.say)
            with Horizontal(classes="buttons"):
                yield Button(self.say("confirm.cancel"), id="leave", compact=True)
                yield Button(self._go, id="go", compact=True)

    def fields(self) -> Iterator[Widget]:
        """What there is to fill in."""
        yield from ()

    def on_mount(self) -> None:
        # At once: focus() waits its turn, and a key that came first would then go to another button.
        self.set_focus(self.first())

    def first(self) -> Widget:
        """Where to begin: the first field that is empty, else on "leave it"."""
        return next((field for field in self.query(Input) if not field.value), self.query_one("#leave"))

    def answer(self) -> Answer | None:
        """What the fields say; None, and why on the notice, while something is missing."""
        raise NotImplementedError

    def action_leave(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#leave")
    def _leave(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#go")
    @on(Input.Submitted)
    def _submit(self) -> None:
        if (answer := self.answer()) is not None:
            self.dismiss(answer)

    def missing(self, field: Input, words: str) -> None:
        """Say what is missing and go there."""
        self.query_one(Notice).show("warning", self.say(words))
        field.focus()


class ConfirmScreen(Dialog[bool]):
    """Yes or no; begins on no, and names what is at stake."""

    def answer(self) -> bool:
        return True


class UriScreen(Dialog[str]):
    """Asks for the URI of a token."""

    def fields(self) -> Iterator[Widget]:
        yield from row(
            self.say("confirm.uri"), Input(id="uri", placeholder=self.say("confirm.uri_hint"), compact=True)
        )

    def answer(self) -> str | None:
        field = self.query_one("#uri", Input)
        uri = field.value.strip()
        if uri.startswith("pkcs11:"):
            return uri
        self.missing(field, "confirm.need_uri")
        return None


class ReasonScreen(Dialog[str]):
    """Asks why, in words."""

    def fields(self) -> Iterator[Widget]:
        yield from row(self.say("holds.reason"), Input(id="reason", compact=True))

    def answer(self) -> str | None:
        field = self.query_one("#reason", Input)
        if reason := field.value.strip():
            return reason
        self.missing(field, "holds.need_reason")
        return None


class FolderScreen(Dialog[Path]):
    """Asks for the folder that a file goes into."""

    def fields(self) -> Iterator[Widget]:
        yield from row(self.say("log.folder"), Input(id="folder", placeholder="/media/…", compact=True))

    def answer(self) -> Path | None:
        field = self.query_one("#folder", Input)
        if folder := field.value.strip():
            return Path(folder).expanduser()
        self.missing(field, "log.need_folder")
        return None


def row(title: str, field: Input) -> Iterator[Widget]:
    """A field with its title before it."""
    yield Horizontal(Label(title), field, classes="row")
