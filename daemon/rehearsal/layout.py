"""Where the rehearsal keeps what: one folder, below it one per register, each part with the user it belongs to."""

from dataclasses import dataclass
from pathlib import Path

from daemon.rehearsal.users import Users

SOCKET_PATH = 100  # characters; sun_path holds 108 bytes (unix(7))


@dataclass(frozen=True)
class RegisterFolder:
    """The parts of one register."""

    register: str
    root: Path

    @property
    def store(self) -> Path:
        """register.db and index.db."""
        return self.root / "store"

    @property
    def hsm(self) -> Path:
        """The key service's state and the token."""
        return self.root / "hsm"

    @property
    def pin(self) -> Path:
        return self.root / "pin"

    @property
    def config(self) -> Path:
        return self.root / "jukurad.toml"

    @property
    def setup(self) -> Path:
        return self.root / "setup.json"

    @property
    def console_socket(self) -> Path:
        return self.root / "run" / "console.sock"

    @property
    def ceremony_socket(self) -> Path:
        return self.root / "run" / "ceremony.sock"

    @property
    def keys_socket(self) -> Path:
        return self.root / "keys" / "keys.sock"

    @property
    def national_socket(self) -> Path:
        return self.root / "zenkoku" / "zenkoku.sock"

    @property
    def timestamp_socket(self) -> Path:
        return self.root / "jikoku" / "jikoku.sock"

    @property
    def timestamp_files(self) -> Path:
        """The time-stamp authority's certificate and serial numbers."""
        return self.root / "jikoku-ts"

    @property
    def ledger(self) -> Path:
        """What the national simulator has acknowledged."""
        return self.root / "ledger"

    @property
    def ledger_file(self) -> Path:
        return self.ledger / "ledger.db"

    @property
    def national_tls(self) -> Path:
        """The national simulator's own certificate."""
        return self.root / "zenkoku-tls"

    def user(self, program: str) -> str:
        """The user of `program` (jukurad, jukura-hsm) of this register."""
        return f"{program}-{self.register}"

    def make(self, users: Users) -> None:
        """Make the folders, each with its owner and mode."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o755)
        daemon, hsm = self.user("jukurad"), self.user("jukura-hsm")
        # A socket's folder is entered by its callers only: owner and group of those who connect.
        folders = (
            (self.store, daemon, daemon, 0o700),
            (self.hsm, hsm, hsm, 0o700),
            (self.ledger, "zenkoku", "zenkoku", 0o700),
            (self.console_socket.parent, "jukura-console", "jukura-console", 0o750),
            (self.keys_socket.parent, hsm, daemon, 0o750),
            (self.national_socket.parent, "zenkoku", daemon, 0o750),
            (self.timestamp_socket.parent, "jikoku", daemon, 0o750),
        )
        for folder, owner, group, mode in folders:
            folder.mkdir(exist_ok=True)
            users.own(folder, owner, mode=mode, group=group)


@dataclass(frozen=True)
class Layout:
    """The whole folder."""

    root: Path

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def progress(self) -> Path:
        """How far load and flow have come."""
        return self.root / "progress.json"

    @property
    def training(self) -> Path:
        """Passwords of the training operators and PINs of their cards, one file each."""
        return self.root / "training"

    @property
    def cards(self) -> Path:
        """The training custodians' cards: tokens of SoftHSM."""
        return self.root / "cards"

    @property
    def witnesses(self) -> Path:
        """Key of each municipality that witnesses the logs, and what it cosigned last."""
        return self.root / "witnesses"

    @property
    def custodians(self) -> Path:
        """The custodians' public keys, for the key services."""
        return self.root / "custodians.json"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def notify(self) -> Path:
        return self.root / "notify"

    def register(self, register: str) -> RegisterFolder:
        """The folder of one register."""
        return RegisterFolder(register, self.root / register)

    def make(self, users: Users) -> None:
        """Make the folders above the registers."""
        if len(str(self.root)) > SOCKET_PATH - len("/honnin/zenkoku/zenkoku.sock"):
            raise ValueError(f"the path of the state folder is too long for sockets below it: {self.root}")
        for folder in (self.root, self.logs, self.notify):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)
        self.witnesses.mkdir(mode=0o700, exist_ok=True)
        for folder in (self.training, self.cards, self.cards / "token"):
            folder.mkdir(exist_ok=True)
            users.own(folder, "jukura-console", mode=0o700)
