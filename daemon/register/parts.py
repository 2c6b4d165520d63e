"""The names that stand in one: the parts of items 2 and 4, and what they are with a 旧氏. Pure.

A name of a foreigner holds Latin letters, kanji, or both, and a 通称 in parentheses:
`ZHANG YULIN　張　玉蓮（住民　花子）`. Its reading (item 4) has no parentheses: as many of its last words as the 通称 has are
taken for the reading of the 通称, and those before them for that of the name.

A 旧氏 takes the place of the surname: what stands before the first full-width space.
"""

import regex

SPACE = "　"
_ALIAS = regex.compile(r"\s*[（(]([^（()）]*)[)）]?\s*")
_LATIN = regex.compile(rf"[\p{{Latin}}][\p{{Latin}} {SPACE}.,'’·・-]*")
_COMPOUND = regex.compile(r"[\p{Latin}（(]")


def is_plain(name: str) -> bool:
    """Whether `name` can only be a surname and a given name: no Latin letters, no parentheses."""
    return _COMPOUND.search(name) is None


def written(name: str) -> list[str]:
    """The names that stand in `name` beside itself: without the 通称, in Latin letters, in kanji, the 通称."""
    if is_plain(name):
        return []
    aliases = _ALIAS.findall(name)
    main = _ALIAS.sub(SPACE, name).strip(SPACE)
    latin = _LATIN.match(main)
    scripts = [main[: latin.end()], main[latin.end() :]] if latin else []
    return [part for part in (main, *scripts, *aliases) if part.strip(" " + SPACE)]


def read(kana: str, name: str) -> list[str]:
    """The readings of the name and of the 通称 in it; one of them is empty where there are no words for it."""
    if is_plain(name) or not (aliases := _ALIAS.findall(name)):
        return []
    words, tail = kana.split(SPACE), len(aliases[-1].split(SPACE))
    return [SPACE.join(words[:-tail]), SPACE.join(words[-tail:])]


def with_former(former: str, name: str) -> str:
    """The name with the 旧氏 in the place of the surname; the 旧氏 alone where no surname is set apart."""
    return former + SPACE + name.partition(SPACE)[2]
