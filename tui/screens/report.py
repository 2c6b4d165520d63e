"""One report to a municipality in full; with what the 機構 wrote for those who may read it, which the register records."""

from collections.abc import Iterator
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from daemon.contract.outbox import ReportLine
from tui import formats, post_formats
from tui.desk import Desk, Sitting
from tui.post_calls import PostCalls
from tui.screens.asking import AskingPage
from tui.widgets.notice import Notice


class ReportScreen(AskingPage):
    """What the list has of it stands there at once; the words come when the register has given them."""

    FAILED: ClassVar[str] = "report.failed"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f2", "app.status", "status", key_display="F2", show=False),
        Binding("f3", "app.search", "search", key_display="F3", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting, line: ReportLine) -> None:
        super().__init__(desk, sitting)
        self._calls = PostCalls(sitting.at.client)
        self._line = line

    def body(self) -> Iterator[Widget]:
        yield Notice(self.say)
        with VerticalScroll(id="report"):
            yield Static(id="report-full", markup=False)

    def on_mount(self) -> None:
        self._show(None)
        self.query_one(VerticalScroll).focus()
        if self.sitting.reads_reports:
            self._read()
        else:
            self.notice.show("info", self.say("report.no_words"))

    @work(exclusive=True, group="report")
    async def _read(self) -> None:
        shown = await self.asked(self._calls.report(self._line.id))
        if shown is not None:
            self._line = shown.report
            self._show(shown.words or post_formats.NOTHING)
            self.notice.show("info", self.say("report.recorded"))

    def _show(self, words: str | None) -> None:
        say = self.say
        table = Table.grid(padding=(0, 2))
        for name, value in post_formats.report_lines(self._line, say):
            table.add_row(Text(name, style="dim"), formats.cell(value))
        if words is not None:
            table.add_row(Text(say("report.words"), style="dim"), formats.cell_lines(words))
        self.query_one("#report-full", Static).update(table)
