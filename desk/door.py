"""The door for other processes: their requests come in through the database's command table.

Law: the desk's holder answers each request once, whatever it holds. Who gives up waiting
withdraws it, so that a request is either answered or never carried out. What a holder took and
did not live to answer is never carried out again.
"""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from desk import bookings, requests
from desk.accounts import NEW_SESSION, TRANSFER
from desk.errors import DeskError, Halted
from desk.intake import take_signals
from desk.machine import dumps, error_json, plan_json, refusal_from_json, trade_json
from desk.prepare import prepared
from desk.session import Session
from engine.commands import CancelTrade, CloseTrade, Command, OpenTrade, UndoEdit
from engine.errors import DuplicateTrade, NotOpen, Refused
from engine.model import Signal, TradeStatus
from engine.text import clean
from store.commands import Request
from store.errors import StoreError
from store.ledger import Ledger

log = logging.getLogger(__name__)

POLL_S = 0.1
ASK_AGAIN_S = 0.05
ANSWER_WITHIN_S = 15.0
TOO_LATE_MS = 30_000
"""By then whoever still waits has withdrawn a request: this one is nobody's wish any more."""
TIDY_EVERY_S = 3600.0
KEEP_MS = 86_400_000
"""How long answered requests stay in the table."""

ABANDONED = {
    "error": "unknown_outcome",
    "message": (
        "The desk that took the request has ended before it answered. It is not known whether "
        "the request was carried out: look at the trades and signals before you repeat it."
    ),
    "trade_id": None,
}


# -- the holder's side ------------------------------------------------------------------------


async def serve(session: Session) -> None:
    """Answer other processes' requests and show their signals, until cancelled."""
    ledger, loop = session.ledger, asyncio.get_running_loop()
    position = await _begin(ledger)
    taken: deque[Request] = deque()
    due, tidy_at_s = True, loop.time() + TIDY_EVERY_S
    while True:
        try:
            # A look that failed stays due: the change that called for it is told only once.
            due = await ledger.changed() or due
            if due:
                signals, position = await ledger.signals_since(position)
                session.signals.show(signals)
                taken.extend(await ledger.pending_commands())
                due = False
            if loop.time() >= tidy_at_s:
                await _tidy(ledger)
                tidy_at_s = loop.time() + TIDY_EVERY_S
        except StoreError as exc:
            log.warning("cannot look for requests of other processes: %s", exc)
        while taken:
            await _settle(session, taken.popleft())
        await asyncio.sleep(POLL_S)


async def carry_out(session: Session, kind: str, payload: Mapping[str, Any]) -> Any:
    """Do what another process or a script asks; returns the answer as JSON values.

    Args:
        session: The running desk.
        kind: ``open``, ``plan`` (what opening would do), ``close``, ``close_all``, ``cancel``,
            ``edit``, ``undo``, ``signals``, ``transfer`` or ``new_session``.
        payload: For ``open`` and ``plan`` a ``signal_id``, or ``symbol``, ``direction``,
            ``stop`` and ``targets``, or both; all else may be missing. The others but
            ``close_all`` name a ``trade_id``; ``signals`` has ``text`` with ``format``.
            Levels, ladders, sizes and times are texts as `words` reads them. ``transfer`` has
            an ``amount``, ``new_session`` a ``balance``. All may name the ``account``.

    Raises:
        Refused: If the rules do not allow it, or the request makes no sense.
        DeskError: If the desk cannot do it at present.
        StoreError: If signals or bookings cannot be stored.
    """
    if kind != "signals":  # they belong to no account
        bookings.check_account(payload, session.settings.account)
    match kind:
        case "signals":
            text, form = requests.word(payload, "text"), requests.word(payload, "format")
            return await take_signals(session, text, form)
        case "plan":
            return await _plan(session, payload)
        case "close_all":
            return await _close_all(session)
    if kind in (TRANSFER, NEW_SESSION):
        return await bookings.carry_out(session, kind, payload)
    return await _submitted(session, await _command(session, kind, payload))


async def _submitted(session: Session, command: Command) -> dict[str, Any]:
    events = await session.submit(command)
    trade = events[-1].trade
    symbol = trade.symbol
    return trade_json(trade, session.feed.board[symbol].last, session.instrument(symbol))


