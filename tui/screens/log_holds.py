"""監査ログの保全: which entries are kept beyond their 7 years, why and until when. Two people place a hold, and two lift it."""

from collections.abc import Awaitable, Iterator
from datetime import date
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from daemon.contract.log_holds import LogHold, LogHoldAsked, PlaceLogHold
from tui import formats, log_hold_formats
from tui.desk import Desk, Sitting
from tui.log_hold_calls import LogHoldCalls
from tui.screens.dialog import Dialog, ReasonScreen, row
from tui.screens.list_page import ListPage
from tui.widgets.field import Field
from tui.widgets.notice import Notice

FIELDS = ("entries", "until", "basis")


class PlaceScreen(Dialog[PlaceLogHold]):
    """Asks for entries, a day and the basis. Whether the entries are there the register says."""

    def fields(self) -> Iterator[Widget]:
        for name in FIELDS:
            hint = self.say(f"log_hold.{name}_hint")
            yield from row(self.say(f"log_hold.{name}"), Field(id=name, placeholder=hint, compact=True))

    def answer(self) -> PlaceLogHold | None:
        fields = {name: self.query_one(f"#{name}", Input) for name in FIELDS}
        given = {name: field.value.strip() for name, field in fields.items()}
        for name in FIELDS:
            if not given[name]:
                self.missing(fields[name], f"log_hold.need_{name}")
                return None
        try:
            entries = log_hold_formats.parsed(given["entries"].split())
        except ValueError:
            self.missing(fields["entries"], "log_hold.need_entries")
            return None
        try:
            until = date.fromisoformat(given["until"])
        except ValueError:
            self.missing(fields["until"], "log_hold.need_until")
            return None
        return PlaceLogHold(entries=entries, until=until, basis=given["basis"])


class LogHoldsScreen(ListPage[LogHold]):
    """By number; those too that are over and keep something still. That it was shown is recorded."""

    FAILED: ClassVar[str] = "log_hold.failed"
    ITEMS: ClassVar[str] = "log_hold"
    NAME: ClassVar[str] = "log-hold"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f6", "place", "place_log_hold", key_display="F6"),
        Binding("f8", "lift", "lift_log_hold", key_display="F8"),
        Binding("f11", "app.log", "log", key_display="F11", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self._calls = LogHoldCalls(sitting.at.client)

    def body(self) -> Iterator[Widget]:
        say = self.say
        yield Notice(say)
        yield from self.table([say(f"log_hold.{name}") for name in log_hold_formats.COLUMNS])
        how = "log_hold.how" if self.sitting.holds_log else "log_hold.how_not"
        yield Static(Text(say(how)), id="log-hold-how", markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to place one, and to lift the one under the cursor while it holds, to those who may."""
        holds = self.at_cursor is not None and not self.at_cursor.over
        offered = {"place": self.sitting.holds_log, "lift": self.sitting.holds_log and holds}
        return offered.get(action, True)

    def detail(self, line: LogHold) -> Text:
        return formats.cell_lines("\n".join(log_hold_formats.detail(line, self.say)))

    def action_reload(self) -> None:
        """Read them anew."""
        self._load("")

    @work(exclusive=True, group="log-holds")
    async def _load(self, headline: str) -> None:
        """Show what is held now, under `headline` or how much it is."""
        there = await self.asked(self._calls.held())
        if there is None:
            return
        say = self.say
        self.fill(there.holds, [log_hold_formats.row(each, say) for each in there.holds])
        if headline:
            self.notice.show("info", headline)
        elif there.holds:
            self.notice.show("info", say("log_hold.ready", count=len(there.holds)))
        else:
            self.notice.show("empty", say("log_hold.none"))

    def action_place(self) -> None:
        """Ask which, then ask the register to keep them."""
        say = self.say
        dialog = PlaceScreen(
            say, say("log_hold.place_title"), say("log_hold.place_means"), say("log_hold.ask")
        )

        def answered(asked: PlaceLogHold | None) -> None:
            if asked is not None:
                self._ask(self._calls.place(asked), done="log_hold.placed_now", first="log_hold.place_second")

        self.app.push_screen(dialog, answered)

    def action_lift(self) -> None:
        """Ask why, then ask the register to end the one under the cursor."""
        if (hold := self.at_cursor) is None:
            return
        say, number = self.say, hold.hold
        title = say("log_hold.lift_title", number=number, entries=log_hold_formats.runs(hold.entries))
        dialog = ReasonScreen(say, title, say("log_hold.lift_means"), say("log_hold.ask"))

        def answered(reason: str | None) -> None:
            if reason:
                asked = self._calls.lift(number, reason)
                self._ask(asked, done="log_hold.lifted_now", first="log_hold.lift_second", number=number)

        self.app.push_screen(dialog, answered)

    @work(exclusive=True, group="log-holds")
    async def _ask(self, asked: Awaitable[LogHoldAsked], *, done: str, first: str, number: int = 0) -> None:
        """`done` and `first` name the words of what came of it."""
        answer = await self.asked(asked)
        if answer is not None:
            self._load(self.say(done if answer.done else first, number=number or answer.hold))
