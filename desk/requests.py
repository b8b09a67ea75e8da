"""Requests to the desk's holder as JSON: what a command becomes on its way, and back.

Nothing in a request is trusted: what cannot be read is a `Refused` with a sentence.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from desk.values import parse_number, parse_percent, parse_size
from engine.commands import CloseTrade, Command, OpenTrade, Size, Stake
from engine.errors import Refused
from engine.model import Direction, EntryMode, Signal
from engine.money import plain
from engine.text import clean
from store.commands import MAX_PAYLOAD

Payload = Mapping[str, Any]
"""What a request says, as JSON values."""


def as_request(command: Command) -> tuple[str, dict[str, Any]]:
    """Return the kind and the payload of the request that asks for *command*."""
    if isinstance(command, CloseTrade):
        part = {"fraction": command.fraction, "quantity": command.quantity}
        asked = {name: plain(value) for name, value in part.items() if value is not None}
        return "close", {"trade_id": command.trade_id, **asked}
    return "open", {
        "signal_id": command.signal.id if command.signal else None,
        "symbol": command.symbol,
        "direction": command.direction.value,
        "stop": plain(command.stop),
        "target": plain(command.target),
        "size": _size_text(command.size),
        "entry": command.entry_mode.value,
        "note": command.note,
    }


def read_payload(text: str) -> Payload:
    """Return what a request says.

    Raises:
        Refused: If it is too long, or no JSON object.
    """
    if len(text) >= MAX_PAYLOAD:
        raise Refused("bad_command", "The request is too long.")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise Refused("bad_command", "The request is not a JSON object.")
    return values


def read_order(payload: Payload, signal: Signal | None, default: Size) -> OpenTrade:
    """Return the order that a request to open describes.

    Args:
        payload: What it leaves out is the signal's: its stop, its nearest target.
        signal: The one that it names; None where it names none.
        default: The size where it asks for none.

    Raises:
        Refused: If something is missing, cannot be read, or is not the signal's.
    """
    try:
        given, entry = _text(payload, "size"), _text(payload, "entry")
        size = parse_size(given) if given else default
        order = _on_signal(payload, signal, size) if signal else _without(payload, size)
        return replace(
            order,
            entry_mode=EntryMode(entry) if entry else EntryMode.MARKET,
            note=clean(_text(payload, "note")),
        )
    except ValueError as exc:
        raise Refused("bad_command", f"The order cannot be read: {exc}.") from exc


def read_close(payload: Payload) -> CloseTrade:
    """Return the order that a request to close describes; it may ask for a part.

    Raises:
        Refused: If something is missing or cannot be read.
    """
    fraction, quantity = _text(payload, "fraction"), _text(payload, "quantity")
    try:
        return CloseTrade(
            trade_id=number(payload, "trade_id"),
            fraction=parse_fraction(fraction) if fraction else None,
            quantity=parse_number(quantity) if quantity else None,
        )
    except ValueError as exc:
        raise Refused("bad_command", f"The order cannot be read: it needs {exc}.") from exc


def parse_fraction(text: str) -> Decimal:
    """Read ``0.5`` or ``50%`` as the fraction 0.5.

    Raises:
        ValueError: If *text* is neither.
    """
    return parse_percent(text) if "%" in text else parse_number(text)


def word(payload: Payload, name: str) -> str:
    """Return a text that a request must have.

    Raises:
        Refused: If it has not.
    """
    value = payload.get(name)
    if not isinstance(value, str):
        raise Refused("bad_command", f"The request has no {name}.")
    return value


def number(payload: Payload, name: str) -> int:
    """Return a whole number that a request must have.

    Raises:
        Refused: If it has not.
    """
    value = payload.get(name)
    if type(value) is not int:  # `true` would be 1 elsewhere
        raise Refused("bad_command", f"The request has no {name}.")
    return value


def _on_signal(payload: Payload, signal: Signal, size: Size) -> OpenTrade:
    stop, target = _text(payload, "stop"), _text(payload, "target")
    if (_text(payload, "symbol") or signal.symbol) != signal.symbol:
        raise ValueError("its symbol is not the signal's")
    if (_text(payload, "direction") or signal.direction) != signal.direction:
        raise ValueError("its direction is not the signal's")
    return OpenTrade(
        symbol=signal.symbol,
        direction=signal.direction,
        stop=parse_number(stop) if stop else signal.stop,
        target=parse_number(target) if target else signal.targets[0],
        size=size,
        signal=signal,
    )


def _without(payload: Payload, size: Size) -> OpenTrade:
    return OpenTrade(
        symbol=clean(word(payload, "symbol")),
        direction=Direction(word(payload, "direction")),
        stop=parse_number(word(payload, "stop")),
        target=parse_number(word(payload, "target")),
        size=size,
    )


def _text(payload: Payload, name: str) -> str:
    """Return a text that may be missing."""
    return word(payload, name) if payload.get(name) is not None else ""


def _size_text(size: Size) -> str:
    if isinstance(size, Stake):
        return plain(size.amount)
    return f"{plain(size.fraction * 100)}%"
