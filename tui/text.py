"""The one gate through which outside text reaches the screen.

What passes has no control characters, is bounded, and is never read as markup.
"""

from engine.text import clean


def ui_text(value: object, limit: int = 200) -> str:
    """Return *value* as text that is safe to draw, at most *limit* characters long."""
    return clean(str(value), limit)
