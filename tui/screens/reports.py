"""通報・連絡調整: what municipalities were told and have not taken note of, or all of it. Enter shows one in full."""

from collections.abc import Iterator
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable

from daemon.contract.outbox import PAGE, ReportLine
from tui import formats, post_formats
from tui.desk import Desk, Sitting
from tui.post_calls import PostCalls
from tui.screens.list_page import PagedPage
from tui.screens.report import ReportScreen
from tui.widgets.notice import Notice

MOST_ASKED = 20
"""Answers looked through at once for those that wait; what lies beyond is on the next page."""


class ReportsScreen(PagedPage[ReportLine]):
    """The oldest first. The register gives acknowledged ones among the others; here they can be left out."""

    FAILED: ClassVar[str] = "report.failed"
    NAME: ClassVar[str] = "report"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f7", "all", "all_reports", key_display="F7")]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self._calls = PostCalls(sitting.at.client)
        self._all = False

    def body(self) -> Iterator[Widget]:
        yield Notice(self.say)
        yield from self.table([self.say(f"report.{name}") for name in post_formats.REPORT_LIST])

    def detail(self, line: ReportLine) -> Text:
        return formats.cell(post_formats.report_detail(line, self.say))

    def action_all(self) -> None:
        """Those that were acknowledged as well, or only those that were not."""
        self._all = not self._all
        self.load("")

    @work(exclusive=True, group="reports")
    async def load(self, after: str) -> None:
        """Read the page after `after`."""
        found = await self._page(after)
        if found is None:
            return
        say = self.say
        lines, following, overdue = found
        self.turn(lines, [post_formats.report_row(each, say) for each in lines], following)
        if lines:
            words = "report.ready_all" if self._all else "report.ready"
            headline = say(words, count=len(lines))
            self.notice.show("warning" if overdue else "info", headline, say("report.overdue", count=overdue))
        elif following:
            self.notice.show("info", say("report.none_so_far"))
        else:
            self.notice.show("empty", say("report.none" if self._all else "report.none_wait"))

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

    @on(DataTable.RowSelected, "#report-list")
    def _open(self, event: DataTable.RowSelected) -> None:
        if 0 <= event.cursor_row < len(self.lines):
            self.app.push_screen(ReportScreen(self.desk, self.sitting, self.lines[event.cursor_row]))
