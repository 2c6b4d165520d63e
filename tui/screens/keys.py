"""Every key: what sort it is, when it was made and may end, how often it was used, what depends on it, where it lies.

Rotations show as they run: their progress comes with the status that the console polls anyway, so that an idle
screen keeps no session alive.
"""

from collections.abc import Iterator
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import DataTable, Input, Label, Static

from daemon.contract.keys import DestroyedKey, DestroyKey, Key, Rotatable, RotateSeal
from tui import formats, key_formats
from tui.desk import Desk, Sitting
from tui.screens.dialog import ConfirmScreen
from tui.screens.proposal import ProposingPage
from tui.screens.proposals import ProposalsScreen
from tui.screens.tokens import TokensScreen
from tui.widgets.listing import Listing
from tui.widgets.notice import Notice

ROTATABLE = frozenset(Rotatable)


class KeysScreen(ProposingPage):
    """The filter above, the table below, and under it what runs and what the table has no room for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "proposals", "proposals", key_display="F5"),
        Binding("f6", "tokens", "tokens", key_display="F6"),
        Binding("f7", "rotate", "rotate", key_display="F7"),
        Binding("f8", "destroy", "destroy", key_display="F8"),
        # Eighty columns hold no more keys: these work, and stand in the help.
        Binding("escape", "leave", "back", key_display="Esc", show=False),
        Binding("f2", "app.status", "status", key_display="F2", show=False),
        Binding("f3", "app.search", "search", key_display="F3", show=False),
        Binding("f4", "reload", "reload", key_display="F4", show=False),
        Binding("ctrl+n", "make", "make", key_display="^N", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self._rows: list[key_formats.KeyRow] = []
        self._shown: list[key_formats.KeyRow] = []
        self._rotating: frozenset[str] = frozenset()
        """New generations of the rotations that ran at the last look."""

    def body(self) -> Iterator[Widget]:
        say = self.say
        with Horizontal(id="filter-row"):
            yield Label(say("keys.filter"))
            yield Input(id="filter", placeholder=say("keys.filter_hint"), compact=True)
        yield Notice(say)
        yield Listing([say(f"keycolumn.{name}") for name in key_formats.KEY_COLUMNS], id="key-list")
        yield Static(id="rotations", markup=False)
        yield Static(id="key-detail", markup=False)

    def on_mount(self) -> None:
        self.query_one(Listing).focus()
        self.notice.show("info", self.say("keys.loading"))

    def on_screen_resume(self) -> None:
        self._load()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what changes keys to those who may."""
        if action in {"rotate", "make"}:
            return self.sitting.decides_keys
        return True

    def condition_changed(self) -> None:
        super().condition_changed()
        status = self.sitting.at.status
        rotations = status.rotations if status else []
        lines = [Text(key_formats.rotation(each, self.say), style="bold #f0c060") for each in rotations]
        self.query_one("#rotations", Static).update(Text("\n").join(lines))
        running = frozenset(each.new for each in rotations)
        if not self._rotating <= running:
            self._load()
        self._rotating = running

    def action_leave(self) -> None:
        """Back to the search; for those who came here first there is nowhere to go back to."""
        if self.sitting.searches:
            self.app.pop_screen()

    def action_reload(self) -> None:
        """Read the keys anew."""
        self.notice.show("info", self.say("keys.loading"))
        self._load()

    @work(exclusive=True, group="keys")
    async def _load(self, said: str = "") -> None:
        listed = await self.asked(self.calls.listed())
        if listed is None:
            return
        self._rows = key_formats.key_rows(listed, self.say)
        self._fill()
        ready = self.say("keys.ready", count=len(listed.keys), destroyed=len(listed.destroyed))
        # Coming back from a question reads them as well: that it was refused must not go under.
        if said or self.notice.kind not in {"warning", "error"}:
            self.notice.show("info", said or ready)

    @on(Input.Changed, "#filter")
    def _fill(self) -> None:
        table, words = self.query_one(Listing), self.query_one("#filter", Input).value
        under = self._at_cursor()
        self._shown = [row for row in self._rows if key_formats.fits(row, words)]
        table.fill([row.cells for row in self._shown])
        names = [row.key.name for row in self._shown]
        if under is not None and under.name in names:
            table.move_cursor(row=names.index(under.name))
        self._detail()
        if self._rows and not self._shown:
            self.notice.show("empty", self.say("keys.empty"), self.say("keys.empty_means"))
        elif self.notice.kind == "empty":
            self.notice.clear()

    @on(Input.Submitted, "#filter")
    def _to_the_table(self) -> None:
        self.query_one(Listing).focus()

    @on(DataTable.RowHighlighted, "#key-list")
    def _detail(self) -> None:
        key = self._at_cursor()
        lines = key_formats.key_detail(key, self.say) if key else []
        self.query_one("#key-detail", Static).update(Text("\n").join(map(formats.cell, lines)), layout=False)

    def _at_cursor(self) -> Key | DestroyedKey | None:
        row = self.query_one(Listing).cursor_row
        return self._shown[row].key if 0 <= row < len(self._shown) else None

    def action_proposals(self) -> None:
        self.app.push_screen(ProposalsScreen(self.desk, self.sitting))

    def action_tokens(self) -> None:
        self.app.push_screen(TokensScreen(self.desk, self.sitting))

    def action_rotate(self) -> None:
        """The kind of the key under the cursor; `seal` takes custodians."""
        key = self._at_cursor()
        kind = key.name.partition(".")[0] if key else ""
        if key is not None and kind == "seal":
            self.ask_first("rotate", RotateSeal(), name=key.name, means="seal")
        elif key is not None and kind in ROTATABLE:
            say = self.say
            title = say("confirm.rotate_title", name=kind)
            dialog = ConfirmScreen(say, title, say("confirm.rotate_means", name=kind), say("confirm.rotate"))
            self.when_yes(dialog, lambda: self._rotate(Rotatable(kind)))
        else:
            self.notice.show("warning", self.say("keys.not_rotatable"))

    @work(exclusive=True, group="rotate")
    async def _rotate(self, kind: Rotatable) -> None:
        rotated = await self.asked(self.calls.rotate(kind))
        if rotated is not None:
            self._load(self.say("keys.rotation_began", name=rotated.name))

    def action_destroy(self) -> None:
        """Put the end of the key under the cursor before the custodians."""
        key = self._at_cursor()
        if isinstance(key, Key) and (not key.lawful or key.name.startswith("hold.")):
            self.ask_first("destroy", DestroyKey(key.name), name=key.name)
        else:
            self.notice.show("warning", self.say("keys.not_destroyable"))

    @work(exclusive=True, group="make")
    async def action_make(self) -> None:
        """Make the dated keys that the next 60 days need."""
        made = await self.asked(self.calls.make([]))
        if made is not None:
            names = len(made.names)
            self._load(self.say("keys.made", count=names) if names else self.say("keys.made_none"))
