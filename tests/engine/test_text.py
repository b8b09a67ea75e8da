"""Outside text is made harmless in one place."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text import clean

ANY_TEXT = st.text(st.characters(codec=None), max_size=300)


@pytest.mark.parametrize(
    ("dirty", "cleaned"),
    [
        ("buy the dip", "buy the dip"),
        ("two\nlines\tand\u00a0more", "two lines and more"),
        ("  edges  ", "edges"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x9b31mred", "31mred"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("space \u200b space", "space space"),
        ("lone \ud800 half", "lone half"),
        ("private \ue000 use", "private use"),
        ("filler\u3164", "filler"),
        ("z" + "\u0301" * 200, "z\u0301\u0301"),
        ("\u0301leading mark", "leading mark"),
        ("币安人生USDT 🚀", "币安人生USDT 🚀"),
        ("", ""),
    ],
)
def test_what_cannot_be_seen_is_removed_and_what_can_be_seen_stays(
    dirty: str, cleaned: str
) -> None:
    assert clean(dirty) == cleaned


def test_a_long_text_is_cut_with_a_sign_that_it_was() -> None:
    assert clean("x" * 1000, 5) == "xxxx…"
    assert clean("xxxxx", 5) == "xxxxx"


@given(ANY_TEXT, st.integers(min_value=1, max_value=50))
def test_cleaning_twice_changes_nothing(text: str, limit: int) -> None:
    once = clean(text, limit)

    assert clean(once, limit) == once
    assert len(once) <= limit


@given(ANY_TEXT)
def test_no_character_that_could_steer_a_terminal_survives(text: str) -> None:
    cleaned = clean(text)

    assert all(unicodedata.category(char)[0] != "C" for char in cleaned)
    assert cleaned == cleaned.strip()
