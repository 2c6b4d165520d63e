"""整合性確認: whose turn it is, and what each municipality's last comparison came to. Enter shows one; nothing is changed here."""

from collections.abc import Iterator
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable

from daemon.contract.reconciled import Schedule
from tui import reconciled_formats
from tui.desk import Desk, Sitting
from tui.reconciled_calls import ReconciledCalls
from tui.screens.asking import AskingPage
from tui.screens.reconciliation import ReconciliationScreen
from tui.widgets.listing import Listing
from tui.widgets.notice import Notice


class ReconciliationsScreen(AskingPage):
    """One line for each municipality, in the order of their codes; reads anew each time it is come back to."""

    FAILED: ClassVar[str] = "reconciliation.failed"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f5", "reload", "reload", key_display="F5"),
        Binding("f2", "app.status", "status", key_display="F2", show=False),
        Binding("f3", "app.search", "search", key_display="F3", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self._calls = ReconciledCalls(sitting.at.client)
        self._schedules: list[Schedule] = []

    def body(self) -> Iterator[Widget]:
        say = self.say
        yield Notice(say)
        titles = [say(f"reconciliation.{name}") for name in reconciled_formats.COLUMNS]
        yield Listing(titles, id="schedule-list")

    def on_mount(self) -> None:
        self.query_one(Listing).focus()

    def on_screen_resume(self) -> None:
        self.action_reload()

    def action_reload(self) -> None:
        """Read them anew."""
        self._load()

    @work(exclusive=True, group="reconciliations")
    async def _load(self) -> None:
        there = await self.asked(self._calls.schedules())
        if there is None:
            return
        say, listing = self.say, self.query_one(Listing)
        at = listing.cursor_row
        self._schedules = there.schedules
        listing.fill([reconciled_formats.row(each, say) for each in there.schedules])
        listing.move_cursor(row=at)
        overdue = sum(each.overdue for each in there.schedules)
        if overdue:
            headline = say("reconciliation.overdue_count", count=overdue)
            self.notice.show("warning", headline, say("reconciliation.overdue_means"))
        else:
            self.notice.show("info", say("reconciliation.ready", count=len(there.schedules)))

    @on(DataTable.RowSelected, "#schedule-list")
    def _open(self, event: DataTable.RowSelected) -> None:
        if 0 <= event.cursor_row < len(self._schedules):
            municipality = self._schedules[event.cursor_row].municipality
            self.app.push_screen(ReconciliationScreen(self.desk, self.sitting, municipality))
