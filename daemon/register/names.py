"""Text of names and addresses: which characters, how many, how spaced. Nothing here changes a text.

A character is a grapheme (UAX #29): a kanji and its variation selector (IVS) are one. Allowed are kanji, kana, Latin,
Greek and Cyrillic letters (JIS X 0208 has them all) with figures, marks and signs of the Basic Multilingual Plane.
Refused are control and format characters (bidi controls, zero width, tags), lone surrogates, unassigned and private
characters (a 外字 is written 〓 and sent as an image), U+FFFD (a broken decoding left it), loose combining marks, and
other scripts: above all Hangul, which is what 住基ネット統一文字 codes (J+AA00 to J+D7FF) turn into when read as UCS-2.

A full-width space parts 氏 and 名; an ASCII space stands between ASCII characters only (Latin names).
"""

import re

import regex

from daemon.errors import InputError

GETA = "〓"
"""U+3013, one for each 外字."""

# Every character is a kanji with or without selector, a kana with or without a mark, a letter, or a sign.
_SELECTOR = r"[\uFE00-\uFE0F\U000E0100-\U000E01EF]"
_SIGN = (
    r"[[\p{Script=Common}&&[\u0021-\uFFEF]&&[\p{L}\p{N}\p{P}\p{S}]]"
    r"--[\u0590-\u1FFF\u2FF0-\u2FFF]]"  # signs of other scripts, descriptions of kanji
)
_TEXT = regex.compile(
    rf"(?:\p{{Script=Han}}{_SELECTOR}?|[\p{{Script=Hiragana}}\p{{Script=Katakana}}][\u3099\u309A]?"
    rf"|[\p{{Script=Latin}}\p{{Script=Greek}}\p{{Script=Cyrillic}}]|[ \u3000]|{_SIGN})*+",
    regex.VERSION1,
)
_STRAY_SPACE = regex.compile(r"^[ \u3000]|[ \u3000]$|[ \u3000]{2}|(?<![!-~]) | (?![!-~])")
_USUAL = re.compile(
    "[一-鿿ぁ-んァ-ヶー々〓０-９－0-9A-Za-z-]+(?:　[一-鿿ぁ-んァ-ヶー々〓０-９－0-9A-Za-z-]+)*"
)
"""What nearly every text is; whatever is right by this is right by the others, and known to be in a third of the time."""
_GRAPHEME = regex.compile(r"\X")
_MARKED = regex.compile(r"[\p{M}\p{C}\p{Hangul}\p{Grapheme_Extend}]")
"""What may be one character with another code point beside it."""


def is_marked(text: str) -> bool:
    """Whether a character of `text` may have more than one code point: a selector, a mark."""
    return _MARKED.search(text) is not None


def characters(text: str) -> list[str]:
    """The characters that a reader sees in a text of ours, each with its selector or mark."""
    return _GRAPHEME.findall(text) if is_marked(text) else list(text)


def graphemes(text: str) -> int:
    """How many characters a reader counts in `text`."""
    return len(characters(text))


def gaiji(text: str) -> int:
    """How many 外字 `text` holds."""
    return text.count(GETA)


def is_text(text: str) -> bool:
    """Whether `text` holds nothing but characters that a register may hold."""
    return _TEXT.fullmatch(text) is not None


def check_text(text: str, field: str, limit: int) -> str:
    """`text`, or an InputError that names `field`; `limit` in graphemes. An empty text passes."""
    if not text or (len(text) <= limit and _USUAL.fullmatch(text)):
        return text
    # A grapheme is at most two code points here, so a longer text need not be looked at.
    if len(text) > 2 * limit or (len(text) > limit and graphemes(text) > limit):
        raise InputError("record.too_long", field=field)
    if not is_text(text):
        raise InputError("record.bad_character", field=field)
    if _STRAY_SPACE.search(text):
        raise InputError("record.stray_space", field=field)
    return text
