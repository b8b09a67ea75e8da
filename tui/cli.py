"""The command line: stdout is data, stderr is narration, exit codes are stable.

Nothing here imports Textual before a desk is really opened on screen.
"""

import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from desk.errors import DeskError, SettingsError
from desk.settings import Home, load_settings, parse_size
from tui import __version__
from tui.work import (
    EXIT_INTERRUPTED,
    EXIT_REFUSED,
    EXIT_USAGE,
    Context,
    read_signals,
    read_text,
    read_trades,
    request,
    run,
    serve_simulator,
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
@click.option("--demo", "on_demo", is_flag=True, help="Work on the demo's books.")
@click.pass_context
def cli(
    ctx: click.Context, theme: str | None, refresh_hz: int | None, *, on_demo: bool
) -> None:
    """Paperdesk: practise trading on real Binance prices. No account, no key, no real order.

    Without a command it opens the desk on live prices. `paperdesk demo` needs no network.
    """
    flags = {"screen.theme": theme, "screen.refresh_hz": refresh_hz}
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
@click.pass_context
def demo(ctx: click.Context, seed: int, speed: float) -> None:
    """Open the desk on the built-in simulated exchange: no network, its own database."""
    from desk.start import Demo

    own = replace(ctx.obj, demo=True, seed=seed)
    simulated = Demo(seed=seed, speed=_speed(speed))
    ctx.exit(run(show_desk(own, simulated), as_json=False))


@cli.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9080,
    show_default=True,
    help="Port on 127.0.0.1; 0 picks one.",
)
@click.option("--seed", default=1, show_default=True, help="Which simulated market.")
@click.option("--speed", default=1.0, show_default=True, help="Simulated seconds a second.")
def simulate(port: int, seed: int, speed: float) -> None:
    """Serve the simulated exchange on 127.0.0.1 for any Binance client."""
    run(serve_simulator(port, seed, _speed(speed)), as_json=False)


@cli.command("open")
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
@click.option("--json", "as_json", is_flag=True, help="Print the trade as JSON.")
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
    _print_trade(trade, as_json=as_json)


@cli.command("close")
@click.argument("trade_id", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print the trade as JSON.")
@click.pass_obj
def close_trade(context: Context, trade_id: int, *, as_json: bool) -> None:
    """Close an open trade at the market."""
    trade = run(request(context, "close", {"trade_id": trade_id}), as_json=as_json)
    _print_trade(trade, as_json=as_json)


@cli.command()
@click.option("--open", "active", flag_value=True, type=bool, default=None, help="Only open.")
@click.option("--closed", "active", flag_value=False, type=bool, help="Only finished.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000_000),
    default=1000,
    show_default=True,
    help="At most so many, newest first.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def trades(context: Context, *, active: bool | None, limit: int, as_json: bool) -> None:
    """List paper trades, newest first."""
    from desk.machine import trade_json
    from tui.listing import trade_table

    found = run(read_trades(context, active=active, limit=limit), as_json=as_json)
    _print([trade_json(t) for t in found] if as_json else trade_table(found), as_json=as_json)


@cli.group()
def signals() -> None:
    """Add, import and list signals."""


@signals.command("add")
@click.argument("text")
@click.option("--json", "as_json", is_flag=True, help="Print the signals as JSON.")
@click.pass_obj
def signals_add(context: Context, text: str, *, as_json: bool) -> None:
    """Add signals from JSON text (one object, a list, or one a line); - reads stdin."""
    delivered = sys.stdin.read() if text == "-" else text
    payload = {"text": delivered, "format": "json"}
    _report(run(request(context, "signals", payload), as_json=as_json), as_json=as_json)


@signals.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the signals as JSON.")
@click.pass_obj
def signals_import(context: Context, file: Path, *, as_json: bool) -> None:
    """Import signals from a .csv, .json or .jsonl file."""
    payload = {"text": read_text(file), "format": "csv" if file.suffix == ".csv" else "json"}
    _report(run(request(context, "signals", payload), as_json=as_json), as_json=as_json)


@signals.command("list")
@click.option("--all", "everything", is_flag=True, help="Expired ones too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def signals_list(context: Context, *, everything: bool, as_json: bool) -> None:
    """List signals, newest first."""
    from desk.machine import signal_json
    from tui.listing import signal_table

    found = run(read_signals(context, everything=everything), as_json=as_json)
    _print([signal_json(s) for s in found] if as_json else signal_table(found), as_json=as_json)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
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
    _print(facts if as_json else "\n".join(lines), as_json=as_json)


@cli.group()
def config() -> None:
    """Show the settings."""


@config.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def config_show(context: Context, *, as_json: bool) -> None:
    """Print every setting, and where its value comes from."""
    from engine.text import clean
    from tui.listing import aligned

    found = context.found
    if as_json:
        _print(
            {n: {"value": g.value, "origin": g.origin} for n, g in found.items()}, as_json=True
        )
        return
    rows = [(name, clean(str(given.value)), given.origin) for name, given in found.items()]
    click.echo(aligned(("SETTING", "VALUE", "FROM"), rows))


# -- saying -----------------------------------------------------------------------------------


def _print(value: object, *, as_json: bool) -> None:
    if as_json:
        from desk.machine import dumps

        value = dumps(value)
    click.echo(value)


def _print_trade(trade: Mapping[str, Any], *, as_json: bool) -> None:
    from tui.listing import trade_line

    _print(trade if as_json else trade_line(trade), as_json=as_json)


def _report(answer: Mapping[str, Any], *, as_json: bool) -> None:
    """Say what became of delivered signals; exit 1 if any was refused."""
    from tui.listing import signal_report

    single = len(answer["signals"]) + len(answer["refused"]) == 1
    if not as_json:
        for line in signal_report(answer):
            click.echo(line)
    elif single:
        _print((answer["signals"] or answer["refused"])[0], as_json=True)
    else:
        _print(answer, as_json=True)
    if answer["refused"]:
        raise click.exceptions.Exit(EXIT_REFUSED)


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


def _speed(speed: float) -> float:
    if not 0 < speed <= 600:
        raise click.BadParameter("The speed must be above 0 and at most 600.")
    return speed
