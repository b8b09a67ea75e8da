"""`paperdesk open`, `close` and `trades`."""

import sys
from collections.abc import Mapping
from typing import Any

import click

from desk.size_words import parse_size
from tui.commands.flags import LEVEL, PRICE, SHARE, SPAN, exit_flags, given
from tui.commands.output import as_json_flag, say
from tui.commands.selection import session_option
from tui.work import EXIT_REFUSED, Context, read_trades, request, run


@click.command("open")
@click.argument("signal_id", required=False)
@click.option("--symbol", help="Without a signal: what to trade.")
@click.option(
    "--side",
    type=click.Choice(["long", "short"], case_sensitive=False),
    help="Without a signal: which way.",
)
@click.option("--stake", help="Quote asset to put in, such as 100.")
@click.option("--risk", help="Part of equity that the stop may cost, such as 1%.")
@click.option("--size", help="Any other size: 5% of equity, 0.05 base, kelly 0.5 cap 2%, …")
@click.option(
    "--entry",
    type=click.Choice(["market", "limit", "stop", "classic"]),
    help="At the market, waiting for a price, or at the signal's own price.",
)
@click.option(
    "--price", metavar="PRICE", type=PRICE, help="What a limit or stop entry waits for."
)
@click.option(
    "--expires", metavar="TIME", type=SPAN, help="How long such an entry waits: 90m, 4h, 2d."
)
@click.option("--leverage", type=click.IntRange(1, 125), help="On a futures account.")
@click.option("--stop", metavar="LEVEL", type=LEVEL, help="A price, or a distance: 2%, 2ATR.")
@exit_flags
@click.option("--note", help="A note kept with the trade.")
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@as_json_flag
@click.pass_obj
def open_trade(
    context: Context, /, *, dry_run: bool, as_json: bool, **flags: str | int | None
) -> None:
    """Open a paper trade on a signal, or on levels of your own.

    What is not given is the signal's, then the settings'.
    """
    payload = _order(given(flags))
    kind = "plan" if dry_run else "open"
    answer = run(request(context, kind, payload), as_json=as_json)
    if not dry_run:
        _say_trade(answer, as_json=as_json)
        return
    from tui.listing import plan_text

    say(answer if as_json else plan_text(answer), as_json=as_json)


@click.command("close")
@click.argument("trade_id", type=int, required=False)
@click.option(
    "--fraction",
    metavar="SHARE",
    type=SHARE,
    help="Close this part of what is open: 0.5 or 50%.",
)
@click.option(
    "--quantity", metavar="QUANTITY", type=PRICE, help="Close this much, in the base asset."
)
@click.option("--all", "everything", is_flag=True, help="Close all that is open or waits.")
@click.option("--yes", is_flag=True, help="Do not ask before closing all.")
@as_json_flag
@click.pass_obj
def close_trade(
    context: Context,
    trade_id: int | None,
    *,
    fraction: str | None,
    quantity: str | None,
    everything: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Close an open trade at the market: all of it, or a part.

    A part is rounded down to the market's step. Where the rest would be too small to be sold,
    all is closed.
    """
    part = given({"fraction": fraction, "quantity": quantity})
    if len(part) > 1:
        raise click.UsageError("Give --fraction or --quantity, not both.")
    if everything == (trade_id is not None) or (everything and part):
        raise click.UsageError("Name one trade, or give --all alone.")
    if everything:
        _ask_before_all(yes=yes)
        _say_all(run(request(context, "close_all", {}), as_json=as_json), as_json=as_json)
        return
    payload = {"trade_id": trade_id, **part}
    _say_trade(run(request(context, "close", payload), as_json=as_json), as_json=as_json)


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
@session_option
@as_json_flag
@click.pass_obj
def trades(
    context: Context, *, active: bool | None, limit: int, session: int | None, as_json: bool
) -> None:
    """List paper trades, newest first."""
    from desk.machine import trade_json
    from tui.listing import trade_table

    found = run(
        read_trades(context, active=active, session=session, limit=limit), as_json=as_json
    )
    say([trade_json(t) for t in found] if as_json else trade_table(found), as_json=as_json)


def _order(flags: dict[str, Any]) -> dict[str, Any]:
    """Turn the options of `open` into a request."""
    size = _size(flags.pop("stake", None), flags.pop("risk", None), flags.pop("size", None))
    side = flags.pop("side", None)
    order = given(flags | {"size": size, "direction": side.upper() if side else None})
    if "signal_id" in order:
        return order
    missing = {"symbol", "direction", "stop", "targets"} - order.keys()
    if missing:
        names = ", ".join("--side" if m == "direction" else f"--{m}" for m in sorted(missing))
        raise click.UsageError(f"Name a signal, or give {names} too.")
    return order


def _size(stake: str | None, risk: str | None, size: str | None) -> str | None:
    if sum(text is not None for text in (stake, risk, size)) > 1:
        raise click.UsageError("Give one of --stake, --risk and --size.")
    if size is not None:
        return size  # the desk knows what the symbol's assets are called
    text = stake if risk is None else risk if "%" in risk else f"{risk}%"
    if text is not None:
        try:
            parse_size(text)
        except ValueError as exc:
            raise click.BadParameter(f"{text!r} is not {exc}.") from None
    return text


def _ask_before_all(*, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("To close all without a terminal, add --yes.")
    if click.prompt("This closes every trade. Type close to go on", err=True) != "close":
        click.echo("paperdesk: Nothing was closed.", err=True)
        raise click.exceptions.Exit(EXIT_REFUSED)


def _say_all(answer: Mapping[str, Any], *, as_json: bool) -> None:
    """Say what became of every trade; exit 1 if one could not be closed."""
    from tui.listing import all_closed

    say(answer if as_json else all_closed(answer), as_json=as_json)
    if answer["refused"]:
        raise click.exceptions.Exit(EXIT_REFUSED)


def _say_trade(trade: Mapping[str, Any], *, as_json: bool) -> None:
    from tui.listing import trade_line

    say(trade if as_json else trade_line(trade), as_json=as_json)
