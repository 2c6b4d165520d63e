"""How often what was done, month by month; months whose entries were purged as well. Recorded."""

from collections.abc import Iterator
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.widget import Widget

from tui import log_formats
from tui.desk import Desk, Sitting
from tui.log_calls import LogCalls
from tui.screens.asking import AskingPage
from tui.widgets.listing import Listing
from tui.widgets.notice import Notice


class LogStatisticsScreen(AskingPage):
    """The newest month first."""

    FAILED: ClassVar[str] = "log.failed"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f5", "reload", "reload", key_display="F5"),
    ]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self._calls = LogCalls(sitting.at.client)

    def body(self) -> Iterator[Widget]:
        yield Notice(self.say)
        yield Listing([self.say(f"log.{name}") for name in log_formats.STATISTICS], id="figure-list")

    def on_mount(self) -> None:
        self.query_one(Listing).focus()
        self.action_reload()

    @work(exclusive=True, group="log-statistics")
    async def action_reload(self) -> None:
        """Read them anew."""
        told = await self.asked(self._calls.statistics())
        if told is not None:
            self.query_one(Listing).fill(log_formats.figures(told, self.say))
            months = len({each.month for each in told.figures})
            self.notice.show("info", self.say("log.statistics", months=months))
