"""What a rehearsal tells whoever started it: a progress bar for people, JSON lines for programs."""

import json
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from daemon.rehearsal.stage import Stage

WIDTH = 30  # characters of the bar
EVERY = 0.5  # seconds between two lines of progress

WORDS = {
    "starting": "起動しています",
    "loaded": "投入が終わりました",
    "ready": "準備ができました。通知が流れ続けます",
    "stopping": "停止しています",
    "stopped": "すべて停止しました",
}


class Report:
    """Writes to one stream."""

    def __init__(self, stream: TextIO, *, json: bool) -> None:
        self._stream = stream
        self._json = json
        self._last = 0.0

    def say(self, event: str, **fields: str | int) -> None:
        """One event."""
        if self._json:
            self._line({"event": event, **fields})
        else:
            said = " ".join(str(value) for value in fields.values())
            self._write(f"{WORDS.get(event, event)} {said}".rstrip() + "\n")

    def loading(self, register: str, done: int, whole: int) -> None:
        """How far the first load is; at most two lines a second, and always the last one."""
        now = time.monotonic()
        if done < whole and now - self._last < EVERY:
            return
        self._last = now
        if self._json:
            self._line({"event": "loading", "register": register, "done": done, "of": whole})
        else:
            filled = WIDTH * done // max(whole, 1)
            end = "\n" if done >= whole else ""
            self._write(
                f"\r住民の投入 {register:7} [{'█' * filled}{'·' * (WIDTH - filled)}] {done:,}/{whole:,}{end}"
            )

    def registers(self, stage: "Stage") -> None:
        """Where everything is."""
        for register, actors in stage.actors.items():
            self.say_quietly(
                "register",
                register=register,
                state=str(actors.folder.root),
                console=str(actors.folder.console_socket),
                keys=str(actors.folder.keys_socket),
                peers=f"127.0.0.1:{actors.port}",
                national_in=f"127.0.0.1:{actors.national_port}",
                pid=actors.daemon.pid or 0,
                hsm_pid=actors.keys.pid or 0,
                national_pid=actors.national.pid or 0,
                ledger=str(actors.folder.ledger_file),
            )
        self.say_quietly("certificates", folder=str(stage.layout.pki))
        for operator, file in stage.passwords.items():
            self.say("operator", id=operator, password_file=str(file))
        for card in stage.cards:
            self.say_quietly(
                "card",
                custodian=card.custodian,
                uri=card.uri,
                pin_file=str(card.pin_file),
                softhsm2_conf=str(card.conf),
            )

    def say_quietly(self, event: str, **fields: str | int) -> None:
        """As `say`, for programs only."""
        if self._json:
            self._line({"event": event, **fields})

    def _line(self, fields: dict[str, str | int]) -> None:
        self._write(json.dumps(fields, ensure_ascii=False) + "\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
