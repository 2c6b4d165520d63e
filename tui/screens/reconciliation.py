"""One municipality's 整合性確認: its schedule, how far the run under way is, and what a run came to, in figures.

Whoever may goes on from here to what the last finished one found, one by one.
"""

from collections.abc import Iterator
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable, Static

from daemon.contract.reconciled import RunFigures, Schedule
from tui import formats, reconciled_formats
from tui.desk import Desk, Sitting
from tui.reconciled_calls import ReconciledCalls
from tui.screens.asking import AskingPage
from tui.screens.findings import FindingsScreen
from tui.widgets.listing import Listing
from tui.widgets.notice import Notice

FOLLOW = 2.0  # seconds between two looks at a run that is under way


class ReconciliationScreen(AskingPage):
    """Follows the newest run by itself as long as it is under way."""

    FAILED: ClassVar[str] = "reconciliation.failed"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f5", "reload", "reload", key_display="F5"),
        Binding("f6", "findings", "findings", key_display="F6"),
        Binding("f7", "other", "other_run", key_display="F7"),
        Binding("f2", "app.status", "status", key_display="F2", show=False),
        Binding("f3", "app.search", "search", key_display="F3", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting, municipality: str) -> None:
        super().__init__(desk, sitting)
        self._calls = ReconciledCalls(sitting.at.client)
        self._municipality = municipality
        self._schedule: Schedule | None = None
        self._at = 0
        """Which of its runs is shown: 0 for the newest."""

    def body(self) -> Iterator[Widget]:
        say = self.say
        yield Notice(say)
        yield Static(id="schedule", markup=False)
        yield Static(id="run", markup=False)
        titles = [say(f"reconciliation.{name}") for name in reconciled_formats.RESULT]
        yield Listing(titles, id="result-list")

    def on_mount(self) -> None:
        self.query_one(Listing).focus()
        self.set_interval(FOLLOW, self._follow)
        self.action_reload()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer another run, and findings, where there are some."""
        offered = {"other": len(self._runs()) > 1, "findings": self._has_findings()}
        return offered.get(action, True)

    def action_reload(self) -> None:
        """Read it anew."""
        self._load()

    def action_other(self) -> None:
        """Show the other run: the newest, or the last one that came to its end."""
        self._at = (self._at + 1) % max(len(self._runs()), 1)
        self._show()

    @on(DataTable.RowSelected, "#result-list")
    def action_findings(self) -> None:
        """What the last finished run found, one by one, over this screen."""
        if self._has_findings():
            self.app.push_screen(FindingsScreen(self.desk, self.sitting, self._municipality))

    def _has_findings(self) -> bool:
        return self.sitting.reads_findings and self._schedule is not None and self._schedule.done is not None

    def _follow(self) -> None:
        newest = self._schedule.newest if self._schedule else None
        if newest is not None and newest.phase not in reconciled_formats.OVER and self.is_current:
            self._load()

    @work(exclusive=True, group="reconciliation")
    async def _load(self) -> None:
        there = await self.asked(self._calls.schedule(self._municipality))
        if there is not None:
            self._schedule = there
            self._show()

    def _runs(self) -> list[RunFigures]:
        return list(reconciled_formats.runs(self._schedule)) if self._schedule else []

    def _show(self) -> None:
        if (shown := self._schedule) is None:
            return
        say, runs = self.say, self._runs()
        self._at = min(self._at, max(len(runs) - 1, 0))
        run = runs[self._at] if runs else None
        when = {
            "last": reconciled_formats.last(shown, say), "due": reconciled_formats.due(shown, say), "days": shown.days,
        }  # fmt: skip
        place = reconciled_formats.place(shown, say)
        line = f"{place}  {say('reconciliation.schedule', **when)}"
        self.query_one("#schedule", Static).update(formats.cell(line))
        self.query_one("#run", Static).update(_table(reconciled_formats.lines(run, say) if run else []))
        listing = self.query_one(Listing)
        at = listing.cursor_row
        listing.fill(list(reconciled_formats.result(run, say)) if run else [])
        listing.move_cursor(row=at)
        self._headline(shown, run)
        self.refresh_bindings()

    def _headline(self, shown: Schedule, run: RunFigures | None) -> None:
        say = self.say
        if run is None:
            self.notice.show("empty", say("reconciliation.no_run"))
        elif run.phase not in reconciled_formats.OVER:
            self.notice.show("info", say("reconciliation.under_way"))
        elif shown.overdue:
            self.notice.show("warning", say("reconciliation.overdue_one"))
        else:
            words = "reconciliation.figures" if self._has_findings() else "reconciliation.figures_only"
            self.notice.show("info", say(words))


def _table(lines: list[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in lines:
        table.add_row(Text(name, style="dim"), formats.cell(value))
    return table
