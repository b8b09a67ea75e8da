"""A person who opens, edits and closes trades as they please, with a seed for a mind.

Half of the trades are plain, one stop and one target that nobody touches; the others are plans
with all that there is, and are edited on the way.
"""

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from random import Random

from desk.errors import Halted
from desk.session import Session
from engine.commands import CloseTrade, Command, OpenTrade, one_target
from engine.errors import Refused
from engine.model import Direction
from engine.sizes import Stake
from market.errors import MarketError
from market.simulator import SimulatedExchange
from tests.desk.plans import Planner

PLAN = "plan"
"""Notes of trades that are more than plain begin so."""
WITHIN_MS = 2 * 3_600_000


class Trader:
    """Gives orders to whichever session runs."""

    def __init__(self, exchange: SimulatedExchange, rng: Random) -> None:
        self.acknowledged: dict[int, str] = {}
        """Notes of the trades that the desk said it has opened, by trade id."""
        self.given = 0
        self.refused = 0
        self._exchange = exchange
        self._rng = rng
        self._planner = Planner(rng, reach=0.02, within_ms=WITHIN_MS)

    async def order(self, session: Session) -> None:
        """Give one order and wait for the answer."""
        self.given += 1
        command = self._command(session)
        if self._rng.random() < 0.3:
            await self._look_at_chart(session, command)
        try:
            events = await session.submit(command)
        except (Refused, Halted):
            self.refused += 1
        else:
            if isinstance(command, OpenTrade):
                self.acknowledged[events[0].trade.id] = command.note

    @staticmethod
    async def _look_at_chart(session: Session, command: Command) -> None:
        if isinstance(command, OpenTrade):
            with suppress(MarketError):
                await session.candles(command.symbol, "1m", 500)

    def _command(self, session: Session) -> Command:
        rng, trades = self._rng, session.book.active()
        if trades and rng.random() < 0.15:
            return CloseTrade(trade_id=rng.choice(trades).id)
        plans = [trade for trade in trades if trade.note.startswith(PLAN)]
        if plans and rng.random() < 0.4:
            return self._planner.change(rng.choice(plans))
        return self._plan() if rng.random() < 0.5 else self._plain()

    def _plan(self) -> Command:
        symbol, last, decimals = self._market()
        tick = Decimal(1).scaleb(-decimals)
        direction = self._rng.choice(list(Direction))
        order = self._planner.order(symbol, direction, last * tick, tick)
        return replace(order, note=f"{PLAN} {self.given}")

    def _plain(self) -> Command:
        rng, direction = self._rng, self._rng.choice(list(Direction))
        symbol, last, decimals = self._market()
        stop = last - direction.sign * max(2, int(last * rng.choice((0.003, 0.01, 0.03))))
        target = last + direction.sign * max(2, int(last * rng.choice((0.003, 0.01, 0.03))))
        return OpenTrade(
            symbol=symbol,
            direction=direction,
            stop=Decimal(stop).scaleb(-decimals),
            targets=one_target(Decimal(target).scaleb(-decimals)),
            size=Stake(Decimal(rng.randint(50, 300))),
            note=f"order {self.given}",
        )

    def _market(self) -> tuple[str, int, int]:
        """Return a symbol, its last price in ticks and the decimals of a tick."""
        symbol = self._rng.choice(self._exchange.symbols)
        last = self._exchange.last_print(symbol).price
        return symbol, last, self._exchange.listing(symbol).tick_decimals
