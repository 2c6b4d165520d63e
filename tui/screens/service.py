"""緊急遮断 on the console: stop the service at once, propose to resume it, confirm what another person proposed."""

from collections.abc import Callable, Iterator
from typing import ClassVar

from msgspec import Struct
from rich.table import Table
from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from daemon.contract import halt as contract
from daemon.contract.endpoint import Empty, Endpoint
from daemon.contract.halt import HaltState
from tui import formats, service_format
from tui.desk import Desk, Sitting
from tui.screens.asking import AskingPage
from tui.screens.dialog import ConfirmScreen, ReasonScreen
from tui.widgets.notice import Notice


class ServiceScreen(AskingPage):
    """How it stands, and the keys of those who may change it."""

    FAILED: ClassVar[str] = "service.failed"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f5", "reload", "reload", key_display="F5"),
        Binding("f6", "resume", "resume", key_display="F6"),
        Binding("f7", "confirm", "confirm_resume", key_display="F7"),
        Binding("f8", "stop", "stop_service", key_display="F8"),
    ]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self._halt: HaltState | None = None

    def body(self) -> Iterator[Widget]:
        yield Notice(self.say)
        yield Static(id="halt")
        yield Static(Text(self.say("service.how")), markup=False)

    def on_mount(self) -> None:
        self.action_reload()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what makes sense as it stands, to those who may."""
        halt = self._halt
        stopped = halt is not None and halt.stopped is not None
        offered = {
            "stop": self.sitting.stops and halt is not None and not stopped,
            "resume": self.sitting.stops and stopped,
            "confirm": self.sitting.confirms and stopped and halt is not None and halt.resumption is not None,
        }
        return offered.get(action, True)

    def action_reload(self) -> None:
        """Ask how it stands."""
        self._ask(contract.HALT, Empty())

    def action_stop(self) -> None:
        """Ask why, then stop at once."""
        self._with_reason(
            "stop", lambda reason: self._ask(contract.STOP_SERVICE, contract.StopService(reason))
        )

    def action_resume(self) -> None:
        """Ask why, then propose."""
        self._with_reason(
            "resume",
            lambda reason: self._ask(contract.PROPOSE_RESUMPTION, contract.ProposeResumption(reason)),
        )

    def action_confirm(self) -> None:
        """Ask once more, then resume."""
        if self._halt is None or self._halt.resumption is None:
            return
        asked = contract.ConfirmResumption(self._halt.resumption.id)
        say = self.say
        dialog = ConfirmScreen(
            say, say("service.confirm_title"), say("service.confirm_means"), say("service.confirm_go")
        )
        self.when_yes(dialog, lambda: self._ask(contract.CONFIRM_RESUMPTION, asked))

    def _with_reason(self, what: str, act: Callable[[str], object]) -> None:
        say = self.say
        dialog = ReasonScreen(
            say, say(f"service.{what}_title"), say(f"service.{what}_means"), say(f"service.{what}_go")
        )

        def answered(reason: str | None) -> None:
            if reason:
                act(reason)

        self.app.push_screen(dialog, answered)

    @work(exclusive=True, group="service")
    async def _ask(self, endpoint: Endpoint, request: Struct) -> None:
        state = await self.asked(self.sitting.at.client.call(endpoint, request, HaltState))
        if state is None:
            return
        self._halt = state
        table = Table.grid(padding=(0, 2))
        for name, value in service_format.halt(state, self.say):
            table.add_row(Text(name, style="dim"), formats.cell(value))
        self.query_one("#halt", Static).update(table)
        headline = "service.stopped_means" if state.stopped else "service.running_means"
        self.notice.show("warning" if state.stopped else "info", self.say(headline))
        self.refresh_bindings()
