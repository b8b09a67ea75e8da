"""`paperdesk stats`: what the closed trades add up to."""

from typing import TYPE_CHECKING, Any

import click

from tui.commands.output import as_json_flag, say
from tui.commands.selection import chosen, selection_options
from tui.work import Context, run

if TYPE_CHECKING:
    from engine.statistics import Statistics
    from store.history import Selection


@click.command()
@selection_options
@as_json_flag
@click.pass_obj
def stats(context: Context, /, *, as_json: bool, **given: Any) -> None:
    """Add up closed trades: win rate, expectancy, drawdown, by symbol, source, hour.

    A desk may be running meanwhile.
    """
    found = run(_read(context, chosen(given)), as_json=as_json)
    if as_json:
        from desk.stats import statistics_json

        say({"currency": context.settings.currency, **statistics_json(found)}, as_json=True)
        return
    from tui.statistics import statistics_lines

    click.echo("\n".join(statistics_lines(found, context.settings.currency)))


async def _read(context: Context, selection: "Selection") -> "Statistics":
    from desk.stats import statistics_of
    from store.ledger import Ledger

    ledger = await Ledger.open(context.database)
    try:
        return await statistics_of(ledger, context.settings.account, selection)
    finally:
        await ledger.close()
