"""Of an entry's leaf what the policy of exports and their summary ask for, read quickly: the form was checked when it was written. Pure."""

import msgspec

from daemon.errors import IntegrityError


class Head(msgspec.Struct, frozen=True):
    """As in `daemon.audit.entry.Header`; the time is the text that stands in the leaf."""

    seq: int
    time: str
    actor: str
    terminal: str
    action: str
    outcome: str
    code: str
    counts: dict[str, int]


_HEAD: msgspec.json.Decoder[Head] = msgspec.json.Decoder(Head)


def head_of(leaf: bytes) -> Head:
    """The head of `leaf`; `log.bad_entry` where it is none."""
    try:
        return _HEAD.decode(leaf)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise IntegrityError("log.bad_entry") from None
