"""What a search may ask, as tables that screen and command line share; and in words, what was asked. Pure."""

from daemon.contract.console import Scope, Search
from tui.words import Words

REQUIRED = ("purpose", "application")
TERMS = ("kana", "name", "birth", "address")
"""At least one of these makes a search."""
SEXES = ("1", "2", "0", "9")
SCOPES = {
    "honnin": ((Scope.CURRENT, "current"), (Scope.STRUCK, "struck")),
    "fuhyo": ((Scope.CURRENT, "abroad"),),
}
"""Whom a search may look among. In `fuhyo` only 国外転出者 (住基法30条の44の6)."""


def scopes(register: str, say: Words) -> dict[Scope, str]:
    """Whom a search in `register` may look among, each with its word."""
    return {scope: say(f"search.{word}") for scope, word in SCOPES.get(register, SCOPES["honnin"])}


def nobody(asked: Search, register: str, say: Words) -> str:
    """That nobody fits: among whom, and as of when."""
    when = say("search.day", day=asked.as_of) if asked.as_of else say("search.today")
    # Whoever the register searched among is named, even where this register has no word for it.
    among = scopes(register, say).get(asked.scope, asked.scope.value)
    return say("search.nobody_means", when=when, scope=among)


def nobody_under(register: str, say: Words) -> str:
    """That nobody is shown for a key; in `fuhyo` somebody in Japan may well have it."""
    return say("search.nobody_key_abroad") if register == "fuhyo" else say("search.nobody_key")
