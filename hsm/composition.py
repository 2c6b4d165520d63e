"""The parts of one register's key service, put together: store, tokens, policy, and what answers for them."""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from daemon.clock import Clock
from daemon.contract.statement import Kind
from daemon.errors import InputError
from hsm import custodians, policy, softhsm, uri
from hsm.ceremony.assembly import assemble
from hsm.ceremony.handler import CeremonyHandler
from hsm.deeds import custodian_line
from hsm.files import Files
from hsm.handler import Handler
from hsm.keystore import Keystore
from hsm.pin import Pins
from hsm.pinmark import PinMark
from hsm.protocol import TokenInfo
from hsm.rack import Rack
from hsm.timekeeper import Timekeeper
from hsm.token import Token
from hsm.vault import Vault

log = logging.getLogger(__name__)

_NOT_THE_WORKERS = frozenset(
    {"CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID"}
)


@dataclass(frozen=True)
class Settings:
    """What the command line says."""

    state: Path
    register: str
    token: str
    """The `pkcs11:` URI of the first token."""
    pins: Pins
    create: bool = False
    """SoftHSM: make the first token on the first start."""
    custodians: Path | None = None
    modules: frozenset[str] = frozenset()
    """PKCS#11 modules beside the first token's that custodians may choose tokens of."""


class Service:
    """The key service of one register, without its sockets. `command` starts a worker."""

    def __init__(self, settings: Settings, clock: Clock, command: Sequence[str]) -> None:
        self._settings = settings
        self._clock = clock
        self._command = command
        self._home = uri.parse(settings.token)
        settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._environ = _environ(settings, self._home)
        self.store = Keystore(settings.state / "keys.db")
        self._mark = PinMark(self.store.kept, self.store.keep, os.urandom)
        self._first = settings.create and not self.store.tokens.all()
        if self._first:
            softhsm.token_folder(settings.state).mkdir(mode=0o700, exist_ok=True)
        self.keeper = Timekeeper(clock, self.store.clock.get())
        settle = softhsm.Settle(softhsm.token_folder(settings.state)) if settings.create else lambda: None
        self.files = Files(self.store, settle)

    @cached_property
    def vault(self) -> Vault:
        """The keys."""
        rack = Rack(self.files, self.token_at, self._settings.token, self.keeper.now)
        return Vault(self._settings.register, self.files, rack, self.keeper)

    @cached_property
    def handler(self) -> Handler:
        """What answers on the socket "keys"."""
        self._take_in_custodians()
        return Handler(
            self._settings.register,
            self.vault,
            self._at_rest,
            clear_pin=self._clear_pin,
            modules=self._settings.modules | {self._home.module},
        )

    @cached_property
    def ceremony(self) -> CeremonyHandler:
        """What answers on the socket "ceremony"."""
        return assemble(
            register=self._settings.register,
            home=self._settings.token,
            pins=self._settings.pins,
            files=self.files,
            state=partial(self.vault.notary.state, Kind.CEREMONY),
            command=self._command,
            environ=self._environ,
            folder=self._settings.state,
            clock=self._clock,
        )

    def token_at(self, text: str) -> Token:
        """A token by its URI, behind a worker of its own."""
        found = uri.parse(text)
        create = self._first and text == self._settings.token
        return Token(
            self._command,
            self._environ,
            found,
            lambda: self._settings.pins.value(found.label),
            self._mark,
            clock=self._clock,
            create=create,
        )

    def _clear_pin(self, label: str) -> None:
        self._mark.clear(label)

    def _at_rest(self, tokens: Sequence[TokenInfo]) -> str:
        """`protected` only if every enrolled token, and its PIN, is proven off this disk."""
        pins = self._settings.pins
        found = {
            policy.at_rest(pins.source(token.label), uri.parse(token.uri).module, token.model)
            for token in tokens
        }
        return "protected" if found == {"protected"} else "unprotected"

    def _take_in_custodians(self) -> None:
        """The first custodians come from the configuration, once; later ones from those before them."""
        file = self._settings.custodians
        if file is None or self.store.custodians.all():
            return
        first = custodians.read(file)
        lines = [("custodian", custodian_line(each)) for each in first]
        with self.store.transaction():
            self.store.custodians.replace(first)
            self.store.statements.add(Kind.CUSTODIANS_SET, self.keeper.now(), lines)
        log.info("custodians taken in", extra={"count": len(first)})


def _environ(settings: Settings, home: uri.TokenUri) -> Mapping[str, str]:
    """The worker's environment: ours without what is the supervisor's own; with SoftHSM's file where we keep it."""
    environ = {name: value for name, value in os.environ.items() if name not in _NOT_THE_WORKERS}
    if settings.create:
        if not policy.is_softhsm(home.module, ""):
            raise InputError("hsm.create_not_softhsm")
        environ["SOFTHSM2_CONF"] = str(softhsm.configure(settings.state.resolve()))
    return environ
