"""A sentence across the screen while something is wrong."""

from textual.content import Content
from textual.widgets import Static

from desk.view import Header
from market.feed import FeedState
from tui.text import ui_text


class Banner(Static):
    """Says why nothing is traded, or why prices do not arrive and what can be done."""

    def __init__(self) -> None:
        super().__init__(id="banner", markup=False)
        self._words = ""

    def show(self, header: Header, stopped: str) -> None:
        """Show the worst of what is wrong, or nothing.

        Args:
            header: The account and its feed at this moment.
            stopped: Why the desk itself has stopped; empty while it runs.
        """
        words = stopped or header.halted
        grave = bool(words)
        if not words and header.feed.state is not FeedState.LIVE:
            words = header.feed.detail
        if words != self._words:
            self._words = words
            self.update(Content(ui_text(words, 300)))
            self.set_class(bool(words), "-shown")
            self.set_class(grave, "-error")
