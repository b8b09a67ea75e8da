"""The figures behind the screen, computed from book and board when somebody looks."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from desk.view import Header, SignalView, TradeView
from engine.book import Book
from engine.instrument import Instrument
from engine.margin import liquidation_of, liquidation_shown
from engine.model import Direction, EntryMode, Market, Signal, Trade, TradeStatus
from engine.money import ZERO, money
from engine.planning import drift_r
from engine.pnl import adverse_move, favourable_move, fee, r_multiple, reward_risk, unrealised
from engine.stats import Today
from market.board import Board, SymbolPrice
from market.feed import Feed


def mark_price(price: SymbolPrice, direction: Direction) -> Decimal | None:
    """Return what an open trade is valued at (rules MARK-1).

    Futures: the mark price. Spot: bid for a LONG, ask for a SHORT. Else the last price.
    """
    if price.mark_fresh and price.mark is not None:
        return price.mark
    touch = price.bid if direction is Direction.LONG else price.ask
    return touch if price.touch_fresh and touch is not None else price.last


def equity(book: Book, board: Board) -> tuple[Decimal, Decimal, bool]:
    """Return equity, the unrealised part of it, and whether every open trade had a price."""
    open_result, complete = book.unrealised(lambda s, side: mark_price(board[s], side))
    return book.account.balance + open_result, open_result, complete


def signal_view(signal: Signal, price: SymbolPrice, trade_id: int | None) -> SignalView:
    """Put a signal beside its market."""
    return SignalView(
        signal=signal,
        last=price.last,
        live=price.live,
        change_24h=price.change_24h,
        reward_risk=reward_risk(signal.entry, signal.stop, signal.targets[0]),
        drift_r=None if price.last is None else drift_r(signal, price.last),
        trade_id=trade_id,
    )


def trade_view(
    trade: Trade,
    price: SymbolPrice,
    instrument: Instrument | None,
    caught_up: Decimal | None = None,
) -> TradeView:
    """Put a trade beside its market, its trading rules, and how far its past is replayed."""
    waits = trade.status is TradeStatus.PENDING
    mark = mark_price(price, trade.direction)
    open_result = net_now = percent = None
    if mark is not None and not waits:
        open_result = unrealised(trade.direction, trade.cost, mark, trade.quantity)
        net_now = trade.net + open_result - fee(mark, trade.quantity, trade.costs.taker)
        percent = (open_result + trade.gross) / trade.stake
    view = TradeView(
        trade=trade,
        last=price.last,
        live=price.live,
        catching_up=price.catching_up,
        caught_up=caught_up,
        mark=mark,
        halted=instrument.status if instrument and not instrument.trading else "",
        to_entry=trade.entry_price / price.last - 1 if waits and price.last else None,
        unrealised=open_result,
        net_now=net_now,
        percent=percent,
        r_now=None if net_now is None else r_multiple(trade, net_now),
        mfe=ZERO if waits else favourable_move(trade),
        mae=ZERO if waits else adverse_move(trade),
    )
    if trade.market is Market.SPOT or instrument is None:
        return view
    return _with_margin(view, price, instrument)


def _with_margin(view: TradeView, price: SymbolPrice, instrument: Instrument) -> TradeView:
    """Add what only a futures trade has: its liquidation price, and funding to come."""
    trade, mark = view.trade, view.mark
    liquidation = liquidation_shown(
        liquidation_of(trade, instrument), trade.direction, instrument
    )
    return replace(
        view,
        liquidation=liquidation,
        liquidation_estimated=instrument.brackets_estimated,
        to_liquidation=liquidation / mark - 1 if liquidation and mark else None,
        funding_rate=price.funding_rate,
        next_funding_ms=price.next_funding_ms,
    )


def header(book: Book, today: Today, feed: Feed, halted: str) -> Header:
    """Sum up the account at this moment."""
    account = book.account
    total, open_result, complete = equity(book, feed.board)
    active = book.active()
    trades = [trade for trade in active if trade.status is TradeStatus.OPEN]
    start_balance = account.balance - today.net
    return Header(
        account=account.name,
        currency=account.currency,
        balance=account.balance,
        reserved=money(book.reserved),
        available=money(book.available),
        equity=total,
        unrealised=open_result,
        complete=complete,
        today=today.net,
        today_percent=today.net / start_balance if start_balance > 0 else None,
        win_rate=account.win_rate,
        closed=account.closed,
        open=len(trades),
        pending=len(active) - len(trades),
        risk=_open_risk(trades, feed.board) / total if total > 0 else ZERO,
        feed=feed.status,
        simulated=feed.simulated,
        halted=halted,
        now_ms=feed.clock.now_ms(),
    )


def _open_risk(trades: list[Trade], board: Board) -> Decimal:
    """Return what the account would lose from here if every stop filled at its own price."""
    total = ZERO
    for trade in trades:
        mark = mark_price(board[trade.symbol], trade.direction) or trade.entry_price
        total += max(ZERO, trade.direction.sign * (mark - trade.stop)) * trade.quantity
    return total


class Outlook(NamedTuple):
    """How a trade would end, its realised part included; net results, quote."""

    at_stop: Decimal
    """If the stop in force fills at its own price."""
    at_targets: Decimal | None
    """If every target fills at its own price, a runner at the last; None without targets."""


def outlook(trade: Trade) -> Outlook:
    """Work out what the levels of an active *trade* would bring, all fees paid."""
    cost, so_far = trade.cost, trade.net
    if trade.status is TradeStatus.PENDING:
        cost = trade.entry_price * trade.quantity
        resting = trade.entry_mode is EntryMode.LIMIT
        rate = trade.costs.maker if resting else trade.costs.taker
        so_far = -fee(trade.entry_price, trade.quantity, rate)

    def result(exits: Sequence[tuple[Decimal, Decimal]], rate: Decimal) -> Decimal:
        brought = sum((price * quantity for price, quantity in exits), ZERO)
        fees = sum((fee(price, quantity, rate) for price, quantity in exits), ZERO)
        return so_far + money(trade.direction.sign * (brought - cost)) - fees

    at_stop = result([(trade.stop, trade.quantity)], trade.costs.taker)
    ahead = [target for target in trade.targets if not target.filled]
    if not ahead:
        return Outlook(at_stop, None)
    rest = trade.quantity - sum((target.quantity for target in ahead), ZERO)
    exits = [*((one.price, one.quantity) for one in ahead), (ahead[-1].price, rest)]
    return Outlook(at_stop, result(exits, trade.costs.maker))
