"""Terms that come from standard input: what stands in an argument can be seen by everybody on the machine (proc(5))."""

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import BinaryIO

from daemon.errors import InputError

OUT_OF_SIGHT = "-"
"""Stands in an argument for "the next line of standard input"."""
LONGEST_LINE = 64 * 1024
"""Bytes; as much as the register takes in one request."""


def read_terms(given: Mapping[str, str], line: Callable[[str], str]) -> dict[str, str]:
    """`given` with each `-` replaced by what `line` gives for its name, in the order given."""
    return {name: line(name) if value == OUT_OF_SIGHT else value for name, value in given.items()}


def line_of(stream: BinaryIO, name: str) -> str:
    """The next line without spaces around it; InputError that names the term where there is none, or no text."""
    line = stream.readline(LONGEST_LINE)
    if not line:
        raise InputError("console.line_missing", field=name)
    try:
        return line.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise InputError("json.not_utf8", field=name) from None


def from_standard_input(name: str) -> str:
    """As `line_of`, with the term's name before it where somebody types."""
    if sys.stdin.isatty():
        sys.stderr.write(f"{name}: ")
        sys.stderr.flush()
    return line_of(sys.stdin.buffer, name)


def given_any(given: Mapping[str, str], names: Iterable[str]) -> bool:
    """Whether any of `names` asks something."""
    return any(given[name].strip() for name in names)
