"""Asks a custodian for the card to sign with, and its PIN. The PIN leaves its field once, and is wiped there."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from textual.widget import Widget
from textual.widgets import Input

from tui.screens.dialog import Dialog, row
from tui.words import Words


@dataclass(frozen=True)
class CardAnswer:
    """Whose card, which one, and its PIN."""

    custodian: str
    uri: str
    pin: str = field(repr=False)


class CardScreen(Dialog[CardAnswer]):
    """Enter leads from field to field; in the PIN it signs."""

    def __init__(self, say: Words, title: str, go: str, *, custodian: str, uri: str) -> None:
        super().__init__(say, title, say("card.once"), go)
        self._known = {"custodian": custodian, "uri": uri, "pin": ""}

    def fields(self) -> Iterator[Widget]:
        for name, value in self._known.items():
            hint = self.say("card.uri_hint") if name == "uri" else ""
            yield from row(
                self.say(f"card.{name}"),
                Input(value, id=name, placeholder=hint, password=name == "pin", compact=True, max_length=512),
            )

    def answer(self) -> CardAnswer | None:
        for entry in self.query(Input):
            if not entry.value.strip():
                self.missing(entry, f"card.need_{entry.id}")
                return None
        custodian, uri, pin = (entry.value for entry in self.query(Input))
        self.query_one("#pin", Input).value = ""
        return CardAnswer(custodian.strip(), uri.strip(), pin)
