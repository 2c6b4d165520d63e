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

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)
        self._changed(self.screen)

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
            parts = [part for binding in shown for part in ((_key(binding), "bold #d9a441"), _does(binding))]
            self.update(Text.assemble(*parts, no_wrap=True, overflow="ellipsis"), layout=False)

    def on_click(self, event: events.Click) -> None:
        edge = 0
        for binding in self._shown:
            edge += cell_len(_key(binding) + _does(binding))
            if event.x < edge:
                self.app.simulate_key(binding.key)
                return


def _key(binding: Binding) -> str:
    return f" {binding.key_display}"


def _does(binding: Binding) -> str:
    return f" {binding.description} "
