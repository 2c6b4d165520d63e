"""The enrolled tokens, what stands wrong with them and what to do; enrolling, replacing and retiring are proposals."""

from collections.abc import Callable, Iterator
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import DataTable, Static

from daemon.contract.keys import ClearPin, Deed, EnrolToken, ReplaceToken, RetireToken, TokenInfo, TokenList
from tui import formats, key_formats
from tui.desk import Desk, Sitting
from tui.screens.dialog import UriScreen
from tui.screens.proposal import ProposingPage
from tui.widgets.listing import Listing
from tui.widgets.notice import Notice


class TokensScreen(ProposingPage):
    """Reads anew each time it is come back to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f5", "enrol", "enrol", key_display="F5"),
        Binding("f6", "replace", "replace", key_display="F6"),
        Binding("f7", "retire", "retire", key_display="F7"),
        Binding("f8", "clear_pin", "clear_pin", key_display="F8"),
        Binding("f2", "app.status", "status", key_display="F2", show=False),
        Binding("f3", "app.search", "search", key_display="F3", show=False),
        Binding("f4", "app.keys", "keys", key_display="F4", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self._tokens: list[TokenInfo] = []

    def body(self) -> Iterator[Widget]:
        yield Notice(self.say)
        yield Listing([self.say(f"token.{name}") for name in key_formats.TOKEN_COLUMNS], id="token-list")
        yield Static(id="token-uri", markup=False)
        with VerticalScroll(id="token-alarms"):
            yield Static(id="alarms", markup=False)

    def on_mount(self) -> None:
        self.query_one(Listing).focus()

    def on_screen_resume(self) -> None:
        self._load()

    @work(exclusive=True, group="tokens")
    async def _load(self) -> None:
        there = await self.asked(self.calls.tokens())
        if there is not None:
            self._show(there)

    def _show(self, there: TokenList) -> None:
        say = self.say
        self._tokens = there.tokens
        self.query_one(Listing).fill([key_formats.token_row(each, say) for each in there.tokens])
        lines = [Text(say("token.clock", when=formats.moment(there.clock)), style="dim")]
        lines += [
            Text.assemble((say.of("alarm", alarm), "bold #e08080"), f"  {say.of('alarm_means', alarm)}")
            for alarm in there.alarms
        ]
        self.query_one("#alarms", Static).update(Text("\n").join(lines))
        if there.tokens:
            self.notice.show("info", say("token.ready", count=len(there.tokens)))
        else:
            self.notice.show("empty", say("token.none"))
        self._uri()

    @on(DataTable.RowHighlighted, "#token-list")
    def _uri(self) -> None:
        token = self._at_cursor()
        uri = formats.cell(f"{self.say('token.uri')}  {token.uri}" if token else "")
        self.query_one("#token-uri", Static).update(uri)

    def _at_cursor(self) -> TokenInfo | None:
        row = self.query_one(Listing).cursor_row
        return self._tokens[row] if 0 <= row < len(self._tokens) else None

    def action_enrol(self) -> None:
        self._ask_uri(self.say("confirm.uri_enrol_title"), EnrolToken)

    def action_replace(self) -> None:
        token = self._at_cursor()
        if token is not None:
            title = self.say("confirm.uri_replace_title", name=token.label)
            self._ask_uri(title, lambda uri: ReplaceToken(token.serial, uri))

    def action_retire(self) -> None:
        token = self._at_cursor()
        if token is not None:
            self.ask_first("retire", RetireToken(token.serial), name=f"{token.label} {token.serial}")

    def action_clear_pin(self) -> None:
        token = self._at_cursor()
        if token is not None:
            self.ask_first("pin", ClearPin(token.label), name=token.label)

    def _ask_uri(self, title: str, deed: Callable[[str], Deed]) -> None:
        dialog = UriScreen(self.say, title, "", self.say("confirm.propose"))

        def answered(uri: str | None) -> None:
            if uri:
                self.propose(deed(uri))

        self.app.push_screen(dialog, answered)
