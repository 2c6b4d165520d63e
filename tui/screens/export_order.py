"""An order for an export of the log: its span, what it is for, and which sealed fields are to be open beyond the policy."""

from collections.abc import Callable, Iterator
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input, Label, Select, Static

from daemon.contract.actions import names
from daemon.contract.exports import MOST_OPENINGS, ExportState, Opening, OrderExport
from daemon.errors import InputError
from tui import export_formats, log_formats, moments
from tui.desk import Desk, Sitting
from tui.export_calls import ExportCalls
from tui.screens.asking import AskingPage
from tui.screens.dialog import ConfirmScreen
from tui.widgets.field import Field
from tui.widgets.listing import Listing
from tui.widgets.notice import Notice

ROWS = (("since", "until"), ("basis",), ("act",), ("fields", "numbers"))
"""Fields by line; the last two lines are about one opening."""


class ExportOrderScreen(AskingPage):
    """Says what an order means before it is sent. `ordered` is told of one that the register took; this screen is gone then."""

    FAILED: ClassVar[str] = "exports.failed"
    ITEMS: ClassVar[str] = "exports"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f6", "open", "open_fields", key_display="F6"),
        Binding("f7", "order", "order_export", key_display="F7"),
        Binding("f8", "close", "close_fields", key_display="F8"),
        Binding("f2", "app.status", "status", key_display="F2", show=False),
        Binding("f11", "app.log", "log", key_display="F11", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting, ordered: Callable[[ExportState], None]) -> None:
        super().__init__(desk, sitting)
        self._calls = ExportCalls(sitting.at.client)
        self._ordered = ordered
        self._openings: list[Opening] = []

    def body(self) -> Iterator[Widget]:
        say = self.say
        with Vertical(classes="log-form"):
            for fields in ROWS:
                with Horizontal(classes="row"):
                    for place, name in enumerate(fields):
                        yield Label(say(f"exports.{name}"), classes="beside" if place else "first")
                        yield self._field(name)
        yield Notice(say)
        yield Listing([say(f"exports.{name}") for name in export_formats.OPENINGS], id="opening-list")
        yield Static(Text(say("exports.policy")), id="export-policy", markup=False)

    def _field(self, name: str) -> Widget:
        say = self.say
        if name == "act":
            actions = [(log_formats.named(action, say), action) for action in names()]
            return Select(actions, id=name, compact=True, prompt=say("exports.no_act"))
        return Field(id=name, placeholder=say(f"exports.{name}_hint"), compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        self.notice.show("info", self.say("exports.order_how"))
        self._go_to("since")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to take back what was added, where there is something."""
        return bool(self._openings) if action == "close" else True

    def _go_to(self, field: str) -> None:
        for widget in self.query(f"#{field}"):
            widget.focus()

    def _typed(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()

    # What is to be open.

    def action_open(self) -> None:
        """Add the opening that stands in the form."""
        action = str(self.query_one("#act", Select).selection or "")
        if not action:
            self._lacking("act")
            return
        if len(self._openings) >= MOST_OPENINGS:
            self.notice.show("warning", self.say("exports.most_openings", most=MOST_OPENINGS))
            return
        try:
            opening = export_formats.opened(action, self._typed("fields"), self._typed("numbers"))
        except InputError as error:
            self._wrong(error)
            return
        self._openings.append(opening)
        self._show_openings()
        self.notice.show("info", self.say("exports.added", opening=export_formats.opening(opening, self.say)))
        for name in ("fields", "numbers"):
            self.query_one(f"#{name}", Input).value = ""
        self._go_to("act")

    def action_close(self) -> None:
        """Take back the opening under the cursor of the list."""
        row = self.query_one(Listing).cursor_row
        if 0 <= row < len(self._openings):
            del self._openings[row]
            self._show_openings()

    def _show_openings(self) -> None:
        rows = [export_formats.opening_row(each, self.say) for each in self._openings]
        self.query_one(Listing).fill(rows)
        self.refresh_bindings()

    # The order.

    @on(Input.Submitted)
    def action_order(self) -> None:
        """Say what it means, then send it."""
        if not self._typed("basis"):
            self._lacking("basis")
            return
        if self._typed("fields"):
            self.notice.show("warning", self.say("exports.not_added"))
            self._go_to("fields")
            return
        try:
            asked = OrderExport(
                since=moments.begins(self._typed("since"), "since"),
                until=moments.ends(self._typed("until"), "until"),
                openings=list(self._openings),
                basis=self._typed("basis"),
            )
        except InputError as error:
            self._wrong(error)
            return
        say, count = self.say, len(asked.openings)
        means = say("exports.order_second", count=count) if count else say("exports.order_alone")
        dialog = ConfirmScreen(say, say("exports.order_title"), means, say("exports.order"))
        self.when_yes(dialog, lambda: self._send(asked))

    @work(exclusive=True, group="export-order")
    async def _send(self, asked: OrderExport) -> None:
        state = await self.asked(self._calls.order(asked))
        if state is not None:
            self.app.pop_screen()
            self._ordered(state)

    def _lacking(self, field: str) -> None:
        self.notice.show("warning", self.say(f"exports.need_{field}"))
        self._go_to(field)

    def _wrong(self, error: InputError) -> None:
        where = self.say("search.field", field=self.say.of(self.ITEMS, error.field))
        self.notice.error(self.say("search.refused"), error, where=where)
        self._go_to(error.field)
