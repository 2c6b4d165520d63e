"""日報: one day of the log on the screen, day by day, and as files to be printed. Each that is shown is recorded."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from daemon.contract.console import Status
from daemon.contract.daily import DailyReport
from daemon.errors import JukuraError
from tui import daily_files, daily_formats, daily_output, kept_file
from tui.apart import apart
from tui.daily_files import Form
from tui.desk import Desk, Sitting
from tui.log_calls import LogCalls
from tui.screens.asking import AskingPage
from tui.screens.dialog import FolderScreen
from tui.widgets.notice import Notice


class DailyScreen(AskingPage):
    """Begins with today as far as it has gone."""

    FAILED: ClassVar[str] = "daily.failed"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f5", "reload", "reload", key_display="F5"),
        Binding("f6", "turn(-1)", "day_before", key_display="F6"),
        Binding("f7", "turn(1)", "day_after", key_display="F7"),
        Binding("f8", "keep", "keep_day", key_display="F8"),
        Binding("f11", "app.log", "log", key_display="F11", show=False),
        Binding("f2", "app.status", "status", key_display="F2", show=False),
        Binding("f3", "app.search", "search", key_display="F3", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self._calls = LogCalls(sitting.at.client)
        self._shown: tuple[DailyReport, Status] | None = None
        """With how the register stood then."""

    def body(self) -> Iterator[Widget]:
        yield Notice(self.say)
        with VerticalScroll(id="daily"):
            yield Static(id="daily-report", markup=False)

    def on_mount(self) -> None:
        self.query_one("#daily").focus()
        self._load(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the days around the one that is shown, none that has not come, and to keep it."""
        if action not in {"turn", "keep"}:
            return True
        return self._shown is not None and not (parameters == (1,) and daily_formats.lasts(self._shown[0]))

    def action_reload(self) -> None:
        """Read the day anew."""
        self._load(self._shown[0].day if self._shown else None)

    def action_turn(self, days: int) -> None:
        """Another day."""
        if self._shown is not None:
            self._load(self._shown[0].day + timedelta(days=days))

    @work(exclusive=True, group="daily")
    async def _load(self, day: date | None) -> None:
        shown = await self.asked(self._read(day))
        if shown is None:
            return
        self._shown = made, status = shown
        self.query_one("#daily-report", Static).update(daily_output.report(made, status, self.say))
        self.query_one("#daily", VerticalScroll).scroll_home(animate=False)
        self.notice.show("info", self.say("daily.lasts" if daily_formats.lasts(made) else "daily.recorded"))
        self.refresh_bindings()

    async def _read(self, day: date | None) -> tuple[DailyReport, Status]:
        return await self._calls.day(day), await self.sitting.at.client.status()

    def action_keep(self) -> None:
        """Ask where, and write it there in both forms."""
        say = self.say
        dialog = FolderScreen(say, say("daily.keep_title"), say("daily.keep_means"), say("log.keep"))

        def answered(folder: Path | None) -> None:
            if folder is not None and self._shown is not None:
                self._keep(folder, *self._shown)

        self.app.push_screen(dialog, answered)

    @work(exclusive=True, group="daily-keep")
    async def _keep(self, folder: Path, made: DailyReport, status: Status) -> None:
        def kept() -> list[str]:
            return [
                daily_files.keep(kept_file.open_folder(folder), form, made, status, self.say) for form in Form
            ]

        try:
            names = await apart(kept)
        except JukuraError as error:
            self.notice.error(self.say("log.not_kept"), error)
        else:
            files = self.say("log.between").join(names)
            self.notice.show("info", self.say("daily.kept", file=files))
