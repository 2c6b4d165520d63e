"""Which entries of the log are asked for: what their headers say, and whom or which case they mention."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input, Label, Select

from daemon.contract.actions import names
from daemon.contract.log import LogSearch
from tui import log_formats, moments
from tui.widgets.choice import Choice
from tui.widgets.field import Field
from tui.words import Words

OUTCOMES = ("ok", "refused", "failed")
ROWS = (
    ("since", "until"),
    ("action", "affair"),
    ("actor", "terminal"),
    ("outcome",),
    ("subject", "reference"),
    ("purpose", "application"),
)
"""Fields by line, with the names of `LogSearch`'s."""


class LogForm(Vertical):
    """The form; what is empty asks nothing."""

    def __init__(self, say: Words) -> None:
        super().__init__(classes="log-form")
        self.say = say

    def compose(self) -> ComposeResult:
        for row in ROWS:
            widgets: list[Widget] = []
            for place, name in enumerate(row):
                widgets += [
                    Label(self.say(f"log.{name}"), classes="beside" if place else "first"),
                    self._field(name),
                ]
            yield Horizontal(*widgets, classes="row")

    def go_to(self, field: str) -> None:
        """Put the focus on `field`; nothing where there is none of that name."""
        for widget in self.query(f"#{field}"):
            widget.focus()

    def missing(self) -> str:
        """The field without which a search for a person or a case cannot be sent; empty if none."""
        given = self._typed()
        if not (given["subject"] or given["reference"]):
            return ""
        return next((name for name in ("purpose", "application") if not given[name]), "")

    def asked(self) -> LogSearch:
        """The question as it stands in the form; InputError that names a moment that is none."""
        given = self._typed()
        since, until = moments.begins(given.pop("since"), "since"), moments.ends(given.pop("until"), "until")
        action = str(self.query_one("#action", Select).selection or "")
        outcome = self.query_one("#outcome", Choice).value
        return LogSearch(since=since, until=until, action=action, outcome=outcome, **given)

    def clear(self) -> None:
        """Empty it for the next question."""
        for field in self.query(Input):
            field.value = ""
        self.query_one("#outcome", Choice).index = 0
        self.query_one("#action", Select).clear()

    def _typed(self) -> dict[str, str]:
        return {str(field.id): field.value.strip() for field in self.query(Input)}

    def _field(self, name: str) -> Widget:
        say = self.say
        match name:
            case "action":
                actions = [(log_formats.named(action, say), action) for action in names()]
                return Select(actions, id=name, compact=True, prompt=say("log.any"))
            case "outcome":
                outcomes = [(code, say.of("log_outcome", code)) for code in OUTCOMES]
                return Choice([("", say("log.any")), *outcomes], id=name)
            case _:
                return Field(
                    id=name, placeholder=say(f"log.{name}_hint"), compact=True, select_on_focus=False
                )
