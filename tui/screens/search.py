"""H5 検索: by kana name and birth date, for an affair, a purpose and an application; each search is recorded."""

from collections.abc import Iterator
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import DataTable, Input, Label, Select, Static

from daemon.contract.console import Affair, Hit, Match, Scope, Search
from tui import formats
from tui.desk import Desk, Sitting
from tui.errors import RemoteError, UnreachableError
from tui.screens.page import Page
from tui.screens.person import PersonScreen
from tui.widgets.choice import Choice
from tui.widgets.hits import Hits
from tui.widgets.notice import Notice

REQUIRED = (("purpose", "need_purpose"), ("application", "need_application"))
SCOPES = {
    "honnin": ((Scope.CURRENT, "current"), (Scope.STRUCK, "struck")),
    "fuhyo": ((Scope.CURRENT, "abroad"),),
}
"""Whom a search may look among. In `fuhyo` only 国外転出者 (住基法30条の44の6)."""


class SearchScreen(Page):
    """The form above, the hits below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f8", "clear", "clear", key_display="F8"),
        Binding("f3", "app.search", "search", key_display="F3", show=False),
        Binding("escape", "form", "back", key_display="Esc", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk)
        self._sitting = sitting
        self._asked: Search | None = None
        """The search whose hits are on the screen."""

    def body(self) -> Iterator[Widget]:
        say = self.say
        affairs = [(self._affair(affair), affair.id) for affair in self._sitting.session.affairs]
        scopes = [(scope.value, say(f"search.{word}")) for scope, word in self._scopes()]
        with Vertical(id="form"):
            with Horizontal(classes="row"):
                yield Label(say("search.affair"))
                yield Select(affairs, id="affair", compact=True, allow_blank=not affairs, prompt="—")
            with Horizontal(classes="row"):
                yield Label(say("search.purpose"))
                yield _field("purpose", say("search.purpose_hint"))
                yield Label(say("search.application"))
                yield _field("application", say("search.application_hint"))
            with Horizontal(classes="row"):
                yield Label(say("search.kana"))
                yield _field("kana", say("search.kana_hint"))
                yield Choice([(match.value, say(f"search.{match}")) for match in reversed(Match)], id="match")
            with Horizontal(classes="row"):
                yield Label(say("search.birth"))
                yield _field("birth", say("search.birth_hint"))
                yield Label(say("search.scope"))
                yield Choice(scopes, id="scope")
        yield Notice(say)
        yield Hits(say, id="hits")
        yield Static(id="whole-address", markup=False)

    def on_mount(self) -> None:
        notice = self.query_one(Notice)
        if self._sitting.session.affairs:
            notice.show("info", self.say("search.ready"))
        else:
            notice.show("warning", self.say("sign_in.no_affairs"))
        self.query_one("#affair").focus()

    def _scopes(self) -> tuple[tuple[Scope, str], ...]:
        return SCOPES.get(self._sitting.session.register, SCOPES["honnin"])

    def _affair(self, affair: Affair) -> str:
        # Brackets would be read as markup by the list.
        return f"{affair.title}  {affair.basis}".replace("[", "［")

    @on(Select.Changed, "#affair")
    def _affair_chosen(self, event: Select.Changed) -> None:
        affairs = self._sitting.session.affairs
        self._sitting.affair = next((affair for affair in affairs if affair.id == event.value), None)
        self.condition_changed()

    @on(Input.Submitted)
    @on(Choice.Submitted)
    def _submit(self) -> None:
        if self._complete():
            self._forget()
            self.query_one(Notice).show("info", self.say("search.searching"))
            self._search(self._form())

    def _complete(self) -> bool:
        """Whether the form can be sent; else say what is missing and go there."""
        missing = next((pair for pair in REQUIRED if not self._text(pair[0])), None)
        if missing is None and not self._text("kana") and not self._text("birth"):
            missing = ("kana", "need_terms")
        if self._sitting.affair is None:
            self.query_one(Notice).show("warning", self.say("sign_in.no_affairs"))
            return False
        if missing is not None:
            self.query_one(Notice).show("warning", self.say(f"search.{missing[1]}"))
            self.query_one(f"#{missing[0]}").focus()
        return missing is None

    def _form(self) -> Search:
        return Search(
            affair=self._sitting.affair.id if self._sitting.affair else "",
            purpose=self._text("purpose"),
            application=self._text("application"),
            kana=self._text("kana"),
            kana_match=Match(self.query_one("#match", Choice).value),
            birth=self._text("birth"),
            scope=Scope(self.query_one("#scope", Choice).value),
        )

    def _text(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()

    @work(exclusive=True, group="search")
    async def _search(self, asked: Search) -> None:
        try:
            found = await self._sitting.at.client.search(asked)
        except RemoteError as error:
            if not self.over(error):
                self.query_one(Notice).error(self.say("search.refused"), error)
            return
        except UnreachableError as error:
            self.query_one(Notice).error(self.say("search.failed"), error)
            return
        self._asked = asked
        self._show(found.hits, asked.scope)

    def _show(self, hits: list[Hit], scope: Scope) -> None:
        notice, table = self.query_one(Notice), self.query_one(Hits)
        table.show(hits)
        if not hits:
            word = dict(self._scopes())[scope]
            notice.show(
                "empty",
                self.say("search.nobody"),
                self.say("search.nobody_means", scope=self.say(f"search.{word}")),
            )
            return
        notice.show("info", self.say("search.found", count=len(hits)))
        table.focus()

    @on(DataTable.RowHighlighted, "#hits")
    def _address_in_full(self) -> None:
        hit = self.query_one(Hits).at_cursor()
        address = formats.cell(f"{formats.place(hit.municipality, self.say)}  {hit.address}" if hit else "")
        self.query_one("#whole-address", Static).update(address, layout=False)

    @on(DataTable.RowSelected, "#hits")
    def _open(self) -> None:
        hit = self.query_one(Hits).at_cursor()
        if hit is not None and self._asked is not None:
            self.app.push_screen(PersonScreen(self.desk, self._sitting, self._asked, hit))

    def _forget(self) -> None:
        """Take the hits off the screen."""
        self._asked = None
        self.query_one(Hits).show([])
        self.query_one("#whole-address", Static).update("")

    def action_form(self) -> None:
        """Back from the hits to the form."""
        self.query_one("#kana").focus()

    def action_clear(self) -> None:
        """An empty form for the next application; the affair stays."""
        self._forget()
        for field in self.query(Input):
            field.value = ""
        self.query_one(Notice).show("info", self.say("search.ready"))
        self.query_one("#purpose").focus()


def _field(name: str, hint: str) -> Input:
    return Input(id=name, placeholder=hint, compact=True, max_length=200, select_on_focus=False)
