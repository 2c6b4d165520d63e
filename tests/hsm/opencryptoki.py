"""opencryptoki's software token for tests: its daemon `pkcsslotd` and its data in namespaces of their own.

The token has no EC, so it signs with RSA-PSS, and its PINs have 8 characters at the most. Its data lie in one place for
the whole machine; in private mount and IPC namespaces every test gets a fresh one and a developer's own stays untouched.
Whatever loads the module must run inside: put `Slotd.prefix` before its command. Needs root.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

LABEL = "jukura-opencryptoki"
SO_PIN, PIN = b"76543210", b"12345678"
FACTORY_SO_PIN = b"87654321"
START = 10.0  # seconds

_PRIVATE = """
for folder in /var/lib/opencryptoki /run /dev/shm; do mount -t tmpfs tmpfs "$folder"; done
mkdir -p /var/lib/opencryptoki/swtok/TOK_OBJ /run/lock/opencryptoki/swtok
exec pkcsslotd -f -l "$1"
"""
_INITIALISE = """
import sys
from hsm.orders import Initialise
from hsm.pkcs.making import initialise
module, label, factory, so_pin, pin = (text.encode() for text in sys.argv[1:])
initialise(Initialise(
    module=module.decode(), criteria={}, label=label.decode(), so_pin=so_pin, pin=pin, factory_so_pin=factory
))
"""


def module() -> str | None:
    """The PKCS#11 module, if the package is there."""
    found = sorted(Path("/usr/lib").glob("*/pkcs11/PKCS11_API.so"))
    return str(found[0]) if found else None


@dataclass(frozen=True)
class Slotd:
    """A running `pkcsslotd`."""

    module: str
    prefix: tuple[str, ...]
    """Before a command, to run it in the namespaces."""

    def initialise(self, *, label: str = LABEL, pin: bytes = PIN) -> None:
        """Make the one token that there is."""
        given = (self.module, label, FACTORY_SO_PIN.decode(), SO_PIN.decode(), pin.decode())
        subprocess.run([*self.prefix, sys.executable, "-c", _INITIALISE, *given], check=True, timeout=60)


@contextmanager
def slotd() -> Iterator[Slotd]:
    """`pkcsslotd` over an empty token; ends it and forgets the token."""
    found = module()
    assert found is not None
    with TemporaryDirectory() as folder:
        log = Path(folder) / "pkcsslotd.log"
        private = ["unshare", "--mount", f"--propagation={propagation()}", "--ipc"]
        shell = ["bash", "-euc", _PRIVATE, "slotd", str(log)]
        daemon = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *private, *shell],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            prefix = ("nsenter", f"--target={daemon.pid}", "--mount", "--ipc", "--root", "--")
            _wait_for(daemon, prefix)
            yield Slotd(found, prefix)
        finally:
            daemon.kill()
            daemon.wait()


def propagation() -> str:
    """Our mounts are for us alone; below chroot(2) the root is no mount and has no say in that, nor a need for it."""
    mounts = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    return "private" if any(line.split()[4] == "/" for line in mounts) else "unchanged"


def _wait_for(daemon: "subprocess.Popen[bytes]", prefix: tuple[str, ...]) -> None:
    socket = [*prefix, "test", "-S", "/run/pkcsslotd.socket"]
    until = time.monotonic() + START
    while subprocess.run(socket, check=False, stderr=subprocess.DEVNULL).returncode:
        assert daemon.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
