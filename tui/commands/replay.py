"""`paperdesk replay`: recorded market data through the same book that trades live."""

import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from desk import words
from desk.settings import Settings
from desk.size_words import parse_size
from desk.values import parse_number
from tui.commands.flags import stop_flags
from tui.commands.output import as_json_flag, say
from tui.work import Context, read_text, run

if TYPE_CHECKING:
    from desk.replay.run import ReplayResult, Show
    from engine.events import Event
    from store.ledger import Ledger

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SHOWN_REFUSALS = 20
"""Signals that were not opened are told one by one up to here."""


@click.command()
@click.argument("tapes", nargs=-1, required=True, type=_FILE, metavar="TAPE...")
@click.option("--symbol", help="Whose prices they are, where the file's name does not say it.")
@click.option("--signals", type=_FILE, help="A .csv, .json or .jsonl file of signals.")
@click.option("--scan", is_flag=True, help="Let the scanner find signals on the tape.")
@click.option(
    "--entry",
    type=click.Choice(["market", "limit", "stop", "classic"]),
    help="At the market, waiting for the signal's price, or at it at once.",
)
@click.option(
    "--targets",
    type=click.Choice(["nearest", "all"]),
    help="Of each signal: its nearest target, or all in equal shares.",
)
@stop_flags
@click.option("--stake", help="Quote asset to put into each trade, such as 100.")
@click.option("--risk", help="Part of equity that a stop may cost, such as 1%.")
@click.option("--costs", type=click.Choice(["realistic", "classic", "free"]), help="Fees.")
@click.option("--deposit", help="What the account begins with, such as 10000.")
@click.option("--close-at-end", is_flag=True, help="Close what is open at the last price.")
@click.option("--speed", type=click.FloatRange(0, 1e6), default=0.0, help="Times real time.")
@click.option(
    "--db",
    "database",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the result in a new file that opens as a desk.",
)
@click.option("--append", is_flag=True, help="Go on from the books in --db.")
@as_json_flag
@click.pass_obj
def replay(context: Context, /, *, as_json: bool, **given: Any) -> None:
    """Play recorded market data through the book; print the trades at its end.

    What is not given is as the settings have it; leverage is 1.

    A TAPE is a file of Binance's archive (klines or aggTrades, .csv or .zip), or a recording of
    `paperdesk watch --record`. Several are played one after the other.
    """
    settings = _settings(context.settings, given)
    if given["append"] and given["database"] is None:
        raise click.UsageError("--append needs --db.")
    if not (given["signals"] or given["scan"] or given["append"]):
        raise click.UsageError("Give --signals FILE, or --scan, or both.")
    result = run(_replay(settings, given), as_json=as_json)
    _tell(result, settings, as_json=as_json)


async def _replay(settings: Settings, given: dict[str, Any]) -> "ReplayResult":
    from desk.replay.run import replay
    from desk.replay.signals import read_ideas

    ideas, file = None, given["signals"]
    if file is not None:
        ideas = read_ideas(read_text(file), "csv" if file.suffix == ".csv" else "json")
    async with _books(given["database"], append=given["append"]) as ledger:
        with _show(given["speed"]) as show:
            return await replay(
                given["tapes"],
                settings=settings,
                symbol=given["symbol"],
                ideas=ideas,
                entry=settings.entry,
                scan=given["scan"],
                close_at_end=given["close_at_end"],
                ledger=ledger,
                show=show,
            )


@contextlib.asynccontextmanager
async def _books(database: Path | None, *, append: bool) -> "AsyncIterator[Ledger | None]":
    if database is None:
        yield None
        return
    from desk.replay.books import result_books

    async with result_books(database, append=append) as ledger:
        yield ledger


@contextlib.contextmanager
def _show(speed: float) -> "Iterator[Show]":
    """Narrate on stderr: each event at a given speed, else how far a long tape is."""
    from desk.replay.run import Show

    if speed:
        yield Show(speed=speed, on_event=_narrate)
    elif sys.stderr.isatty():
        progress = _Progress()
        try:
            yield Show(on_progress=progress)
        finally:
            progress.clear()
    else:
        yield Show()


def _narrate(event: "Event") -> None:
    from desk.machine import trade_json
    from tui.listing import clock, trade_line

    trade = event.trade
    line = trade_line(trade_json(trade))
    click.echo(
        f"{clock(trade.fills[-1].time_ms if trade.fills else trade.placed_ms)}  {line}",
        err=True,
    )


