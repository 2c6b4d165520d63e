"""Who works here, and in which register. The password stays in its field until it is sent, and is wiped then."""

from collections.abc import Iterator
from typing import ClassVar

from rich.console import Group
from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static

from tui.desk import Connection
from tui.errors import RemoteError, UnreachableError
from tui.screens.page import Page, SignedIn
from tui.widgets.bar import badge
from tui.widgets.choice import Choice
from tui.widgets.notice import Notice


class SignInScreen(Page):
    """The first screen, and the one that every session ends on."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "on", priority=True, show=False)]

    def body(self) -> Iterator[Widget]:
        say = self.say
        with Vertical(id="sign-in"):
            yield Static(Text.assemble((say("app.title"), "bold"), f"  {say('app.subtitle')}"), id="title")
            yield Choice(self._registers(), id="register")
            yield Static(id="condition")
            with Horizontal(classes="field"):
                yield Label(say("sign_in.operator"))
                yield Input(id="operator", max_length=64)
            with Horizontal(classes="field"):
                yield Label(say("sign_in.password"))
                yield Input(id="password", password=True, max_length=1024)
            yield Button(say("sign_in.submit"), id="submit", variant="primary")
            yield Notice(say)
            yield Static(Text(say("sign_in.hint"), style="dim"), id="hint")

    def on_mount(self) -> None:
        # Nothing to choose between: the register is said, not asked.
        self.query_one(Choice).can_focus = len(self.desk.connections) > 1
        self.query_one("#operator").focus()
        self.condition_changed()

    def condition_changed(self) -> None:
        super().condition_changed()
        choice = self.query_one(Choice)
        choice.options = self._registers()
        choice.refresh(layout=True)
        self.query_one("#condition", Static).update(self._condition(self.desk.chosen))

    def greet(self, kind: str, headline: str, more: str = "") -> None:
        """Come back, and say why. The fields were wiped on the way in."""
        self.query_one(Notice).show(kind, headline, more)
        self.query_one("#operator").focus()

    def _registers(self) -> list[tuple[str, str]]:
        names = [connection.register for connection in self.desk.connections]
        return [(str(place), self.say.of("register", name)) for place, name in enumerate(names)]

    def _condition(self, at: Connection) -> Group:
        say, counts = self.say, at.status.counts if at.status else None
        line = badge(self.desk, at)
        if counts is not None:
            figures = say(
                "sign_in.counts",
                people=f"{counts.people:,}",
                notices=f"{counts.notices_today:,}",
                outbox=f"{counts.outbox:,}",
            )
            line.append(f"  {figures}")
        means = say.error(at.away) if at.away else say.of("state_means", at.status.state) if at.status else ""
        return Group(line, Text(means, style="dim"))

    @on(Choice.Changed)
    def _another_register(self, event: Choice.Changed) -> None:
        self.desk.chosen = self.desk.connections[int(event.choice.value)]
        self.condition_changed()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter leads on from the register and the id; in the password it submits, after what was typed before it."""
        return action != "on" or (self.focused is not None and self.focused.id in {"register", "operator"})

    def action_on(self) -> None:
        self.focus_next()

    @on(Input.Submitted, "#password")
    @on(Button.Pressed, "#submit")
    def _submit(self) -> None:
        notice = self.query_one(Notice)
        operator, password = self.query_one("#operator", Input), self.query_one("#password", Input)
        for field in (operator, password):
            if not field.value.strip():
                notice.show("warning", self.say(f"sign_in.need_{field.id}"))
                field.focus()
                return
        notice.show("info", self.say("sign_in.trying"))
        self._sign_in(operator.value.strip(), password.value)
        password.value = ""

    @work(exclusive=True, group="sign-in")
    async def _sign_in(self, operator: str, password: str) -> None:
        try:
            await self.desk.sign_in(operator, password)
        except (RemoteError, UnreachableError) as error:
            self.query_one(Notice).error(self.say("search.refused"), error)
            self.query_one("#password").focus()
            return
        self.query_one("#operator", Input).value = ""
        self.query_one(Notice).clear()
        self.post_message(SignedIn())
