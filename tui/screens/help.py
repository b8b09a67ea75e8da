"""The keys of the desk, made from its bindings: what is listed here is what works."""

from collections.abc import Iterable, Sequence

from textual.binding import Binding, BindingType
from textual.content import Content

from tui.screens.page import Page

_KEY_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "space": "space",
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "down": "↓",
    "up": "↑",
}

_FOOT = (
    "Every trade here is on paper. No order ever leaves this machine.\n"
    "▸ marks the cursor, ○ a price that is not live, • a signal that is new.\n"
    "SL ──┼━━●── TP: stop on the left, cross at the entry, dot at the price;\n"
    "├ the stop has passed the entry, B it is at break-even, T it trails,\n"
    "▸ on the right: no target, the trade runs.\n"
    "EXIT names the stop in force, SL, BE (break-even) or TR (trailing), then what\n"
    "is armed: tr, be, t (time stop). PENDING waits for its entry, → so far away."
)


class Help(Page):
    """The key list: what the pane does, then what works everywhere."""

    def __init__(self, sections: Sequence[tuple[str, Iterable[BindingType]]]) -> None:
        """List *sections* of a heading and bindings, in that order."""
        rows: list[Content] = []
        for heading, bindings in sections:
            rows += [Content.styled(heading, "bold $accent"), *map(_row, bindings), Content("")]
        rows.append(Content.styled(_FOOT, "$quiet"))
        super().__init__("Keys", Content("\n").join(rows))


def _row(binding: BindingType) -> Content:
    if not isinstance(binding, Binding):
        return Content("")
    keys = " ".join(_KEY_NAMES.get(key, key) for key in binding.key.split(","))
    words = binding.tooltip or binding.description
    return Content.assemble((f"  {keys:<16}", "bold"), words)
