"""`paperdesk doctor`: what a desk depends on, and how it is."""

import locale
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

import click

from tui.commands.output import as_json_flag, say
from tui.work import EXIT_MARKET, EXIT_REFUSED, EXIT_STORE, Context, run

if TYPE_CHECKING:
    from desk.doctor.looks import Look

MIN_COLUMNS, MIN_LINES = 80, 20
SIGNS = {"good": "✓", "warning": "!", "bad": "✗"}
PLAIN_SIGNS = {"good": "ok", "warning": "!", "bad": "X"}
"""For terminals that cannot show the others."""
TITLES = {"market": "Exchange", "books": "Books", "files": "Files", "terminal": "Terminal"}


@click.command()
@as_json_flag
@click.pass_obj
def doctor(context: Context, *, as_json: bool) -> None:
    """Check exchange, books, files and terminal; changes nothing.

    Exit codes: 0 when nothing is wrong, 3 when only the exchange cannot be reached, 4 when the
    books are not in order, 1 for anything else.
    """
    from desk.doctor.checkup import look_at_all

    asking = look_at_all(context.home, context.settings, context.database, demo=context.demo)
    looks = [*run(asking, as_json=as_json), *terminal_looks(os.environ)]
    code = exit_code(looks)
    say(_as_values(looks, code) if as_json else report(looks), as_json=as_json)
    raise click.exceptions.Exit(code)


def exit_code(looks: Iterable["Look"]) -> int:
    """Return what the looks amount to."""
    bad = {look.area.value for look in looks if look.verdict == "bad"}
    if not bad:
        return 0
    if "books" in bad:
        return EXIT_STORE
    return EXIT_MARKET if bad == {"market"} else EXIT_REFUSED


def report(looks: Sequence["Look"]) -> str:
    """Return the looks as lines under the names of what they are about."""
    from engine.text import clean

    signs = SIGNS if _is_utf8() else PLAIN_SIGNS
    width = max(len(clean(look.name)) for look in looks)
    lines = []
    for area, title in TITLES.items():
        lines.append(click.style(title, bold=True))
        lines += [
            f"  {signs[look.verdict]} {clean(look.name):{width}}  {clean(look.text, 2000)}"
            for look in looks
            if look.area == area
        ]
    worst = sum(look.verdict == "bad" for look in looks)
    warnings = sum(look.verdict == "warning" for look in looks)
    lines.append(f"{worst} wrong, {warnings} to look at.")
    return "\n".join(lines)


def _as_values(looks: Sequence["Look"], code: int) -> Mapping[str, object]:
    return {
        "exit_code": code,
        "looks": [
            {
                "area": look.area.value,
                "name": look.name,
                "verdict": look.verdict.value,
                "message": look.text,
                **look.facts,
            }
            for look in looks
        ],
    }


# -- the terminal -----------------------------------------------------------------------------


def terminal_looks(environ: Mapping[str, str]) -> Iterator["Look"]:
    """Look at what the desk would be drawn on."""
    from desk.doctor.looks import Area, Look, Verdict

    def look(name: str, text: str, *, fine: bool, **facts: object) -> Look:
        verdict = Verdict.GOOD if fine else Verdict.WARNING
        return Look(area=Area.TERMINAL, name=name, verdict=verdict, text=text, facts=facts)

    size = _size()
    if size is None:
        text = (
            "This is no terminal with a size: commands work here, the desk on screen does not."
        )
        yield look("screen", text, fine=False, columns=None, lines=None)
    else:
        fits = size.columns >= MIN_COLUMNS and size.lines >= MIN_LINES
        text = f"{size.columns} x {size.lines} cells."
        text += "" if fits else f" The desk wants {MIN_COLUMNS} x {MIN_LINES}: enlarge it."
        yield look("screen", text, fine=fits, columns=size.columns, lines=size.lines)
    colours, text = _colours(environ)
    yield look("colours", text, fine=colours >= 256, colours=colours)
    encoding = _encoding()
    text = f"Text is {encoding}."
    text += "" if _is_utf8() else " Frames and signs need UTF-8: set LANG to C.UTF-8."
    yield look("text", text, fine=_is_utf8(), encoding=encoding)


def _size() -> os.terminal_size | None:
    streams: tuple[TextIO | None, ...] = (sys.__stderr__, sys.__stdin__, sys.__stdout__)
    for stream in streams:
        try:
            if stream is not None and stream.isatty():
                size = os.get_terminal_size(stream.fileno())
                return size if size.columns else None
        except (OSError, ValueError):
            continue  # closed, or no real file
    return None


def _colours(environ: Mapping[str, str]) -> tuple[int, str]:
    kind = environ.get("TERM", "")
    if environ.get("NO_COLOR"):
        return 0, "NO_COLOR is set: the desk shows no colours."
    if environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"} or "direct" in kind:
        return 2**24, "16 million colours."
    if "256" in kind:
        return 256, "256 colours; COLORTERM=truecolor would promise more."
    if kind in {"", "dumb", "unknown"}:
        return 0, f"TERM is {kind or 'not set'}: the desk cannot be drawn."
    return 16, f"TERM {kind} promises 16 colours; xterm-256color would promise more."


def _encoding() -> str:
    return locale.getpreferredencoding(do_setlocale=False)


def _is_utf8() -> bool:
    return _encoding().lower().replace("-", "") == "utf8"
