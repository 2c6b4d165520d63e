"""The words of the summary, Japanese and English (`words.toml`)."""

import tomllib
from functools import cache
from importlib import resources

from msgspec import Struct, convert


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """By name."""

    text: dict[str, tuple[str, str]]
    """(Japanese, English)."""
    view: dict[str, tuple[str, str]]
    section: dict[str, tuple[str, str]]
    column: dict[str, tuple[str, str]]


@cache
def words() -> Words:
    """All of them."""
    text = resources.files("daemon.audit.summary").joinpath("words.toml").read_text("utf-8")
    return convert(tomllib.loads(text), Words)


def word(group: str, name: str) -> str:
    """The Japanese word for `name`; `name` itself where it has none (an hour)."""
    return str(getattr(words(), group).get(name, (name, name))[0])


def english(group: str, name: str) -> str:
    """The English one."""
    return str(getattr(words(), group).get(name, (name, name))[1])
