"""What a municipality's last finished 整合性確認 found, one by one, masked and without values. Each page shown is recorded."""

from collections.abc import Iterator
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.widget import Widget
from textual.widgets import Static

from daemon.contract.findings import FindingLine
from tui import finding_formats, formats
from tui.desk import Desk, Sitting
from tui.reconciled_calls import ReconciledCalls
from tui.screens.list_page import PagedPage
from tui.widgets.notice import Notice


class FindingsScreen(PagedPage[FindingLine]):
    """A page at a time, in the order in which the municipality gets them; reads nothing by itself but the first page."""

    FAILED: ClassVar[str] = "reconciliation.failed"
    NAME: ClassVar[str] = "finding"

    def __init__(self, desk: Desk, sitting: Sitting, municipality: str) -> None:
        super().__init__(desk, sitting)
        self._calls = ReconciledCalls(sitting.at.client)
        self._municipality = municipality

    def body(self) -> Iterator[Widget]:
        say = self.say
        yield Notice(say)
        yield Static(formats.cell(formats.place(self._municipality, say)), id="findings-of", markup=False)
        yield from self.table([say(f"reconciliation.{name}") for name in finding_formats.COLUMNS])

    def detail(self, line: FindingLine) -> Text:
        return formats.cell(finding_formats.what(line, self.say))

    @work(exclusive=True, group="findings")
    async def load(self, after: str) -> None:
        """Read the page after `after`."""
        page = await self.asked(self._calls.findings(self._municipality, after))
        if page is None:
            return
        say = self.say
        following = page.findings[-1].id if page.more else ""
        self.turn(page.findings, [finding_formats.row(each, say) for each in page.findings], following)
        told = [*finding_formats.more(page, say), say("reconciliation.findings_recorded")]
        self.notice.show(
            "info" if page.counts else "empty", finding_formats.headline(page, say), "\n".join(told)
        )
