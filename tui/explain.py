"""What is to be known of an idea, in a column of text; and what such columns are made of."""

from decimal import Decimal

from textual.content import Content

from desk.view import SignalView
from engine.model import Direction
from tui import format as fmt
from tui.text import ui_text


def about_signal(view: SignalView, tick: Decimal | None, now_ms: int) -> Content:
    """Describe a signal: its levels, where the market stands, and the reason given.

    Args:
        view: The signal and its market.
        tick: The symbol's price grid.
        now_ms: Exchange time, milliseconds UTC.
    """
    signal = view.signal
    score = "" if signal.score is None else f"   score {signal.score:.0f}"
    drift = fmt.MISSING if view.drift_r is None else f"{fmt.multiple(view.drift_r)}R"
    several = len(signal.targets) > 1
    rows = [
        headline(signal.symbol, signal.direction, ui_text(signal.timeframe, 8))
        + Content(score),
        Content(""),
        pair("Entry", fmt.price(signal.entry, tick), f"R:R {view.reward_risk:.2f}"),
        pair("Last", fmt.price(view.last, tick), f"drift {drift}"),
        *(
            pair(
                f"Target {number}" if several else "Target",
                fmt.price(target, tick),
                _away(target, signal.entry),
            )
            for number, target in enumerate(signal.targets, start=1)
        ),
        pair("Stop", fmt.price(signal.stop, tick), _away(signal.stop, signal.entry)),
        Content(""),
        heading("Why"),
        Content(f"  {ui_text(signal.reason, 300) or 'no reason given'}"),
        quiet(f"  {ui_text(signal.source, 60)}"),
        Content(""),
        quiet(_life(signal.created_ms, signal.expires_ms, now_ms)),
    ]
    if view.trade_id is not None:
        rows.insert(1, Content.styled(f"#{view.trade_id} is open on this signal", "$accent"))
    return Content("\n").join(rows)


def headline(symbol: str, direction: Direction, timeframe: str) -> Content:
    """Name an idea or a trade: symbol, sign, direction, timeframe."""
    sign, role = ("▲", "$profit") if direction is Direction.LONG else ("▼", "$loss")
    return Content.assemble(
        (ui_text(symbol, 40), "bold"),
        "  ",
        (f"{sign} {direction.value}", role),
        f"  {timeframe}" if timeframe else "",
    )


def heading(words: str) -> Content:
    """Write the heading of a paragraph."""
    return Content.styled(words, "bold")


def quiet(words: str) -> Content:
    """Write what is said by the way."""
    return Content.styled(words, "$quiet")


def pair(name: str, value: str, remark: str) -> Content:
    """Write a name, its value in a column, and a remark."""
    return Content.assemble(
        (f"{name:<8}", "$quiet"), f"{value:>14}", (f"  {remark}" if remark else "", "$quiet")
    )


def result_pair(name: str, value: Decimal | None, remark: str) -> Content:
    """Write a name, a result in its colour, and a remark."""
    return Content.assemble(
        (f"{name:<8}", "$quiet"),
        toned(fmt.result(value).rjust(14), value),
        (f"  {remark}", "$quiet"),
    )


def toned(written: str, value: Decimal | None) -> tuple[str, str]:
    """Give *written* the colour of a result."""
    tone = fmt.tone(value)
    return (written, f"${tone}" if tone else "")


def _away(price: Decimal, entry: Decimal) -> str:
    return fmt.percent((price - entry) / entry)


def _life(created_ms: int, expires_ms: int, now_ms: int) -> str:
    born = f"{fmt.age(now_ms - created_ms)} old"
    return f"{born}, expires in {fmt.age(expires_ms - now_ms)}" if expires_ms > now_ms else born
