"""`paperdesk open`, `close` and `trades`."""

from collections.abc import Mapping
from typing import Any

import click

from desk.requests import parse_fraction
from desk.values import parse_number, parse_size
from tui.commands.output import as_json_flag, say
from tui.work import Context, read_trades, request, run


@click.command("open")
@click.argument("signal_id")
@click.option("--stake", help="Quote asset to put in, such as 100.")
@click.option("--risk", help="Part of equity that the stop may cost, such as 1%.")
@click.option(
    "--entry",
    type=click.Choice(["market", "classic"]),
    default="market",
    show_default=True,
    help="At the market, or at the signal's own price.",
)
@click.option("--note", default="", help="A note kept with the trade.")
@as_json_flag
@click.pass_obj
def open_trade(
    context: Context,
    signal_id: str,
    *,
    stake: str | None,
    risk: str | None,
    entry: str,
    note: str,
    as_json: bool,
) -> None:
    """Open a paper trade on a signal."""
    payload = {
        "signal_id": signal_id,
        "size": _size_flag(stake, risk),
        "entry": entry,
        "note": note,
    }
    trade = run(request(context, "open", payload), as_json=as_json)
    _say_trade(trade, as_json=as_json)


@click.command("close")
@click.argument("trade_id", type=int)
@click.option("--fraction", help="Close this part of what is open: 0.5 or 50%.")
@click.option("--quantity", help="Close this much, in the base asset.")
@as_json_flag
@click.pass_obj
def close_trade(
    context: Context,
    trade_id: int,
    *,
    fraction: str | None,
    quantity: str | None,
    as_json: bool,
) -> None:
    """Close an open trade at the market: all of it, or a part.

    A part is rounded down to the market's step. Where the rest would be too small to be sold,
    all is closed.
    """
    payload = {"trade_id": trade_id, **_part_flags(fraction, quantity)}
    trade = run(request(context, "close", payload), as_json=as_json)
    _say_trade(trade, as_json=as_json)


@click.command()
@click.option("--open", "active", flag_value=True, type=bool, default=None, help="Only open.")
@click.option("--closed", "active", flag_value=False, type=bool, help="Only finished.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000_000),
    default=1000,
    show_default=True,
    help="At most so many, newest first.",
)
@as_json_flag
@click.pass_obj
def trades(context: Context, *, active: bool | None, limit: int, as_json: bool) -> None:
    """List paper trades, newest first."""
    from desk.machine import trade_json
    from tui.listing import trade_table

    found = run(read_trades(context, active=active, limit=limit), as_json=as_json)
    say([trade_json(t) for t in found] if as_json else trade_table(found), as_json=as_json)


def _say_trade(trade: Mapping[str, Any], *, as_json: bool) -> None:
    from tui.listing import trade_line

    say(trade if as_json else trade_line(trade), as_json=as_json)


def _part_flags(fraction: str | None, quantity: str | None) -> Mapping[str, str]:
    if fraction is not None and quantity is not None:
        raise click.UsageError("Give --fraction or --quantity, not both.")
    try:
        if fraction is not None:
            parse_fraction(fraction)
            return {"fraction": fraction}
        if quantity is not None:
            parse_number(quantity)
            return {"quantity": quantity}
    except ValueError as exc:
        raise click.BadParameter(f"{fraction or quantity!r} is not {exc}.") from None
    return {}


def _size_flag(stake: str | None, risk: str | None) -> str | None:
    if stake and risk:
        raise click.UsageError("Give --stake or --risk, not both.")
    text = stake or (risk if not risk or "%" in risk else f"{risk}%")
    if text:
        try:
            parse_size(text)
        except ValueError as exc:
            raise click.BadParameter(f"{text!r} is not {exc}.") from None
    return text
