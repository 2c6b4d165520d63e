"""`jukura ceremony`: the wizard alone. It talks to the key service, never to the register."""

from pathlib import PurePath
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from hsm.ceremony.client import CeremonyClient
from tui.discreet import DiscreetApp
from tui.screens.ceremony import CeremonyScreen
from tui.theme import JUKURA
from tui.words import Lang, Words


class CeremonyApp(DiscreetApp):
    """What holders sit at, one after the other."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["console.tcss", "ceremony.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f10", "quit", "quit", key_display="F10")]

    def __init__(self, client: CeremonyClient, *, lang: Lang = Lang.JA) -> None:
        super().__init__()
        self.say = Words(lang)
        self._client = client
        self.title = self.say("ceremony.title")

    def get_default_screen(self) -> Screen[None]:
        return CeremonyScreen(self._client, self.say)

    def on_mount(self) -> None:
        self.register_theme(JUKURA)
        self.theme = JUKURA.name

    async def action_back(self) -> None:
        """Nothing is below the wizard here."""
