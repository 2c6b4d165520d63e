"""保留: the notices that wait, the oldest first. Two people can have one cancelled; nobody can apply or change one here."""

from collections.abc import Iterator
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from daemon.contract.holds import Hold
from tui import formats, hold_formats
from tui.desk import Desk, Sitting
from tui.notice_calls import NoticeCalls
from tui.screens.boundaries import BoundariesScreen
from tui.screens.dialog import ReasonScreen
from tui.screens.list_page import ListPage
from tui.widgets.notice import Notice


class HoldsScreen(ListPage[Hold]):
    """The table, what it has no room for, and how one is cancelled."""

    FAILED: ClassVar[str] = "holds.failed"
    NAME: ClassVar[str] = "hold"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f6", "boundaries", "boundaries", key_display="F6"),
        Binding("f8", "cancel", "cancel_hold", key_display="F8"),
    ]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self._calls = NoticeCalls(sitting.at.client)

    def body(self) -> Iterator[Widget]:
        say = self.say
        yield Notice(say)
        yield from self.table([say(f"holds.{name}") for name in hold_formats.COLUMNS])
        how = "holds.how" if self.sitting.cancels_holds else "holds.how_not"
        yield Static(Text(say(how)), id="hold-how", markup=False)

    def on_mount(self) -> None:
        self.notice.show("info", self.say("holds.loading"))
        super().on_mount()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to cancel, and what is announced, to those who may."""
        offered = {"cancel": self.sitting.cancels_holds, "boundaries": self.sitting.announces}
        return offered.get(action, True)

    def detail(self, line: Hold) -> Text:
        return formats.cell(hold_formats.detail(line, self.say))

    def action_boundaries(self) -> None:
        """廃置分合・境界変更, over this screen."""
        self.app.push_screen(BoundariesScreen(self.desk, self.sitting))

    def action_reload(self) -> None:
        """Read them anew."""
        self._load("")

    @work(exclusive=True, group="holds")
    async def _load(self, headline: str) -> None:
        """Show what is held now, under `headline` or how much it is."""
        there = await self.asked(self._calls.held())
        if there is None:
            return
        say = self.say
        self.fill(there.holds, [hold_formats.row(each, say) for each in there.holds])
        if headline:
            self.notice.show("info", headline)
        elif there.holds:
            self.notice.show("info", say("holds.ready", count=len(there.holds)))
        else:
            self.notice.show("empty", say("holds.none"))

    def action_cancel(self) -> None:
        """Ask why, then ask the register to cancel the one under the cursor."""
        hold = self.at_cursor
        if hold is None:
            return
        say = self.say
        title = say("holds.cancel_title", notice=hold.notice, place=formats.place(hold.sender, say))
        dialog = ReasonScreen(say, title, say("holds.cancel_means"), say("holds.cancel"))

        def answered(reason: str | None) -> None:
            if reason:
                self._cancel(hold, reason)

        self.app.push_screen(dialog, answered)

    @work(exclusive=True, group="holds")
    async def _cancel(self, hold: Hold, reason: str) -> None:
        answer = await self.asked(self._calls.cancel(hold.hold, reason))
        if answer is not None:
            self._load(self.say("holds.cancelled" if answer.done else "holds.second"))
