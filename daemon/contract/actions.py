"""What each act of the log is called, Japanese and English (`actions.toml`): one name for it, on the console and in what an auditor is given."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from msgspec import Struct, convert


class Named(Struct, frozen=True, array_like=True):
    """One name in both languages."""

    ja: str
    en: str


@cache
def names() -> Mapping[str, Named]:
    """By action, in the order in which the log's own list has them."""
    text = resources.files("daemon.contract").joinpath("actions.toml").read_text("utf-8")
    return convert(tomllib.loads(text), dict[str, Named])


def called(action: str) -> Named:
    """The name of an action; the action itself where it is none that is known here."""
    return names().get(action, Named(action, action))
