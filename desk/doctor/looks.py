"""What a doctor says: one look at one thing, with a verdict and a sentence."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

_CREDENTIALS = re.compile(r"[^\s/@]+@(?=[\w\[])")
"""What stands before the host in an address."""


class Verdict(StrEnum):
    """How serious a look is."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


class Area(StrEnum):
    """What a look is about."""

    MARKET = "market"
    BOOKS = "books"
    FILES = "files"
    TERMINAL = "terminal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One thing that was looked at."""

    area: Area
    name: str
    verdict: Verdict = Verdict.GOOD
    text: str
    facts: Mapping[str, object] = field(default_factory=dict)
    """The figures behind the words, for programs; never a secret."""


def masked(text: str) -> str:
    """Return *text* with the names and passwords in its addresses blotted out."""
    return _CREDENTIALS.sub("***@", text)
