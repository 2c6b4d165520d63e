"""What is asked in a search: 4情報 at hand, the conditions that are rarely used folded away.

One line says what is set where nobody looks, so that no search is narrower or wider than it seems.
"""

from collections.abc import Iterator, Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input, Label, Select, Static

from daemon.contract.console import Affair, Match, Scope, Search
from tui.criteria import REQUIRED, SEXES, TERMS, scopes
from tui.widgets.choice import Choice
from tui.widgets.field import Field
from tui.words import Words

FOLDED = ("scope", "as_of", "former", "town")
"""The conditions that are folded away. 附票 has no 大字コード."""


class SearchForm(Vertical):
    """The form; widgets have the names of `Search`'s fields."""

    def __init__(self, say: Words, register: str, affairs: Sequence[Affair]) -> None:
        super().__init__(id="form", classes=f"-{register}")
        self.say = say
        self._register = register
        self._scopes = scopes(register, say)
        self._affairs = affairs

    def compose(self) -> ComposeResult:
        yield _row(self._label("affair"), self._affair())
        yield _row(
            self._label("purpose"),
            self._input("purpose"),
            self._beside("application"),
            self._input("application"),
        )
        yield _row(self._label("kana"), self._input("kana"), self._match("kana_match"))
        yield _row(self._label("name"), self._input("name"), self._match("name_match"))
        yield _row(self._label("birth"), self._input("birth"), self._beside("sex"), self._sex())
        yield _row(
            self._label("municipality"), self._municipality(), self._beside("address"), self._input("address")
        )
        yield Static(id="set")
        with Vertical(id="more"):
            yield _row(self._label("scope"), self._scope(), self._beside("as_of"), self._input("as_of"))
            yield _row(self._label("former"), self._former(), *self._town())

    def on_mount(self) -> None:
        self.unfold(open_=False)

    @property
    def folded(self) -> bool:
        """Whether the rare conditions are out of sight."""
        return not self.query_one("#more").display

    def unfold(self, *, open_: bool) -> None:
        """Show the rare conditions, or the line that says what is set there."""
        self.query_one("#more").display = open_
        self.query_one("#set").display = not open_
        self.tell()

    def tell(self) -> None:
        """Say anew what is set among the rare conditions; what is out of the ordinary stands out."""
        self.query_one("#set", Static).update(Text("  ").join(self._set()))

    def go_to(self, field: str) -> None:
        """Put the focus on `field`, wherever it is; nothing where there is none of that name."""
        if field in FOLDED:
            self.unfold(open_=True)
        for widget in self.query(f"#{field}"):
            widget.focus()

    def missing(self) -> str:
        """The field without which the form cannot be sent; empty if none."""
        needed = next((field for field in REQUIRED if not self.typed(field)), "")
        return needed or ("" if any(map(self.typed, TERMS)) else TERMS[0])

    def asked(self, affair: str) -> Search:
        """The search as it stands in the form."""
        return Search(
            affair=affair, purpose=self.typed("purpose"), application=self.typed("application"),
            kana=self.typed("kana"), kana_match=Match(self._chosen("kana_match")),
            name=self.typed("name"), name_match=Match(self._chosen("name_match")),
            former=bool(self._chosen("former")), birth=self.typed("birth"), sex=self._chosen("sex"),
            municipality=str(self.query_one("#municipality", Select).selection or ""),
            town=self.typed("town"), address=self.typed("address"),
            scope=Scope(self._chosen("scope")), as_of=self.typed("as_of"),
        )  # fmt: skip

    def clear(self) -> None:
        """Empty it for the next application; the affair stays."""
        for field in self.query(Input):
            field.value = ""
        for choice in self.query(Choice):
            choice.index = 0
        self.query_one("#municipality", Select).clear()
        self.tell()

    def typed(self, field: str) -> str:
        """What stands in a field, without spaces around it; empty where this register has no such field."""
        return next((widget.value.strip() for widget in self.query(f"#{field}").results(Input)), "")

    def _chosen(self, field: str) -> str:
        return self.query_one(f"#{field}", Choice).value

    def _set(self) -> Iterator[Text]:
        say, scope, as_of = self.say, Scope(self._chosen("scope")), self.typed("as_of")
        yield Text.assemble(("F5", "bold #d9a441"), f" {say('search.more')}")
        yield _told(say("search.scope"), self._scopes[scope], odd=scope is not Scope.CURRENT)
        yield _told(say("search.as_of"), as_of or say("search.today"), odd=bool(as_of))
        former = self._chosen("former")
        yield _told(say("search.former"), say(f"search.former_{'yes' if former else 'no'}"), odd=bool(former))
        if town := self.typed("town"):
            yield _told(say("search.town"), town, odd=True)

    def _label(self, field: str) -> Label:
        return Label(self.say.item(field, self._register), classes="first")

    def _beside(self, field: str) -> Label:
        return Label(self.say.item(field, self._register), classes="beside")

    def _input(self, field: str) -> Field:
        # However long: the register names the field, where a cut would change what is asked.
        return Field(
            id=field,
            placeholder=self.say.item(f"{field}_hint", self._register),
            compact=True,
            select_on_focus=False,
        )

    def _affair(self) -> Select[str]:
        # Brackets would be read as markup by the list.
        titles = [(f"{each.title}  {each.basis}".replace("[", "［"), each.id) for each in self._affairs]
        return Select(titles, id="affair", compact=True, allow_blank=not titles, prompt="—")

    def _municipality(self) -> Select[str]:
        """By name; typing a name or a code goes there."""
        say = self.say
        places = [(f"{say.of('municipality', code)} {code}", code) for code in say.codes("municipality")]
        return Select(places, id="municipality", compact=True, prompt=say("search.anywhere"))

    def _match(self, field: str) -> Choice:
        return Choice([(match.value, self.say(f"search.{match}")) for match in reversed(Match)], id=field)

    def _sex(self) -> Choice:
        sexes = [(code, self.say.of("sex", code)) for code in SEXES]
        return Choice([("", self.say("search.any_sex")), *sexes], id="sex")

    def _scope(self) -> Choice:
        return Choice([(scope.value, word) for scope, word in self._scopes.items()], id="scope")

    def _former(self) -> Choice:
        return Choice(
            [("", self.say("search.former_no")), ("yes", self.say("search.former_yes"))], id="former"
        )

    def _town(self) -> Iterator[Widget]:
        if self._register != "fuhyo":
            yield self._beside("town")
            yield self._input("town")


def _row(*widgets: Widget) -> Horizontal:
    return Horizontal(*widgets, classes="row")


def _told(name: str, value: str, *, odd: bool) -> Text:
    return Text(f"{name} {value}", "bold #f0c060" if odd else "dim")
