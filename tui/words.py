"""The words of the screens and commands, Japanese or English, from `locale/{ja,en}.toml` and `locale/*.{ja,en}.toml`.

Texts of error codes are not here: an answer of the register brings its own, and ours are in
`daemon.contract.messages`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from importlib import resources
from itertools import pairwise

import msgspec

from daemon.contract.messages import text_of
from daemon.errors import JukuraError
from tui.errors import RemoteError


class Lang(StrEnum):
    """The languages there are."""

    JA = "ja"
    EN = "en"


def choose(environ: Mapping[str, str]) -> Lang:
    """The language of the locale variables (locale(7)); Japanese unless they say English."""
    set_one = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return Lang.EN if set_one.split(".")[0].split("_")[0] == "en" else Lang.JA


def language(arguments: Sequence[str], environ: Mapping[str, str]) -> Lang:
    """The language of help and messages: `--lang` wherever it stands, else the locale's."""
    given = [after for before, after in pairwise([*arguments, ""]) if before == "--lang"]
    given += [argument.removeprefix("--lang=") for argument in arguments if argument.startswith("--lang=")]
    return next((Lang(value) for value in given if value in set(Lang)), choose(environ))


def tables(lang: Lang) -> dict[str, dict[str, str]]:
    """Every group of words in `lang`; groups that stand in several files are one."""
    merged: dict[str, dict[str, str]] = {}
    files = resources.files("tui").joinpath("locale").iterdir()
    for file in sorted((file for file in files if _is_of(file.name, lang)), key=lambda file: file.name):
        groups = msgspec.convert(tomllib.loads(file.read_text("utf-8")), dict[str, dict[str, str]])
        for group, words in groups.items():
            known = merged.setdefault(group, {})
            if twice := known.keys() & words.keys():
                raise ValueError(f"words said twice: {group}: {sorted(twice)}")
            known |= words
    return merged


def _is_of(name: str, lang: Lang) -> bool:
    return name == f"{lang}.toml" or name.endswith(f".{lang}.toml")


class Words:
    """Words in one language, by `group.name`."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang
        self._tables = tables(lang)

    def __call__(self, key: str, /, **values: object) -> str:
        """The words of `key` with `values` put in; KeyError if there are none, which a test forbids."""
        group, _, name = key.partition(".")
        return self._tables[group][name].format(**values)

    def of(self, group: str, code: str) -> str:
        """The word for a value of the register, such as a 異動事由; the value itself where none is known."""
        return self._tables[group].get(code, code)

    def codes(self, group: str) -> list[str]:
        """The values of a group that have a word, in the order of the locale's file."""
        return list(self._tables[group])

    def item(self, name: str, register: str) -> str:
        """The word for an item of a search; some mean something else in one register (`municipality_fuhyo`)."""
        words = self._tables["search"]
        return words.get(f"{name}_{register}", words.get(name, name))

    def error(self, error: JukuraError) -> str:
        """What happened, what it means and what to do next."""
        text = error.problem if isinstance(error, RemoteError) else text_of(error.code)
        return text.en if self.lang is Lang.EN else text.ja
