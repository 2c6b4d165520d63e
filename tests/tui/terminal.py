"""A terminal of 80 by 24 with a program in it: keys in, what was drawn out."""

import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

PATIENCE = 30.0  # seconds
KEYS = {"enter": b"\r", "tab": b"\t", "space": b" ", "f5": b"\x1b[15~", "f10": b"\x1b[21~"}
ESCAPES = re.compile(
    rb"\x1b\[[0-9;?<>=]*[A-Za-z]|\x1b[\]P_].*?(?:\x07|\x1b\\)|\x1b[()=>78NOM][0-9A-B]?", re.DOTALL
)


@dataclass
class Terminal:
    """What the program runs in."""

    master: int
    process: subprocess.Popen[bytes]
    drawn: bytes = b""

    def presses(self, *keys: str) -> None:
        """Type; names of `KEYS`, or letters."""
        for key in keys:
            os.write(self.master, KEYS.get(key, key.encode()))

    def sees(self, text: str) -> str:
        """Wait until `text` is drawn; everything drawn since the last time, without the escapes."""
        end = time.monotonic() + PATIENCE
        while text not in (shown := self._plain()):
            assert time.monotonic() < end, f"never came: {text}\n{shown[-2000:]}"
            assert self.process.poll() is None, shown[-2000:]
            self._read(0.1)
        while self._read(0.1):
            shown = self._plain()
        self.drawn = b""
        return shown

    def _plain(self) -> str:
        return ESCAPES.sub(b"", self.drawn).decode("utf-8", "replace")

    def _read(self, within: float) -> bool:
        if not select.select([self.master], [], [], within)[0]:
            return False
        self.drawn += os.read(self.master, 65536)
        return True


@contextmanager
def terminal(command: Sequence[str], *, environ: Mapping[str, str], user: int | None) -> Iterator[Terminal]:
    """`command` in a terminal of its own; killed at the end if it has not ended by itself."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=dict(environ), user=user, start_new_session=True
    )
    os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        process.kill()
        process.wait(20)
        os.close(master)
