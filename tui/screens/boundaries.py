"""廃置分合・境界変更: what is announced. Two people announce one, and two take one back before its day."""

from collections.abc import Awaitable, Iterator
from datetime import date
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from daemon.contract.boundaries import BoundaryAsked, BoundaryChange
from tui import hold_formats
from tui.desk import Desk, Sitting
from tui.notice_calls import NoticeCalls
from tui.screens.asking import AskingPage
from tui.screens.dialog import ConfirmScreen, Dialog, row
from tui.widgets.listing import Listing
from tui.widgets.notice import Notice


class BoundaryDialog(Dialog[BoundaryChange]):
    """Asks from which municipality to which, and on what day. Whether the codes are valid the register says."""

    def fields(self) -> Iterator[Widget]:
        for name in hold_formats.BOUNDARY_FIELDS:
            hint = self.say(f"boundary.{name}_hint")
            yield from row(self.say(f"boundary.{name}"), Input(id=name, placeholder=hint, compact=True))

    def answer(self) -> BoundaryChange | None:
        fields = {name: self.query_one(f"#{name}", Input) for name in hold_formats.BOUNDARY_FIELDS}
        given = {name: field.value.strip() for name, field in fields.items()}
        for name in ("old", "new"):
            if not given[name]:
                self.missing(fields[name], "boundary.need_code")
                return None
        try:
            return BoundaryChange(old=given["old"], new=given["new"], on=date.fromisoformat(given["on"]))
        except ValueError:
            self.missing(fields["on"], "boundary.need_day")
            return None


class BoundariesScreen(AskingPage):
    """By day, that of the past too: a notice may come late."""

    FAILED: ClassVar[str] = "boundary.failed"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f5", "reload", "reload", key_display="F5"),
        Binding("f7", "announce", "announce", key_display="F7"),
        Binding("f8", "withdraw", "withdraw", key_display="F8"),
        Binding("f2", "app.status", "status", key_display="F2", show=False),
        Binding("f3", "app.search", "search", key_display="F3", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self._calls = NoticeCalls(sitting.at.client)
        self._changes: list[BoundaryChange] = []

    def body(self) -> Iterator[Widget]:
        say = self.say
        yield Notice(say)
        yield Listing([say(f"boundary.{name}") for name in hold_formats.BOUNDARY_COLUMNS], id="boundary-list")
        yield Static(Text(say("boundary.how")), id="boundary-how", markup=False)

    def on_mount(self) -> None:
        self.query_one(Listing).focus()
        self.action_reload()

    def action_reload(self) -> None:
        """Read them anew."""
        self._load("")

    @work(exclusive=True, group="boundaries")
    async def _load(self, headline: str) -> None:
        """Show what is announced now, under `headline` or how much it is."""
        there = await self.asked(self._calls.boundaries())
        if there is None:
            return
        say = self.say
        self._changes = there.changes
        self.query_one(Listing).fill([hold_formats.boundary(each, say) for each in there.changes])
        if headline:
            self.notice.show("info", headline)
        elif there.changes:
            self.notice.show("info", say("boundary.ready", count=len(there.changes)))
        else:
            self.notice.show("empty", say("boundary.none"))

    def action_announce(self) -> None:
        """Ask which, then ask the register to announce it."""
        say = self.say
        dialog = BoundaryDialog(
            say, say("boundary.announce_title"), say("boundary.announce_means"), say("boundary.announce")
        )

        def answered(change: BoundaryChange | None) -> None:
            if change is not None:
                asked = self._calls.announce(change)
                self._ask(asked, change, done="boundary.announced", first="boundary.announce_second")

        self.app.push_screen(dialog, answered)

    def action_withdraw(self) -> None:
        """Ask first, then ask the register to take back the one under the cursor."""
        place = self.query_one(Listing).cursor_row
        if not 0 <= place < len(self._changes):
            return
        say, change = self.say, self._changes[place]
        title = say("boundary.withdraw_title", **hold_formats.boundary_words(change, say))
        dialog = ConfirmScreen(say, title, say("boundary.withdraw_means"), say("boundary.withdraw"))

        def act() -> None:
            asked = self._calls.withdraw(change)
            self._ask(asked, change, done="boundary.withdrawn", first="boundary.withdraw_second")

        self.when_yes(dialog, act)

    @work(exclusive=True, group="boundaries")
    async def _ask(
        self, asked: Awaitable[BoundaryAsked], change: BoundaryChange, *, done: str, first: str
    ) -> None:
        """`done` and `first` name the words of what came of it."""
        answer = await self.asked(asked)
        if answer is not None:
            words = hold_formats.boundary_words(change, self.say)
            self._load(self.say(done if answer.done else first, **words))
