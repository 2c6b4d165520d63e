"""Kana: what is stored, what is compared (清音化), what is searched.

Three forms, each made from the one before:

* `hiragana`: what items 4 and 27 hold. Katakana and half-width kana become hiragana; nothing else changes.
* `seion`: item 13 (標準仕様書 j330): 清濁, 拗促音, spaces, ・ and 長音 are of no account. ヂ is ジ and ヅ is ズ first, so the
  marks cannot simply be stripped.
* `search_key`: also オ段 + ウ = オ段 + オ = オ段, and ウ段 + ウ = ウ段. Not an item; the index holds it.

`search_key` is a function of `seion` alone, so equal items 13 have equal keys. It reads left to right and only ever
appends, so the key of a beginning is a beginning of the key. One cut breaks that: ゔぁ and ゔぃ fold as a pair (は, ひ),
and a query that ends in ゔ has folded to ふ before it knows what follows. `prefix_keys` gives the keys for all that
may follow; a search that tries each of them loses nobody. は and わ are different keys.
"""

import re
import unicodedata
from functools import lru_cache

from daemon.errors import InputError

KEPT = 4096
"""Readings whose item 13 is at hand: it is asked for three times until a notice is applied, and a thousand may come between."""
MAX_QUERY = 100
"""Sounds of a kana query; no stored kana is longer."""

# ヷ to ヺ have no hiragana of their own; they are what ヴァ to ヴォ are, and half-width ﾜﾞ becomes the first of them.
_VOICED_WA = {ord("ヷ"): "ゔぁ", ord("ヸ"): "ゔぃ", ord("ヹ"): "ゔぇ", ord("ヺ"): "ゔぉ"}
_KATAKANA: dict[int, int | str] = {
    **{code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)},
    **_VOICED_WA,
    ord(" "): "　",
}
_STORED = re.compile(r"[ぁ-ゖー・　]*")
_DASHES = "ー‐‑‒–—―−─━-"  # the ASCII one last: it stands in a character class below
_ASKED = re.compile(rf"[ぁ-ゖ・　{_DASHES}]*")

# The pairs go before what is left of ゔ.
_PAIRS = (("ゔぁ", "は"), ("ゔぃ", "ひ"))
_SAME_SOUND = {"ぢ": "じ", "づ": "ず", "ゔ": "ぶ", "ゐ": "い", "ゑ": "え", "を": "お"}
_SMALL = dict(zip("ぁぃぅぇぉっゃゅょゎゕゖ", "あいうえおつやゆよわかけ", strict=True))
_MARKS = "\u3099\u309a"


def _plain(sound: str) -> str:
    """A hiragana without its mark, large."""
    sound = _SAME_SOUND.get(sound, sound)
    return _SMALL.get(sound) or unicodedata.normalize("NFD", sound)[0]


_FOLD: dict[int, str | None] = {
    **{code: _plain(chr(code)) for code in range(ord("ぁ"), ord("ゖ") + 1)},
    **dict.fromkeys(map(ord, _MARKS + _DASHES + "・　")),
}
_LONG = re.compile("(?<=[おこそとのほもよろ])[うお]+|(?<=[うくすつぬふむゆる])う+")
"""What only makes the sound before it long."""


def hiragana(text: str) -> str:
    """`text` with katakana and half-width kana as hiragana, and spaces full-width."""
    # What is stored already is the usual case.
    return text if is_kana(text) else unicodedata.normalize("NFKC", text).translate(_KATAKANA)


def is_kana(text: str) -> bool:
    """Whether `text` may stand in a kana item: hiragana, ー, ・ and full-width spaces only."""
    return _STORED.fullmatch(text) is not None


@lru_cache(KEPT)
def seion(kana: str) -> str:
    """Item 13 from item 4 (清音化)."""
    text = hiragana(kana)
    for written, sounded in _PAIRS:
        text = text.replace(written, sounded)
    return text.translate(_FOLD)


def search_key(kana: str) -> str:
    """The key under which `kana` (or its item 13) is found as a whole; the index holds it for every row."""
    return _LONG.sub("", seion(kana))


def prefix_keys(kana: str) -> tuple[str, ...]:
    """The keys to look for so as to find whatever begins with `kana`; one, but three where it ends in ゔ."""
    text = hiragana(kana)
    endings = ("", "ぁ", "ぃ") if text.endswith("ゔ") else ("",)
    return tuple(search_key(text + ending) for ending in endings)


def parse_query(text: str) -> str:
    """A kana query from a form as hiragana; InputError if it holds anything but kana, or no sound at all."""
    # Half-width, a sound may be two characters.
    kana = hiragana(text).strip("　") if len(text) <= 2 * MAX_QUERY else ""
    if len(kana) > MAX_QUERY or not _ASKED.fullmatch(kana) or not seion(kana):
        raise InputError("search.bad_kana", field="kana")
    return kana
