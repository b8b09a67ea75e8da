"""A page of text over the desk, scrolled with the cursor keys and left with esc."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static


class Page(ModalScreen[None]):
    """Text to read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,question_mark,f1", "leave", "Back", id="page.leave"),
        Binding("j", "scroll(1)", "Down", show=False, id="page.down"),
        Binding("k", "scroll(-1)", "Up", show=False, id="page.up"),
    ]

    def __init__(self, title: str, text: Content, *, keys: str = "esc back") -> None:
        """Show *text* under *title*; *keys* says what can be pressed."""
        super().__init__()
        self._title_text = title
        self._keys = keys
        self._text = Static(text, markup=False)

    def compose(self) -> ComposeResult:
        """Lay out the box."""
        with VerticalScroll(classes="page") as box:
            box.border_title = Content(self._title_text)
            box.border_subtitle = Content(self._keys)
            yield self._text

    def show(self, text: Content) -> None:
        """Show other text, if it reads differently; what was scrolled stays so."""
        if text != self._text.content:
            self._text.update(text)

    def action_leave(self) -> None:
        """Go back to the screen below."""
        self.dismiss(None)

    def action_scroll(self, rows: int) -> None:
        """Scroll by *rows*."""
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)
