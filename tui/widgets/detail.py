"""Everything about the row under the cursor, beside the chart on a wide terminal."""

from textual.content import Content
from textual.widget import Widget


class Detail(Widget):
    """A page of text that changes only when it reads differently."""

    def __init__(self) -> None:
        super().__init__(id="detail")
        self.border_title = "Detail"
        self._content = Content("")

    def show(self, content: Content) -> None:
        """Show *content*; drawing it again costs nothing when it is the same."""
        if content != self._content:
            self._content = content
            self.refresh()

    def render(self) -> Content:
        """Draw the page."""
        return self._content
