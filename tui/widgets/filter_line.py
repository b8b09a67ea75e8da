"""The line that filters a table while it is typed."""

from textual import on
from textual.message import Message
from textual.widgets import Input


class FilterLine(Input):
    """Hidden until asked for; enter keeps the filter, esc is left to the screen."""

    class Typed(Message):
        """The filter reads differently."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    class Kept(Message):
        """The trader is done typing and wants the filter to stay."""

    def __init__(self) -> None:
        super().__init__(
            id="filter", placeholder="filter: symbol, direction, source", compact=True
        )

    def open(self, words: str) -> None:
        """Show the line with *words* in it, ready to type."""
        with self.prevent(Input.Changed):
            self.value = words
        self.add_class("-shown")
        self.focus()

    def hide(self) -> None:
        """Take the line away."""
        self.remove_class("-shown")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value.strip()))

    @on(Input.Submitted)
    def _kept(self, event: Input.Submitted) -> None:
        event.stop()
        self.hide()
        self.post_message(self.Kept())
