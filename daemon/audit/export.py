"""The text of an export's files, piece by piece; their form is docs/audit/EXPORT.md. Pure.

Each function gives the bytes of one thing, with its newlines, so an export of any length needs constant memory.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC

import msgspec

from daemon.audit.canonical import JSON, canonical
from daemon.audit.entry import Sealed
from daemon.contract.note import key_id, split
from hsm.protocol import PairInfo

README = "README.txt"
KEYS = "keys.jsonl"
STATEMENTS = "statements.txt"
CHECKPOINTS = "checkpoints.txt"
START = "start.txt"
EARLIER = "earlier.jsonl"
HELD = "held.jsonl"
TIMESTAMPS = "timestamps.jsonl"
PER_FILE = 100_000  # entries

_README = """\
住蔵 監査ログの書出し

このフォルダは、住民基本台帳ネットワークの都道府県サーバが記録した監査ログの写しです。
個人に関する項目は約束値(コミットメント)だけで表し、開示が認められた項目に限り値を添えています。
  manifest.txt      この書出しの目録: 範囲と、各ファイルのSHA-256 (署名付き)
  entries-*.jsonl   記録 (1行1件、順に)
  checkpoints.txt   署名付きチェックポイント (古い順)
  keys.jsonl        署名検証用の公開鍵
  statements.txt    鍵サービスが署名した証明書 (鍵の保証・破棄、トークンの登録・更改など、番号順)
  start.txt, earlier.jsonl, held.jsonl   最初の記録より前のログとのつながりの証明、保全された記録 (ある場合)
  timestamps.jsonl  外部の時刻認証局の応答
  summary.html, summary-*.csv   読むための要約 (それ自体は証拠ではない)
検証: jukura-verify このフォルダ --key 公開鍵の指紋 --known 以前に控えたチェックポイントのファイル
公開鍵の指紋は、このフォルダからではなく、県から別の経路で受け取ったものを使ってください。
最初の鍵の指紋が一つあれば、後の鍵は証明書による保証をたどって確認します。
checkpoints.txt を控えておくと、次回の検証でログの差替えを見つけられます。

Jukura: export of the audit log

This folder is a copy of the audit log of a prefectural server of the Basic Resident Register Network.
Fields about persons appear as commitments only; a value is added where its disclosure was allowed.
  manifest.txt      what this export is: its span, and the SHA-256 of each file (signed)
  entries-*.jsonl   the entries, one a line, in order
  checkpoints.txt   signed checkpoints, oldest first
  keys.jsonl        public keys that check the signatures
  statements.txt    what the key service signed about keys and tokens (endorsed, destroyed, enrolled ...), by number
  start.txt, earlier.jsonl, held.jsonl   how the log before the first entry leads here; entries held back (where there are any)
  timestamps.jsonl  replies of a time-stamp authority outside
  summary.html, summary-*.csv   for reading (no evidence of their own)
To verify: jukura-verify THIS_FOLDER --key FINGERPRINT --known FILE_WITH_CHECKPOINTS_KEPT_EARLIER
Take the key's fingerprint from the prefecture by another way, not from this folder.
That of the first key is enough: the later ones are followed through the statements that vouch for them.
Keep checkpoints.txt: with it the next verification sees whether the log was replaced.
"""


def entries_file(number: int) -> str:
    """The name of a file of entries, counted from 1."""
    return f"entries-{number:04}.jsonl"


def readme() -> bytes:
    """What the folder is and how to verify it, for people; no evidence."""
    return _README.encode()


def key_line(pair: PairInfo, name: str) -> bytes:
    """One public key; `name` as in its signature lines (`note.origin_of`)."""
    made = pair.made.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    return _line(
        {
            "from": made,
            "key": pair.name,
            "kind": pair.kind.value,
            "name": name,
            "public": _base64(pair.public),
            "serial": pair.serial,
        }
    )


def note_lines(note: str) -> bytes:
    """One signed note, as the key service gave it, and the empty line after it."""
    return f"{note}\n".encode()


def peak_lines(peaks: Sequence[bytes]) -> bytes:
    """The hashes of complete subtrees, largest first."""
    return "".join(f"{_base64(peak)}\n" for peak in peaks).encode()


def earlier_line(size: int, proof: Sequence[bytes]) -> bytes:
    """The consistency proof from a tree of `size` leaves."""
    return _line({"proof": [_base64(node) for node in proof], "size": size})


def timestamp_line(size: int, reply: bytes) -> bytes:
    """An RFC 3161 reply (DER) over the checkpoint of `size`."""
    return _line({"reply": _base64(reply), "size": size})


def entry_line(leaf: bytes, fields: Mapping[str, Sealed] | None = None) -> bytes:
    """One entry with those `fields` that are opened to the auditor; the others stay commitments."""
    if not fields:
        # The same as below, for nearly every entry of a log: a text alone is canonical as it is encoded.
        return b'{"leaf":' + msgspec.json.encode(leaf.decode("utf-8")) + b"}\n"
    return _line(_body(leaf, fields))


def held_line(leaf: bytes, proof: Sequence[bytes], fields: Mapping[str, Sealed]) -> bytes:
    """An entry that outlived a purge, with its inclusion proof."""
    return _line(_body(leaf, fields) | {"proof": [_base64(node) for node in proof]})


def _body(leaf: bytes, fields: Mapping[str, Sealed]) -> dict[str, JSON]:
    shown: dict[str, JSON] = {name: [_base64(field.salt), field.value] for name, field in fields.items()}
    return {"leaf": leaf.decode("utf-8")} | ({"open": shown} if shown else {})


def signed_by(note: str, keys: bytes) -> bool:
    """Whether one of `keys` (lines of `key_line`) is named in a signature line of `note`."""
    publics = [b64decode(json.loads(line)["public"]) for line in keys.splitlines()]
    return any(key_id(name, public) == ident for name, ident, _ in split(note)[1] for public in publics)


def _line(body: JSON) -> bytes:
    return canonical(body) + b"\n"


def _base64(value: bytes) -> str:
    return b64encode(value).decode("ascii")
