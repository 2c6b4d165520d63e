"""通報・連絡調整: what municipalities were told and have not taken note of, or all of it. Enter shows one in full."""

from collections.abc import Iterator
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable, Static

from daemon.contract.outbox import PAGE, ReportLine
from tui import formats, post_formats
from tui.desk import Desk, Sitting
from tui.post_calls import PostCalls
from tui.screens.asking import AskingPage
from tui.screens.report import ReportScreen
from tui.widgets.listing import Listing
from tui.widgets.notice import Notice

MOST_ASKED = 20
"""Answers looked through at once for those that wait; what lies beyond is on the next page."""


class ReportsScreen(AskingPage):
    """The oldest first. The register gives acknowledged ones among the others; here they can be left out."""

    FAILED: ClassVar[str] = "report.failed"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f5", "reload", "reload", key_display="F5"),
        Binding("f6", "next", "next_page", key_display="F6"),
        Binding("f7", "all", "all_reports", key_display="F7"),
        Binding("f2", "app.status", "status", key_display="F2", show=False),
        Binding("f3", "app.search", "search", key_display="F3", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self._calls = PostCalls(sitting.at.client)
        self._lines: list[ReportLine] = []
        self._all = False
        self._after = ""
        """Where the next page begins; empty on the last one."""

    def body(self) -> Iterator[Widget]:
        say = self.say
        yield Notice(say)
        yield Listing([say(f"report.{name}") for name in post_formats.REPORT_LIST], id="report-list")
        yield Static(id="report-detail", markup=False)

    def on_mount(self) -> None:
        self.query_one(Listing).focus()
        self.action_reload()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the next page where there is one."""
        return bool(self._after) if action == "next" else True

    def action_reload(self) -> None:
        """Read them anew, from the oldest."""
        self._load("")

    def action_next(self) -> None:
        """The page after this one."""
        self._load(self._after)

    def action_all(self) -> None:
        """Those that were acknowledged as well, or only those that were not."""
        self._all = not self._all
        self._load("")

    @work(exclusive=True, group="reports")
    async def _load(self, after: str) -> None:
        found = await self._page(after)
        if found is None:
            return
        say = self.say
        self._lines, self._after, overdue = found
        self.query_one(Listing).fill([post_formats.report_row(each, say) for each in self._lines])
        if self._lines:
            words = "report.ready_all" if self._all else "report.ready"
            headline = say(words, count=len(self._lines))
            self.notice.show("warning" if overdue else "info", headline, say("report.overdue", count=overdue))
        elif self._after:
            self.notice.show("info", say("report.none_so_far"))
        else:
            self.notice.show("empty", say("report.none" if self._all else "report.none_wait"))
        self._detail()
        self.refresh_bindings()

    async def _page(self, after: str) -> tuple[list[ReportLine], str, int] | None:
        """What comes after `after` (all of a page, or those of some pages that wait), where the next begins, how many are late."""
        kept: list[ReportLine] = []
        overdue = 0
        for _ in range(MOST_ASKED):
            answer = await self.asked(self._calls.reports(after))
            if answer is None:
                return None
            kept += [each for each in answer.reports if self._all or each.acknowledged is None]
            after = answer.reports[-1].id if answer.more else ""
            overdue = answer.overdue
            if self._all or not after or len(kept) >= PAGE:
                break
        return kept, after, overdue

    @on(DataTable.RowHighlighted, "#report-list")
    def _detail(self) -> None:
        place = self.query_one(Listing).cursor_row
        line = post_formats.report_detail(self._lines[place], self.say) if place < len(self._lines) else ""
        self.query_one("#report-detail", Static).update(formats.cell(line))

    @on(DataTable.RowSelected, "#report-list")
    def _open(self, event: DataTable.RowSelected) -> None:
        if 0 <= event.cursor_row < len(self._lines):
            self.app.push_screen(ReportScreen(self.desk, self.sitting, self._lines[event.cursor_row]))
