"""`paperdesk info` and `config`: what is installed, where things lie, which settings hold."""

import sys

import click

from tui import __version__
from tui.commands.output import as_json_flag, say
from tui.work import Context


@click.command()
@as_json_flag
@click.pass_obj
def info(context: Context, *, as_json: bool) -> None:
    """Show versions and where files lie."""
    home = context.home
    facts = {
        "paperdesk": __version__,
        "python": sys.version.split()[0],
        "settings": str(home.config),
        "database": str(home.database(demo=False)),
        "demo database": str(home.database(demo=True)),
        "logs": str(home.logs),
        "market": context.settings.rest_url or "Binance spot",
    }
    lines = [f"{name:14} {value}" for name, value in facts.items()]
    say(facts if as_json else "\n".join(lines), as_json=as_json)


@click.group()
def config() -> None:
    """Show the settings."""


@config.command("show")
@as_json_flag
@click.pass_obj
def config_show(context: Context, *, as_json: bool) -> None:
    """Print every setting, and where its value comes from."""
    from engine.text import clean
    from tui.listing import aligned

    found = context.found
    if as_json:
        say({n: {"value": g.value, "origin": g.origin} for n, g in found.items()}, as_json=True)
        return
    rows = [(name, clean(str(given.value)), given.origin) for name, given in found.items()]
    click.echo(aligned(("SETTING", "VALUE", "FROM"), rows))
