"""Questions with two answers; nothing is lost by leaving one with esc."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static


class Confirm(ModalScreen[bool]):
    """A yes-or-no question."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="confirm.yes"),
        Binding("n,escape,q", "answer(False)", "No", key_display="n", id="confirm.no"),
    ]

    def __init__(self, title: str, question: Content, *, yes: str, no: str) -> None:
        """Ask *question*; *yes* and *no* say in a word what the answers do."""
        super().__init__()
        self._title_text = title
        self._question = Static(question, id="question", markup=False)
        self._answers = Content.assemble(
            ("y", "bold $accent"), f" {yes}      ", ("n", "bold $accent"), f" {no}"
        )

    def compose(self) -> ComposeResult:
        """Lay out the box."""
        with Vertical(classes="dialog") as box:
            box.border_title = self._title_text
            yield self._question
            yield Static(self._answers, id="answers", markup=False)

    def action_answer(self, answer: bool) -> None:  # noqa: FBT001 - an action's argument is positional
        """Leave with *answer*."""
        self.dismiss(answer)