class _Progress:
    """A line that says how much of the tape is read."""

    def __init__(self) -> None:
        self._shown_s = time.monotonic()
        self._drawn = False

    def __call__(self, part: float) -> None:
        now_s = time.monotonic()
        if now_s - self._shown_s >= 0.25:
            self._shown_s, self._drawn = now_s, True
            click.echo(f"\rreplaying {part:4.0%}", nl=False, err=True)

    def clear(self) -> None:
        """Leave no trace."""
        if self._drawn:
            click.echo("\r" + " " * 20 + "\r", nl=False, err=True)


def _settings(settings: Settings, given: dict[str, Any]) -> Settings:
    from desk.replay.run import FREE
    from engine.costs import CLASSIC, REALISTIC

    stake, risk = given["stake"], given["risk"]
    if stake and risk:
        raise click.UsageError("Give --stake or --risk, not both.")
    if risk and "%" not in risk:
        risk += "%"
    costs = {"classic": CLASSIC, "free": FREE, "realistic": REALISTIC, None: settings.costs}
    chosen = costs[given["costs"]]
    if given["costs"] == settings.costs.profile:
        chosen = settings.costs  # with the fees and the slippage of the settings
    try:
        size = parse_size(stake or risk) if stake or risk else settings.size
    except ValueError as exc:
        raise click.BadParameter(f"The size must be {exc}.") from None
    deposit = _deposit(settings, given)
    return _exits(replace(settings, size=size, costs=chosen, deposit=deposit), given)


def _exits(settings: Settings, given: dict[str, Any]) -> Settings:
    """Return the settings with how trades begin and end as the options say."""
    readers: dict[str, tuple[str, Callable[[str], Any]]] = {
        "entry": ("entry", words.parse_entry),
        "targets": ("all_targets", lambda text: text == "all"),
        "trail": ("trailing", lambda text: words.present(words.parse_trail(text))),
        "break_even": ("break_even", lambda t: words.present(words.parse_break_even(t))),
        "after_target": ("after_target", words.parse_policy),
        "hold": ("hold_ms", lambda text: words.present(words.parse_hold(text))),
    }
    changes = {
        field: read(given[flag])
        for flag, (field, read) in readers.items()
        if given[flag] is not None
    }
    return replace(settings, **changes)


def _deposit(settings: Settings, given: dict[str, Any]) -> Decimal:
    if given["deposit"] is None:
        return settings.deposit
    try:
        deposit = parse_number(given["deposit"])
    except ValueError as exc:
        raise click.BadParameter(f"The deposit must be {exc}.") from None
    if not deposit:
        raise click.BadParameter("The deposit must be above 0.")
    return deposit


def _tell(result: "ReplayResult", settings: Settings, *, as_json: bool) -> None:
    from desk.machine import trade_json
    from tui.listing import trade_table

    for line in _remarks(result):
        click.echo(line, err=True)
    if as_json:
        prices = result.last_prices
        say([trade_json(t, prices.get(t.symbol)) for t in result.trades], as_json=True)
        return
    click.echo(trade_table(result.trades))
    click.echo(_summary(result, settings.currency))


def _remarks(result: "ReplayResult") -> Iterator[str]:
    from engine.text import clean

    yield from (clean(warning, 400) for warning in result.warnings)
    for refusal in result.refusals[:SHOWN_REFUSALS]:
        place = "of the scanner" if refusal.line is None else f"{refusal.line}"
        symbol = f" ({clean(refusal.symbol, 40)})" if refusal.symbol else ""
        yield f"Signal {place}{symbol} was not opened. {clean(refusal.message, 400)}"
    more = len(result.refusals) - SHOWN_REFUSALS
    if more > 0:
        yield f"{more} more signals were not opened."


def _summary(result: "ReplayResult", currency: str) -> str:
    from engine.money import plain
    from tui.listing import clock, signed

    tally, trades = result.tally, result.trades
    closed = [trade for trade in trades if trade.fills and not trade.status.active]
    active = sum(trade.status.active for trade in trades)
    net = sum((trade.net for trade in closed), start=tally.result * 0)
    wins = sum(trade.net > 0 for trade in closed)
    fees = sum((trade.fees for trade in trades), start=net * 0)
    played = f"{tally.prints:,} prints" if tally.prints else f"{tally.candles:,} candles"
    return (
        f"{len(closed)} closed ({wins} won), {active} open; "
        f"net {signed(net)} {currency}, fees {plain(fees)}, "
        f"largest drawdown {plain(tally.max_drawdown)}; "
        f"{played} from {clock(result.first_ms)} to {clock(tally.last_ms)} UTC."
    )
