"""Time-stamp authorities made by OpenSSL's own commands, and replies that OpenSSL itself would not give."""

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from daemon.audit.stamp import Question
from daemon.rehearsal.authority import TimestampAuthority
from daemon.rehearsal.certificates import Pair

TOKEN = "1.2.840.113549.1.9.16.1.4"
"""id-ct-TSTInfo (RFC 3161 §2.4.2)."""
GRANTED = bytes.fromhex("3003020100")
"""PKIStatusInfo."""
STAMPS = "extendedKeyUsage=critical,timeStamping"
_CA = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")


def now() -> datetime:
    """OpenSSL reads the machine's clock."""
    return datetime.now(UTC)  # noqa: TID251


def openssl(*words: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *map(str, words)], check=False, capture_output=True, timeout=30)


def done(*words: str | Path) -> bytes:
    """What it wrote."""
    run = openssl(*words)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


@dataclass(frozen=True)
class Certified:
    """A certificate authority in a folder, and who it signed."""

    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def signer(self) -> Pair:
        return Pair(self.folder / "tsa.pem", self.folder / "tsa.key")

    def authority(self) -> TimestampAuthority:
        return TimestampAuthority(self.folder, self.signer)

    def verify(self, text: bytes, reply: bytes) -> subprocess.CompletedProcess[bytes]:
        """`openssl ts -verify`, on files as an auditor has them."""
        for name, content in (("text", text), ("reply", reply)):
            (self.folder / name).write_bytes(content)
        return openssl(
            *("ts", "-verify", "-data", self.folder / "text", "-in", self.folder / "reply"),
            "-CAfile",
            self.ca,
        )


def certified(folder: Path, purpose: str = STAMPS) -> Certified:
    """P-256 throughout (RFC 3161 §2.3: the purpose critical and alone)."""
    folder.mkdir(parents=True)
    made = Certified(folder)
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    exts = [word for line in _CA for word in ("-addext", line)]
    done(
        "req",
        "-x509",
        *curve,
        "-keyout",
        folder / "ca.key",
        "-subj",
        f"/CN=CA {folder.name}",
        *exts,
        "-out",
        made.ca,
    )
    done("req", *curve, "-keyout", made.signer.key, "-subj", "/CN=TSA", "-out", folder / "tsa.csr")
    (folder / "ext").write_text(f"{purpose}\nkeyUsage=critical,digitalSignature\n", "utf-8")
    done(
        *("x509", "-req", "-in", folder / "tsa.csr", "-CA", made.ca, "-CAkey", folder / "ca.key"),
        *("-CAcreateserial", "-extfile", folder / "ext", "-out", made.signer.cert),
    )
    return made


def wrapped(of: Certified, info: bytes) -> bytes:
    """A reply with this TSTInfo (DER), signed by whatever certificate `of` has: OpenSSL asks for no purpose here."""
    (of.folder / "info").write_bytes(info)
    token = done(
        *(
            "cms",
            "-sign",
            "-binary",
            "-nodetach",
            "-econtent_type",
            TOKEN,
            "-md",
            "sha256",
            "-outform",
            "DER",
        ),
        *("-in", of.folder / "info", "-signer", of.signer.cert, "-inkey", of.signer.key),
    )
    return sequence(GRANTED + token)


def sequence(content: bytes) -> bytes:
    """SEQUENCE of a length that needs two bytes (X.690 §8.1.3.5)."""
    return b"\x30\x82" + len(content).to_bytes(2, "big") + content


def about(asked: Question, text: bytes) -> bytes:
    """The query `asked`, with the imprint of another text."""
    return asked.query.replace(sha256(asked.text).digest(), sha256(text).digest())
