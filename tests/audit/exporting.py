"""Exports of a whole register under test: ordered, made, fetched as a console does, and gone through by hand."""

import asyncio
import json
from base64 import b64decode
from contextlib import aclosing
from hashlib import sha256
from pathlib import Path
from typing import Any

from daemon.commands.caller import Caller, Role
from daemon.commands.exports.delivering import Delivery
from daemon.contract import exports as contract
from daemon.contract.endpoint import Empty
from daemon.contract.exports import (
    DecideExport,
    ExportPhase,
    ExportState,
    FetchFile,
    OrderExport,
)
from daemon.contract.manifest import NAME
from daemon.contract.merkle import root_of
from daemon.contract.note import Checkpoint, split
from tests.conftest import Bench

AUDITOR = Caller("kansa01", "監査　太郎", "監査", frozenset({Role.AUDITOR}), {}, "T01")
CHIEF = Caller("chief01", "統括　花子", "市町課", frozenset({Role.CHIEF}), {}, "T01")


async def ordered(bench: Bench, asked: OrderExport | None = None, caller: Caller = AUDITOR) -> ExportState:
    """What the register says of a new order."""
    asked = asked or OrderExport(basis="定期監査")
    state: ExportState = await bench.open.exports.handlers[contract.ORDER_EXPORT](caller, asked)
    return state


async def decided(bench: Bench, export: str, *, approve: bool = True, caller: Caller = CHIEF) -> ExportState:
    """The same of a decision."""
    asked = DecideExport(export=export, approve=approve, reason="監査のため")
    state: ExportState = await bench.open.exports.handlers[contract.DECIDE_EXPORT](caller, asked)
    return state


async def state_of(bench: Bench, export: str) -> ExportState:
    """How it stands now."""
    shown = await bench.open.exports.handlers[contract.EXPORTS](AUDITOR, Empty())
    found: ExportState = next(each for each in shown.exports if each.export == export)
    return found


async def made(bench: Bench, export: str) -> ExportState:
    """The export once nothing is to be done for it any more."""
    async with asyncio.timeout(60):
        while (state := await state_of(bench, export)).phase is ExportPhase.MAKING:
            await asyncio.sleep(0.01)
    return state


async def fetched(bench: Bench, export: str, file: str, caller: Caller = AUDITOR) -> bytes:
    """One file, whole."""
    asked = FetchFile(export=export, file=file)
    delivery: Delivery = await bench.open.exports.deliveries[contract.FETCH_FILE](caller, asked)
    async with aclosing(delivery.chunks):
        content = b"".join([chunk async for chunk in delivery.chunks])
    assert len(content) == delivery.size
    return content


async def taken(bench: Bench, folder: Path, asked: OrderExport | None = None) -> Path:
    """A whole export in `folder`: ordered, approved where that is needed, made and fetched."""
    state = await ordered(bench, asked)
    if state.phase is ExportPhase.WAITING:
        state = await decided(bench, state.export)
    state = await made(bench, state.export)
    assert state.phase is ExportPhase.READY, state.code
    return await written(bench, state.export, folder)


async def written(bench: Bench, export: str, folder: Path) -> Path:
    """Every file of one that is ready."""
    folder.mkdir()
    manifest = await fetched(bench, export, NAME)
    (folder / NAME).write_bytes(manifest)
    for name in files_of(manifest):
        (folder / name).write_bytes(await fetched(bench, export, name))
    return folder


def files_of(manifest: bytes) -> dict[str, tuple[str, int]]:
    """Name to digest and size, as a manifest says."""
    lines = [line.split(" ") for line in manifest.decode().split("\n\n")[0].split("\n")]
    return {line[3]: (line[1], int(line[2])) for line in lines if line[0] == "file"}


def fields_of(manifest: bytes) -> dict[str, str]:
    """The fields that a manifest says."""
    return dict(line.split(" ", 1) for line in manifest.decode().split("\n")[4:9])


def entries_of(folder: Path) -> list[dict[str, Any]]:
    """The lines of every file of entries."""
    files = sorted(folder.glob("entries-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def check_by_hand(folder: Path) -> None:
    """Digests, roots at every checkpoint, commitments of what is open: computed anew, with none of the exporter's code."""
    manifest = (folder / NAME).read_bytes()
    listed = files_of(manifest)
    assert {path.name for path in folder.iterdir()} == {NAME, *listed}
    for name, (digest, size) in listed.items():
        content = (folder / name).read_bytes()
        assert (sha256(content).hexdigest(), len(content)) == (digest, size), name
    told = fields_of(manifest)
    first, end = int(told["first"]), int(told["end"])
    lines = entries_of(folder)
    assert [json.loads(line["leaf"])["seq"] for line in lines] == list(range(first, end))
    hashes = [sha256(b"\x00" + line["leaf"].encode()).digest() for line in lines]
    start = [b64decode(line) for line in _lines(folder / "start.txt")]
    assert len(start) == first.bit_count()
    for checkpoint in checkpoints_of(folder):
        assert first <= checkpoint.size <= end
        assert _root(start, first, hashes[: checkpoint.size - first]) == checkpoint.root
    for line in lines:
        commitments = json.loads(line["leaf"])["commitments"]
        for name, (salt, value) in line.get("open", {}).items():
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
            assert commitments[name] == sha256(
                b"\x02" + name.encode() + b"\x00" + b64decode(salt) + text.encode()
            ).hexdigest()  # fmt: skip


def checkpoints_of(folder: Path) -> list[Checkpoint]:
    """Those of the export, their signatures unchecked."""
    found, note = [], list[str]()
    for line in _lines(folder / "checkpoints.txt"):
        if line or not any(each.startswith("— ") for each in note):
            note.append(line)
        else:
            found.append(Checkpoint.parse(split("".join(f"{each}\n" for each in note))[0]))
            note = []
    return found


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8").split("\n")[:-1] if file.exists() else []


def _root(start: list[bytes], first: int, hashes: list[bytes]) -> bytes:
    """The root over complete subtrees of `first` leaves and the leaves after them (RFC 9162 §2.1.1), by definition."""
    if not first:
        return root_of(hashes)
    return _over(dict(_placed(start, first)), first, hashes, 0, first + len(hashes))


def _placed(start: list[bytes], first: int) -> list[tuple[tuple[int, int], bytes]]:
    placed, at = [], 0
    for peak, power in zip(start, [bit for bit in range(63, -1, -1) if first >> bit & 1], strict=True):
        placed.append(((at, at + (1 << power)), peak))
        at += 1 << power
    return placed


def _over(known: dict[tuple[int, int], bytes], first: int, hashes: list[bytes], low: int, high: int) -> bytes:
    if (low, high) in known:
        return known[low, high]
    if high - low == 1:
        return hashes[low - first]
    middle = low + (1 << ((high - low - 1).bit_length() - 1))
    left, right = _over(known, first, hashes, low, middle), _over(known, first, hashes, middle, high)
    return sha256(b"\x01" + left + right).digest()
