"""The console: screens over one desk. Polls the registers, locks the screen when nobody is there, never blocks."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.screen import Screen

from tui.card import Cards, TerminalCards
from tui.ceremony import socket_of
from tui.desk import SIGN_OUT_DEADLINE, Connection, Desk, Sitting
from tui.discreet import DiscreetApp
from tui.errors import RemoteError, UnreachableError
from tui.screens.help import HelpScreen
from tui.screens.holds import HoldsScreen
from tui.screens.keys import KeysScreen
from tui.screens.log import LogScreen
from tui.screens.log_duties import LogDutiesScreen
from tui.screens.outbox import OutboxScreen
from tui.screens.page import Page, SessionOver, SignedIn
from tui.screens.reconciliations import ReconciliationsScreen
from tui.screens.search import SearchScreen
from tui.screens.service import ServiceScreen
from tui.screens.sign_in import SignInScreen
from tui.screens.status import StatusScreen
from tui.theme import JUKURA
from tui.words import Lang, Words

POLL = 1.5  # seconds between two looks at a register
IDLE_CHECK = 1.0  # seconds


class ConsoleApp(DiscreetApp):
    """What an operator sits at."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["console.tcss", "ceremony.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,question_mark", "help", "help", key_display="F1"),
        Binding("f2", "status", "status", key_display="F2"),
        Binding("f3", "search", "search", key_display="F3"),
        Binding("f4", "keys", "keys", key_display="F4"),
        Binding("f11", "log", "log", key_display="F11"),
        Binding("f9", "sign_out", "sign_out", key_display="F9"),
        Binding("f10", "quit", "quit", key_display="F10"),
    ]

    def __init__(
        self,
        sockets: Sequence[Path],
        *,
        lang: Lang = Lang.JA,
        cards: Cards | None = None,
        card_uri: str = "",
        monotonic: Callable[[], float] = time.monotonic,
        poll: float = POLL,
    ) -> None:
        super().__init__()
        self.desk = Desk(sockets, Words(lang), monotonic, cards or TerminalCards(), card_uri)
        self.say = self.desk.say
        self._poll = poll
        self.title = self.say("app.title")

    def get_default_screen(self) -> Screen[None]:
        return SignInScreen(self.desk)

    def on_mount(self) -> None:
        self.register_theme(JUKURA)
        self.theme = JUKURA.name
        for place, connection in enumerate(self.desk.connections):
            self.run_worker(self._watch(connection), group=f"watch-{place}", exclusive=True)
        self.set_interval(IDLE_CHECK, self.lock_if_idle)

    async def on_unmount(self) -> None:
        if (left := self.desk.leave()) is not None:
            await self._close_session(left)
        for connection in self.desk.connections:
            await connection.client.close()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.MouseDown | events.Paste):
            self.desk.touch()
        await super().on_event(event)

    def lock_if_idle(self) -> None:
        """Clear the screen when no key was pressed for as long as the register allows (PIA III-3)."""
        if self.desk.sitting is None or not self.desk.idle():
            return
        seconds = self.desk.sitting.session.idle_seconds
        minutes, rest = divmod(seconds, 60)
        words = (
            self.say("sign_in.locked_seconds", seconds=seconds)
            if rest
            else self.say("sign_in.locked", minutes=minutes)
        )
        self._stand_up("warning", words)

    @on(SignedIn)
    def _sit_down(self) -> None:
        sitting = self.desk.sitting
        if sitting is not None:
            first = SearchScreen if sitting.searches else LogScreen if sitting.reads_log else KeysScreen
            self.push_screen(first(self.desk, sitting))
        self._condition_changed()

    @on(SessionOver)
    def _session_over(self, event: SessionOver) -> None:
        self._stand_up("error", event.error.code, self.say.error(event.error))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Search, keys and the status screen's pages are for those who may, sign-out for those signed in, the ceremony while it is shut."""
        sitting = self.desk.sitting
        allowed = {
            "search": sitting is not None and sitting.searches,
            "keys": sitting is not None and sitting.sees_keys,
            "holds": sitting is not None and sitting.sees_holds,
            "outbox": sitting is not None and sitting.sees_outbox,
            "reconciliations": sitting is not None and sitting.sees_reconciliations,
            "service": sitting is not None and sitting.stops,
            "log": self._offers_log(),
            "log_duties": sitting is not None and sitting.has_log_duties,
            "sign_out": sitting is not None,
            "ceremony": self.desk.at.shut,
        }
        return allowed.get(action, True)

    def action_help(self) -> None:
        if isinstance(self.screen, Page):
            self.push_screen(HelpScreen(self.say, self.screen.active_bindings))

    def action_status(self) -> None:
        if isinstance(self.screen, Page) and not isinstance(self.screen, StatusScreen):
            self.push_screen(StatusScreen(self.desk))

    def action_ceremony(self) -> None:
        """The key service's own desk: what is typed there does not pass through the register."""
        from hsm.ceremony.client import CeremonyClient
        from tui.screens.ceremony import CeremonyScreen

        socket = socket_of(self.desk.at.client.socket.parent.parent)
        self.push_screen(CeremonyScreen(CeremonyClient(socket), self.say))

    def action_search(self) -> None:
        while not isinstance(self.screen, SearchScreen) and len(self.screen_stack) > 1:
            self.pop_screen()

    def action_log(self) -> None:
        """Back to the log, which an auditor begins with; for others what else there is to do about it."""
        sitting = self.desk.sitting
        there = _about_log(sitting) if sitting is not None and isinstance(self.screen, Page) else None
        if sitting is None or there is None:
            return
        if not any(isinstance(screen, there) for screen in self.screen_stack):
            self.push_screen(there(self.desk, sitting))
        while not isinstance(self.screen, there):
            self.pop_screen()

    def _offers_log(self) -> bool:
        sitting = self.desk.sitting
        there = _about_log(sitting) if sitting is not None else None
        return there is not None and not (self.screen_stack and isinstance(self.screen, there))

    def action_log_duties(self) -> None:
        """What there is to do about the log, over the log itself."""
        if self.desk.sitting is not None:
            self.push_screen(LogDutiesScreen(self.desk, self.desk.sitting))

    def action_keys(self) -> None:
        if not isinstance(self.screen, Page) or self.desk.sitting is None:
            return
        if not any(isinstance(screen, KeysScreen) for screen in self.screen_stack):
            self.push_screen(KeysScreen(self.desk, self.desk.sitting))
            return
        while not isinstance(self.screen, KeysScreen):
            self.pop_screen()

    def action_holds(self) -> None:
        """The notices that wait, over the status screen."""
        if self.desk.sitting is not None:
            self.push_screen(HoldsScreen(self.desk, self.desk.sitting))

    def action_outbox(self) -> None:
        """What waits for the national server, over the status screen."""
        if self.desk.sitting is not None:
            self.push_screen(OutboxScreen(self.desk, self.desk.sitting))

    def action_reconciliations(self) -> None:
        """Whose 整合性確認 is due, over the status screen."""
        if self.desk.sitting is not None:
            self.push_screen(ReconciliationsScreen(self.desk, self.desk.sitting))

    def action_service(self) -> None:
        """Whether the service is stopped, over the status screen."""
        if self.desk.sitting is not None:
            self.push_screen(ServiceScreen(self.desk, self.desk.sitting))

    async def action_back(self) -> None:
        if len(self.screen_stack) > 1:
            self.pop_screen()

    def action_sign_out(self) -> None:
        self._stand_up("info", self.say("sign_in.signed_out"))

    def _stand_up(self, kind: str, headline: str, more: str = "") -> None:
        """Back to the sign-in screen; every screen above it, and what it showed, goes."""
        left = self.desk.leave()
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if isinstance(self.screen, SignInScreen):
            self.screen.greet(kind, headline, more)
        self._condition_changed()
        if left is not None:
            self.run_worker(self._close_session(left), group="sign-out")

    async def _close_session(self, at: Connection) -> None:
        with suppress(RemoteError, UnreachableError):
            await at.client.sign_out(deadline=SIGN_OUT_DEADLINE)

    async def _watch(self, connection: Connection) -> None:
        while True:
            await connection.look()
            self._condition_changed()
            await asyncio.sleep(self._poll)

    def _condition_changed(self) -> None:
        for screen in self.screen_stack:
            # A screen that is only coming shows the condition by itself; one that is going has lost parts of it.
            with suppress(NoMatches):
                if isinstance(screen, Page):
                    screen.condition_changed()


def _about_log(sitting: Sitting) -> type[LogScreen | LogDutiesScreen] | None:
    """What an auditor or anybody else has to do with the log begins there; None for who has nothing to."""
    if sitting.reads_log:
        return LogScreen
    return LogDutiesScreen if sitting.has_log_duties else None
