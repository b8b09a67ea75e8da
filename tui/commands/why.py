"""`paperdesk why`: where the prices of a trade's fills came from."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from tui.commands.output import as_json_flag, say
from tui.work import Context, run

if TYPE_CHECKING:
    from engine.model import Fill, Trade


@click.command("why")
@click.argument("trade_id", type=int)
@click.option("--fill", "number", type=click.IntRange(1), help="Only this fill, from 1.")
@as_json_flag
@click.pass_obj
def why_price(context: Context, trade_id: int, *, number: int | None, as_json: bool) -> None:
    """Say why each fill of a trade has its price."""
    from desk.machine import fill_json
    from desk.why import why

    trade = run(_read(context, trade_id, number), as_json=as_json)
    chosen = [
        (index, fill) for index, fill in enumerate(trade.fills, 1) if number in {None, index}
    ]
    if not as_json:
        say("\n".join(_lines(trade, chosen)), as_json=False)
        return
    fills = [{"fill": n, **fill_json(fill), "why": why(trade, fill)} for n, fill in chosen]
    say({"trade_id": trade.id, "fills": fills}, as_json=True)


async def _read(context: Context, trade_id: int, number: int | None) -> "Trade":
    from engine.errors import Refused
    from store.ledger import Ledger

    ledger = await Ledger.open(context.database)
    try:
        trade = await ledger.trade(context.settings.account, trade_id)
    finally:
        await ledger.close()
    if trade is None:
        raise Refused("unknown_trade", f"There is no trade #{trade_id}.", trade_id=trade_id)
    if number is not None and number > len(trade.fills):
        raise Refused(
            "unknown_fill",
            f"Trade #{trade_id} has no fill {number}: it has {len(trade.fills)}.",
            trade_id=trade_id,
        )
    return trade


def _lines(trade: "Trade", chosen: "Sequence[tuple[int, Fill]]") -> Iterator[str]:
    from desk.why import why
    from engine.text import clean

    head = f"#{trade.id} {clean(trade.symbol)} {trade.direction.value}"
    if not chosen:
        yield f"{head} {trade.status.value}: without an entry there is no price to explain."
    for number, fill in chosen:
        yield f"{head} fill {number}, {fill.kind.value}"
        yield from (f"  {sentence}" for sentence in why(trade, fill))
