"""The text of every error code, Japanese and English, from the tables in `texts/*.toml`.

Each text says what happened, what it means, and what to do next; it never quotes a value.
"""

import tomllib
from functools import cache
from importlib import resources

from msgspec import Struct, convert

from daemon.contract.endpoint import Problem
from daemon.errors import JukuraError


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    """One message in both languages."""

    ja: str
    en: str


@cache
def texts() -> dict[str, Text]:
    """Every code with its text; a code that stands twice is an error of ours."""
    merged: dict[str, Text] = {}
    for file in sorted(
        resources.files("daemon.contract").joinpath("texts").iterdir(), key=lambda file: file.name
    ):
        table = convert(_flat(tomllib.loads(file.read_text("utf-8"))), dict[str, Text])
        if twice := merged.keys() & table.keys():
            raise ValueError(f"codes with two texts: {sorted(twice)}")
        merged |= table
    return merged


def _flat(table: dict[str, dict[str, object]]) -> dict[str, object]:
    return {f"{area}.{code}": text for area, codes in table.items() for code, text in codes.items()}


def text_of(code: str) -> Text:
    """The text of `code`; an unknown code gets the code itself, which a test forbids."""
    return texts().get(code, Text(code, code))


def problem(error: JukuraError) -> Problem:
    """`error` as it is told to a caller."""
    text = text_of(error.code)
    return Problem(code=error.code, field=error.field, ja=text.ja, en=text.en)
