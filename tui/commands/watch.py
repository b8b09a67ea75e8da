"""`paperdesk watch`: the desk without a screen."""

import re
from pathlib import Path

import click

from tui.commands.output import as_json_flag
from tui.work import run

_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@click.command()
@as_json_flag
@click.option("--for", "duration", help="Stop after this long, such as 30s, 10m or 2h.")
@click.option("--no-scan", is_flag=True, help="Do not look for signals.")
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append all that the exchange sends to this file, for `paperdesk replay`.",
)
@click.pass_context
def watch(
    ctx: click.Context,
    *,
    as_json: bool,
    duration: str | None,
    no_scan: bool,
    record: Path | None,
) -> None:
    """Run the desk without a screen until it is told to stop.

    Trades close at their levels as they do on screen. What happens to trades and signals is
    written to standard output; --json writes one event a line.
    """
    seconds = None if duration is None else _seconds(duration)

    from tui.watching import watch_desk

    doing = watch_desk(
        ctx.obj, as_json=as_json, seconds=seconds, scan=not no_scan, record=record
    )
    ctx.exit(run(doing, as_json=as_json))


def _seconds(text: str) -> float:
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if not seconds:
        raise click.BadParameter(
            f"{text!r} is not a length of time such as 30s, 10m or 2h.", param_hint="--for"
        )
    return seconds
