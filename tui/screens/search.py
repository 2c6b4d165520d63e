"""H5, F5 検索 by 4情報, for an affair, a purpose and an application; each search is recorded."""

from collections.abc import Iterator
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable, Input, Select, Static

from daemon.contract.console import Hit, Search
from daemon.errors import JukuraError
from tui import criteria, formats
from tui.desk import Desk, Sitting
from tui.errors import UnreachableError
from tui.screens.page import Page
from tui.screens.person import PersonScreen
from tui.widgets.choice import Choice
from tui.widgets.hits import Hits
from tui.widgets.notice import Notice
from tui.widgets.search_form import SearchForm


class SearchScreen(Page):
    """The form above, the hits below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "more", "more", key_display="F5"),
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
        session = self._sitting.session
        yield SearchForm(self.say, session.register, session.affairs)
        yield Notice(self.say)
        yield Hits(self.say, id="hits")
        yield Static(id="whole-address", markup=False)

    def on_mount(self) -> None:
        if self._sitting.session.affairs:
            self.notice.show("info", self.say("search.ready"))
        else:
            self.notice.show("warning", self.say("sign_in.no_affairs"))
        self.query_one("#affair").focus()

    @property
    def notice(self) -> Notice:
        """Where the screen says what happened."""
        return self.query_one(Notice)

    @property
    def form(self) -> SearchForm:
        """What is asked."""
        return self.query_one(SearchForm)

    @on(Select.Changed, "#affair")
    def _affair_chosen(self, event: Select.Changed) -> None:
        affairs = self._sitting.session.affairs
        self._sitting.affair = next((affair for affair in affairs if affair.id == event.value), None)
        self.condition_changed()

    @on(Input.Submitted)
    @on(Choice.Submitted)
    def _submit(self) -> None:
        affair = self._sitting.affair
        if affair is None:
            self.notice.show("warning", self.say("sign_in.no_affairs"))
        elif missing := self.form.missing():
            self.notice.show("warning", self.say(f"search.need_{missing}"))
            self.form.go_to(missing)
        else:
            self._forget()
            self.notice.show("info", self.say("search.searching"))
            self._search(self.form.asked(affair.id))

    @work(exclusive=True, group="search")
    async def _search(self, asked: Search) -> None:
        try:
            found = await self._sitting.at.client.search(asked)
        except UnreachableError as error:
            self.notice.error(self.say("search.failed"), error)
        except JukuraError as error:
            if not self.over(error):
                self._refused(error)
        else:
            self._asked = asked
            self._show(found.hits, asked)

    def _refused(self, error: JukuraError) -> None:
        """Say why and go to the field that is named; what was typed stays."""
        say, session = self.say, self._sitting.session
        many = error.code == "search.too_many"
        self.notice.error(
            say("search.too_many", most=session.max_hits) if many else say("search.refused"),
            error,
            where=say(
                "search.add" if many else "search.field", field=say.item(error.field, session.register)
            ),
        )
        self.form.go_to(error.field)

    def _show(self, hits: list[Hit], asked: Search) -> None:
        say, day = self.say, asked.as_of
        table = self.query_one(Hits)
        table.show(hits, serials=bool(day))
        if not hits:
            means = criteria.nobody(asked, self._sitting.session.register, say)
            self.notice.show("empty", say("search.nobody"), means)
            return
        if day:
            headline = say("search.found_as_of", day=day, count=len(hits))
            self.notice.show("info", headline, say("search.found_as_of_means"))
        else:
            self.notice.show("info", say("search.found", count=len(hits)))
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
        self.form.go_to("kana")

    def action_more(self) -> None:
        """Unfold the rare conditions and go there, or fold them away."""
        if self.form.folded:
            self.form.go_to("scope")
        else:
            self.form.unfold(open_=False)
            self.form.go_to("kana")

    def action_clear(self) -> None:
        """An empty form for the next application; the affair stays."""
        self._forget()
        self.form.clear()
        self.notice.show("info", self.say("search.ready"))
        self.form.go_to("purpose")
