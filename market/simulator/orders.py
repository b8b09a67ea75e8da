"""Orders for faults, as they are written in JSON: `{"fault":"cut"}`."""

from typing import get_args

import msgspec

from market.simulator.market_faults import Force, Funding, Mark, Symbol, Tick
from market.simulator.rest_faults import (
    Ban,
    Bomb,
    Clock,
    Drip,
    Portal,
    Redirect,
    Rest,
    RestLag,
    Slow,
    Truncate,
)
from market.simulator.stream_faults import (
    AcceptThenClose,
    BadUtf8,
    Cut,
    Drop,
    Duplicate,
    Garbage,
    Handshake,
    Huge,
    Late,
    Mute,
    Reorder,
    Rotate,
    Shutdown,
)
from market.simulator.venue import BadOrder

AnyFault = (
    Cut | Mute | Shutdown | Garbage | BadUtf8 | Huge | Drop | Duplicate | Reorder
    | Late | Rotate | Handshake | AcceptThenClose
    | Rest | Ban | Redirect | Portal | Bomb | Slow | Drip | Truncate | RestLag | Clock
    | Symbol | Tick | Force | Mark | Funding
)  # fmt: skip

NAMES = tuple(str(one.__struct_config__.tag) for one in get_args(AnyFault))
"""What `fault` can be."""


def read_order(value: object) -> AnyFault:
    """Return the order that a JSON object means.

    Raises:
        BadOrder: If it means none; the message says why.
    """
    name = value.get("fault") if isinstance(value, dict) else None
    if name not in NAMES:
        raise BadOrder(f"`fault` is one of {', '.join(NAMES)}.")
    try:
        order: AnyFault = msgspec.convert(value, AnyFault)
    except msgspec.ValidationError as exc:
        raise BadOrder(f"{exc}.") from exc
    return order


def written(order: object) -> str:
    """Return an order as JSON text."""
    return msgspec.json.encode(order).decode()
