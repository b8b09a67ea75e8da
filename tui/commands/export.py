"""`paperdesk export`: closed trades, their fills, or signals as a file."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from tui.commands.selection import chosen, selection_options
from tui.work import Context, run

if TYPE_CHECKING:
    from desk.export import Format, Kind
    from store.history import Selection

STDOUT = Path("-")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json"]),
    help="How it is written; without this, as the file's name ends, else csv.",
)
@click.option("--trades", "kind", flag_value="trades", default=True, help="Closed trades.")
@click.option("--fills", "kind", flag_value="fills", help="The fills of these trades.")
@click.option(
    "--signals", "kind", flag_value="signals", help="Signals, by when they were born."
)
@selection_options
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.pass_obj
def export(
    context: Context,
    /,
    file: Path,
    form: "Format | None",
    kind: "Kind",
    *,
    force: bool,
    **given: Any,
) -> None:
    """Write closed trades, fills or signals to FILE; - is standard output.

    A desk may be running meanwhile.
    """
    form = form or ("json" if file.suffix.lower() == ".json" else "csv")
    exporting = _export(context, chosen(given), file, kind, form, force=force)
    count = run(exporting, as_json=False)
    if file != STDOUT:
        from engine.text import clean

        what = kind if count != 1 else kind.removesuffix("s")
        click.echo(f"Exported {count} {what} to {clean(str(file), 2000)}.", err=True)


async def _export(
    context: Context,
    selection: "Selection",
    file: Path,
    kind: "Kind",
    form: "Format",
    *,
    force: bool,
) -> int:
    from desk.export import export, new_file
    from store.ledger import Ledger

    ledger = await Ledger.open(context.database)
    try:
        history = ledger.history(context.settings.account)
        if file == STDOUT:
            with _stdout() as stream:
                return await export(history, selection, kind, form, stream)
        with new_file(file, context.database, force=force) as stream:
            return await export(history, selection, kind, form, stream)
    finally:
        await ledger.close()


@contextlib.contextmanager
def _stdout() -> Iterator[IO[str]]:
    """Open standard output once more: UTF-8, and line ends as they are given.

    A reader that leaves, such as `head`, has what it wanted.
    """
    out = sys.stdout.fileno()
    try:
        with open(out, "w", encoding="utf-8", newline="", closefd=False) as stream:
            yield stream
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out)
        raise click.exceptions.Exit(0) from None
