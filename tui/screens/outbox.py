"""送信待ち: what waits for the national server, what it refused and what waits behind that; and having it tried again."""

from collections.abc import Iterator
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from daemon.contract.outbox import AsideMessage
from tui import formats, post_formats
from tui.desk import Desk, Sitting
from tui.post_calls import PostCalls
from tui.screens.asking import AskingPage
from tui.screens.dialog import ConfirmScreen
from tui.screens.reports import ReportsScreen
from tui.widgets.listing import Listing
from tui.widgets.notice import Notice


class OutboxScreen(AskingPage):
    """The figures above, a page of what is aside below. Who somebody is shows the person's own screen."""

    FAILED: ClassVar[str] = "outbox.failed"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f5", "reload", "reload", key_display="F5"),
        Binding("f6", "reports", "reports", key_display="F6"),
        Binding("f7", "retry", "retry", key_display="F7"),
        Binding("f8", "retry_all", "retry_all", key_display="F8"),
        Binding("f2", "app.status", "status", key_display="F2", show=False),
        Binding("f3", "app.search", "search", key_display="F3", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self._calls = PostCalls(sitting.at.client)
        self._messages: list[AsideMessage] = []
        self._aside = 0

    def body(self) -> Iterator[Widget]:
        yield Notice(self.say)
        yield Static(id="outbox-figures", markup=False)
        yield Listing([self.say(f"outbox.{name}") for name in post_formats.ASIDE_COLUMNS], id="aside-list")

    def on_mount(self) -> None:
        self.query_one(Listing).focus()
        self.action_reload()

    def action_reports(self) -> None:
        """What municipalities were told, over this screen."""
        self.app.push_screen(ReportsScreen(self.desk, self.sitting))

    def action_reload(self) -> None:
        """Read it anew."""
        self._load("")

    @work(exclusive=True, group="outbox")
    async def _load(self, headline: str) -> None:
        """Show what there is, under `headline` or what it comes to."""
        view = await self.asked(self._calls.outbox())
        if view is None:
            return
        say = self.say
        self._messages, self._aside = view.messages, view.aside
        lines = [
            Text.assemble((f"{name}  ", "dim"), value) for name, value in post_formats.summary(view, say)
        ]
        self.query_one("#outbox-figures", Static).update(Text("\n").join(lines))
        self.query_one(Listing).fill([post_formats.message(each, say) for each in view.messages])
        if headline:
            self.notice.show("info", headline)
        elif view.messages:
            self.notice.show("warning", say("outbox.ready", count=view.aside), say("outbox.ready_means"))
        else:
            self.notice.show("empty", say("outbox.none"))

    def action_retry(self) -> None:
        """Ask first, then have the message under the cursor tried again."""
        row = self.query_one(Listing).cursor_row
        if not 0 <= row < len(self._messages):
            return
        say, chosen = self.say, self._messages[row]
        title = say("outbox.retry_title", place=formats.place(chosen.sender, say), serial=chosen.serial)
        dialog = ConfirmScreen(say, title, say("outbox.retry_means"), say("outbox.retry"))
        self.when_yes(dialog, lambda: self._retry([chosen.id]))

    def action_retry_all(self) -> None:
        """Ask first, then have everything tried again."""
        if not self._messages:
            return
        say = self.say
        title = say("outbox.retry_all_title", count=self._aside)
        dialog = ConfirmScreen(say, title, say("outbox.retry_means"), say("outbox.retry"))
        self.when_yes(dialog, lambda: self._retry([]))

    @work(exclusive=True, group="outbox")
    async def _retry(self, ids: list[str]) -> None:
        done = await self.asked(self._calls.retry(ids, everything=not ids))
        if done is not None:
            self._load(self.say("outbox.wished", count=done.messages))
