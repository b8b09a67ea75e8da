"""Text from outside, made harmless and short.

Foreign text (symbol names, notes, error bodies) passes `clean` before it is stored or shown.
"""

import unicodedata

MAX_MARKS = 2
"""Combining marks kept on one character; real scripts need no more, towers of them do."""

_REMOVED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_MARKS = frozenset({"Mn", "Mc", "Me"})
_INVISIBLE = frozenset(
    map(
        chr,
        (
            0x034F,
            *(0x115F, 0x1160, 0x3164, 0xFFA0),
            *(0x17B4, 0x17B5),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)
"""Fillers, joiners, variation selectors: letters and marks to Unicode, nothing to the eye."""


def clean(text: str, limit: int = 200) -> str:
    """Return *text* as one line of visible characters, at most *limit* of them.

    Control, format (bidi too), surrogate, private and unassigned characters are removed,
    white space of any kind becomes single spaces, and a longer text ends in ``…``.
    Cleaning twice changes nothing.

    Args:
        text: Anything.
        limit: Most characters to return, at least 1.
    """
    if not (text.isascii() and text.isprintable()):
        text = "".join(_visible(text))
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    return text[: limit - 1].rstrip() + "…"


def _visible(text: str) -> list[str]:
    kept: list[str] = []
    room = 0
    for char in text:
        category = unicodedata.category(char)
        if char.isspace():
            kept.append(" ")
            room = 0
        elif category in _REMOVED or char in _INVISIBLE:
            continue
        elif category not in _MARKS:
            kept.append(char)
            room = MAX_MARKS
        elif room:
            kept.append(char)
            room -= 1
    return kept
