"""監査ログの業務: what there is to do about the log besides reading it. Enter goes there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable

from tui.desk import Desk, Sitting
from tui.screens.daily import DailyScreen
from tui.screens.exports import ExportsScreen
from tui.screens.log_holds import LogHoldsScreen
from tui.screens.page import Page
from tui.widgets.listing import Listing
from tui.widgets.notice import Notice


@dataclass(frozen=True)
class Duty:
    """One of them; its words are in the locale's group `log_duty`."""

    name: str
    screen: type[ExportsScreen | LogHoldsScreen | DailyScreen]
    offered: bool


def duties(sitting: Sitting) -> list[Duty]:
    """Those of who sits here."""
    every = (
        Duty("exports", ExportsScreen, sitting.sees_exports),
        Duty("log_holds", LogHoldsScreen, sitting.sees_log_holds),
        Duty("daily", DailyScreen, sitting.sees_days),
    )
    return [duty for duty in every if duty.offered]


class LogDutiesScreen(Page):
    """One line for each duty."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f2", "app.status", "status", key_display="F2", show=False),
        Binding("f3", "app.search", "search", key_display="F3", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk)
        self._sitting = sitting
        self._duties = duties(sitting)

    def body(self) -> Iterator[Widget]:
        yield Notice(self.say)
        yield Listing([self.say("log_duty.duty"), self.say("log_duty.what")], id="duty-list")

    def on_mount(self) -> None:
        say, listing = self.say, self.query_one(Listing)
        listing.fill(
            [[say(f"log_duty.{each.name}"), say(f"log_duty.{each.name}_means")] for each in self._duties]
        )
        listing.focus()
        self.query_one(Notice).show("info", say("log_duty.how"))

    @on(DataTable.RowSelected, "#duty-list")
    def _open(self, event: DataTable.RowSelected) -> None:
        if 0 <= event.cursor_row < len(self._duties):
            self.app.push_screen(self._duties[event.cursor_row].screen(self.desk, self._sitting))
