"""One entry of the log with its proof, which can be kept as a file, and what belongs together with it. Each reading is recorded."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import DataTable, Static

from daemon.contract.log import LogEntry, LogLine
from daemon.errors import JukuraError
from tui import formats, kept_file, log_formats
from tui.desk import Desk, Sitting
from tui.log_calls import LogCalls
from tui.screens.asking import AskingPage
from tui.screens.dialog import FolderScreen
from tui.widgets.listing import Listing
from tui.widgets.notice import Notice


class LogEntryScreen(AskingPage):
    """What the list has of it stands there at once; the proof comes when the register has made it."""

    FAILED: ClassVar[str] = "log.failed"
    ITEMS: ClassVar[str] = "log"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f6", "case", "log_case", key_display="F6"),
        Binding("f7", "keep", "keep_proof", key_display="F7"),
    ]

    def __init__(self, desk: Desk, sitting: Sitting, line: LogLine) -> None:
        super().__init__(desk, sitting)
        self._calls = LogCalls(sitting.at.client)
        self._line = line
        self._entry: LogEntry | None = None
        self._case: list[LogLine] = []

    def body(self) -> Iterator[Widget]:
        yield Notice(self.say)
        with VerticalScroll(id="log-entry"):
            yield Static(id="entry", markup=False)
        yield Listing([self.say(f"log.{name}") for name in log_formats.COLUMNS], id="case-list")

    def on_mount(self) -> None:
        self.query_one("#case-list").display = False
        self._show()
        self._load()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A proof can be kept once it is there."""
        return bool(self._entry and self._entry.proof) if action == "keep" else True

    def _show(self) -> None:
        table = Table.grid(padding=(0, 2))
        table.add_column()
        table.add_column(overflow="fold")
        proof = log_formats.proof(self._entry, self.say) if self._entry else []
        for title, value in (*log_formats.detail(self._line, self.say), *proof):
            table.add_row(Text(title, style="dim"), formats.cell(value))
        self.query_one("#entry", Static).update(table)

    @work(exclusive=True, group="log-entry")
    async def _load(self) -> None:
        self._entry = await self.asked(self._calls.entry(self._line.seq))
        if self._entry is not None:
            self.notice.show("info", self.say("log.recorded"))
            self._show()
            self.refresh_bindings()

    @work(exclusive=True, group="log-case")
    async def action_case(self) -> None:
        """The entries that belong together with this one."""
        found = await self.asked(self._calls.case(self._line.seq))
        if found is None:
            return
        self._case = found.entries
        table = self.query_one(Listing)
        table.display = True
        table.fill([log_formats.row(line, self.say) for line in found.entries])
        table.focus()
        self.notice.show("info", log_formats.case(found, self._line.seq, self.say))

    @on(DataTable.RowSelected, "#case-list")
    def _open(self, event: DataTable.RowSelected) -> None:
        if 0 <= event.cursor_row < len(self._case):
            self.app.push_screen(LogEntryScreen(self.desk, self.sitting, self._case[event.cursor_row]))

    def action_keep(self) -> None:
        """Ask where, and write the proof there."""
        say = self.say
        dialog = FolderScreen(say, say("log.keep_title"), say("log.keep_means"), say("log.keep"))

        def answered(folder: Path | None) -> None:
            if folder is not None and self._entry is not None:
                self._keep(folder, self._entry)

        self.app.push_screen(dialog, answered)

    @work(exclusive=True, group="log-keep")
    async def _keep(self, folder: Path, entry: LogEntry) -> None:
        name = kept_file.proof_name(self.sitting.session.register, entry.line.seq)
        try:
            await asyncio.to_thread(_kept, folder, name, entry.proof)
        except JukuraError as error:
            self.notice.error(self.say("log.not_kept"), error)
        else:
            self.notice.show("info", self.say("log.kept", file=str(folder / name)))


def _kept(folder: Path, name: str, proof: str) -> None:
    kept_file.keep_proof(kept_file.open_folder(folder), name, proof)
