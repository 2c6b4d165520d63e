"""The key ceremony: who is next, what Enter does, and what happened. Knows nothing secret; the steps are in `Steps`."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Static

from daemon.errors import JukuraError
from hsm.ceremony.client import CeremonyClient
from hsm.ceremony.protocol import Phase, Picture
from tui import ceremony_view as view
from tui.ceremony import next_of
from tui.screens.ceremony_steps import Outcome, Steps, words_of
from tui.widgets.keys import Keys
from tui.widgets.listing import Listing
from tui.widgets.notice import Notice
from tui.words import Words

LOOK = 2.0  # seconds between two looks at the key service
COLUMNS = ("number", "name", "first", "second")
IN_ORDER: dict[str, frozenset[Phase]] = {
    "dry_run": frozenset({Phase.IDLE, Phase.DONE, Phase.VOID}),
    "begin": frozenset({Phase.IDLE, Phase.DONE, Phase.VOID}),
    "abandon": frozenset({Phase.SHARING, Phase.CHECKING, Phase.CHECKED, Phase.INITIALISING, Phase.VOID}),
}
"""In which phases a key does something."""


class CeremonyScreen(Screen[None]):
    """One ceremony desk."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next", "next", key_display="Enter"),
        Binding("f5", "dry_run", "dry_run", key_display="F5"),
        Binding("f6", "begin", "begin", key_display="F6"),
        Binding("f7", "give", "give", key_display="F7"),
        Binding("f8", "abandon", "abandon", key_display="F8"),
        Binding("escape", "app.back", "back", key_display="Esc"),
    ]

    def __init__(self, client: CeremonyClient, say: Words) -> None:
        super().__init__()
        self.say = say
        self.picture: Picture | None = None
        self._client = client

    def compose(self) -> ComposeResult:
        listing = Listing([self.say(f"ceremony.{column}") for column in COLUMNS], id="holders")
        listing.can_focus = False  # Enter is the next step's
        yield Static(id="heading")
        with Vertical(id="body"):
            yield Static(id="stand")
            yield listing
            yield Notice(self.say)
        yield Keys()

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        return {
            key: active._replace(
                binding=replace(active.binding, description=self.say.of("key", active.binding.description))
            )
            for key, active in super().active_bindings.items()
        }

    def on_mount(self) -> None:
        self._show(None)
        self._look()
        self.set_interval(LOOK, self._look)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that do nothing now are not offered."""
        picture = self.picture
        if action in IN_ORDER:
            return picture is not None and picture.phase in IN_ORDER[action]
        if action == "give":
            return picture is not None and bool(picture.waiting)
        return action != "next" or picture is not None

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        if self.app.screen is not self:
            return
        try:
            picture = await self._client.look()
        except JukuraError as error:
            self._show(None)
            self._tell(error)
            return
        if self.picture is None:
            self.query_one(Notice).clear()
        self._show(picture)

    @work(exclusive=True, group="step")
    async def action_next(self) -> None:
        if self.picture is not None:
            await self._do(self._steps.take(next_of(self.picture), self.picture))

    @work(exclusive=True, group="step")
    async def action_dry_run(self) -> None:
        if self.picture is not None:
            await self._do(self._steps.begin(self.picture, dry_run=True))

    @work(exclusive=True, group="step")
    async def action_begin(self) -> None:
        if self.picture is not None:
            await self._do(self._steps.begin(self.picture, dry_run=False))

    @work(exclusive=True, group="step")
    async def action_give(self) -> None:
        if self.picture is not None:
            await self._do(self._steps.give(self.picture))

    @work(exclusive=True, group="step")
    async def action_abandon(self) -> None:
        if self.picture is not None:
            await self._do(self._steps.abandon(self.picture))

    @property
    def _steps(self) -> Steps:
        return Steps(self.app, self._client, self.say)

    async def _do(self, step: Awaitable[Outcome]) -> None:
        """Take a step, and say what came of it."""
        notice = self.query_one(Notice)
        notice.show("info", self.say("ceremony.working"))
        try:
            outcome = await step
        except JukuraError as error:
            self._tell(error)
            return
        if outcome is None:
            notice.clear()
            return
        picture, words = outcome
        self._show(picture)
        notice.show("info", self.say(words))

    def _tell(self, error: JukuraError) -> None:
        self.query_one(Notice).show("error", *words_of(error, self.say))

    def _show(self, picture: Picture | None) -> None:
        """Draw how it stands, where that is news."""
        if picture is not None and picture == self.picture:
            return
        self.picture = picture
        self.query_one("#heading", Static).update(view.heading(picture, self.say))
        self.query_one("#stand", Static).update(view.stand(picture, self.say))
        listing = self.query_one(Listing)
        listing.fill(list(view.holders(picture, self.say)) if picture else [])
        listing.show_cursor = picture is not None and picture.phase in view.ROUNDS
        listing.move_cursor(row=picture.turn if picture else 0)
        self.refresh_bindings()
