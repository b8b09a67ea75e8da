"""A dialog of fields: live figures beside them, one line for what is wrong, hints below.

Whatever is refused is said in the form's own line, and what was typed stays as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import Input, Static

from tui import format as fmt
from tui.text import ui_text

INNER = 76
"""Cells of a line inside the form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One line of a form."""

    name: str
    """Also the id of its input."""
    label: str
    hint: str
    """What can be typed, shown while the cursor is in the field; at most two lines."""
    more: bool = False
    """Whether it shows only on request."""
    figured: bool = True
    """Whether a figure stands beside it."""


class Form(ModalScreen[ScreenResultType]):
    """Fields to fill in, and Enter to send them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="form.cancel"),
        Binding("down", "app.focus_next", "Next field", show=False, id="form.next"),
        Binding("up", "app.focus_previous", "Previous field", show=False, id="form.previous"),
        Binding("ctrl+e", "more", "More fields", show=False, priority=True, id="form.more"),
    ]

    def __init__(self, title: str, fields: Sequence[Field], typed: Mapping[str, str]) -> None:
        """Fill the form in.

        Args:
            title: Of the dialog.
            fields: First to last.
            typed: What stands in each at first.
        """
        super().__init__()
        self._title_text = title
        self._fields = {field.name: field for field in fields}
        self._inputs = {name: _input(name, typed[name]) for name in self._fields}
        self._figures = {name: Static(classes="figures", markup=False) for name in self._fields}
        self._texts = {
            name: Static(id=name, markup=False)
            for name in ("head", "sums", "line", "hint", "answers")
        }
        self._refusal = ""
        self._sending = False

    def compose(self) -> ComposeResult:
        """Lay out the form, filled in."""
        with Vertical(classes="dialog form") as box:
            box.border_title = Content(self._title_text)
            yield self._texts["head"]
            for name, field in self._fields.items():
                with Horizontal(classes="field more" if field.more else "field"):
                    yield Static(field.label, classes="name", markup=False)
                    yield self._inputs[name]
                    if field.figured:
                        yield self._figures[name]
            yield from (self._texts[name] for name in ("sums", "line", "hint", "answers"))

    def on_mount(self) -> None:
        """Show the first figures."""
        self.paint()

    def paint(self) -> None:
        """Work the figures out again from what is typed; each form has its own."""

    def send(self) -> None:
        """Send what is typed, or say what is wrong with it; each form has its own way."""

    @on(Input.Changed)
    def on_typed(self) -> None:
        """Follow the keys; an old refusal no longer holds."""
        self._refusal = ""
        self.paint()

    @on(Input.Submitted)
    def on_enter(self) -> None:
        """Send the form once."""
        if not self._sending:
            self.send()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Say what can be typed here."""
        field = self._fields.get(event.widget.id or "")
        if field is not None:
            show(self._texts["hint"], Content.styled(field.hint, "$quiet"))

    def action_cancel(self) -> None:
        """Leave; nothing is sent."""
        self.dismiss(None)

    def action_more(self) -> None:
        """Show the rarer fields, or hide them; what is typed in them holds either way."""
        self.toggle_class("-more")
        if self.focused is not None and not self.focused.is_on_screen:
            self.focus_next()
        self.paint()

    # For the forms themselves.

    def typed(self, name: str) -> str:
        """Return what stands in a field; nothing where the form does not have it."""
        return self._inputs[name].value if name in self._inputs else ""

    def refuse(self, sentence: str) -> None:
        """Say why the form was not accepted; it stays until the next key."""
        self._refusal = sentence
        self.say("")

    def say(self, sentence: str, *, warning: bool = False) -> None:
        """Show *sentence* in the form's line; a refusal comes first."""
        words = self._refusal or ("Sending…" if self._sending else sentence)
        style = "$accent" if warning and not self._refusal else "$loss"
        said = f"! {ui_text(words, 300)}" if words else ""
        show(self._texts["line"], Content.styled(said, style))

    def show_head(self, head: Content) -> None:
        """Show what the form is about."""
        show(self._texts["head"], head)

    def show_sums(self, sums: Content) -> None:
        """Show the figures that belong to no field."""
        show(self._texts["sums"], sums)

    def show_answers(self, keys: Iterable[tuple[str, str]]) -> None:
        """Show the keys and what each does."""
        parts = [Content.assemble((key, "bold $accent"), f" {what}") for key, what in keys]
        show(self._texts["answers"], Content("     ").join(parts))

    def show_figures(self, figures: Mapping[str, Content] | None) -> None:
        """Fill the right-hand side; None: nothing can be known."""
        for name, field in self._fields.items():
            known = figures is not None or field.more
            blank = Content("") if known else Content.styled(fmt.MISSING, "$quiet")
            show(self._figures[name], (figures or {}).get(name, blank))


def show(text: Static, content: Content) -> None:
    """Show *content* if it reads differently."""
    if text.content != content:
        text.update(content)


def _input(name: str, value: str) -> Input:
    return Input(value, id=name, compact=True, max_length=200, select_on_focus=False)
