"""What the commands do: each opens the desk or its books, does one thing and closes them.

What is slow to load is loaded by the command that needs it.
"""

import gc
import sys
import time
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from desk.errors import DeskBusy, DeskError, SettingsError
from desk.layers import Given
from desk.settings import Home, Settings, load_settings

EXIT_REFUSED, EXIT_USAGE, EXIT_MARKET, EXIT_STORE, EXIT_INTERRUPTED = 1, 2, 3, 4, 130


@dataclass(frozen=True, slots=True)
class Context:
    """What every command knows."""

    home: Home
    settings: Settings
    found: Mapping[str, Given]
    """Each setting with its origin."""
    demo: bool
    seed: int = 1
    """Of the demo's market."""

    @property
    def database(self) -> Path:
        """The desk's file; another simulated market has books of its own."""
        file = self.home.database(demo=self.demo)
        return file if self.seed == 1 else file.with_stem(f"{file.stem}-{self.seed}")

    def on_account(self, name: str) -> "Context":
        """Return what a command knows on another account.

        Raises:
            SettingsError: If the settings cannot be read, or do not know it.
        """
        flags = {n: one.value for n, one in self.found.items() if one.origin == "command line"}
        settings, found = load_settings(self.home.config, {**flags, "account.name": name})
        return replace(self, settings=settings, found=found)


async def show_desk(context: Context, simulated: Any) -> int:
    """Open the desk on screen, on each account that is asked for; returns the exit code.

    Raises:
        DeskError: If there is no terminal to show it on.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise DeskError("The desk on screen needs a terminal. `paperdesk watch` needs none.")
    gc.disable()  # nothing that is loaded on the way to the first picture goes again

    from desk.logs import log_to_file

    log_to_file(context.home.logs)
    while True:
        account, code = await _show_account(context, simulated)
        if account is None:
            return code
        context = context.on_account(account)


async def _show_account(context: Context, simulated: Any) -> tuple[str | None, int]:
    """Show the desk on one account; returns which one is wanted next, and the exit code."""
    from desk.start import open_any_desk

    async with open_any_desk(context.settings, context.database, demo=simulated) as session:
        from tui.app import DeskApp

        app = DeskApp(
            session,
            refresh_hz=context.settings.refresh_hz,
            theme=context.settings.theme,
            ready=_collect_garbage_again,
        )
        await app.run_async()
        return app.next_account, app.return_code or 0


def _collect_garbage_again() -> None:
    gc.freeze()  # what was loaded stays; the collector need not look at it ever again
    gc.enable()


async def serve_simulator(port: int, seed: int, speed: float, faults: Iterable[Any]) -> None:
    """Serve a simulated exchange until cancelled; play a script of faults on it."""
    import asyncio

    from market.simulator import SimulatedExchange, SimulatorServer, play
    from market.simulator.orders import written
    from market.simulator.venue import BadOrder, Order

    def tell(order: Order) -> None:
        click.echo(f"{time.strftime('%H:%M:%S')} {written(order)}", err=True)

    exchange = SimulatedExchange(seed=seed, speed=speed)
    server = SimulatorServer(exchange, port=port, tell=tell)
    try:
        await server.start()
    except OSError as exc:
        raise DeskError(f"Port {port} cannot be used: {exc.strerror}.") from exc
    try:
        click.echo(
            f"REST    {server.rest_url}\nStreams {server.stream_url}\n"
            f"Control {server.control_url}\nctrl+c stops",
            err=True,
        )
        await play(faults, server)
        await asyncio.Event().wait()
    except BadOrder as exc:
        raise DeskError(str(exc)) from exc
    finally:
        await server.stop()


async def request(context: Context, kind: str, payload: Mapping[str, Any]) -> Any:
    """Have the running desk do it; if none runs, be the desk for a moment."""
    from desk import chores, door
    from desk.start import Demo, beside, open_desk

    payload = {**payload, "account": context.settings.account}
    simulated = Demo() if context.demo else None
    try:
        async with open_desk(
            context.settings, context.database, demo=simulated, scan=False
        ) as session:
            await chores.load_instruments(session)
            return await beside(session, door.carry_out(session, kind, payload))
    except DeskBusy:
        return await door.ask(context.database, kind, payload)


async def read_trades(
    context: Context, *, active: bool | None, session: int | None, limit: int
) -> Any:
    """Return stored trades, newest first.

    Args:
        context: Knows the account.
        active: Only active trades, or only finished ones; None for both.
        session: Only those of one session; None is the present one, 0 is all.
        limit: Number of trades at most.
    """
    from store.ledger import Ledger

    ledger = await Ledger.open(context.database)
    try:
        name = context.settings.account
        if session is None:
            session = next((a.session for a in await ledger.accounts() if a.name == name), 0)
        return await ledger.trades(name, active=active, session=session or None, limit=limit)
    finally:
        await ledger.close()


async def read_signals(context: Context, *, everything: bool) -> Any:
    """Return stored signals, newest first; expired ones only with *everything*."""
    from engine.model import SignalStatus
    from store.ledger import Ledger

    ledger = await Ledger.open(context.database)
    try:
        found = await ledger.signals(limit=1000)
    finally:
        await ledger.close()
    return [s for s in reversed(found) if everything or s.status is not SignalStatus.EXPIRED]


def checked_speed(speed: float) -> float:
    """Return *speed*, or refuse it.

    Raises:
        BadParameter: If no simulated market can run at it.
    """
    if not 0 < speed <= 600:
        raise click.BadParameter("The speed must be above 0 and at most 600.")
    return speed


def read_text(file: Path) -> str:
    """Return what a file of signals says.

    Raises:
        BadParameter: If it is too large, or no UTF-8 text.
    """
    from signals.inbox.parse import MAX_FILE_BYTES

    if file.stat().st_size > MAX_FILE_BYTES:
        raise click.BadParameter(
            f"{file} is larger than {MAX_FILE_BYTES // 1_000_000} MB; split it."
        )
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise click.BadParameter(f"{file} cannot be read as UTF-8 text: {exc}.") from exc


def run(doing: Coroutine[Any, Any, Any], *, as_json: bool) -> Any:
    """Run a coroutine; turn every expected failure into a sentence and an exit code."""
    import asyncio

    from engine.errors import Refused
    from market.errors import MarketError, TapeError
    from store.errors import StoreError

    try:
        return asyncio.run(doing)
    except SettingsError as exc:
        _fail(exc, EXIT_USAGE, as_json=as_json)
    except (Refused, DeskError, TapeError) as exc:
        _fail(exc, EXIT_REFUSED, as_json=as_json)
    except MarketError as exc:
        _fail(exc, EXIT_MARKET, as_json=as_json)
    except StoreError as exc:
        _fail(exc, EXIT_STORE, as_json=as_json)


def _fail(exc: Exception, code: int, *, as_json: bool) -> None:
    from desk.machine import dumps, error_json

    if as_json:
        click.echo(dumps(error_json(exc)))
    else:
        click.echo(f"paperdesk: {exc}", err=True)
    raise click.exceptions.Exit(code)
