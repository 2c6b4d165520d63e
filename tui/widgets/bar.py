"""The two lines on top of every screen: which register, how it is, who acts for what, and the warnings."""

from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from daemon.contract.console import State
from tui import formats
from tui.desk import Connection, Desk

TONES = {
    State.STARTING: "black on #d9a441",
    State.SEALED: "white on #b3403a",
    State.READY: "black on #6fb98f",
    State.DEGRADED: "black on #d9a441",
    State.STOPPING: "white on #b3403a",
}
ALARM = "white on #b3403a"
QUIET = Style(dim=True)


class Bar(Static):
    """Shows the desk; `show` again whenever it changes."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(id="bar")
        self._desk = desk

    def on_mount(self) -> None:
        self.show()

    def show(self) -> None:
        """Draw both lines anew."""
        at = self._desk.at
        self.set_class(at.register == "fuhyo", "-fuhyo")
        lines = Table.grid(expand=True)
        lines.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        lines.add_column(justify="right", no_wrap=True)
        lines.add_row(self._register(at), self._clock(at))
        lines.add_row(self._who(), self._at_rest(at))
        self.update(lines, layout=False)

    def _register(self, at: Connection) -> Text:
        say = self._desk.say
        text = Text.assemble(
            (f" {say('app.title')} ", "bold"), (say.of("register", at.register), "bold"), "  "
        )
        text.append_text(badge(self._desk, at))
        if at.status is not None and at.away is None:
            for reason in at.status.reasons:
                text.append(f" {say.of('reason', reason)}", "bold #f0c060")
            text.append_text(self._alarms(at.status.alarms))
        elif at.away is not None:
            text.append(f" {say('bar.away')}", "bold #f0a0a0")
        return text

    def _alarms(self, alarms: list[str]) -> Text:
        """What stands wrong with the keys: the first by name, since eighty columns hold no more."""
        if not alarms:
            return Text("")
        say = self._desk.say
        text = Text(f" {say.of('alarm', alarms[0])}", "bold #f0a0a0")
        return text.append(f" {say('alarm.more', count=len(alarms) - 1)}") if len(alarms) > 1 else text

    def _clock(self, at: Connection) -> Text:
        # The register's clock, not the terminal's; none while it does not answer.
        return Text(f"{formats.minute(at.status.now) if at.status and not at.away else '--:--'} ", "bold")

    def _who(self) -> Text:
        say, sitting = self._desk.say, self._desk.sitting
        if sitting is None:
            return Text(f" {say('bar.nobody')}", QUIET)
        session = sitting.session
        text = Text.assemble(f" {session.operator} ", (session.name, "bold"), f" {session.department}")
        if sitting.affair is not None:
            text.append(f"  {say('bar.affair')} ", QUIET).append(sitting.affair.title)
        return text

    def _at_rest(self, at: Connection) -> Text:
        if at.status is None or at.status.at_rest == "protected":
            return Text("")
        return Text(f" {self._desk.say.of('at_rest', at.status.at_rest)} ", ALARM)


def badge(desk: Desk, at: Connection) -> Text:
    """The state in its colour."""
    if at.away is not None:
        return Text.assemble((f" {desk.say('state.away')} ", ALARM))
    if at.status is None:
        return Text.assemble((f" {desk.say('state.unknown')} ", "black on #8a97a6"))
    return Text.assemble((f" {desk.say.of('state', at.status.state)} ", TONES[at.status.state]))
