"""監査ログ: what was done, when and by whom; for auditors. Each page that is shown is recorded."""

from collections.abc import Iterator
from typing import ClassVar

from msgspec.structs import replace
from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable, Input

from daemon.contract.log import LogLine, LogSearch
from daemon.errors import InputError
from tui import log_formats
from tui.desk import Desk, Sitting
from tui.log_calls import LogCalls
from tui.screens.asking import AskingPage
from tui.screens.log_entry import LogEntryScreen
from tui.screens.log_statistics import LogStatisticsScreen
from tui.widgets.choice import Choice
from tui.widgets.listing import Listing
from tui.widgets.log_form import LogForm
from tui.widgets.notice import Notice


class LogScreen(AskingPage):
    """The form above, a page of entries below; nothing is read by itself."""

    FAILED: ClassVar[str] = "log.failed"
    ITEMS: ClassVar[str] = "log"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "app.log_duties", "log_duties", key_display="F5"),
        Binding("f6", "next", "next_page", key_display="F6"),
        Binding("f7", "statistics", "log_statistics", key_display="F7"),
        Binding("f8", "clear", "clear", key_display="F8"),
        Binding("escape", "form", "back", key_display="Esc", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self._calls = LogCalls(sitting.at.client)
        self._lines: list[LogLine] = []
        self._next: LogSearch | None = None
        """The question for the page after this one; None on the last."""

    def body(self) -> Iterator[Widget]:
        yield LogForm(self.say)
        yield Notice(self.say)
        yield Listing([self.say(f"log.{name}") for name in log_formats.COLUMNS], id="log-list")

    def on_mount(self) -> None:
        self.notice.show("info", self.say("log.ready"))
        self.form.go_to("since")

    @property
    def form(self) -> LogForm:
        """What is asked."""
        return self.query_one(LogForm)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the next page where there is one."""
        return self._next is not None if action == "next" else True

    @on(Input.Submitted)
    @on(Choice.Submitted)
    def _submit(self) -> None:
        if missing := self.form.missing():
            self.notice.show("warning", self.say(f"log.need_{missing}"))
            self.form.go_to(missing)
            return
        try:
            asked = self.form.asked()
        except InputError as error:
            where = self.say("search.field", field=self.say.of("log", error.field))
            self.notice.error(self.say("search.refused"), error, where=where)
            self.form.go_to(error.field)
        else:
            self._load(asked)

    def action_next(self) -> None:
        """The page after this one."""
        if self._next is not None:
            self._load(self._next)

    @work(exclusive=True, group="log")
    async def _load(self, asked: LogSearch) -> None:
        self.notice.show("info", self.say("search.searching"))
        page = await self.asked(self._calls.search(asked))
        if page is None:
            return
        say = self.say
        self._lines, self._next = page.entries, replace(asked, after=page.next) if page.next else None
        table = self.query_one(Listing)
        table.fill([log_formats.row(line, say) for line in page.entries])
        keys = say("log.keys_more" if page.next else "log.keys") if page.entries else ""
        self.notice.show("info" if page.entries else "empty", log_formats.headline(page, say) + keys)
        self.refresh_bindings()
        if page.entries:
            table.focus()

    @on(DataTable.RowSelected, "#log-list")
    def _open(self, event: DataTable.RowSelected) -> None:
        if 0 <= event.cursor_row < len(self._lines):
            self.app.push_screen(LogEntryScreen(self.desk, self.sitting, self._lines[event.cursor_row]))

    def action_statistics(self) -> None:
        """Figures by month."""
        self.app.push_screen(LogStatisticsScreen(self.desk, self.sitting))

    def action_form(self) -> None:
        """Back from the entries to the form."""
        self.form.go_to("since")

    def action_clear(self) -> None:
        """An empty form for the next question."""
        self._lines, self._next = [], None
        self.query_one(Listing).fill([])
        self.form.clear()
        self.notice.show("info", self.say("log.ready"))
        self.refresh_bindings()
        self.form.go_to("since")
