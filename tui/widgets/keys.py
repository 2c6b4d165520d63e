"""The last line of every screen: which keys do what here, now. A click on one presses it."""

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Static


class Keys(Static):
    """Follows the screen's bindings; draws only when the line itself changes.

    (The toolkit's own footer builds its parts anew whenever the focus moves.)
    """

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._shown: list[Binding] = []
        self._parts: list[tuple[str, str]] = []
        """Key and what it does, as drawn."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)
        self._changed(self.screen)

    def on_resize(self) -> None:
        self._draw()

    def _changed(self, screen: Screen[object]) -> None:
        if screen is not self.screen:
            return
        by_key = {
            binding.key_display: binding
            for _, binding, enabled, _ in screen.active_bindings.values()
            if binding.show and enabled and binding.key_display
        }
        if self._shown != (shown := list(by_key.values())):
            self._shown = shown
            self._draw()

    def _draw(self) -> None:
        self._parts = fitting(
            [(str(each.key_display), each.description) for each in self._shown], self.size.width
        )
        styled = [part for key, does in self._parts for part in ((key, "bold #d9a441"), does)]
        self.update(Text.assemble(*styled, no_wrap=True, overflow="ellipsis"), layout=False)

    def on_click(self, event: events.Click) -> None:
        edge = 0
        for binding, parts in zip(self._shown, self._parts, strict=True):
            edge += sum(map(cell_len, parts))
            if event.x < edge:
                self.app.simulate_key(binding.key)
                return


def fitting(keys: list[tuple[str, str]], width: int) -> list[tuple[str, str]]:
    """Keys and their words with as much space around as `width` cells have room for; on a full line there is one space between keys."""
    for before, after in (" ", " "), (" ", ""):
        parts = [(f" {key}", f"{before}{does}{after}") for key, does in keys]
        if sum(cell_len(part) for both in parts for part in both) <= width + len(after):
            return parts
    return [(f" {key}" if place else key, does) for place, (key, does) in enumerate(keys)]