async def _plan(session: Session, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Work out what an order would do; nothing is stored."""
    order = await _order(session, payload)
    known = session.instrument(order.symbol) is not None
    if known and not await session.feed.ready(order.symbol):
        symbol = clean(order.symbol, 40)
        raise Refused("no_price", f"There is no fresh price for {symbol}. Nothing was done.")
    ready = await prepared(order, feed=session.feed, ledger=session.ledger, book=session.book)
    assert isinstance(ready, OpenTrade)
    return {"symbol": order.symbol, "direction": order.direction.value} | plan_json(
        session.preview(ready)
    )


async def _close_all(session: Session) -> dict[str, Any]:
    """Close what is open and cancel what waits, each on its own; tell what was refused."""
    done, refused = [], []
    for trade in session.book.active():
        order: Command = CloseTrade(trade_id=trade.id)
        if trade.status is TradeStatus.PENDING:
            order = CancelTrade(trade_id=trade.id)
        try:
            done.append(await _submitted(session, order))
        except (Refused, DeskError) as exc:
            refused.append(error_json(exc) | {"trade_id": trade.id})
    return {"trades": done, "refused": refused}


async def _begin(ledger: Ledger) -> int:
    """Answer what an earlier holder left; returns the position of the newest signal."""
    while True:
        try:
            if left := await ledger.answer_abandoned(dumps(ABANDONED)):
                log.warning("an earlier holder has left %s requests without an answer", left)
            await _tidy(ledger)
            return await ledger.last_arrival()
        except StoreError as exc:
            log.warning("cannot look for requests of other processes: %s", exc)
        await asyncio.sleep(POLL_S)


async def _tidy(ledger: Ledger) -> None:
    await ledger.forget_commands(_wall_ms() - KEEP_MS)


async def _settle(session: Session, request: Request) -> None:
    """Carry out a request, then store the answer, for as long as that takes."""
    answer = dumps(await _answer(session, request))
    while True:
        try:
            await session.ledger.answer_command(request.number, answer)
        except StoreError as exc:
            log.warning("cannot store an answer: %s", exc)
            await asyncio.sleep(POLL_S)
        else:
            return


async def _answer(session: Session, request: Request) -> Any:
    if _wall_ms() - request.created_ms > TOO_LATE_MS:
        return error_json(
            Refused("too_late", "The request waited for too long; nothing was done.")
        )
    try:
        payload = requests.read_payload(request.payload)
        return await carry_out(session, request.kind, payload)
    except (Refused, DeskError, StoreError) as exc:
        return error_json(exc)


async def _command(session: Session, kind: str, payload: Mapping[str, Any]) -> Command:
    match kind:
        case "open":
            return await _order(session, payload)
        case "close":
            return requests.read_close(payload)
        case "edit":
            return requests.read_edit(payload)
        case "cancel":
            return CancelTrade(trade_id=requests.number(payload, "trade_id"))
        case "undo":
            return UndoEdit(trade_id=requests.number(payload, "trade_id"))
    raise Refused("bad_command", f"There is no order called {clean(kind, 50)!r}.")


async def _order(session: Session, payload: Mapping[str, Any]) -> OpenTrade:
    signal = await _signal(session, payload)
    symbol = signal.symbol if signal else clean(requests.word(payload, "symbol"))
    instrument = session.instrument(symbol)
    return requests.read_order(payload, signal, session.settings, instrument)


async def _signal(session: Session, payload: Mapping[str, Any]) -> Signal | None:
    """Find the signal that an order names; only one with a symbol of its own may name none."""
    if payload.get("signal_id") is None and "symbol" in payload:
        return None
    signal_id = clean(requests.word(payload, "signal_id"))
    signal = session.signals.get(signal_id) or await session.ledger.signal(signal_id)
    if signal is None:
        raise Refused("unknown_signal", f"There is no signal {signal_id}.")
    return signal


# -- the other side ---------------------------------------------------------------------------


async def ask(database: Path, kind: str, payload: Mapping[str, Any]) -> Any:
    """Have the desk that runs in another process carry out a request; returns its answer.

    Raises:
        Refused: As the desk refused it.
        DeskError: If the desk did not answer in time; the order is withdrawn then.
        StoreError: If the database cannot be used.
    """
    ledger = await Ledger.open(database)
    try:
        return await ask_through(ledger, kind, payload)
    finally:
        await ledger.close()


async def ask_through(ledger: Ledger, kind: str, payload: Mapping[str, Any]) -> Any:
    """Do what `ask` does through books that are open already."""
    number = await ledger.post_command(kind, dumps(payload), _wall_ms())
    answer = json.loads(await _reply(ledger, number))
    if "error" in answer:
        raise _refusal(answer)
    return answer


async def _reply(ledger: Ledger, number: int) -> str:
    loop = asyncio.get_running_loop()
    asked_s = loop.time()
    while True:
        try:
            if (reply := await ledger.command_reply(number)) is not None:
                return reply
            waited_s = loop.time() - asked_s
            if waited_s > ANSWER_WITHIN_S and await ledger.withdraw_command(number):
                raise DeskError("The running desk did not answer; the request was withdrawn.")
        except StoreError as exc:
            log.warning("cannot look for an answer: %s", exc)
        if loop.time() - asked_s > 2 * ANSWER_WITHIN_S:
            raise DeskError(
                "The running desk took the request but did not answer; `paperdesk trades` "
                "shows what became of it."
            )
        await asyncio.sleep(ASK_AGAIN_S)


def _refusal(answer: Mapping[str, Any]) -> Exception:
    """Turn an answer that refuses back into what the desk raised."""
    message, trade_id = str(answer["message"]), answer.get("trade_id")
    match answer["error"]:
        case "duplicate":
            return DuplicateTrade(message, trade_id)
        case "not_open" if trade_id is not None:
            return NotOpen(message, trade_id)
        case "halted":
            return Halted(message)
    return refusal_from_json(answer)


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
