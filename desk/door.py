"""The door for other processes: their requests come in through the database's command table.

The desk's holder answers each order once. Who gives up waiting withdraws it, so that an order
is either answered or never carried out.
"""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from desk.errors import DeskError
from desk.intake import take_signals
from desk.machine import dumps, error_json, refusal_from_json, trade_json
from desk.session import Session
from desk.settings import parse_size
from engine.commands import CloseTrade, Command, OpenTrade, Size
from engine.errors import Refused
from engine.model import EntryMode, Signal
from engine.text import clean
from store.errors import StoreError
from store.ledger import Ledger

log = logging.getLogger(__name__)

POLL_S = 0.25
ANSWER_WITHIN_S = 15.0


def open_signal(signal: Signal, size: Size, entry_mode: EntryMode, note: str) -> OpenTrade:
    """Return the order that trades a signal as it stands: its stop, its nearest target."""
    return OpenTrade(
        symbol=signal.symbol,
        direction=signal.direction,
        stop=signal.stop,
        target=signal.targets[0],
        size=size,
        signal=signal,
        entry_mode=entry_mode,
        note=note,
    )


async def carry_out(session: Session, kind: str, payload: Mapping[str, Any]) -> Any:
    """Do what another process or a script asks; returns the answer as JSON values.

    Args:
        session: The running desk.
        kind: ``open``, ``close`` or ``signals``.
        payload: ``signal_id`` with optional ``size``, ``entry``, ``note``; or ``trade_id``;
            or ``text`` with ``format``.

    Raises:
        Refused: If the rules do not allow it, or the request makes no sense.
        DeskError: If the desk cannot do it at present.
        StoreError: If signals cannot be stored.
    """
    if kind == "signals":
        return await take_signals(session, _word(payload, "text"), _word(payload, "format"))
    events = await session.submit(await _command(session, kind, payload))
    trade = events[-1].trade
    return trade_json(trade, session.feed.board[trade.symbol].last)


async def serve(session: Session) -> None:
    """Answer other processes' orders and show their signals, until cancelled."""
    position = await session.ledger.last_arrival()
    due = False
    while True:
        try:
            # A look that failed stays due: the change that called for it is told only once.
            due = await session.ledger.changed() or due
            if due:
                position = await _look(session, position)
                due = False
        except StoreError as exc:
            log.warning("cannot look for orders of other processes: %s", exc)
        await asyncio.sleep(POLL_S)


async def ask(database: Path, kind: str, payload: Mapping[str, Any]) -> Any:
    """Have the desk that runs in another process carry out a request; returns its answer.

    Raises:
        Refused: As the desk refused it.
        DeskError: If the desk did not answer in time; the order is withdrawn then.
        StoreError: If the database cannot be used.
    """
    ledger = await Ledger.open(database)
    try:
        answer = json.loads(await _answer(ledger, kind, dumps(payload)))
    finally:
        await ledger.close()
    if "error" in answer:
        raise refusal_from_json(answer)
    return answer


async def _answer(ledger: Ledger, kind: str, payload: str) -> str:
    number = await ledger.post_command(kind, payload, time.time_ns() // 1_000_000)
    loop = asyncio.get_running_loop()
    asked_s = loop.time()
    while (reply := await ledger.command_reply(number)) is None:
        waited_s = loop.time() - asked_s
        if waited_s > ANSWER_WITHIN_S and await ledger.withdraw_command(number):
            raise DeskError("The running desk did not answer; the request was withdrawn.")
        if waited_s > 2 * ANSWER_WITHIN_S:
            raise DeskError(
                "The running desk took the request but did not answer; `paperdesk trades` "
                "shows what became of it."
            )
        await asyncio.sleep(POLL_S / 2)
    return reply


async def _look(session: Session, position: int) -> int:
    ledger = session.ledger
    signals, position = await ledger.signals_since(position)
    session.signals.show(signals)
    for number, kind, payload in await ledger.pending_commands():
        try:
            answer = await carry_out(session, kind, json.loads(payload))
        except (Refused, DeskError, StoreError) as exc:
            answer = error_json(exc)
        await ledger.answer_command(number, dumps(answer))
    return position


async def _command(session: Session, kind: str, payload: Mapping[str, Any]) -> Command:
    match kind:
        case "close":
            return CloseTrade(trade_id=_number(payload, "trade_id"))
        case "open":
            return await _open_command(session, payload)
    raise Refused("bad_command", f"There is no order called {kind!r}.")


async def _open_command(session: Session, payload: Mapping[str, Any]) -> OpenTrade:
    signal_id = _word(payload, "signal_id")
    signal = session.signals.get(signal_id) or await session.ledger.signal(signal_id)
    if signal is None:
        raise Refused("unknown_signal", f"There is no signal {signal_id}.")
    try:
        size = parse_size(payload["size"]) if payload.get("size") else session.default_size
        entry_mode = EntryMode(payload.get("entry") or EntryMode.MARKET)
    except ValueError as exc:
        raise Refused("bad_command", f"The order cannot be read: {exc}.") from exc
    return open_signal(signal, size, entry_mode, clean(str(payload.get("note") or "")))


def _word(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str):
        raise Refused("bad_command", f"The request has no {name}.")
    return value


def _number(payload: Mapping[str, Any], name: str) -> int:
    value = payload.get(name)
    if not isinstance(value, int):
        raise Refused("bad_command", f"The request has no {name}.")
    return value
