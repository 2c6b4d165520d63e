"""A field of a form in which a full-width space can be typed."""

from textual import events
from textual.widgets import Input

FULL_WIDTH_SPACE = "\u3000"  # between 氏 and 名


class Field(Input):
    """As the toolkit's, which takes U+3000 for no character that is typed, and drops it without a word."""

    def on_key(self, event: events.Key) -> None:
        if event.character == FULL_WIDTH_SPACE:
            event.stop()
            event.prevent_default()
            self.insert_text_at_cursor(FULL_WIDTH_SPACE)
