"""One person in full: the newest version, the history, and 住民票コード and 個人番号 masked until opened.

Opening asks the register again, which records it. What was opened lives on this screen only.
"""

from collections.abc import Iterator
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import DataTable, Static

from daemon.contract.console import Hit, Person, PersonQuery, Search, Version
from tui import characters, formats, hold_formats
from tui.desk import Desk, Sitting
from tui.errors import RemoteError, UnreachableError
from tui.screens.page import Page
from tui.widgets.listing import Listing
from tui.widgets.notice import Notice

CODE, NUMBER = "juminhyo_code", "kojin_bango"
KEYS = {CODE: "F5", NUMBER: "F6"}
STRUCK = frozenset({"out", "dead", "gone", "struck"})
MOST_WAITING = 2  # lines about what waits; eighty columns by twenty-four hold no more
CAN_BE_OPENED = {"honnin": (CODE, NUMBER), "fuhyo": ()}
"""What can be opened at all: 附票 alone never gives 住民票コード (住基法30条の44の6) and holds no 個人番号."""


class PersonScreen(Page):
    """The version under the history's cursor stands above it in full."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f5", f"open('{CODE}')", "code", key_display="F5"),
        Binding("f6", f"open('{NUMBER}')", "number", key_display="F6"),
        # Eighty columns hold no more keys: these two work, and stand in the help.
        Binding("f2", "app.status", "status", key_display="F2", show=False),
        Binding("f3", "app.search", "search", key_display="F3", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting, asked: Search, hit: Hit) -> None:
        super().__init__(desk)
        self._sitting = sitting
        self._asked = asked
        self._hit = hit
        self._person: Person | None = None
        self._opened: frozenset[str] = frozenset()
        self._affair = next(affair for affair in sitting.session.affairs if affair.id == asked.affair)

    def body(self) -> Iterator[Widget]:
        yield Notice(self.say)
        yield Static(id="pending", markup=False)
        with VerticalScroll(id="card"):
            yield Static(id="version")
        yield Static(id="history-title")
        yield Listing([self.say(f"person.{column}") for column in formats.HISTORY], id="history")

    def on_mount(self) -> None:
        self.query_one(Listing).focus()
        self.query_one(Notice).show("info", self.say("person.loading"))
        self._load(frozenset())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to open only what the register and the affair allow."""
        if action != "open":
            return True
        (item,) = parameters
        allowed = {CODE: self._affair.code, NUMBER: self._affair.number}
        return item in CAN_BE_OPENED.get(self._register, ()) and allowed[str(item)]

    def action_open(self, item: str) -> None:
        """Show `item` unmasked; the register records it."""
        if item in self._opened:
            self.query_one(Notice).show("info", self.say("person.already"))
            return
        self._load(self._opened | {item})

    @property
    def _register(self) -> str:
        return self._sitting.session.register

    @work(exclusive=True, group="person")
    async def _load(self, opened: frozenset[str]) -> None:
        notice, asked = self.query_one(Notice), self._asked
        query = PersonQuery(
            person=self._hit.person, affair=asked.affair, purpose=asked.purpose, application=asked.application,
            open_code=CODE in opened, open_number=NUMBER in opened,
        )  # fmt: skip
        try:
            person = await self._sitting.at.client.person(query)
        except RemoteError as error:
            if not self.over(error):
                notice.error(self.say("search.refused"), error)
            return
        except UnreachableError as error:
            notice.error(self.say("person.failed"), error)
            return
        new = [self.say(f"person.{item}") for item in KEYS if item in opened - self._opened]
        first = self._person is None
        self._person, self._opened = person, opened
        self._show(person, self._found(person) if first else self.query_one(Listing).cursor_row)
        notice.show("info", self.say("person.opened", what="・".join(new)) if new else self._which(person))

    def _found(self, person: Person) -> int:
        """Where in the history the version stands that the search found: the newest, or one of the past."""
        serials = [version.serial for version in person.versions]
        return serials.index(self._hit.serial) if self._hit.serial in serials else 0

    def _which(self, person: Person) -> str:
        newest = person.versions[0].serial
        if self._found(person) == 0:
            return self.say("person.title")
        return self.say("person.not_newest", serial=self._hit.serial, newest=newest)

    def _show(self, person: Person, row: int) -> None:
        table = self.query_one(Listing)
        table.fill([formats.history(self._register, version, self.say) for version in person.versions])
        table.move_cursor(row=row)
        self._pending(person)
        count = len(person.versions)
        self.query_one("#history-title", Static).update(
            Text(self.say("person.history", count=count), style="bold")
        )
        self._card(person.versions[row])

    def _pending(self, person: Person) -> None:
        """Say what waits about them for as long as they are on the screen, whatever the notice above says."""
        lines = hold_formats.shortened(
            hold_formats.pending(person.pending, self._register, self.say), MOST_WAITING, self.say
        )
        self.query_one("#pending", Static).update(Text("\n".join(lines), style="bold #f0c060"))
        self.set_class(bool(lines), "-pending")

    @on(DataTable.RowHighlighted, "#history")
    def _another_version(self, event: DataTable.RowHighlighted) -> None:
        if self._person is not None and 0 <= event.cursor_row < len(self._person.versions):
            self._card(self._person.versions[event.cursor_row])

    def _card(self, version: Version) -> None:
        say = self.say
        card = Table.grid(padding=(0, 2))
        card.add_column(style="dim", no_wrap=True)
        card.add_column(overflow="fold")
        for name, value in formats.lines(self._register, version, say):
            card.add_row(say(f"person.{name}"), self._value(name, value))
        if rare := characters.rare(version.name):
            card.add_row(say("person.characters"), formats.cell(characters.spelt(rare)))
        self.query_one("#version", Static).update(card)

    def _value(self, name: str, value: str) -> Text:
        text = formats.cell(value)
        if name in KEYS:
            return self._secret(name, value, text)
        if name == "name":
            text.stylize("bold")
        if name == "standing" and self._person and self._person.versions[0].standing in STRUCK:
            text.stylize("bold #e08080")
        return text

    def _secret(self, name: str, value: str, text: Text) -> Text:
        may = self._affair.code if name == CODE else self._affair.number
        if not may:
            return Text(self.say("person.no_number"), style="dim")
        if formats.masked(value):
            return text.append(f"  {self.say('person.masked', key=KEYS[name])}", "dim")
        text.stylize("bold #f0c060")
        return text
