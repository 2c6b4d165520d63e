"""Which manifest may be signed: one of a known kind, each line in its form, over no more of the log than was signed. Pure.

The text is built here from typed fields; the time is ours.
"""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from daemon.contract.manifest import FILE_NAME, ID, NAME, ManifestKind, manifest_text
from daemon.contract.note import MAX_NOTE
from daemon.errors import ConflictError, InputError, TooMuchError
from hsm.checkpoints import Last
from hsm.protocol import SignManifest

MAX_TEXT = MAX_NOTE - 4 * 1024
"""Bytes; the rest is room for signatures. About 1,200 files."""
MAX_SIZE = 1 << 53  # bytes of one file

_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_SECOND = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)

FIELDS: Mapping[ManifestKind, Mapping[str, re.Pattern[str]]] = {
    ManifestKind.EXPORT: {
        "epoch": _NUMBER, "from": _SECOND, "until": _SECOND, "first": _NUMBER, "end": _NUMBER,
    },
}  # fmt: skip
"""The fields of each kind, in order, and their forms."""


def judge(register: str, request: SignManifest, last: Last | None, now: datetime) -> bytes:
    """The text to sign at `now`, or the reason not to; `last` is the last checkpoint signed."""
    _require_form(request)
    _require_signed(dict(request.fields), last)
    text = manifest_text(register, request.kind, request.id, now, lines=request.fields, files=request.files)
    if len(text) > MAX_TEXT:
        raise TooMuchError("hsm.manifest_too_large")
    return text


def _require_form(request: SignManifest) -> None:
    forms = FIELDS[request.kind]
    names = Counter(file.name for file in request.files)
    sound = {
        "id": ID.fullmatch(request.id),
        "fields": [name for name, _ in request.fields] == list(forms)
        and all(forms[name].fullmatch(value) for name, value in request.fields),
        "files": request.files
        and all(FILE_NAME.fullmatch(name) and name != NAME and times == 1 for name, times in names.items())
        and all(0 <= file.size <= MAX_SIZE for file in request.files),
    }
    for field, holds in sound.items():
        if not holds:
            raise InputError("hsm.manifest_malformed", field=field)


def _require_signed(fields: Mapping[str, str], last: Last | None) -> None:
    """An export may not claim more of the log than a checkpoint that we signed."""
    epoch, size = (last.epoch, last.size) if last else (0, 0)
    if int(fields["epoch"]) != epoch or not int(fields["first"]) <= int(fields["end"]) <= size:
        raise ConflictError("hsm.manifest_beyond_log")
