"""The figures behind the screen, computed from book and board when somebody looks."""

from decimal import Decimal

from desk.view import Header, SignalView, TradeView
from engine.book import Book
from engine.model import Direction, Instrument, Signal, Trade
from engine.money import ZERO, money
from engine.planning import drift_r
from engine.pnl import adverse_move, favourable_move, fee, r_multiple, reward_risk, unrealised
from engine.stats import Today
from market.board import Board, SymbolPrice
from market.feed import Feed


def mark_price(price: SymbolPrice, direction: Direction) -> Decimal | None:
    """Return what closing would get now: bid for a LONG, ask for a SHORT, else last."""
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
    mark = mark_price(price, trade.direction)
    open_result = net_now = percent = None
    if mark is not None:
        open_result = unrealised(trade.direction, trade.cost, mark, trade.quantity)
        net_now = trade.net + open_result - fee(mark, trade.quantity, trade.costs.taker)
        percent = (open_result + trade.gross) / trade.stake
    return TradeView(
        trade=trade,
        last=price.last,
        live=price.live,
        catching_up=price.catching_up,
        caught_up=caught_up,
        mark=mark,
        halted=instrument.status if instrument and not instrument.trading else "",
        unrealised=open_result,
        net_now=net_now,
        percent=percent,
        r_now=None if net_now is None else r_multiple(trade, net_now),
        mfe=favourable_move(trade),
        mae=adverse_move(trade),
    )


def header(book: Book, today: Today, feed: Feed, halted: str) -> Header:
    """Sum up the account at this moment."""
    account = book.account
    total, open_result, complete = equity(book, feed.board)
    trades = book.active()
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
