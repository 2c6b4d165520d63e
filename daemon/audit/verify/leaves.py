"""The text of one entry, which the tree hashes: its one form, as one regular expression.

It is canonical JSON (RFC 8785): names in order, no spaces. All of it is ASCII, and no text in it needs an escape.
"""

import re
from datetime import datetime
from typing import NamedTuple

_ACTION = r"[a-z_]{1,32}\.[a-z_]{1,32}"
_IDENTIFIER = r'(?![^"]*[0-9]{11})[A-Za-z0-9._:/@-]{0,64}'
_CODE = r'(?![^"]*[0-9]{4})[a-z0-9_.]{0,64}'
_NAME = r'(?![^"]*[0-9]{4})[a-z][a-z0-9_]{0,31}'
_COUNT = r"(?:0|[1-9][0-9]{0,9})"
_NUMBER = r"(?:0|[1-9][0-9]{0,15})"
_DIGEST = '"[0-9a-f]{64}"'
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"


def _table(value: str) -> str:
    pair = f'"{_NAME}":{value}'
    return rf"\{{(?:{pair}(?:,{pair})*)?\}}"


_FORM = re.compile(
    rf'\{{"action":"(?P<action>{_ACTION})","actor":"{_IDENTIFIER}","affair":"{_IDENTIFIER}","code":"{_CODE}",'
    rf'"commitments":(?P<commitments>{_table(_DIGEST)}),"counts":(?P<counts>{_table(_COUNT)}),'
    rf'"epoch":(?P<epoch>{_NUMBER}),"format":1,"outcome":"(?:ok|refused|failed)","seq":(?P<seq>{_NUMBER}),'
    rf'"terminal":"{_IDENTIFIER}","time":"(?P<time>{_TIME})"\}}'
)
_PAIR = re.compile(r'"([a-z0-9_]+)":"?([0-9a-f]+)')


class Leaf(NamedTuple):
    """What the verifier looks at."""

    text: str
    action: str
    epoch: int
    seq: int
    time: str
    commitments: dict[str, str]
    counts: dict[str, int]


def leaf_of(text: object) -> Leaf | None:
    """The entry that `text` is, or None."""
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if not found or not isinstance(text, str):
        return None
    action, commitments, counts, epoch, seq, time = found.groups()
    digests, figures = _PAIR.findall(commitments), _PAIR.findall(counts)
    if not (_in_order(digests) and _in_order(figures) and _exists(time)):
        return None
    return Leaf(
        text, action, int(epoch), int(seq), time, dict(digests), {name: int(n) for name, n in figures}
    )


def _in_order(table: list[tuple[str, str]]) -> bool:
    """Whether names stand in order, none twice."""
    names = [name for name, _ in table]
    return names == sorted(set(names))


def _exists(time: str) -> bool:
    try:
        return datetime.fromisoformat(time) is not None
    except ValueError:
        return False
