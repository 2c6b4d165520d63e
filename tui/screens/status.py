"""How the register is: its state and what that means, live counts, and the closed list of connections."""

from collections.abc import Iterator
from typing import ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from daemon.contract.console import Counts, Status
from tui import (
    epoch_format,
    formats,
    key_formats,
    log_hold_formats,
    rows_format,
    service_format,
    timestamp_format,
    witness_format,
)
from tui.desk import Connection
from tui.screens.page import Page
from tui.widgets.bar import badge

LEFT = ("people", "rows", "notices_today", "refused_today", "searches_today")
RIGHT = ("outbox", "outbox_aside", "delivered", "log_size", "log_signed")
ALARMING = frozenset({"outbox_aside", "refused_today"})
"""Figures that stand out when they are not zero."""


class StatusScreen(Page):
    """Follows the register by itself; the console polls, the screen only shows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f2", "app.back", "back", show=False),
        Binding("f5", "app.service", "service", key_display="F5"),
        Binding("f7", "app.holds", "holds", key_display="F7"),
        Binding("f8", "app.outbox", "outbox", key_display="F8"),
        Binding("f6", "app.ceremony", "ceremony", key_display="F6"),
        Binding("f12", "app.reconciliations", "reconciliations", key_display="F12"),
        # Eighty columns hold no more keys: these two work, and stand in the help.
        Binding("f3", "app.search", "search", key_display="F3", show=False),
        Binding("f4", "app.keys", "keys", key_display="F4", show=False),
    ]

    def body(self) -> Iterator[Widget]:
        with VerticalScroll(id="status"):
            yield Static(id="state")
            with Horizontal(id="figures"):
                yield Static(id="left", classes="figures")
                yield Static(id="right", classes="figures")
            yield Static(id="facts")

    def on_mount(self) -> None:
        self.condition_changed()

    def condition_changed(self) -> None:
        super().condition_changed()
        self.refresh_bindings()
        at = self.desk.at
        counts = at.status.counts if at.status else None
        self.query_one("#state", Static).update(self._state(at))
        self.query_one("#left", Static).update(self._figures(counts, LEFT))
        self.query_one("#right", Static).update(self._figures(counts, RIGHT))
        self.query_one("#figures").display = counts is not None
        self.query_one("#facts", Static).update(self._facts(at.status))

    def _state(self, at: Connection) -> RenderableType:
        say, status = self.say, at.status
        lines = [Text.assemble((say.of("register", at.register), "bold"), "  ", badge(self.desk, at))]
        if at.away is not None:
            when = (
                say("status.away_since", when=formats.moment(status.now))
                if status
                else say("status.away_never")
            )
            lines += [Text(say.error(at.away), style="bold"), Text(when)]
        elif status is not None:
            lines.append(Text(say.of("state_means", status.state)))
            for reason in status.reasons:
                lines.append(
                    Text.assemble((say.of("reason", reason), "bold"), f"  {say.of('reason_means', reason)}")
                )
        for alarm in status.alarms if status is not None else ():
            lines.append(
                Text.assemble((say.of("alarm", alarm), "bold #e08080"), f"  {say.of('alarm_means', alarm)}")
            )
        if status is not None and status.at_rest != "protected":
            headline = say.of("at_rest", status.at_rest)
            lines.append(Text.assemble((headline, "bold #e08080"), f"  {say('at_rest.unprotected_means')}"))
        if status is not None and status.counts is None:
            lines.append(Text(say("status.no_counts"), style="bold"))
        return Group(*lines)

    def _figures(self, counts: Counts | None, names: tuple[str, ...]) -> Table:
        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(style="dim")
        table.add_column(justify="right", ratio=1)
        for name in names if counts else ():
            value = getattr(counts, name)
            style = "bold #e08080" if value and name in ALARMING else "bold"
            table.add_row(
                self.say(f"status.{name}"), Text(formats.figure(name, value, self.say), style=style)
            )
        return table

    def _facts(self, status: Status | None) -> RenderableType:
        if status is None:
            return Text("")
        say = self.say
        rows = (
            ("started", formats.moment(status.started)),
            ("now", formats.moment(status.now)),
            ("version", status.version),
            ("terminal", status.terminal),
            ("municipalities", formats.figure("municipalities", status.municipalities, say)),
        )
        table = Table.grid(padding=(0, 2))
        table.add_column()
        table.add_column(overflow="fold")
        for name, value in rows:
            table.add_row(Text(say(f"status.{name}"), style="dim"), formats.cell(value))
        for name, value in service_format.ahead(status, say):
            table.add_row(Text(name, style="bold #e08080"), formats.cell(value))
        for name, value in (*service_format.ground(status, say), *timestamp_format.stamped(status, say)):
            table.add_row(Text(name, style="dim"), formats.cell(value))
        for token in status.tokens:
            table.add_row(
                Text(say("status.tokens"), style="dim"), formats.cell(key_formats.token_line(token, say))
            )
        for running in status.rotations:
            table.add_row(
                Text(say("status.rotations"), style="dim"), Text(key_formats.rotation(running, say))
            )
        for name, value in (
            *rows_format.verification(status, say),
            *epoch_format.rows(status, say),
            *witness_format.rows(status, say),
        ):
            table.add_row(Text(name, style="dim"), formats.cell(value))
        if status.purge is not None:
            table.add_row(
                Text(say("status.purge"), style="dim"), Text(log_hold_formats.purge(status.purge, say))
            )
        lines = [Text(f"・{connection}") for connection in status.connections]
        return Group(table, Text(""), Text(say("status.connections"), style="dim"), *lines)
