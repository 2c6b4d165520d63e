"""What is of no account when names and addresses are compared: variants of a kanji, width, case, kind of kana, signs.

`folded` is for search alone; nothing that it makes is ever shown or stored as an item. Character by character:

* a variation selector goes first, then a kanji gives way to the one that stands for its family (`data/families.txt`,
  from the MJ縮退マップ), so that 髙﨑, 高崎 and 髙崎 are one, and 渡邉, 渡邊 and 渡辺;
* whatever has a plain form takes it (NFKC, with marks apart from their letters: ﾊﾞ is は and a mark, É is e);
  Latin letters are small, katakana is hiragana, small kana is large;
* spaces, dashes and all that looks like one (with 長音), dots, quotes and brackets are dropped;
* 々 and 〓 (a 外字) stay, and so does any character that no rule names.

Each character folds by itself, so the key of a beginning is a beginning of the key, and folding twice is folding once.
What does not meet: 々 and the kanji it repeats, a 外字 and what it stands for, one kanji and two.
"""

import unicodedata
from importlib import resources

_DROPPED = "ー〜~−─━=+|^`´¨゛゜"
"""Beside spaces and punctuation: 長音, and signs that stand for a dash or a quote, the minus (U+2212) and lines among them."""
_SOUND_MARKS = "\u3099\u309a"
_SMALL = dict(zip("ぁぃぅぇぉっゃゅょゎゕゖ", "あいうえおつやゆよわかけ", strict=True))
_KATAKANA = range(ord("ァ"), ord("ヶ") + 1)
_TO_HIRAGANA = ord("ァ") - ord("ぁ")
_ITERATION = {"ヽ": "ゝ"}
_SELECTORS = frozenset([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
_SIGNS = ("P", "Z", "Cc", "Cf", "Cs", "Co")
"""Categories, or how they begin. What Python does not know yet (Cn) stays: kanji come with each version of Unicode."""


def _families() -> dict[str, str]:
    text = resources.files("daemon.register").joinpath("data", "families.txt").read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {other: line[0] for line in lines for other in line[1:]}


_FAMILIES = _families()


class Folds(dict[int, str]):
    """A table for `str.translate` that works out what a character folds to when it first meets it."""

    def __init__(self, sign: str) -> None:
        """`sign` is what spaces, dashes and other signs fold to."""
        super().__init__()
        self._sign = sign

    def __missing__(self, code: int) -> str:
        self[code] = result = "" if code in _SELECTORS else "".join(map(self._one, _plain(chr(code))))
        return result

    def _one(self, character: str) -> str:
        if character in _SOUND_MARKS:
            return character
        if unicodedata.combining(character):
            return ""
        if character in _DROPPED or unicodedata.category(character).startswith(_SIGNS):
            return self._sign
        character = _ITERATION.get(character, character)
        if ord(character) in _KATAKANA:
            character = chr(ord(character) - _TO_HIRAGANA)
        return _FAMILIES.get(character) or _SMALL.get(character, character)


def _plain(character: str) -> str:
    return unicodedata.normalize("NFD", unicodedata.normalize("NFKC", character).casefold())


_NAMES = Folds("")


def folded(text: str) -> str:
    """The search key of a name as it is written."""
    return text.translate(_NAMES)
