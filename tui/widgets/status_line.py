"""The status line: what this is, whether prices are live, and how the account stands."""

from textual.content import Content
from textual.widget import Widget

from desk.view import Header
from engine.model import Market
from market.feed import FeedState, FeedStatus
from tui import format as fmt
from tui.text import ui_text

Part = tuple[str, str]
"""Words and their style."""

USUAL = "main"
"""The account that needs no name on the screen."""
NARROW = 110
"""Below this many cells the line takes two rows."""


def feed_part(status: FeedStatus, now_ms: int) -> Part:
    """Say in a sign and a word whether prices arrive, and since when they do not."""
    since = fmt.age(now_ms - status.since_ms) if status.since_ms else ""
    match status.state:
        case FeedState.LIVE:
            delay = "" if status.latency_ms is None else f" {max(0, status.latency_ms)}ms"
            return (f"● live{delay}", "$profit")
        case FeedState.CONNECTING:
            return ("◌ connecting…", "$entry")
        case FeedState.STALE:
            return (f"○ STALE {since}".rstrip(), "bold $loss")
        case FeedState.OFFLINE:
            return (f"○ OFFLINE {since}".rstrip(), "bold $loss")


def desk_parts(header: Header, market: Market, *, paused: bool) -> list[Part]:
    """Say what kind of desk this is and how its prices are."""
    parts = [("DESK", "bold"), (" PAPER ", "bold reverse"), (market.value, "")]
    if header.account != USUAL:
        parts.append((ui_text(header.account, 20), "bold $accent"))
    if header.simulated:
        parts.append((" SIMULATED ", "bold $background on $accent"))
    parts.append(feed_part(header.feed, header.now_ms))
    if header.replaying is not None:
        parts.append((f"REPLAYING {fmt.share(header.replaying)}", "bold $accent"))
    if header.attached:
        parts.append((header.attached, "$accent"))
    if paused:
        parts.append((" SCREEN PAUSED ", "bold $background on $accent"))
    return parts


def account_parts(header: Header) -> list[Part]:
    """Say how the account stands."""
    today = header.today
    change = (
        f" ({fmt.percent(header.today_percent)})" if header.today_percent is not None else ""
    )
    result = f"{fmt.result(today)}{change}"
    tone = fmt.tone(today)
    incomplete = "" if header.complete else "~"
    return [
        (f"Eq {incomplete}{fmt.money(header.equity)}", "bold"),
        (f"Today {result}", f"${tone}" if tone else ""),
        (f"Win {fmt.share(header.win_rate)}", ""),
        (f"Open {header.open}", ""),
        (f"Risk {fmt.share(header.risk, 1)}", ""),
    ]


class StatusLine(Widget):
    """One row at the top, two on a narrow terminal."""

    def __init__(self) -> None:
        super().__init__(id="status")
        self._parts: tuple[list[Part], list[Part], str] = ([("DESK", "bold")], [], "")

    def show(self, header: Header, market: Market, *, paused: bool) -> None:
        """Take the newest figures and draw if they read differently.

        Args:
            header: The account at this moment.
            market: What it trades.
            paused: Whether the tables stand still on request.
        """
        clock = f"{fmt.clock(header.now_ms)}Z"
        parts = (desk_parts(header, market, paused=paused), account_parts(header), clock)
        if parts != self._parts:
            self._parts = parts
            self.refresh()

    def render(self) -> Content:
        """Draw both halves on as many rows as the width asks for."""
        desk, account, clock = self._parts
        width = self.size.width
        if width < NARROW:
            return Content("\n").join([_row(desk, "", width), _row(account, clock, width)])
        return _row([*desk, ("", ""), *account], clock, width)


def _row(parts: list[Part], clock: str, width: int) -> Content:
    """Join *parts* with the clock at the right end; parts that do not fit are left out."""
    room = width - len(clock) - 2
    row = Content(" ")
    for index, part in enumerate(parts):
        addition = Content.styled(*part) if part[1] else Content(part[0])
        gap = Content("  " if index else "")
        if row.cell_length + gap.cell_length + addition.cell_length > room:
            break
        row = row + gap + addition
    blank = " " * max(1, width - row.cell_length - len(clock) - 1)
    return row + Content(blank) + Content.styled(clock, "$quiet")
