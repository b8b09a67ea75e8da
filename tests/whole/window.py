"""A window without a screen, in a process of its own: does what it is told, says what it hears.

One JSON object a line, both ways: ``python -m tests.whole.window HOME [demo] [impatient]``.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from desk import attach, door
from desk.anydesk import AnyDesk
from desk.errors import DeskError
from desk.machine import error_json
from desk.session import Session
from desk.settings import load_settings
from desk.start import Demo, open_any_desk
from desk.view import Fact, Notice, WhileAway
from engine.commands import CloseTrade, Command, OpenTrade, one_target
from engine.errors import Refused
from engine.events import TradeClosed, TradeOpened


def say(**values: Any) -> None:
    """Write a line; one write each, so that a kill never leaves half of one."""
    line = json.dumps(values | {"wall_s": time.time()}) + "\n"
    os.write(sys.stdout.fileno(), line.encode())


def say_fact(fact: Fact) -> None:
    """Say what the desk has told."""
    match fact:
        case TradeOpened(trade):
            say(told="opened", id=trade.id)
        case TradeClosed(trade) | WhileAway(TradeClosed(trade)):
            price = str(trade.exit_price)
            say(told="closed", id=trade.id, status=trade.status.value, price=price)
        case Notice(text):
            say(told="notice", text=text)
        case _:
            pass


def command_of(desk: AnyDesk, asked: dict[str, Any]) -> Command:
    """Return the command that a line asks for."""
    if "close" in asked:
        return CloseTrade(trade_id=asked["close"])
    [signal] = [v.signal for v in desk.signal_views() if v.signal.id == asked["open"]]
    return OpenTrade(
        symbol=signal.symbol,
        direction=signal.direction,
        stop=signal.stop,
        targets=one_target(signal.targets[0]),
        size=desk.default_size,
        signal=signal,
    )


async def answer(desk: AnyDesk, asked: dict[str, Any]) -> None:
    """Do what a line asks, and say what came of it."""
    try:
        events = await desk.submit(command_of(desk, asked))
    except (Refused, DeskError) as exc:
        say(answer=asked["n"], **error_json(exc))
    else:
        say(answer=asked["n"], id=events[0].trade.id, status=events[0].trade.status.value)


async def report(desk: AnyDesk) -> None:
    """Say how the desk stands whenever that changes."""
    before: dict[str, Any] = {}
    while True:
        header = desk.header()
        now: dict[str, Any] = {
            "role": "holder" if isinstance(desk.role, Session) else "attached",
            "live": header.feed.state.value == "LIVE",
            "open": [view.trade.id for view in desk.trade_views()],
            "priced": header.complete,
            "signals": [view.signal.id for view in desk.signal_views()],
            "balance": str(header.balance),
            "attached": header.attached,
            "trouble": header.halted,
        }
        if now != before:
            before = now
            say(**now)
        await asyncio.sleep(0.02)


async def listen(desk: AnyDesk) -> None:
    """Read lines until there are no more."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with asyncio.TaskGroup() as tasks:
        while line := await reader.readline():
            tasks.create_task(answer(desk, json.loads(line)))


async def main(home: Path, *, demo: bool) -> None:
    """Open the window until its input ends."""
    settings, _ = load_settings(home / "config.toml")
    database = home / ("demo.db" if demo else "paperdesk.db")
    async with open_any_desk(
        settings, database, demo=Demo() if demo else None, scan=False
    ) as desk:
        desk.subscribe(say_fact)
        work = [asyncio.create_task(w) for w in (desk.run(), report(desk), listen(desk))]
        done, pending = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.wait(pending)
        for task in done:
            task.result()


if __name__ == "__main__":
    if "impatient" in sys.argv[2:]:
        door.ANSWER_WITHIN_S, attach.SILENT_S = 0.5, 3.0
    asyncio.run(main(Path(sys.argv[1]), demo="demo" in sys.argv[2:]))
