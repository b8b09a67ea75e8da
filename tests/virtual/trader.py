"""A person who opens and closes trades as they please, with a seed for a mind."""

from contextlib import suppress
from decimal import Decimal
from random import Random

from desk.errors import Halted
from desk.session import Session
from engine.commands import CloseTrade, Command, OpenTrade, Stake
from engine.errors import Refused
from engine.model import Direction
from market.errors import MarketError
from market.simulator import SimulatedExchange


class Trader:
    """Gives orders to whichever session runs."""

    def __init__(self, exchange: SimulatedExchange, rng: Random) -> None:
        self.acknowledged: dict[int, str] = {}
        """Notes of the trades that the desk said it has opened, by trade id."""
        self.given = 0
        self.refused = 0
        self._exchange = exchange
        self._rng = rng

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
        rng = self._rng
        trades = session.book.active()
        if trades and rng.random() < 0.15:
            return CloseTrade(trade_id=rng.choice(trades).id)
        symbol, direction = rng.choice(self._exchange.symbols), rng.choice(list(Direction))
        last, decimals = (
            self._exchange.last_print(symbol).price,
            self._exchange.listing(symbol).tick_decimals,
        )
        stop = last - direction.sign * max(2, int(last * rng.choice((0.003, 0.01, 0.03))))
        target = last + direction.sign * max(2, int(last * rng.choice((0.003, 0.01, 0.03))))
        return OpenTrade(
            symbol=symbol,
            direction=direction,
            stop=Decimal(stop).scaleb(-decimals),
            target=Decimal(target).scaleb(-decimals),
            size=Stake(Decimal(rng.randint(50, 300))),
            note=f"order {self.given}",
        )
