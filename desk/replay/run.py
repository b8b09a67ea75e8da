"""Recorded market data through the very book that trades live.

Law: nothing is decided here. The tape's prints and candles go into the book, signals go in as
orders when the tape reaches their time, and the book says what happens. The same tape, signals
and settings give the same trades to the last digit.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import Final

from desk.replay.market import decimals_by_symbol
from desk.replay.player import Player, Tally
from desk.replay.scan import TapeScanner
from desk.replay.signals import Ideas, Refusal, Waiting
from desk.settings import Settings
from engine.account import Account
from engine.costs import Costs
from engine.errors import Refused
from engine.events import Event
from engine.instrument import Instrument
from engine.model import EntryMode, Trade
from engine.money import ZERO
from market.errors import TapeError
from market.tape.tape import Item, Tape, time_of
from store.ledger import Books, Ledger

FREE: Final = Costs(profile="free", maker=ZERO, taker=ZERO)
"""Fills as on the live desk, but nothing to pay."""
LOOK_AHEAD: Final = 500
"""Items read before the start, to see the symbols and how finely their prices are written."""
BREATH: Final = 4096
"""Items between two looks at what else there is to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """How a replay is watched."""

    speed: float = 0
    """Tape seconds per real second; 0 is as fast as possible."""
    on_event: Callable[[Event], None] = lambda _: None
    on_progress: Callable[[float], None] = lambda _: None
    """Now and then hears how much of the tape is read, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """What a tape has done to an account."""

    trades: tuple[Trade, ...]
    """Opened or closed on this tape, or still open; by id."""
    last_prices: Mapping[str, Decimal]
    """By symbol, at the end of the tape."""
    account: Account
    tally: Tally
    first_ms: int
    """Where the tape begins, milliseconds UTC."""
    refusals: tuple[Refusal, ...]
    """Signals that were not opened."""
    warnings: tuple[str, ...]


async def replay(
    tapes: Sequence[Path],
    *,
    settings: Settings,
    symbol: str | None = None,
    ideas: Ideas | None = None,
    entry: EntryMode = EntryMode.MARKET,
    scan: bool = False,
    close_at_end: bool = False,
    instruments: Mapping[str, Instrument] | None = None,
    ledger: Ledger | None = None,
    show: Show | None = None,
) -> ReplayResult:
    """Play tapes to their end.

    Args:
        tapes: Files in order of time: archive klines or aggTrades, or recordings.
        settings: Account, size, exits, costs.
        symbol: Whose prices they hold, where their names do not say it.
        ideas: Signals from a file.
        entry: How signals are entered: at the market, or at their own price.
        scan: Whether the scanner looks for signals too.
        close_at_end: Whether what is open at the end is closed at the last price.
        instruments: Trading rules where they are known; others are made up.
        ledger: Goes on from the books there and stores the result, all of it at the end;
            None keeps everything in memory.
        show: Speed, and who listens.

    Raises:
        Refused: If the tapes cannot be played to their end; nothing is stored then.
        StoreError: If the result cannot be stored.
    """
    show = show or Show()
    try:
        tape = Tape(tapes, symbol)
        items = iter(tape)
        ahead = list(islice(items, LOOK_AHEAD))
        first_ms = time_of(ahead[0]) if ahead else 0
        player = Player(
            settings,
            await _books(ledger, settings, first_ms),
            Waiting(ideas or Ideas(), settings.currency),
            rules=instruments or {},
            decimals=decimals_by_symbol(ahead),
            entry=entry,
            scanner=_scanner(settings) if scan else None,
            on_event=show.on_event,
        )
        await _play(tape, chain(ahead, items), player, show)
    except TapeError as exc:
        raise Refused("bad_tape", str(exc)) from exc
    if close_at_end:
        player.close_all()
    if ledger is not None:
        await _store(ledger, player)
    return _result(player, tape, first_ms)


async def _play(tape: Tape, items: Iterable[Item], player: Player, show: Show) -> None:
    pace = _Pace(show.speed)
    every = 1 if show.speed else BREATH
    for count, item in enumerate(items):
        if count % every == 0:
            show.on_progress(tape.progress)
            await pace.keep(time_of(item))
        player.take(item)


class _Pace:
    """Keeps a tape from running ahead of the wanted speed."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._clock = asyncio.get_running_loop().time
        self._start: tuple[float, int] | None = None

    async def keep(self, at_ms: int) -> None:
        """Wait until a moment of the tape is due; without a speed, only let others work."""
        if not self._speed:
            await asyncio.sleep(0)
            return
        if self._start is None:
            self._start = self._clock(), at_ms
        start_s, start_ms = self._start
        due_s = start_s + (at_ms - start_ms) / 1_000 / self._speed
        await asyncio.sleep(max(0.0, due_s - self._clock()))


async def _books(ledger: Ledger | None, settings: Settings, now_ms: int) -> Books:
    if ledger is not None:
        return await ledger.load(
            settings.account,
            currency=settings.currency,
            deposit=settings.deposit,
            day_start_ms=now_ms,
            now_ms=now_ms,
        )
    account = Account(
        name=settings.account, currency=settings.currency, deposits=settings.deposit
    )
    return Books(
        account=account,
        active=(),
        next_trade_id=1,
        checkpoints={},
        signals=(),
        today_net=ZERO,
    )


def _scanner(settings: Settings) -> TapeScanner:
    return TapeScanner(settings.scanner_timeframes, settings.costs.taker)


async def _store(ledger: Ledger, player: Player) -> None:
    """Commit the whole replay at once: of a tape that breaks in the middle nothing stays."""
    book = player.book
    reached = {symbol: state.reached() for symbol, state in player.states.items()}
    await ledger.add_signals(player.signals)
    await ledger.record(player.events, book.account, reached, book.active())
    await ledger.expire_signals(player.tally.last_ms)


def _result(player: Player, tape: Tape, first_ms: int) -> ReplayResult:
    prices = {symbol: state.last for symbol, state in player.states.items()}
    return ReplayResult(
        trades=tuple(player.trades()),
        last_prices={symbol: last for symbol, last in prices.items() if last is not None},
        account=player.book.account,
        tally=player.tally,
        first_ms=first_ms,
        refusals=tuple(player.refusals),
        warnings=(*player.warnings, *tape.notes),
    )
