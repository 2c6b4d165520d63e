"""How a ceremony is to be: which token, how many shares, of whom, and how many of them are needed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from textual.widget import Widget
from textual.widgets import Input

from tui.screens.dialog import Dialog, row
from tui.words import Words

_BETWEEN = re.compile(r"\s*[,、，;；]\s*")
LEAST = 2


@dataclass(frozen=True)
class Beginning:
    """What was filled in."""

    uri: str
    label: str
    threshold: int
    holders: list[str]


class BeginScreen(Dialog[Beginning]):
    """A dry run needs no token."""

    def __init__(self, say: Words, *, dry_run: bool, uri: str, label: str) -> None:
        kind = "dry" if dry_run else "real"
        super().__init__(
            say, say(f"ceremony.begin_{kind}"), say(f"ceremony.begin_{kind}_means"), say("ceremony.begin_go")
        )
        self._known = {"uri": uri, "label": label, "threshold": str(LEAST), "holders": ""}
        if dry_run:
            del self._known["uri"]

    def fields(self) -> Iterator[Widget]:
        for name, value in self._known.items():
            hint = self.say("ceremony.holders_hint") if name == "holders" else ""
            yield from row(
                self.say(f"ceremony.{name}"),
                Input(value, id=name, placeholder=hint, compact=True, max_length=1024),
            )

    def on_mount(self) -> None:
        next(entry for entry in self.query(Input) if not entry.value).focus()

    def answer(self) -> Beginning | None:
        entries = {entry.id or "": entry for entry in self.query(Input)}
        for entry in entries.values():
            if not entry.value.strip():
                self.missing(entry, f"ceremony.need_{entry.id}")
                return None
        holders = [name for name in _BETWEEN.split(entries["holders"].value.strip()) if name]
        threshold = entries["threshold"].value.strip()
        if not threshold.isdecimal() or not LEAST <= int(threshold) <= len(holders):
            self.missing(entries["threshold"], "ceremony.need_threshold")
            return None
        uri = entries["uri"].value.strip() if "uri" in entries else ""
        return Beginning(uri, entries["label"].value.strip(), int(threshold), holders)
