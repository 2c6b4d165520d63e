"""The fake register's keys, tokens and custodians: what a console can see of them, and signatures judged for real."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from msgspec.structs import replace

from daemon.contract import keys as contract
from daemon.contract.console import Status
from daemon.contract.endpoint import Endpoint, Problem
from daemon.contract.keys import (
    CancelProposal,
    CarryOut,
    Custodian,
    DestroyedKey,
    DestroyKey,
    Key,
    KeyList,
    MadeKeys,
    MakeKeys,
    Proposal,
    Propose,
    Proposed,
    Rotated,
    RotateKey,
    Rotation,
    SignProposal,
    Statement,
    Statements,
    StatementsAfter,
    TokenInfo,
    TokenList,
)
from daemon.contract.statement import cancel_text, proposal_text
from daemon.errors import StateError
from hsm.deeds import lines_of, name_of
from hsm.protocol import SignatureKind

NOW = datetime(2026, 4, 1, 5, 3, 22, tzinfo=UTC)
PIN = "241086"
CARDS = {f"pkcs11:token=kagi0{number}": ec.generate_private_key(ec.SECP256R1()) for number in (1, 2, 3)}


def public_of(uri: str) -> bytes:
    return CARDS[uri].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


CUSTODIANS = [
    Custodian(id=uri.rpartition("=")[2], name=f"鍵管理者 {uri[-1]}号", public=public_of(uri)) for uri in CARDS
]


class FakeCards:
    """Cards that sign in memory; a wrong PIN is refused, and counted."""

    def __init__(self) -> None:
        self.signed: list[bytes] = []
        self.refused = 0

    async def sign(self, uri: str, pin: bytes, text: bytes) -> bytes:
        self._require(uri, pin)
        self.signed.append(text)
        return CARDS[uri].sign(text, ec.ECDSA(SHA256()))

    async def public(self, uri: str, pin: bytes) -> bytes:
        self._require(uri, pin)
        return public_of(uri)

    async def make(self, uri: str, pin: bytes) -> bytes:
        return await self.public(uri, pin)

    def _require(self, uri: str, pin: bytes) -> None:
        if uri not in CARDS:
            raise StateError("hsm.token_away")
        if pin != PIN.encode():
            self.refused += 1
            raise StateError("hsm.pin_wrong")


class KeyRefusal(Exception):  # noqa: N818 - an answer, not an error of the fake
    """Answer with a problem."""

    def __init__(self, status: int, code: str, *, field: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.problem = Problem(
            code=code, field=field, ja=f"{code}の説明。次の手順。", en=f"What {code} means."
        )


def key(name: str, *, uses: int = 3, dependents: int = 0, ends: datetime | None = None) -> Key:
    return Key(
        name=name, lawful=ends is not None, made=NOW - timedelta(days=30), ends=ends, uses=uses,
        used_by={"59101": uses} if uses else {}, dependents=dependents, tokens=["a1b2"],
    )  # fmt: skip


KEYS = [
    key("expire.2176", dependents=1_234, ends=datetime(2176, 12, 31, 15, tzinfo=UTC)),
    key("live.10", dependents=9_981),
    key("live.9"),
    key("log.2026", uses=25, dependents=25_000, ends=datetime(2034, 3, 31, 15, tzinfo=UTC)),
    key("seal.1", uses=998),
    key("store.1", dependents=1),
]
GONE = [
    DestroyedKey(name="live.8", at=NOW - timedelta(days=9), complete=True, missing=[]),
    DestroyedKey(name="live.7", at=NOW - timedelta(days=99), complete=False, missing=["c3d4"]),
]
TOKEN = TokenInfo(
    serial="a1b2", label="jukura-honnin", model="SoftHSM project SoftHSM v2",
    uri="pkcs11:token=jukura-honnin?module-path=/usr/lib/softhsm/libsofthsm2.so", signature=SignatureKind.ECDSA_P256,
    enrolled=NOW - timedelta(days=30), present=True, active=True, lacking=0,
)  # fmt: skip


class FakeKeys:
    """Answers the endpoints about keys; tests look at it and change it."""

    def __init__(self, register: str) -> None:
        self.register = register
        self.now = NOW
        self.keys = list(KEYS)
        self.gone = list(GONE)
        self.rotations: list[Rotation] = []
        self.tokens = [TOKEN]
        self.alarms = ["one_token"]
        self.cases: dict[str, Proposal] = {}
        self.steps = 3
        """How many times carrying out has to be asked for."""
        self.looks: int | None = None
        """After how many looks at the status a rotation ends; None: by the test's hand."""
        self.acts: Mapping[Endpoint, Callable[[Any], Any]] = {
            contract.LIST_KEYS: lambda _: KeyList(
                keys=self.keys, destroyed=self.gone, rotations=self.rotations
            ),
            contract.MAKE_KEYS: self._make,
            contract.ROTATE_KEY: self._rotate,
            contract.TOKENS: lambda _: TokenList(
                tokens=self.tokens, alarms=self.alarms, clock=self.now, at_rest="unprotected"
            ),
            contract.STATEMENTS: self._statements,
            contract.PROPOSALS: lambda _: Proposed(list(self.cases.values()), CUSTODIANS),
            contract.PROPOSE: self._propose,
            contract.SIGN: self._sign,
            contract.CANCEL: self._cancel,
            contract.CARRY_OUT: self._carry_out,
        }

    def shown_in(self, status: Status) -> Status:
        """The status with the clock and the rotations of the keys."""
        if self.looks is not None and self.rotations:
            self.looks -= 1
            self.rotations = self.rotations if self.looks > 0 else []
        return replace(status, now=self.now, rotations=self.rotations)

    def _make(self, asked: MakeKeys) -> MadeKeys:
        new = [name for name in asked.names if name not in {each.name for each in self.keys}]
        self.keys += [key(name, uses=0, ends=NOW) for name in new]
        return MadeKeys(new)

    def _rotate(self, asked: RotateKey) -> Rotated:
        if any(each.kind == asked.kind for each in self.rotations):
            raise KeyRefusal(409, "key.rotation_runs")
        old, new = f"{asked.kind}.10", f"{asked.kind}.11"
        running = Rotation(
            kind=asked.kind, old=old, new=new, done=2_500, total=9_981, per_second=5_000.0, seconds_left=1.5
        )
        self.rotations.append(running)
        return Rotated(f"{asked.kind}.11")

    def _statements(self, asked: StatementsAfter) -> Statements:
        note = f"jukura.jp/{self.register}/statement\ndestruction\n1\n2026-03-23T05:03:22Z\nname live.8\n\n— x y\n"
        all_of_them = [Statement(number=1, kind="destruction", at=NOW, note=note)]
        return Statements([each for each in all_of_them if each.number > asked.number])

    def _propose(self, asked: Propose) -> Proposal:
        deed = asked.deed
        if isinstance(deed, DestroyKey) and any(
            each.name == deed.name and each.dependents for each in self.keys
        ):
            raise KeyRefusal(409, "key.in_use", field=deed.name)
        ident = f"{0xAB00 + len(self.cases):04x}" + "0" * 28
        name, lines = name_of(deed), lines_of(deed)
        case = Proposal(
            id=ident, deed=deed, text=proposal_text(self.register, name, ident, self.now, lines).decode(),
            cancel_text=cancel_text(self.register, name, ident, self.now, lines).decode(), asked=self.now, signed_by=[],
            ripe=None, cancelled_by="", done=None, steps_done=0, steps=0,
        )  # fmt: skip
        self.cases[ident] = case
        return case

    def _sign(self, asked: SignProposal) -> Proposal:
        case = self.cases[asked.id]
        _verify(asked.custodian, asked.signature, case.text)
        signed = sorted({*case.signed_by, asked.custodian})
        wait = timedelta(hours=72) if isinstance(case.deed, DestroyKey) else timedelta()
        ripe = self.now + wait if len(signed) > 1 else None
        return self._keep(replace(case, signed_by=signed, ripe=ripe))

    def _cancel(self, asked: CancelProposal) -> Proposal:
        case = self.cases[asked.id]
        _verify(asked.custodian, asked.signature, case.cancel_text)
        return self._keep(replace(case, cancelled_by=asked.custodian))

    def _carry_out(self, asked: CarryOut) -> Proposal:
        case = self.cases[asked.id]
        if case.ripe is None:
            raise KeyRefusal(403, "hsm.proposal_unsigned")
        if case.ripe > self.now:
            raise KeyRefusal(403, "hsm.proposal_unripe")
        step = case.steps_done + 1
        done = self.now if step >= self.steps else None
        return self._keep(replace(case, steps_done=step, steps=self.steps, done=done))

    def _keep(self, case: Proposal) -> Proposal:
        self.cases[case.id] = case
        return case


def _verify(custodian: str, signature: bytes, text: str) -> None:
    public = load_der_public_key(next(each.public for each in CUSTODIANS if each.id == custodian))
    assert isinstance(public, ec.EllipticCurvePublicKey)
    try:
        public.verify(signature, text.encode(), ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise KeyRefusal(403, "hsm.custodian_signature_false") from None
