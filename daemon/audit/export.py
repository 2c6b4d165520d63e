"""The files of an exported log, line by line: what `daemon.audit.verify` reads with nothing but the public keys.

- `entries.jsonl`: one entry a line from the first of the epoch, canonical JSON {"leaf": text, "open": fields};
  `leaf` is the canonical text that the tree hashes, `open` (absent where nothing is opened) gives
  {name: [salt in base64, value]} for each field that the auditor may see.
- `checkpoints.txt`: signed notes (C2SP tlog-checkpoint), oldest first, an empty line after each.
- `keys.jsonl`: one public key a line, canonical JSON {"from", "key", "kind", "name", "public", "serial"}: when it was
  made, which generation of `seal` it is, how it signs, the name in its signature lines, SubjectPublicKeyInfo in
  base64, the token that it lies or lay in.
- `statements.txt`: what the key service signed beside the log (daemon.contract.statement), signed notes in the order
  of their numbers, an empty line after each; among them the endorsements by which one key vouches for the next.
- `README.txt`: for people, in Japanese and English; no evidence.

Every function is pure and gives the lines of one thing, so an export of any length needs constant memory. Each
line ends with one U+000A when it is written.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC

from daemon.audit.canonical import JSON, canonical
from daemon.audit.entry import Sealed
from daemon.contract.console import ExportLine
from hsm.protocol import PairInfo

ENTRIES = "entries.jsonl"
CHECKPOINTS = "checkpoints.txt"
STATEMENTS = "statements.txt"
KEYS = "keys.jsonl"
README = "README.txt"
FILES = (README, KEYS, STATEMENTS, CHECKPOINTS, ENTRIES)

_README = (
    "住蔵 監査ログの書出し",
    "",
    "このフォルダは、住民基本台帳ネットワークの都道府県サーバが記録した監査ログの写しです。",
    "個人に関する項目は約束値(コミットメント)だけで表し、開示が認められた項目に限り値を添えています。",
    "  entries.jsonl    記録 (1行1件、先頭から順に)",
    "  checkpoints.txt  署名付きチェックポイント (古い順)",
    "  keys.jsonl       署名検証用の公開鍵",
    "  statements.txt   鍵サービスが署名した証明書 (鍵の保証・破棄、トークンの登録・更改など、番号順)",
    "検証: jukura-verify このフォルダ --key 公開鍵の指紋 --known 以前に控えたチェックポイントのファイル",
    "公開鍵の指紋は、このフォルダからではなく、県から別の経路で受け取ったものを使ってください。",
    "最初の鍵の指紋が一つあれば、後の鍵は証明書による保証をたどって確認します。",
    "checkpoints.txt を控えておくと、次回の検証でログの差替えを見つけられます。",
    "",
    "Jukura: export of the audit log",
    "",
    "This folder is a copy of the audit log of a prefectural server of the Basic Resident Register Network.",
    "Fields about persons appear as commitments only; a value is added where its disclosure was allowed.",
    "  entries.jsonl    the entries, one a line, from the first",
    "  checkpoints.txt  signed checkpoints, oldest first",
    "  keys.jsonl       public keys that check the signatures",
    "  statements.txt   what the key service signed about keys and tokens (endorsed, destroyed, enrolled ...), by number",
    "To verify: jukura-verify THIS_FOLDER --key FINGERPRINT --known FILE_WITH_CHECKPOINTS_KEPT_EARLIER",
    "Take the key's fingerprint from the prefecture by another way, not from this folder.",
    "That of the first key is enough: the later ones are followed through the statements that vouch for them.",
    "Keep checkpoints.txt: with it the next verification sees whether the log was replaced.",
    "",
    "By hand / 手作業での検証:",
    '  leaf hash   = SHA-256(0x00 || text of "leaf")      node hash = SHA-256(0x01 || left || right)   (RFC 9162)',
    "  commitment  = SHA-256(0x02 || name || 0x00 || salt || canonical JSON of the value)               (RFC 8785)",
    "  signature   = over the lines above the empty line, each with its newline: ECDSA P-256 with SHA-256, or",
    "                RSASSA-PSS 3072 with SHA-256, MGF1-SHA-256, salt 32; the base64 of a signature line holds 4 bytes",
    "                of key id, then the signature (ECDSA: in DER).",
)


def readme_lines() -> Iterator[ExportLine]:
    """What the folder is and how to verify it."""
    return (ExportLine(file=README, line=line) for line in _README)


def key_line(pair: PairInfo, name: str) -> ExportLine:
    """One public key; `name` as in its signature lines (`note.origin_of`)."""
    made = pair.made.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    body: dict[str, JSON] = {
        "from": made,
        "key": pair.name,
        "kind": pair.kind.value,
        "name": name,
        "public": _base64(pair.public),
        "serial": pair.serial,
    }
    return _line(KEYS, body)


def statement_lines(note: str) -> Iterator[ExportLine]:
    """One statement, as the key service signed it, and the empty line after it."""
    return (ExportLine(file=STATEMENTS, line=line) for line in note.split("\n"))


def checkpoint_lines(note: str) -> Iterator[ExportLine]:
    """One signed note, as the key service gave it, and the empty line after it."""
    return (ExportLine(file=CHECKPOINTS, line=line) for line in note.split("\n"))


def entry_line(leaf: bytes, fields: Mapping[str, Sealed] | None = None) -> ExportLine:
    """One entry with those `fields` that are opened to the auditor; the others stay commitments."""
    body: dict[str, JSON] = {"leaf": leaf.decode("utf-8")}
    if fields:
        body["open"] = {name: [_base64(field.salt), field.value] for name, field in fields.items()}
    return _line(ENTRIES, body)


def _line(file: str, body: JSON) -> ExportLine:
    return ExportLine(file=file, line=canonical(body).decode("utf-8"))


def _base64(value: bytes) -> str:
    return b64encode(value).decode("ascii")
