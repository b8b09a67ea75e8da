"""`paperdesk signals`: add, import, list."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tui.commands.output import as_json_flag, say
from tui.work import EXIT_REFUSED, Context, read_signals, read_text, request, run


@click.group()
def signals() -> None:
    """Add, import and list signals."""


@signals.command("add")
@click.argument("text")
@as_json_flag
@click.pass_obj
def signals_add(context: Context, text: str, *, as_json: bool) -> None:
    """Add signals from JSON text (one object, a list, or one a line); - reads stdin."""
    delivered = sys.stdin.read() if text == "-" else text
    payload = {"text": delivered, "format": "json"}
    _report(run(request(context, "signals", payload), as_json=as_json), as_json=as_json)


@signals.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json_flag
@click.pass_obj
def signals_import(context: Context, file: Path, *, as_json: bool) -> None:
    """Import signals from a .csv, .json or .jsonl file."""
    payload = {"text": read_text(file), "format": "csv" if file.suffix == ".csv" else "json"}
    _report(run(request(context, "signals", payload), as_json=as_json), as_json=as_json)


@signals.command("list")
@click.option("--all", "everything", is_flag=True, help="Expired ones too.")
@as_json_flag
@click.pass_obj
def signals_list(context: Context, *, everything: bool, as_json: bool) -> None:
    """List signals, newest first."""
    from desk.machine import signal_json
    from tui.listing import signal_table

    found = run(read_signals(context, everything=everything), as_json=as_json)
    say([signal_json(s) for s in found] if as_json else signal_table(found), as_json=as_json)


def _report(answer: Mapping[str, Any], *, as_json: bool) -> None:
    """Say what became of delivered signals; exit 1 if any was refused."""
    from tui.listing import signal_report

    single = len(answer["signals"]) + len(answer["refused"]) == 1
    if not as_json:
        for line in signal_report(answer):
            click.echo(line)
    elif single:
        say((answer["signals"] or answer["refused"])[0], as_json=True)
    else:
        say(answer, as_json=True)
    if answer["refused"]:
        raise click.exceptions.Exit(EXIT_REFUSED)
