"""The command line: stdout is data, stderr is narration, exit codes are stable.

Nothing here imports Textual before a desk is really opened on screen.
"""

import logging
import os
import sys
from dataclasses import replace

import click

from desk.errors import DeskError, SettingsError
from desk.settings import Home, load_settings
from tui import __version__
from tui.commands.about import config, info
from tui.commands.accounts import accounts
from tui.commands.backup import backup, restore
from tui.commands.doctor import doctor
from tui.commands.editing import cancel_trade, edit_trade
from tui.commands.export import export
from tui.commands.replay import replay
from tui.commands.signals import signals
from tui.commands.simulate import simulate
from tui.commands.stats import stats
from tui.commands.trading import close_trade, open_trade, trades
from tui.commands.watch import watch
from tui.commands.webhook import webhook
from tui.commands.why import why_price
from tui.work import (
    EXIT_INTERRUPTED,
    EXIT_REFUSED,
    EXIT_USAGE,
    Context,
    checked_speed,
    run,
    show_desk,
)


def main() -> None:
    """Run the command line; the process exits here."""
    try:
        sys.exit(cli.main(standalone_mode=False))
    except click.exceptions.Exit as exc:
        sys.exit(exc.exit_code)
    except click.ClickException as exc:
        exc.show()
        sys.exit(EXIT_USAGE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has left: point what is still buffered at nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as exc:
        _say_unexpected(exc)
        sys.exit(EXIT_REFUSED)


def _say_unexpected(error: Exception) -> None:
    """Keep a bug's traceback for the log; the user gets a sentence."""
    from desk.logs import log_to_file

    try:
        place = f"The log has the details: {log_to_file(Home.find().logs)}"
    except DeskError as exc:
        place = f"It could not even be logged. {exc}"
    logging.getLogger(__name__).error("unexpected failure", exc_info=error)
    click.echo(f"paperdesk: Something went wrong that should not. {place}", err=True)


@click.group(
    invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, message="paperdesk %(version)s")
@click.option("--theme", help="Colours: desk-dark, desk-light, desk-cvd, or any Textual theme.")
@click.option("--refresh-hz", type=click.IntRange(1, 10), help="Repaints a second (default 4).")
@click.option("--account", help="Which paper account; `paperdesk accounts` lists them.")
@click.option("--demo", "on_demo", is_flag=True, help="Work on the demo's books.")
@click.pass_context
def cli(
    ctx: click.Context,
    theme: str | None,
    refresh_hz: int | None,
    account: str | None,
    *,
    on_demo: bool,
) -> None:
    """Paperdesk: practise trading on real Binance prices. No account, no key, no real order.

    Without a command it opens the desk on live prices. `paperdesk demo` needs no network.
    """
    flags = {
        "screen.theme": theme,
        "screen.refresh_hz": refresh_hz,
        "account.name": account,
    }
    given = {name: value for name, value in flags.items() if value is not None}
    home = Home.find()
    try:
        settings, found = load_settings(home.config, given)
    except SettingsError as exc:
        click.echo(f"paperdesk: {exc}", err=True)
        ctx.exit(EXIT_USAGE)
    ctx.obj = Context(home, settings, found, on_demo)
    if ctx.invoked_subcommand is None:
        if on_demo:
            ctx.invoke(demo)
        else:
            ctx.exit(run(show_desk(ctx.obj, None), as_json=False))


@cli.command()
@click.option("--seed", default=1, show_default=True, help="Which simulated market.")
@click.option("--speed", default=20.0, show_default=True, help="Simulated seconds a second.")
@click.option("--keep", is_flag=True, help="Let the market go on while the demo is closed.")
@click.pass_context
def demo(ctx: click.Context, *, seed: int, speed: float, keep: bool) -> None:
    """Open the desk on the built-in simulated exchange: no network, its own database."""
    from desk.start import Demo

    own = replace(ctx.obj, demo=True, seed=seed)
    simulated = Demo(seed=seed, speed=checked_speed(speed), keep=keep)
    ctx.exit(run(show_desk(own, simulated), as_json=False))


for command in (
    watch,
    replay,
    backup,
    restore,
    doctor,
    simulate,
    open_trade,
    edit_trade,
    close_trade,
    cancel_trade,
    trades,
    why_price,
    stats,
    export,
    signals,
    webhook,
    accounts,
    info,
    config,
):
    cli.add_command(command)
