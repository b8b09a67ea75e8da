"""`paperdesk backup` and `restore`: a checked copy of the books, and the way back to it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.commands.output import as_json_flag, say
from tui.work import Context, run

if TYPE_CHECKING:
    from desk.backup import Copied

_file = click.argument("file", type=click.Path(path_type=Path))


@click.command()
@_file
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@as_json_flag
@click.pass_obj
def backup(context: Context, file: Path, *, force: bool, as_json: bool) -> None:
    """Write a checked copy of the books to FILE; a desk may go on trading."""
    import asyncio

    from desk.backup import make_backup

    making = asyncio.to_thread(make_backup, context.database, file, force=force)
    made: Copied = run(making, as_json=as_json)
    _say(f"Backed up {_held(made)} to {made.file}.", made, as_json=as_json)


@click.command()
@_file
@click.option("--force", is_flag=True, help="Go back behind trades that FILE does not know.")
@as_json_flag
@click.pass_obj
def restore(context: Context, file: Path, *, force: bool, as_json: bool) -> None:
    """Put a backup in the place of the books, which are kept aside; no desk may be running."""
    import asyncio

    from desk.backup import bring_back

    bringing = asyncio.to_thread(bring_back, file, context.database, force=force)
    back: Copied = run(bringing, as_json=as_json)
    kept = f" What was there before is kept in {back.aside}." if back.aside else ""
    _say(f"Restored {_held(back)} from {back.file}.{kept}", back, as_json=as_json)


def _held(copied: "Copied") -> str:
    return (
        f"{_count(copied.trades, 'trade')} ({copied.active} active) and "
        f"{_count(copied.signals, 'signal')}, "
        f"{copied.bytes / 1000:,.0f} kB, every sum checked,"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _say(sentence: str, copied: "Copied", *, as_json: bool) -> None:
    from engine.text import clean

    values = {
        "file": str(copied.file),
        "trades": copied.trades,
        "active": copied.active,
        "signals": copied.signals,
        "bytes": copied.bytes,
        "aside": str(copied.aside) if copied.aside else None,
    }
    say(values if as_json else clean(sentence, 2000), as_json=as_json)
