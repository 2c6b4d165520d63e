"""What a municipality's last finished 整合性確認 found, one by one, masked and without values. Each page shown is recorded."""

from collections.abc import Iterator
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable, Static

from daemon.contract.findings import FindingLine
from tui import finding_formats, formats
from tui.desk import Desk, Sitting
from tui.reconciled_calls import ReconciledCalls
from tui.screens.asking import AskingPage
from tui.widgets.listing import Listing
from tui.widgets.notice import Notice


class FindingsScreen(AskingPage):
    """A page at a time, in the order in which the municipality gets them; reads nothing by itself but the first page."""

    FAILED: ClassVar[str] = "reconciliation.failed"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f5", "reload", "reload", key_display="F5"),
        Binding("f6", "next", "next_page", key_display="F6"),
        Binding("f2", "app.status", "status", key_display="F2", show=False),
        Binding("f3", "app.search", "search", key_display="F3", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting, municipality: str) -> None:
        super().__init__(desk, sitting)
        self._calls = ReconciledCalls(sitting.at.client)
        self._municipality = municipality
        self._lines: list[FindingLine] = []
        self._after = ""
        """Where the next page begins; empty on the last one."""

    def body(self) -> Iterator[Widget]:
        say = self.say
        yield Notice(say)
        yield Static(formats.cell(formats.place(self._municipality, say)), id="findings-of", markup=False)
        titles = [say(f"reconciliation.{name}") for name in finding_formats.COLUMNS]
        yield Listing(titles, id="finding-list")
        yield Static(id="finding-detail", markup=False)

    def on_mount(self) -> None:
        self.query_one(Listing).focus()
        self.action_reload()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the next page where there is one."""
        return bool(self._after) if action == "next" else True

    def action_reload(self) -> None:
        """Read anew, from the first page."""
        self._load("")

    def action_next(self) -> None:
        """The page after this one."""
        self._load(self._after)

    @work(exclusive=True, group="findings")
    async def _load(self, after: str) -> None:
        page = await self.asked(self._calls.findings(self._municipality, after))
        if page is None:
            return
        say = self.say
        self._lines, self._after = page.findings, page.findings[-1].id if page.more else ""
        self.query_one(Listing).fill([finding_formats.row(each, say) for each in page.findings])
        told = [*finding_formats.more(page, say), say("reconciliation.findings_recorded")]
        self.notice.show(
            "info" if page.counts else "empty", finding_formats.headline(page, say), "\n".join(told)
        )
        self._detail()
        self.refresh_bindings()

    @on(DataTable.RowHighlighted, "#finding-list")
    def _detail(self) -> None:
        place = self.query_one(Listing).cursor_row
        line = finding_formats.what(self._lines[place], self.say) if place < len(self._lines) else ""
        self.query_one("#finding-detail", Static).update(formats.cell(line))
