"""`paperdesk edit` and `cancel`: what can still be changed of a trade."""

import click

from tui.commands.flags import AMOUNT, PRICE, exit_flags, given
from tui.commands.output import as_json_flag, say
from tui.work import Context, request, run


@click.command("edit")
@click.argument("trade_id", type=int)
@click.option("--stop", metavar="PRICE", type=PRICE, help="Where the stop is to stand.")
@click.option("--widen", is_flag=True, help="Let the stop move away from the market.")
@exit_flags
@click.option(
    "--add-margin",
    metavar="AMOUNT",
    type=AMOUNT,
    help="On futures: quote to add; -50 takes 50 back.",
)
@click.option("--undo", is_flag=True, help="Take the last edit back.")
@as_json_flag
@click.pass_obj
def edit_trade(
    context: Context,
    /,
    trade_id: int,
    *,
    widen: bool,
    undo: bool,
    as_json: bool,
    **flags: str | None,
) -> None:
    """Change the stop, targets or other exits of a trade that is open or waits.

    Targets are for what is open now. What is not given stays as it is.
    """
    from tui.listing import exits_line

    changes = given(flags)
    if undo and (changes or widen):
        raise click.UsageError("Give --undo alone.")
    if not undo and not changes:
        raise click.UsageError("Say what is to be changed, or give --undo.")
    payload = {"trade_id": trade_id}
    if not undo:
        payload |= {"widen": widen, **changes}
    trade = run(request(context, "undo" if undo else "edit", payload), as_json=as_json)
    say(trade if as_json else exits_line(trade), as_json=as_json)


@click.command("cancel")
@click.argument("trade_id", type=int)
@as_json_flag
@click.pass_obj
def cancel_trade(context: Context, trade_id: int, *, as_json: bool) -> None:
    """Take back an order that still waits for its entry."""
    from tui.listing import trade_line

    trade = run(request(context, "cancel", {"trade_id": trade_id}), as_json=as_json)
    say(trade if as_json else trade_line(trade), as_json=as_json)
